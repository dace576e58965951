/** Geometry of the panel's charts: time along x, shared by all of one panel. Pure; px inside a box of the given size. */
import { line as d3Line } from 'd3';

export interface Sample {
  readonly at: number;
  /** undefined: nothing was measured. */
  readonly value: number | undefined;
}

/**
 * The steps of a series that are complete: without the one that is still under way, and without empty ones at the end,
 * whose traces have not settled yet.
 */
export function completeSteps<T extends { readonly at: number; readonly calls: number }>(
  { series, stepMs, to }: { readonly series: readonly T[]; readonly stepMs: number; readonly to: number },
  mostEmpty = 3,
): T[] {
  const steps = series.filter(({ at }) => at + stepMs <= to);
  for (let i = 0; i < mostEmpty && steps.at(-1)?.calls === 0; i++) steps.pop();
  return steps;
}

/** Time along x: `count` steps from `left` to `width`. */
export interface Axis {
  readonly from: number;
  readonly stepMs: number;
  readonly count: number;
  readonly left: number;
  readonly width: number;
}

/** Left end of a step; `index` may be a fraction, so 0.5 is the middle of the first. */
export function xOf({ left, width, count }: Axis, index: number): number {
  return round(left + ((width - left) * index) / Math.max(1, count));
}

/** Which step lies at a place; undefined outside. */
export function stepAt(axis: Axis, px: number): number | undefined {
  const index = Math.floor(((px - axis.left) / Math.max(1, axis.width - axis.left)) * axis.count);
  return index >= 0 && index < axis.count ? index : undefined;
}

/** Path data of samples, each at the middle of its step. The line breaks where nothing was measured; y turns a value into px. */
export function toPath(samples: readonly Sample[], axis: Axis, y: (value: number) => number): string {
  const lone = (i: number) => samples[i - 1]?.value === undefined && samples[i + 1]?.value === undefined;
  const path = d3Line<Sample>()
    .defined(({ value }) => value !== undefined)
    .x((_, i) => xOf(axis, i + 0.5))
    .y(({ value }) => round(y(value ?? 0)));
  const dots = samples.flatMap(({ value }, i) => {
    if (value === undefined || !lone(i)) return [];
    // a sample without neighbours has no line: a dash as wide as half its step stands for it
    const half = (axis.width - axis.left) / Math.max(1, axis.count) / 4;
    return [`M${round(xOf(axis, i + 0.5) - half)},${round(y(value))}h${round(half * 2)}`];
  });
  return (path(samples) ?? '') + dots.join('');
}

/** A linear scale between two values and two px. */
export function linear([low, high]: readonly [number, number], [from, to]: readonly [number, number]) {
  const span = high - low || 1;
  return (value: number): number => from + ((Math.min(high, Math.max(low, value)) - low) / span) * (to - from);
}

/** The next round number at or over a value: 1, 2 or 5 times a power of ten; 1 for nothing. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => value <= factor * power * (1 + 1e-9)) ?? 10;
  return Number((step * power).toPrecision(1));
}

/** Lower end of an axis of success: 99 % or the next round share of failures below the worst, so a dip is not blown up. */
export function successFloor(worst: number): number {
  return worst >= 0.99 ? 0.99 : Number(Math.max(0, 1 - niceTop(1 - worst)).toFixed(6));
}

export interface Heat {
  readonly boundsMs: readonly number[];
  readonly columns: readonly { readonly at: number; readonly counts: readonly number[] }[];
}

/** The rows of a heatmap that hold anything (with one of air above and below), lowest first, and its greatest count. */
export function heatRows({ boundsMs, columns }: Heat): { readonly rows: readonly number[]; readonly most: number } {
  let first = boundsMs.length;
  let last = -1;
  let most = 0;
  for (const { counts } of columns) {
    counts.forEach((count, row) => {
      if (count <= 0) return;
      first = Math.min(first, row);
      last = Math.max(last, row);
      most = Math.max(most, count);
    });
  }
  if (last < 0) return { rows: [], most: 0 };
  const rows: number[] = [];
  for (let row = Math.max(0, first - 1); row <= Math.min(boundsMs.length - 1, last + 1); row++) rows.push(row);
  return { rows, most };
}

/** Lower bound of a heatmap's row, ms: the upper bound of the one below, or a row's ratio below its own. */
export function lowerBound({ boundsMs }: Pick<Heat, 'boundsMs'>, row: number): number {
  return boundsMs[row - 1] ?? (boundsMs[row] ?? 0) / rowRatio(boundsMs);
}

/**
 * How high a latency lies over a heatmap's shown rows, in rows from the bottom of the lowest: 1.5 = the middle of the
 * second. Rows are equally high and their bounds grow by a ratio, so this is a logarithm. Kept within the rows.
 */
export function rowsUp({ boundsMs }: Pick<Heat, 'boundsMs'>, rows: readonly number[], ms: number): number {
  const bottom = lowerBound({ boundsMs }, rows[0] ?? 0);
  const ratio = rowRatio(boundsMs);
  if (!(bottom > 0) || !(ms > 0) || ratio <= 1) return 0.5;
  return Math.min(rows.length, Math.max(0, Math.log(ms / bottom) / Math.log(ratio)));
}

/** By how much a row's bound lies over the one below; the mean over all rows, since the bounds come rounded. */
function rowRatio(boundsMs: readonly number[]): number {
  const [first = 1, last = 1] = [boundsMs[0], boundsMs.at(-1)];
  return boundsMs.length > 1 && first > 0 ? (last / first) ** (1 / (boundsMs.length - 1)) : 1.06;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
