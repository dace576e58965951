/** Where bars and their critical-path cores lie on a track. Pure; shares of the track's width. */
import type { Rows, Stretch } from './rows.ts';

/** A stretch of a bar's track, as shares of its width. */
export interface Bar {
  readonly left: number;
  readonly width: number;
}

/** Where a stretch lies in the shown time. out: undefined when it lies outside. */
export function toBar({ startNs, endNs }: Stretch, shown: Stretch): Bar | undefined {
  const whole = shown.endNs - shown.startNs;
  const start = Math.max(startNs, shown.startNs);
  const end = Math.min(Math.max(endNs, startNs), shown.endNs);
  if (!(whole > 0) || end < start) return undefined;
  return { left: (start - shown.startNs) / whole, width: (end - start) / whole };
}

/** Where a bar's duration is written: after the bar, before it, or inside at its end when there is room on neither side. */
export function durationSide(bar: Bar, trackPx: number, textPx: number): 'after' | 'before' | 'inside' {
  const free = (share: number) => share * trackPx >= textPx + 8;
  if (free(1 - bar.left - bar.width)) return 'after';
  return free(bar.left) ? 'before' : 'inside';
}

/** Stretches with less than a gap between them become one: a thousand slivers are one bar on the screen. In time order. */
export function mergeBars(bars: readonly Bar[], gap: number): Bar[] {
  const merged: Bar[] = [];
  for (const bar of bars) {
    const last = merged.at(-1);
    if (last && bar.left - (last.left + last.width) < gap) {
      const end = Math.max(last.left + last.width, bar.left + bar.width);
      merged[merged.length - 1] = { left: last.left, width: end - last.left };
    } else merged.push(bar);
  }
  return merged;
}

/** Sections up to here are drawn where they are; more of them pixel by pixel. */
const exactMost = 256;

/**
 * The critical path in a bar: a row's own sections, of a folded row those of all that is folded into it. out: in time order,
 * those less than a pixel apart as one. cost: O(sections of the rows + pixels).
 */
export function pathBars(rows: Rows, row: number, folded: boolean, shown: Stretch, trackPx: number): Bar[] {
  const from = rows.pathFrom[row] as number;
  const to = rows.pathFrom[row + 1 + (folded ? (rows.below[row] as number) : 0)] as number;
  const { pathStartNs, pathEndNs } = rows;
  const pixels = Math.max(1, Math.round(trackPx));
  if (to - from <= exactMost) {
    const bars: Bar[] = [];
    for (let at = from; at < to; at++) {
      const bar = toBar({ startNs: pathStartNs[at] as number, endNs: pathEndNs[at] as number }, shown);
      if (bar) bars.push(bar);
    }
    if (folded) bars.sort((a, b) => a.left - b.left);
    return mergeBars(bars, 1 / pixels);
  }
  // what begins and what ends in each pixel, summed up from the left
  const edges = new Int32Array(pixels + 2);
  const perNs = pixels / (shown.endNs - shown.startNs);
  for (let at = from; at < to; at++) {
    const [start, end] = [pathStartNs[at] as number, pathEndNs[at] as number];
    if (end <= shown.startNs || start >= shown.endNs) continue;
    const first = Math.max(0, Math.min(pixels - 1, Math.floor((start - shown.startNs) * perNs)));
    const last = Math.max(first, Math.min(pixels - 1, Math.ceil((end - shown.startNs) * perNs) - 1));
    edges[first] = (edges[first] as number) + 1;
    edges[last + 1] = (edges[last + 1] as number) - 1;
  }
  const bars: Bar[] = [];
  let [depth, begun] = [0, 0];
  for (let x = 0; x <= pixels; x++) {
    const before = depth;
    depth += edges[x] as number;
    if (before === 0 && depth > 0) begun = x;
    if (before > 0 && depth === 0) bars.push({ left: begun / pixels, width: (x - begun) / pixels });
  }
  return bars;
}
