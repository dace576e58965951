/**
 * Geometry of the pictures of many traces: start along x, duration along y on a logarithm. Pure; px inside a box of the
 * given size, y grows downwards.
 */
import { scaleLog, scaleTime } from 'd3';

export interface Extent {
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** Durations, ms, over 0. */
  readonly minMs: number;
  readonly maxMs: number;
}

export interface Plot extends Extent {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly x: (at: number) => number;
  readonly y: (durationMs: number) => number;
  readonly at: (px: number) => number;
  readonly ms: (px: number) => number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What lasts no time at all stands at the foot of the logarithm. */
export const leastMs = 0.001;

/** Durations an axis shows: those given with a little air, and at least a third of a decade. */
export function durationExtent(durationsMs: Iterable<number>): { readonly minMs: number; readonly maxMs: number } {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const ms of durationsMs) {
    least = Math.min(least, Math.max(leastMs, ms));
    most = Math.max(most, ms, leastMs);
  }
  if (most === 0) return { minMs: 1, maxMs: 1_000 };
  const air = Math.max(1.12, Math.sqrt(Math.max(1, 2.2 / (most / least))));
  return { minMs: least / air, maxMs: most * air };
}

export function toPlot(extent: Extent, { left, top, right, bottom }: Box): Plot {
  const { from, to, minMs, maxMs } = extent;
  const x = scaleTime([from, to], [left, right]);
  const y = scaleLog([minMs, maxMs], [bottom, top]).clamp(true);
  return {
    ...extent,
    left,
    top,
    right,
    bottom,
    x: (at) => round(x(at)),
    y: (ms) => round(y(Math.max(leastMs, ms))),
    at: (px) => x.invert(px).getTime(),
    ms: (px) => y.invert(px),
  };
}

/** Moments to write under the plot, as many as have `everyPx` each. */
export function timeTicks({ from, to, left, right }: Plot, everyPx = 78): number[] {
  const most = Math.max(2, Math.floor((right - left) / everyPx));
  const ticks = scaleTime([from, to], [left, right]).ticks(most);
  const every = Math.ceil(ticks.length / most);
  return ticks.filter((_, index) => index % every === 0).map((date) => date.getTime());
}

/** Durations to write beside it: 1, 2 and 5 of each decade while there is room, else 1 alone, else some of these. */
export function durationTicks({ minMs, maxMs, top, bottom }: Plot, everyPx = 26): number[] {
  const most = Math.max(2, Math.floor((bottom - top) / everyPx));
  for (const factors of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = [];
    for (let decade = Math.floor(Math.log10(minMs)); decade <= Math.ceil(Math.log10(maxMs)); decade++) {
      for (const factor of factors) {
        const value = Number((factor * 10 ** decade).toPrecision(2));
        if (value >= minMs && value <= maxMs) ticks.push(value);
      }
    }
    if (ticks.length <= most || factors.length === 1)
      return ticks.filter((_, index) => index % Math.ceil(ticks.length / most) === 0);
  }
  return [];
}

export interface Dragged {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** What a drag narrows to; a part of it that is absent stays as it was. */
export interface Narrowed {
  readonly time?: { readonly from: number; readonly to: number };
  readonly durations?: { readonly minMs: number; readonly maxMs: number };
}

/** A drag that is thinner than this one way does not mean that way. */
const thinPx = 8;

/** in: two corners. out: time and durations between them, outwards to round values; neither for a drag that is none. */
export function narrowTo(plot: Plot, { x0, y0, x1, y1 }: Dragged): Narrowed {
  const [left, right] = [
    clamp(Math.min(x0, x1), plot.left, plot.right),
    clamp(Math.max(x0, x1), plot.left, plot.right),
  ];
  const [top, bottom] = [
    clamp(Math.min(y0, y1), plot.top, plot.bottom),
    clamp(Math.max(y0, y1), plot.top, plot.bottom),
  ];
  return {
    ...(right - left < thinPx ? {} : { time: { from: Math.floor(plot.at(left)), to: Math.ceil(plot.at(right)) } }),
    ...(bottom - top < thinPx
      ? {}
      : { durations: { minMs: roundDown(plot.ms(bottom)), maxMs: roundUp(plot.ms(top)) } }),
  };
}

/** The corners a drag stands for on the picture: from side to side where it is thin. */
export function dragBox(plot: Plot, drag: Dragged): Box {
  const { time, durations } = narrowTo(plot, drag);
  const [left, right] = [Math.min(drag.x0, drag.x1), Math.max(drag.x0, drag.x1)];
  const [top, bottom] = [Math.min(drag.y0, drag.y1), Math.max(drag.y0, drag.y1)];
  return {
    left: time ? clamp(left, plot.left, plot.right) : plot.left,
    right: time ? clamp(right, plot.left, plot.right) : plot.right,
    top: durations ? clamp(top, plot.top, plot.bottom) : plot.top,
    bottom: durations ? clamp(bottom, plot.top, plot.bottom) : plot.bottom,
  };
}

/** Two significant digits, not above the value. */
export function roundDown(value: number): number {
  return toDigits(value, Math.floor);
}

/** Two significant digits, not below the value. */
export function roundUp(value: number): number {
  return toDigits(value, Math.ceil);
}

function toDigits(value: number, way: (value: number) => number): number {
  if (!(value > 0)) return 0;
  const step = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((way(Number((value / step).toPrecision(12))) * step).toPrecision(3));
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
