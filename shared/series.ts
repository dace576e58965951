/**
 * Frames in steps → what charts are drawn from: a point for every step, and a latency heatmap. Steps without traffic are
 * there with zeros, so a gap is seen as one.
 */
import type { EdgeDetail, SeriesPoint } from './api.ts';
import { addFrame, emptySum, round, toLatencyOf, toMs, type EdgeSum } from './edge-sum.ts';
import type { EdgeFrame } from './frame.ts';
import { joinBuckets, upperBoundOf, type Buckets } from './sketch.ts';

export interface Steps {
  /** Start of the first step and end of the last, epoch ms; multiples of stepMs but for the end. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** Rows of a heatmap at most. */
const maxRows = 40;

/** Series and heatmap of frames that belong to one thing. in: frames that start within the steps. */
export function toSeries(frames: Iterable<EdgeFrame>, steps: Steps): Pick<EdgeDetail, 'series' | 'heatmap'> {
  const { fromMs, toMs, stepMs } = steps;
  const count = Math.max(0, Math.ceil((toMs - fromMs) / stepMs));
  const sums = Array.from({ length: count }, emptySum);
  for (const frame of frames) {
    const sum = sums[Math.floor((frame.frame * 1000 - fromMs) / stepMs)];
    if (sum) addFrame(sum, frame);
  }
  const at = (step: number): number => fromMs + step * stepMs;
  return {
    series: sums.map((sum, step) => toPoint(sum, at(step))),
    heatmap: toHeatmap(
      sums.map((sum) => joinBuckets(sum.clientNs.length > 0 ? sum.clientNs : sum.serverNs)),
      at,
    ),
  };
}

function toPoint(sum: EdgeSum, at: number): SeriesPoint {
  return {
    at,
    calls: round(sum.calls),
    failed: round(sum.failed),
    clientErrors: round(sum.clientErrors),
    attempts: round(sum.attempts),
    latencyMs: toLatencyOf(sum, sum.clientNs),
    serverLatencyMs: toLatencyOf(sum, sum.serverNs),
    networkMs: toLatencyOf(sum, sum.networkNs),
  };
}

/** Calls by latency and step. in: sketches whose buckets ascend. Rows are equally many sketch buckets each, from the fastest call to the slowest. */
function toHeatmap(sketches: readonly Buckets[], at: (step: number) => number): EdgeDetail['heatmap'] {
  let least = Infinity;
  let greatest = -Infinity;
  for (const { buckets, from, to } of sketches) {
    if (from === to) continue;
    least = Math.min(least, buckets[from]!);
    greatest = Math.max(greatest, buckets[to - 1]!);
  }
  const span = greatest - least + 1;
  const height = Math.max(1, Math.ceil(span / maxRows));
  const rows = span > 0 ? Math.ceil(span / height) : 0;
  const boundsMs = Array.from({ length: rows }, (_, row) => toMs(upperBoundOf(least + (row + 1) * height - 1)));
  const columns = sketches.map(({ buckets, weights, from, to }, step) => {
    const counts = Array.from({ length: rows }, () => 0);
    for (let index = from; index < to; index++) {
      const row = Math.floor((buckets[index]! - least) / height);
      counts[row] = round((counts[row] ?? 0) + weights[index]!);
    }
    return { at: at(step), counts };
  });
  return { boundsMs, columns };
}
