/** Answers of /api/nodes/:id/operations: what a workload is asked for, and how each of it goes. */
import type { Operations } from '#shared/api.ts';
import { round, toMs } from '#shared/edge-sum.ts';
import { fromMap, quantiles } from '#shared/sketch.ts';
import { toInterval } from '#shared/time.ts';
import { parseNodeId } from '#shared/workload.ts';
import { readOperations, type OperationRow } from '../store/operations-read.ts';
import type { TimeOnlyQuery } from './contract.ts';
import type { ServeDeps } from './deps.ts';

/** Spans are many: of a long window only its end is read. */
const longestMs = 3_600_000;
const maxOperations = 50;

/** in: a node id, with a fourth part when it is one version; or the id of a namespace or cluster. errors: bad-request. */
export async function listOperations(
  { db, calls, now = Date.now }: ServeDeps,
  id: string,
  query: TimeOnlyQuery,
): Promise<Operations> {
  const interval = toInterval(query, now());
  const fromMs = Math.max(interval.fromMs, interval.toMs - longestMs);
  const { toMs: endMs } = interval;
  const rows = await readOperations(db, {
    fromMs,
    toMs: endMs,
    ...splitId(id),
    fourXxIsFailure: calls.fourXxIsFailure ?? false,
  });
  return {
    from: fromMs,
    to: endMs,
    operations: ownWords(rows)
      .slice(0, maxOperations)
      .map(({ operation, calls: count, failed, seen, durations }) => {
        const [p50 = null, p90 = null, p99 = null] = quantiles(fromMap(durations), [0.5, 0.9, 0.99]).map((ns) =>
          ns === undefined ? null : toMs(ns),
        );
        return { operation, calls: round(count), failed: round(failed), latencyMs: { p50, p90, p99, n: seen } };
      }),
  };
}

function splitId(id: string): { cluster: string; namespace: string; name: string; version?: string } {
  const parts = id.split('/');
  const workload = parseNodeId(parts.length === 4 ? parts.slice(0, 3).join('/') : id);
  return parts.length === 4 ? { ...workload, version: parseNodeId(`//${parts[3]}`).name } : workload;
}

/**
 * A request that both the sidecar and the application tell of counts once, by the application's name for it: the sidecar's
 * rows go when the application tells of half as many requests or more.
 */
function ownWords(rows: readonly OperationRow[]): readonly OperationRow[] {
  const callsOf = (proxy: number): number => rows.reduce((sum, row) => sum + (row.proxy === proxy ? row.calls : 0), 0);
  const kept = callsOf(0) >= callsOf(1) / 2 ? 0 : 1;
  const sameName = new Map<string, OperationRow>();
  for (const row of rows) if (row.proxy === kept || callsOf(kept) === 0) sameName.set(row.operation, row);
  return [...sameName.values()];
}
