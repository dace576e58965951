/**
 * How high everything lies in the layered layout. Everything gets as near to the mean of its neighbours as the order of
 * the columns allows; calls that pass several columns pass them in one straight run wherever no other run is crossed.
 *
 * The squares of the pulls are made least by gradient steps, each projected onto what the distances allow (distances.ts).
 */
import { createHold, createPush, sortByHeight, toDistances, type Distance, type DistancesInput } from './distances.ts';
import { toRuns, type Runs, type RunsInput } from './runs.ts';

export type RowsInput = RunsInput & DistancesInput;

/** Weight of what nothing pulls: frames of boxes, workloads without calls. */
const leastWeight = 0.2;

/** Centres of all items, px, the topmost card at about 0. */
export function toRows(input: RowsInput): Float64Array {
  const { items, segments } = input;
  const runs = toRuns(input);
  const distances = toDistances(input, runs);
  const order = sortByHeight(runs.count, distances);
  const push = createPush(runs.count, distances, order);
  const pulls = Array.from({ length: runs.count }, (): { to: number; weight: number }[] => []);
  for (const { a, b, weight } of segments) {
    const [from, to] = [runs.of[a] ?? 0, runs.of[b] ?? 0];
    if (from === to) continue;
    // a passing run follows its ends; what it pulls at its ends is as much as a short call would
    pulls[from]?.push({ to, weight });
    pulls[to]?.push({ to: from, weight });
  }
  const rounds = items.length < 250 ? 200 : items.length < 800 ? 90 : 40;
  const weights = Float64Array.from({ length: runs.count }, (_, run) =>
    Math.max(
      leastWeight,
      (pulls[run] ?? []).reduce((sum, { weight }) => sum + weight, 0),
    ),
  );
  const hold = createHold(distances, order, weights);
  let y = centred(input, runs, push(new Float64Array(runs.count).fill(-Infinity)));
  for (let round = 0; round < rounds; round++) {
    const wish = new Float64Array(runs.count);
    for (let run = 0; run < runs.count; run++) {
      const own = y[run] ?? 0;
      const mean = meanOf(pulls[run] ?? [], y);
      wish[run] = mean === undefined ? own : own + 0.9 * (mean - own);
    }
    tighten(input, runs, distances, wish);
    y = hold(wish);
  }
  y = push(y);
  straighten(runs, distances, pulls, y);
  return Float64Array.from(items, (_, i) => y[runs.of[i] ?? 0] ?? 0);
}

/** A first picture: every column packed, their middles at one height. */
function centred({ columns }: RowsInput, runs: Runs, packed: Float64Array): Float64Array {
  const y = Float64Array.from(packed);
  for (const tokens of columns) {
    const own = tokens.filter((token) => token >= 0).map((token) => runs.of[token] ?? 0);
    const [first, last] = [packed[own[0] ?? 0] ?? 0, packed[own.at(-1) ?? 0] ?? 0];
    for (const run of own) y[run] = (packed[run] ?? 0) - (first + last) / 2;
  }
  return y;
}

function meanOf(pulls: readonly { to: number; weight: number }[], y: Float64Array): number | undefined {
  let sum = 0;
  let weights = 0;
  for (const { to, weight } of pulls) {
    sum += weight * (y[to] ?? 0);
    weights += weight;
  }
  return weights > 0 ? sum / weights : undefined;
}

/** The frames of boxes wish to lie close round what is in them. */
function tighten(
  { boxes }: RowsInput,
  { tops, bottoms }: Runs,
  distances: readonly Distance[],
  wish: Float64Array,
): void {
  if (boxes === 0) return;
  const frames = new Map<number, number>();
  for (const top of tops) frames.set(top, Infinity);
  for (const bottom of bottoms) frames.set(bottom, -Infinity);
  for (const { above, below, gap } of distances) {
    const isTop = above >= (tops[0] ?? Infinity) && (above - (tops[0] ?? 0)) % 2 === 0;
    const isBottom = below >= (bottoms[0] ?? Infinity) && (below - (bottoms[0] ?? 0)) % 2 === 0;
    if (isTop) frames.set(above, Math.min(frames.get(above) ?? Infinity, (wish[below] ?? 0) - gap));
    if (isBottom) frames.set(below, Math.max(frames.get(below) ?? -Infinity, (wish[above] ?? 0) + gap));
  }
  for (const [frame, at] of frames) if (Number.isFinite(at)) wish[frame] = at;
}

/** Where there is room, a thing moves to the very height of a neighbour, so that calls run level. */
function straighten(
  runs: Runs,
  distances: readonly Distance[],
  pulls: readonly (readonly { to: number; weight: number }[])[],
  y: Float64Array,
): void {
  const up = Array.from({ length: runs.count }, (): Distance[] => []);
  const down = Array.from({ length: runs.count }, (): Distance[] => []);
  for (const constraint of distances) {
    up[constraint.below]?.push(constraint);
    down[constraint.above]?.push(constraint);
  }
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < runs.count; i++) {
      const run = round % 2 === 0 ? i : runs.count - 1 - i;
      const wished = medianOf(pulls[run] ?? [], pulls, y);
      if (wished === undefined) continue;
      const least = (up[run] ?? []).reduce((most, { above, gap }) => Math.max(most, (y[above] ?? 0) + gap), -Infinity);
      const most = (down[run] ?? []).reduce((some, { below, gap }) => Math.min(some, (y[below] ?? 0) - gap), Infinity);
      if (least <= most) y[run] = Math.min(most, Math.max(least, wished));
    }
  }
}

/**
 * The height with the least way to all neighbours. Of two neighbours, that of the one with more calls: it moves least, and
 * one bend is fewer than two.
 */
function medianOf(
  own: readonly { to: number; weight: number }[],
  pulls: readonly (readonly unknown[])[],
  y: Float64Array,
): number | undefined {
  const [one, two] = own;
  if (!one) return undefined;
  if (two && own.length === 2) {
    const busier = (pulls[one.to]?.length ?? 0) >= (pulls[two.to]?.length ?? 0) ? one : two;
    return y[busier.to];
  }
  const sorted = own.map(({ to }) => y[to] ?? 0).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
}
