/**
 * Sums of the `edges` table over an interval, whole or in steps, as the frames that shared/graph.ts adds to those of the
 * traces that have not settled.
 */
import { readFileSync } from 'node:fs';
import type { CriticalCut } from '#shared/critical-cut.ts';
import { frameSeconds, type EdgeFrame } from '#shared/frame.ts';
import { second } from './column-time.ts';
import type { Db } from './db.ts';

const sql = readFileSync(new URL('edges-read.sql', import.meta.url), 'utf8');

/** Which rows, and how they are put together. */
export interface FrameQuery {
  /** Epoch seconds, half open; frames that start within. */
  readonly fromSecond: number;
  readonly toSecond: number;
  /** Length of a step in seconds, a multiple of ten; absent: one row an edge for the whole interval. */
  readonly stepSeconds?: number;
  readonly probes?: boolean;
  /** Only edges whose ends have these workload names (of any namespace); a workload's own row has no ends. */
  readonly source?: string;
  readonly target?: string;
  /** Exemplars may be left out. */
  readonly bare?: boolean;
  /** Which traces' critical paths count; absent: all. */
  readonly cut?: Pick<CriticalCut, 'entry' | 'fromBand'>;
}

/**
 * Sums of the stored frames. out: `frame` is the step's start (the interval's, without steps); criticalNs, rootCount and
 * rootNs hold their totals under the key ''. errors: those of the store, also when the query runs out of its bounds.
 */
export async function readFrames(db: Db, wanted: FrameQuery): Promise<EdgeFrame[]> {
  const { fromSecond, toSecond, stepSeconds = 0, probes = false, source, target, bare = false, cut } = wanted;
  return db.rows<EdgeFrame>(sql, {
    from: second(fromSecond),
    to: second(toSecond),
    step: Math.ceil(stepSeconds / frameSeconds) * frameSeconds,
    probes: probes ? 1 : 0,
    anySource: source === undefined ? 1 : 0,
    source: source ?? '',
    anyTarget: target === undefined ? 1 : 0,
    target: target ?? '',
    bare: bare ? 1 : 0,
    cut: cut === undefined ? 0 : 1,
    fromBand: cut?.fromBand ?? 0,
    entry: cut?.entry ?? '',
  });
}

const countSql = readFileSync(new URL('edges-count.sql', import.meta.url), 'utf8');

/** How many rows readFrames would give, and about how many buckets in their sketches: a look at keys and lengths. */
export async function countFrames(
  db: Db,
  { fromSecond, toSecond, stepSeconds = 0, probes = false }: FrameQuery,
): Promise<{ rows: number; buckets: number }> {
  const [row] = await db.rows<{ rows: string; buckets: string }>(countSql, {
    from: second(fromSecond),
    to: second(toSecond),
    step: Math.max(frameSeconds, stepSeconds),
    probes: probes ? 1 : 0,
  });
  return { rows: Number(row?.rows ?? 0), buckets: Number(row?.buckets ?? 0) };
}
