/**
 * Where lines may pass from left to right: the map cut into upright slabs at every side of a card, and in each slab the
 * free heights between its cards. A line whose heights at both sides of a slab lie in one free stretch, and that never
 * turns back in between, cannot touch a card.
 *
 *   ┌────┐ ·      · ┌────┐        slabs: card | gap | card
 *   └────┘ ·      · │    │
 *          ·      · └────┘
 */
import type { Box } from '../place.ts';

/** Free heights, px. */
export interface Free {
  readonly from: number;
  readonly to: number;
}

export interface Slab {
  readonly from: number;
  readonly to: number;
  /** From top to bottom; the first and the last are open-ended. */
  readonly free: readonly Free[];
}

/** Room a line keeps from a card above or below it, px. */
const clear = 5;
/** Sides nearer than this count as one, px. */
const same = 1.5;

/** The slabs between the leftmost and the rightmost card, left to right, without holes. */
export function toSlabs(cards: readonly Box[]): Slab[] {
  const sides: number[] = [];
  for (const x of cards.flatMap(({ x: left, width }) => [left, left + width]).sort((a, b) => a - b)) {
    if (x - (sides.at(-1) ?? -Infinity) > same) sides.push(x);
  }
  const byTop = [...cards].sort((a, b) => a.y - b.y);
  return sides.slice(0, -1).map((from, i) => {
    const to = sides[i + 1] ?? from;
    const free: Free[] = [];
    let reach = -Infinity;
    for (const { x, y, width, height } of byTop) {
      if (x >= to - same || x + width <= from + same) continue;
      if (y - clear > reach) free.push({ from: reach, to: y - clear });
      reach = Math.max(reach, y + height + clear);
    }
    free.push({ from: reach, to: Infinity });
    return { from, to, free };
  });
}

/** A way through slabs: one free stretch in each, and a wished height in it. */
export interface Step {
  readonly slab: number;
  readonly free: number;
  readonly y: number;
}

/** How full a free stretch is, as extra way, px. */
export type Crowding = (slab: number, free: number) => number;

/**
 * The shortest way from one height to another through neighbouring slabs. in: slabs from first to last (inclusive), where
 * the line should be in each. out: undefined when a slab cannot be passed.
 */
export function findWay(
  slabs: readonly Slab[],
  first: number,
  last: number,
  start: number,
  end: number,
  wish: (slab: number) => number,
  crowding: Crowding,
): Step[] | undefined {
  interface Stop extends Step {
    readonly cost: number;
    readonly before: Stop | undefined;
  }
  let stops: Stop[] = [];
  for (let slab = first; slab <= last; slab++) {
    const wished = wish(slab);
    const next: Stop[] = [];
    for (const [free, { from, to }] of (slabs[slab]?.free ?? []).entries()) {
      const y = Math.min(to - 2, Math.max(from + 2, wished));
      const own = 0.4 * Math.abs(y - wished) + crowding(slab, free);
      let best: Stop | undefined;
      if (slab === first) {
        best = { slab, free, y, cost: own + Math.abs(y - start) + jump(start, from, to), before: undefined };
      }
      for (const stop of stops) {
        const other = slabs[slab - 1]?.free[stop.free];
        if (!other || Math.min(to, other.to) - Math.max(from, other.from) < 2) continue;
        const cost = stop.cost + own + Math.abs(y - stop.y);
        if (!best || cost < best.cost) best = { slab, free, y, cost, before: stop };
      }
      if (best) next.push(best);
    }
    stops = next;
  }
  const reach = (stop: Stop) => {
    const { from = 0, to = 0 } = slabs[last]?.free[stop.free] ?? {};
    return stop.cost + Math.abs(stop.y - end) + jump(end, from, to);
  };
  let at = stops.reduce<Stop | undefined>(
    (best, stop) => (!best || reach(stop) < reach(best) ? stop : best),
    undefined,
  );
  if (!at) return undefined;
  const way: Step[] = [];
  for (; at; at = at.before) way.unshift({ slab: at.slab, free: at.free, y: at.y });
  return way;
}

/** What it costs to start or end in another stretch than where the card is: the line would run under what is between. */
function jump(y: number, from: number, to: number): number {
  return y >= from && y <= to ? 0 : 5000;
}
