/** Where the bars of two overlaid histograms stand: shares of each set, so that sets of any size can be laid over another. Pure. */
import type { CompareSets } from '#shared/api-compare-sets.ts';
import { formatMs } from '#shared/format.ts';

export interface Bar {
  /** Upper bound, ms. */
  readonly toMs: number;
  readonly countA: number;
  readonly countB: number;
  /** Of the tallest bar of both, 0 to 1. */
  readonly a: number;
  readonly b: number;
}

export function toBars({ boundsMs, a, b }: CompareSets['histogram']): Bar[] {
  const [allA, allB] = [a, b].map((counts) =>
    Math.max(
      1,
      counts.reduce((sum, count) => sum + count, 0),
    ),
  ) as [number, number];
  const tallest = Math.max(...a.map((count) => count / allA), ...b.map((count) => count / allB), Number.MIN_VALUE);
  return boundsMs.map((toMs, i) => ({
    toMs,
    countA: a[i] ?? 0,
    countB: b[i] ?? 0,
    a: (a[i] ?? 0) / allA / tallest,
    b: (b[i] ?? 0) / allB / tallest,
  }));
}

/** Marks under the bars: round durations, at the share of the width where they lie; bars are parts of decades. */
export function toTicks(boundsMs: readonly number[]): { readonly at: number; readonly text: string }[] {
  const [first, second] = boundsMs;
  const last = boundsMs.at(-1);
  if (first === undefined || second === undefined || last === undefined || first <= 0) return [];
  const ratio = second / first;
  const [least, most] = [Math.log(first / ratio), Math.log(last)];
  const ticks: { at: number; text: string }[] = [];
  const decades = (most - least) / Math.LN10;
  const parts = decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 3, 5, 7];
  for (let power = Math.floor(least / Math.LN10); power <= Math.ceil(most / Math.LN10); power++) {
    for (const part of parts) {
      const ms = part * 10 ** power;
      const at = (Math.log(ms) - least) / (most - least);
      if (at >= 0.02 && at <= 0.97) ticks.push({ at, text: formatMs(ms) });
    }
  }
  return ticks;
}

/** `a` as a line of steps over the bars of b: an SVG path in a box of 1 × 1 with y downwards. */
export function stepPath(bars: readonly Bar[]): string {
  if (bars.length === 0) return '';
  const width = 1 / bars.length;
  const y = (share: number): string => (1 - share).toFixed(4);
  const steps = bars.map(({ a }, i) => `V${y(a)}H${((i + 1) * width).toFixed(5)}`);
  return `M0 1${steps.join('')}V1`;
}
