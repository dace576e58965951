/**
 * Ingest time without the time the collector was down. A trace is quiet when nothing came although something could have:
 * senders that retry deliver the rest of a trace after a restart, and that must not make two of it. Each start leaves the
 * last tick that was in use before it, so the same ticks give the same live ticks in every later process.
 *
 *     ticks       … 97 98 99 ·············· 140 141 …      start { tick: 140, after: 99 }
 *     live ticks  … 97 98 99                100 101 …
 */

/** A row of `starts`. */
export interface Start {
  /** First tick of the process. */
  readonly tick: number;
  /** Newest tick any table held before. */
  readonly after: number;
}

export interface LiveTime {
  toLive(tick: number): number;
  /** The tick whose live tick this is. */
  toTick(live: number): number;
}

/** in: starts in any order; those of processes that did nothing overlap the next one's. */
export function createLiveTime(starts: readonly Start[]): LiveTime {
  const gaps: { from: number; to: number; lost: number }[] = [];
  let lost = 0;
  let end = 0;
  for (const { tick, after } of starts.toSorted((a, b) => a.tick - b.tick)) {
    const from = Math.max(after + 1, end);
    if (tick <= from) continue;
    lost += tick - from;
    gaps.push({ from, to: tick, lost });
    end = tick;
  }
  return {
    toLive(tick) {
      const gap = gaps.findLast(({ from }) => from <= tick);
      if (gap === undefined) return tick;
      // Nothing comes within a gap; its ticks are all the one it ends with.
      return Math.max(tick, gap.to) - gap.lost;
    },
    toTick(live) {
      const gap = gaps.findLast(({ to, lost: before }) => to - before <= live);
      return gap === undefined ? live : live + gap.lost;
    },
  };
}
