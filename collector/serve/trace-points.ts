/** Answers of /api/traces/points: the scatter of a search, exact over all traces that match. */
import type { TracePoints } from '#shared/api.ts';
import { bucketOf, upperBoundOf } from '#shared/sketch.ts';
import { floorTo, stepFor, toInterval } from '#shared/time.ts';
import { readPoints, type PointCell } from '../store/traces-points.ts';
import type { PointsQuery } from './contract-search.ts';
import type { ServeDeps } from './deps.ts';
import { defaultSearchWindow, toScope } from './trace-filter.ts';

/** More are counted, not shown one by one. */
const mostPoints = 2000;
/** Columns and rows of the heatmap at most. */
const mostColumns = 120;
const mostRows = 40;

export function createTracePoints({ db, now = Date.now }: ServeDeps): (query: PointsQuery) => Promise<TracePoints> {
  return async (query) => {
    const nowMs = now();
    const { fromMs, toMs } = toInterval(query, nowMs, defaultSearchWindow);
    const stepMs = stepFor(toMs - fromMs, mostColumns);
    const originMs = floorTo(Math.max(0, fromMs), stepMs);
    const read = await readPoints(db, toScope(query, nowMs), { originMs, stepMs, limit: mostPoints });
    const points = 'points' in read ? read.points : null;
    const cells =
      'cells' in read
        ? read.cells
        : read.points.map(({ start, durationMs, failed }) => ({
            step: Math.floor((start - originMs) / stepMs),
            bucket: bucketOf(Math.round(durationMs * 1e6)),
            traces: 1,
            failed: failed ? 1 : 0,
          }));
    const columns = Math.ceil((toMs - originMs) / stepMs);
    return {
      from: fromMs,
      to: toMs,
      total: sum(cells, 'traces'),
      failed: sum(cells, 'failed'),
      points,
      heatmap: { stepMs, ...toHeatmap(cells, originMs, stepMs, columns) },
    };
  };
}

function sum(cells: readonly PointCell[], what: 'traces' | 'failed'): number {
  return cells.reduce((total, cell) => total + cell[what], 0);
}

/** Rows are equally many sketch buckets each, from the shortest trace to the longest. */
function toHeatmap(
  cells: readonly PointCell[],
  originMs: number,
  stepMs: number,
  columns: number,
): Pick<TracePoints['heatmap'], 'boundsMs' | 'columns'> {
  let least = Infinity;
  let greatest = -Infinity;
  let last = columns - 1;
  for (const { bucket, step } of cells) {
    least = Math.min(least, bucket);
    greatest = Math.max(greatest, bucket);
    // senders' clocks may be a little ahead
    last = Math.max(last, step);
  }
  const span = greatest - least + 1;
  const height = Math.max(1, Math.ceil(span / mostRows));
  const rows = span > 0 ? Math.ceil(span / height) : 0;
  const zeros = (): number[] => Array.from({ length: rows }, () => 0);
  const made = Array.from({ length: last + 1 }, (_, step) => ({
    at: originMs + step * stepMs,
    counts: zeros(),
    failed: zeros(),
  }));
  for (const { step, bucket, traces, failed } of cells) {
    const column = made[step];
    const row = Math.floor((bucket - least) / height);
    if (column === undefined) continue;
    column.counts[row] = (column.counts[row] ?? 0) + traces;
    column.failed[row] = (column.failed[row] ?? 0) + failed;
  }
  return {
    boundsMs: Array.from({ length: rows }, (_, row) => upperBoundOf(least + (row + 1) * height - 1) / 1e6),
    columns: made,
  };
}
