/**
 * What a commit wrote, told to the derivation so that it need not read it back: the columns it follows, those of few values once
 * a class (span-classes.ts). Only where nobody else writes, and never needed: a tick that is not told is read from the store.
 */
import { numberColumns, textColumns } from './span-columns.ts';

/** Two Native blocks. */
export interface ToldSpans {
  readonly tick: number;
  /** The columns of toldOfRows, and `class`: the row of `classes` that has the others. As the rows are in the store. */
  readonly rows: Uint8Array;
  /** The columns of toldOfClasses. */
  readonly classes: Uint8Array;
}

export const toldOfRows = [
  'traceId',
  'spanId',
  'parentId',
  'startNs',
  'durationNs',
  'requestBytes',
  'responseBytes',
  'linkIds',
] as const;
export const toldOfClasses = [...textColumns, ...numberColumns] as const;

/** What was told of the newest ticks: of each, all its commits or none. A tick of too many bytes has none. */
export interface ToldTicks {
  /** in: of a tick that is not over, or all of one. */
  add(told: ToldSpans): void;
  /** Takes out what there is of the ticks up to this one, which are over, the oldest first. */
  takeUntil(tick: number): ToldSpans[];
}

/** Ticks that may wait; older ones are forgotten: whoever is so far behind reads them. */
const mostTicks = 4;
/** Bytes that a tick may have: several times those of 50,000 spans. */
const mostBytes = 32 << 20;

interface Tick {
  /** Empty once there were too many. */
  commits: ToldSpans[];
  /** Of all commits there were. */
  bytes: number;
}

export function createToldTicks(): ToldTicks {
  const byTick = new Map<number, Tick>();

  function open(number: number): Tick {
    const tick: Tick = { commits: [], bytes: 0 };
    byTick.set(number, tick);
    const [oldest] = byTick.keys();
    if (byTick.size > mostTicks) byTick.delete(oldest!);
    return tick;
  }

  return {
    add(told) {
      const tick = byTick.get(told.tick) ?? open(told.tick);
      tick.bytes += told.rows.buffer.byteLength + told.classes.buffer.byteLength;
      if (tick.bytes > mostBytes) tick.commits = [];
      else tick.commits.push(told);
    },
    takeUntil(until) {
      const ticks = [...byTick.keys()].filter((tick) => tick <= until);
      return ticks.flatMap((tick) => {
        const { commits } = byTick.get(tick)!;
        byTick.delete(tick);
        return commits;
      });
    },
  };
}
