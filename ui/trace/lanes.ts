/**
 * Lanes of a flame view by time: a span lies below its parent, in the first lane where nothing else runs at its time, so that
 * concurrent spans are seen side by side and none covers another. Pure.
 *
 *     lane 0  |root------------------|
 *     lane 1    |a-----|  |c------|
 *     lane 2      |b-------|             b runs while a does
 */
import type { Rows } from './rows.ts';

export interface Lanes {
  readonly count: number;
  /** By row. */
  readonly laneOf: Int32Array;
  /** Rows by lane, in time order: of lane i those from `from[i]` to `from[i + 1]` of `rows`. */
  readonly from: Int32Array;
  readonly rows: Int32Array;
}

/** cost: O(n log n). */
export function toLanes(rows: Rows): Lanes {
  const { count, startNs, endNs, parent } = rows;
  const order = Int32Array.from({ length: count }, (_, i) => i);
  // tree order breaks ties: a parent comes before a child that starts with it
  order.sort((a, b) => (startNs[a] as number) - (startNs[b] as number) || a - b);
  const laneOf = new Int32Array(count).fill(-1);
  const free = createFreeLanes(count);
  let lanes = 0;
  for (const row of order) {
    const up = parent[row] as number;
    const upLane = up < 0 ? -1 : (laneOf[up] as number);
    const lane = free.first(upLane + 1, startNs[row] as number);
    // a mark of no length takes room too, else it would lie under its neighbour
    free.take(lane, Math.max(endNs[row] as number, (startNs[row] as number) + 1));
    laneOf[row] = lane;
    lanes = Math.max(lanes, lane + 1);
  }
  const from = new Int32Array(lanes + 1);
  for (const lane of laneOf) from[lane + 1] = (from[lane + 1] as number) + 1;
  for (let lane = 0; lane < lanes; lane++) from[lane + 1] = (from[lane + 1] as number) + (from[lane] as number);
  const next = from.slice();
  const sorted = new Int32Array(count);
  for (const row of order) {
    const lane = laneOf[row] as number;
    sorted[next[lane] as number] = row;
    next[lane] = (next[lane] as number) + 1;
  }
  return { count: lanes, laneOf, from, rows: sorted };
}

/** Until when each lane is taken, as a tree of minima: the first free lane from a given one in O(log n). */
function createFreeLanes(most: number) {
  let size = 1;
  while (size < most + 1) size *= 2;
  const until = new Float64Array(2 * size).fill(-Infinity);
  /** The first lane from `least` on that is free at a time. */
  function first(least: number, atNs: number): number {
    let node = least + size;
    // up while what lies to the right is taken, then down to the leftmost free one
    while ((until[node] as number) > atNs) {
      while (node % 2 === 1) node >>= 1;
      node += 1;
    }
    while (node < size) {
      node *= 2;
      if ((until[node] as number) > atNs) node += 1;
    }
    return node - size;
  }
  function take(lane: number, endNs: number): void {
    let node = lane + size;
    until[node] = endNs;
    while (node > 1) {
      node >>= 1;
      until[node] = Math.min(until[2 * node] as number, until[2 * node + 1] as number);
    }
  }
  return { first, take };
}

/** The span at a place: the last of the lane that starts before it and still runs, with some px of grace. out: -1 for none. */
export function rowInLane(lanes: Lanes, { startNs, endNs }: Rows, lane: number, atNs: number, graceNs: number): number {
  if (lane < 0 || lane >= lanes.count) return -1;
  let [low, high] = [lanes.from[lane] as number, lanes.from[lane + 1] as number];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((startNs[lanes.rows[middle] as number] as number) <= atNs + graceNs) low = middle + 1;
    else high = middle;
  }
  const at = low - 1;
  if (at < (lanes.from[lane] as number)) return -1;
  const row = lanes.rows[at] as number;
  return (endNs[row] as number) + graceNs >= atNs ? row : -1;
}
