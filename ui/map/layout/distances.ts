/**
 * What must lie how far below what in the layered layout, as a graph without circles, and two ways to keep to it: exactly
 * (two walks, one that only pushes down and one that only pushes up; the mean of two valid pictures is valid), and about,
 * in the sense of least squares (projected Gauss-Seidel on the multipliers), where light things give way to heavy ones.
 */
import { boxOf, type Item, type Token } from './order.ts';
import { boxPad } from './picture.ts';
import type { Runs } from './runs.ts';

/** Room between a card and a passing call, px. */
const passRoom = 16;
/** A passing call's own height, and the room between two of them from middle to middle, px. */
const laneSize = 8;
const laneRoom = 11;
/** Room between a box and what is beside it, px. */
const boxRoom = 18;
/** Passing calls may take so much of a column against its cards; beyond that they get closer. */
const lanesShare = 0.5;
/** A column is never taken for lower than this, px. */
const leastColumn = 700;
/** Walks through all distances a step. */
const passes = 4;

/** The middle of `below` lies at least the gap under that of `above` (runs by index), px. */
export interface Distance {
  readonly above: number;
  readonly below: number;
  readonly gap: number;
}

export interface DistancesInput {
  readonly columns: readonly (readonly Token[])[];
  readonly items: readonly Item[];
  /** Room between two cards, px. */
  readonly row: number;
  /** Room a card needs above itself besides (a loop), px. */
  readonly above: (item: number) => number;
}

export function toDistances({ columns, items, row, above }: DistancesInput, runs: Runs): Distance[] {
  const most = new Map<number, Distance>();
  const runOf = (token: Token) => {
    if (token >= 0) return runs.of[token] ?? 0;
    const { box, open } = boxOf(token);
    return (open ? runs.tops[box] : runs.bottoms[box]) ?? 0;
  };
  for (const tokens of columns) {
    const squeeze = squeezeOf(tokens, items, row);
    for (let i = 0; i + 1 < tokens.length; i++) {
      const [upper, lower] = [tokens[i] ?? 0, tokens[i + 1] ?? 0];
      const [a, b] = [runOf(upper), runOf(lower)];
      const gap = gapBetween(upper, lower, items, row, squeeze) + (lower >= 0 ? above(lower) : 0);
      const key = a * runs.count + b;
      if (gap > (most.get(key)?.gap ?? -1)) most.set(key, { above: a, below: b, gap });
    }
  }
  return [...most.values()];
}

function gapBetween(upper: Token, lower: Token, items: readonly Item[], row: number, squeeze: number): number {
  const isCard = (token: Token) => token >= 0 && (items[token]?.node ?? -1) >= 0;
  const half = (token: Token) => (token < 0 ? 0 : ((items[token]?.size ?? 0) / 2) * (isCard(token) ? 1 : squeeze));
  const halves = half(upper) + half(lower);
  if (upper < 0 || lower < 0) {
    if (upper < 0 && boxOf(upper).open) return halves + boxPad.top;
    if (lower < 0 && !boxOf(lower).open) return halves + boxPad.bottom;
    return halves + boxRoom;
  }
  if (isCard(upper) && isCard(lower)) return halves + row;
  return halves + squeeze * (isCard(upper) || isCard(lower) ? passRoom : laneRoom - laneSize);
}

/** How close passing calls must lie so that they do not blow up their column: 1 = as wished. */
function squeezeOf(tokens: readonly Token[], items: readonly Item[], row: number): number {
  let cards = 0;
  let lanes = 0;
  for (const token of tokens) {
    if (token < 0) continue;
    if ((items[token]?.node ?? -1) >= 0) cards += (items[token]?.size ?? 0) + row;
    else lanes += (items[token]?.size ?? 0) + laneRoom - laneSize;
  }
  return Math.min(1, (lanesShare * Math.max(cards, leastColumn)) / Math.max(1, lanes));
}

/** An order in which everything comes after what is above it. */
export function sortByHeight(count: number, distances: readonly Distance[]): number[] {
  const waiting = new Int32Array(count);
  const below = Array.from({ length: count }, (): number[] => []);
  for (const distance of distances) {
    below[distance.above]?.push(distance.below);
    waiting[distance.below] = (waiting[distance.below] ?? 0) + 1;
  }
  const order: number[] = [];
  for (let i = 0; i < count; i++) if (waiting[i] === 0) order.push(i);
  for (const at of order) {
    for (const next of below[at] ?? []) {
      const left = (waiting[next] ?? 0) - 1;
      waiting[next] = left;
      if (left === 0) order.push(next);
    }
  }
  return order;
}

/** The nearest valid heights to wishes, about: the mean of pushing everything down and of pushing everything up. */
export function createPush(count: number, distances: readonly Distance[], order: readonly number[]) {
  const up = Array.from({ length: count }, (): Distance[] => []);
  const down = Array.from({ length: count }, (): Distance[] => []);
  for (const distance of distances) {
    up[distance.below]?.push(distance);
    down[distance.above]?.push(distance);
  }
  return (wish: Float64Array): Float64Array => {
    const low = Float64Array.from(wish);
    for (const at of order) {
      let y = low[at] ?? 0;
      for (const { above, gap } of up[at] ?? []) y = Math.max(y, (low[above] ?? 0) + gap);
      low[at] = y === -Infinity ? 0 : y;
    }
    const high = Float64Array.from(wish, (y, i) => (y === -Infinity ? (low[i] ?? 0) : y));
    for (let i = order.length - 1; i >= 0; i--) {
      const at = order[i] ?? 0;
      let y = high[at] ?? 0;
      for (const { below, gap } of down[at] ?? []) y = Math.min(y, (high[below] ?? 0) - gap);
      high[at] = y;
    }
    return low.map((y, i) => (y + (high[i] ?? 0)) / 2);
  };
}

/** Moves wishes apart until the distances about hold, light things further than heavy ones; warm from call to call. */
export function createHold(distances: readonly Distance[], order: readonly number[], weights: Float64Array) {
  const place = new Int32Array(order.length);
  for (const [i, run] of order.entries()) place[run] = i;
  const sorted = distances.toSorted((a, b) => (place[a.below] ?? 0) - (place[b.below] ?? 0));
  const forces = new Float64Array(sorted.length);
  return (wish: Float64Array): Float64Array => {
    const y = Float64Array.from(wish);
    for (const [i, { above, below }] of sorted.entries()) {
      const force = forces[i] ?? 0;
      if (force === 0) continue;
      y[above] = (y[above] ?? 0) - force / (weights[above] ?? 1);
      y[below] = (y[below] ?? 0) + force / (weights[below] ?? 1);
    }
    for (let pass = 0; pass < passes; pass++) {
      for (let k = 0; k < sorted.length; k++) {
        const i = pass % 2 === 0 ? k : sorted.length - 1 - k;
        const { above, below, gap } = sorted[i] ?? { above: 0, below: 0, gap: 0 };
        const [a, b] = [weights[above] ?? 1, weights[below] ?? 1];
        const missing = gap - (y[below] ?? 0) + (y[above] ?? 0);
        const force = forces[i] ?? 0;
        const next = Math.max(0, force + (missing * a * b) / (a + b));
        if (next === force) continue;
        forces[i] = next;
        y[above] = (y[above] ?? 0) - (next - force) / a;
        y[below] = (y[below] ?? 0) + (next - force) / b;
      }
    }
    return y;
  };
}
