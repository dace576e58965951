/** All traces a scope means, for the scatter: each as a point while they are few, and counted by start and duration. */
import type { TracePoint } from '#shared/api.ts';
import { gamma } from '#shared/sketch.ts';
import type { Db } from './db.ts';
import { matchTraces, type TraceScope } from './traces-match.ts';

/** Traces of one step whose durations lie in one bucket of shared/sketch.ts. */
export interface PointCell {
  /** Which step since the origin. */
  readonly step: number;
  readonly bucket: number;
  readonly traces: number;
  readonly failed: number;
}

const pointsSql = `
SELECT lower(hex(f.traceId)) AS traceId, f.startNs AS startNs, f.durationNs AS durationNs, f.failed AS failed,
  f.rootService AS service, f.rootOperation AS operation
FROM found AS f
LIMIT {limit:UInt32}`;

// One row a step and bucket; buckets as bucketOf of shared/sketch.ts has them.
const cellsSql = `
SELECT toUInt32(intDiv(f.startNs - {originNs:UInt64}, {stepNs:UInt64})) AS step,
  toInt16(if(f.durationNs <= 0, -1, least(2300, ceil(log(f.durationNs) * {perLog:Float64})))) AS bucket,
  toUInt32(count()) AS traces, toUInt32(countIf(f.failed = 1)) AS failed
FROM found AS f
GROUP BY step, bucket`;

/**
 * in: where steps are counted from, at or before the scope, and their length; how many points at most.
 * out: the points, the first to start first, or the cells when there are more.
 */
export async function readPoints(
  db: Db,
  scope: TraceScope,
  { originMs, stepMs, limit }: { readonly originMs: number; readonly stepMs: number; readonly limit: number },
): Promise<{ readonly points: TracePoint[] } | { readonly cells: PointCell[] }> {
  const match = await matchTraces(db, scope);
  if (match.bounds === undefined) return { points: [] };
  const rows = await db.rows<{
    traceId: string;
    startNs: string;
    durationNs: string;
    failed: number;
    service: string;
    operation: string;
  }>(match.sql + pointsSql, { ...match.params, limit: limit + 1 });
  if (rows.length > limit) {
    const cells = await db.rows<PointCell>(match.sql + cellsSql, {
      ...match.params,
      originNs: BigInt(originMs) * 1_000_000n,
      stepNs: BigInt(stepMs) * 1_000_000n,
      perLog: 1 / Math.log(gamma),
    });
    return { cells };
  }
  const points = rows.map(({ traceId, startNs, durationNs, failed, service, operation }) => ({
    traceId,
    start: Number(startNs) / 1e6,
    durationMs: Number(durationNs) / 1e6,
    failed: failed === 1,
    root: { service, operation },
  }));
  return { points: points.sort((a, b) => a.start - b.start || (a.traceId < b.traceId ? -1 : 1)) };
}
