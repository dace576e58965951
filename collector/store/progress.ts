/** How far the derivation is, and the ticks there are. */
import type { Db, Params } from './db.ts';
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

/** Some traces: ids as four big-endian words each, and a tick of each. */
export interface TraceTicks {
  readonly ids: Uint32Array;
  readonly ticks: Uint32Array;
}

/** Traces that settled in (after, upTo], oldest first. */
export async function readSettledIds(db: Db, after: number, upTo: number): Promise<TraceTicks> {
  return readIds(
    db,
    'SELECT traceId, tick FROM traces WHERE tick > {after:Int64} AND tick <= {upTo:Int64} ORDER BY tick',
    { after, upTo },
  );
}

async function readIds(db: Db, sql: string, params: Params): Promise<TraceTicks> {
  const { rows, columns } = readNative(await db.native(sql, params));
  if (rows === 0) return { ids: new Uint32Array(0), ticks: new Uint32Array(0) };
  return { ids: toWords(columns.get('traceId') as FixedColumn), ticks: columns.get('tick') as Uint32Array };
}

export interface Settlement {
  readonly tick: number;
  /** Of the first span it took. */
  readonly firstTick: number;
}

/** The newest settlement of each of the traces in (after, before), by the trace's id in hex. */
export async function readSettlements(
  db: Db,
  ids: readonly string[],
  after: number,
  before: number,
): Promise<Map<string, Settlement>> {
  const rows = await db.rows<Settlement & { readonly id: string }>(
    `SELECT lower(hex(t.traceId)) AS id, max(t.tick) AS tick, argMax(t.firstTick, t.tick) AS firstTick FROM traces AS t
     WHERE t.tick > {after:Int64} AND t.tick < {before:Int64} AND t.traceId IN (
       SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16)
     ) GROUP BY t.traceId`,
    { after, before, ids },
  );
  return new Map(rows.map(({ id, tick, firstTick }) => [id, { tick, firstTick }]));
}

/**
 * Traces with spans in (recent, upTo] that had some in (before, recent] too, with the tick of their first span in (after, upTo]
 * that no settlement has taken, 0 when there is none.
 */
export async function readFirstTicks(
  db: Db,
  after: number,
  before: number,
  recent: number,
  upTo: number,
): Promise<TraceTicks> {
  return readIds(
    db,
    `WITH open AS (
       SELECT traceId FROM spans WHERE tick > {before:Int64} AND tick <= {recent:Int64} AND traceId IN (
         SELECT traceId FROM spans WHERE tick > {recent:Int64} AND tick <= {upTo:Int64}
       )
     ),
     settled AS (
       SELECT t.traceId AS traceId, max(t.tick) AS tick FROM traces AS t
       WHERE t.tick > {after:Int64} AND t.tick <= {upTo:Int64} AND t.traceId IN open GROUP BY t.traceId
     )
     SELECT s.traceId AS traceId, minIf(s.tick, s.tick > t.tick) AS tick FROM spans AS s
     LEFT JOIN settled AS t ON t.traceId = s.traceId
     WHERE s.tick > {after:Int64} AND s.tick <= {upTo:Int64} AND s.traceId IN open
     GROUP BY s.traceId`,
    { after, before, recent, upTo },
  );
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
