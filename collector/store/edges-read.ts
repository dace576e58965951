/**
 * Sums of the `edges` table over an interval, whole or in steps, as the frames that shared/graph.ts adds to those of the
 * traces that have not settled.
 */
import { readFileSync } from 'node:fs';
import { frameSeconds, type EdgeFrame } from '#shared/frame.ts';
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
}

/**
 * Sums of the stored frames. out: `frame` is the step's start (the interval's, without steps); criticalNs, rootCount and
 * rootNs hold their totals under the key ''. errors: those of the store, also when the query runs out of its bounds.
 */
export async function readFrames(db: Db, wanted: FrameQuery): Promise<EdgeFrame[]> {
  const { fromSecond, toSecond, stepSeconds = 0, probes = false, source, target } = wanted;
  return db.rows<EdgeFrame>(sql, {
    from: second(fromSecond),
    to: second(toSecond),
    step: Math.ceil(stepSeconds / frameSeconds) * frameSeconds,
    probes: probes ? 1 : 0,
    anySource: source === undefined ? 1 : 0,
    source: source ?? '',
    anyTarget: target === undefined ? 1 : 0,
    target: target ?? '',
  });
}

/** Frames are UInt32 epoch seconds. */
function second(value: number): number {
  return Math.min(Math.max(0, Math.floor(value)), 0xffffffff);
}
