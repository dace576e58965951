/** How far the derivation is, and the ticks there are. */
import type { Db } from './db.ts';
import type { CommitMark } from './log.ts';
import { readNative, type FixedColumn } from './native.ts';
import { toWords } from './span-columns.ts';

export interface NewestTicks {
  readonly progress: number;
  readonly edges: number;
  readonly traces: number;
  readonly spans: number;
}

/** The newest tick each table holds; 0 when empty. */
export async function readNewestTicks(db: Db): Promise<NewestTicks> {
  const [row] = await db.rows<NewestTicks>(`SELECT
    (SELECT max(tick) FROM progress) AS progress,
    (SELECT max(tick) FROM edges) AS edges,
    (SELECT max(tick) FROM traces) AS traces,
    (SELECT max(tick) FROM spans) AS spans`);
  return row ?? { progress: 0, edges: 0, traces: 0, spans: 0 };
}

/** Ticks in (after, upTo] that have spans, ascending. */
export async function readTickNumbers(db: Db, after: number, upTo: number): Promise<number[]> {
  const rows = await db.rows<{ tick: number }>(
    'SELECT DISTINCT tick FROM spans WHERE tick > {after:Int64} AND tick <= {upTo:Int64} ORDER BY tick',
    { after, upTo },
  );
  return rows.map(({ tick }) => tick);
}

/** Traces that settled in (after, upTo], oldest first. out: ids as four big-endian words each, and their ticks. */
export async function readSettledIds(
  db: Db,
  after: number,
  upTo: number,
): Promise<{ readonly ids: Uint32Array; readonly ticks: Uint32Array }> {
  const { rows, columns } = readNative(
    await db.native(
      'SELECT traceId, tick FROM traces WHERE tick > {after:Int64} AND tick <= {upTo:Int64} ORDER BY tick',
      { after, upTo },
    ),
  );
  if (rows === 0) return { ids: new Uint32Array(0), ticks: new Uint32Array(0) };
  return { ids: toWords(columns.get('traceId') as FixedColumn), ticks: columns.get('tick') as Uint32Array };
}

export async function writeProgress(db: Db, tick: number): Promise<void> {
  await db.insertRows('progress', [{ tick }]);
}

/** Notes that a process begins to commit at the tick, and the newest tick any table held before. */
export async function writeStart(db: Db, tick: number, after: number): Promise<void> {
  await db.insertRows('starts', [{ tick, after }]);
}

/** The starts noted so far. */
export async function readStarts(db: Db): Promise<{ tick: number; after: number }[]> {
  return db.rows('SELECT tick, after FROM starts ORDER BY tick');
}

/** Whether the store has the spans of a commit: a commit is there as a whole or not at all. */
export async function holdsCommit(db: Db, { tick, batch }: CommitMark): Promise<boolean> {
  const rows = await db.rows('SELECT 1 FROM spans WHERE tick = {tick:UInt32} AND batch = {batch:UInt16} LIMIT 1', {
    tick,
    batch,
  });
  return rows.length > 0;
}
