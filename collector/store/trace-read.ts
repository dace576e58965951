/**
 * The spans of one trace as stored, settled or not, early or late. Which there are is asked of the spans themselves, wherever
 * they lie: some come after a settlement, and again. A settlement only says that no more are waited for.
 */
import type { Db } from './db.ts';
import { readNative } from './native.ts';
import { storedSpanColumns, storedSpans, toStoredSpans, type StoredSpan } from './stored-span.ts';
import { ofTrace } from './trace-columns.ts';

const id = 'toFixedString(unhex({traceId:String}), 16)';
const extentSql = `SELECT toUInt32(count()) AS spanCount, min(s.tick) AS firstTick, max(s.tick) AS newestTick
FROM spans AS s
WHERE s.traceId = ${id}`;
/** In no order, so that reading ends when there are more. Said to be looked at first, the column need not be found to be it. */
const wholeSql = `SELECT ${storedSpanColumns} FROM spans AS s
PREWHERE s.traceId = ${id}
LIMIT {limit:UInt32}`;
/** A settlement is no older than any span it counts. */
const settledSql = `SELECT t.lastTick AS lastTick FROM traces AS t
WHERE t.traceId = ${id} AND t.tick >= {newestTick:UInt32} AND t.lastTick >= {newestTick:UInt32}
LIMIT 1`;
const spansSql = `SELECT ${storedSpanColumns} FROM spans AS s
WHERE ${ofTrace}
ORDER BY s.tick, s.spanId, s.kind
LIMIT {limit:UInt32} OFFSET {offset:UInt32}`;
const spanSql = `SELECT ${storedSpanColumns} FROM spans AS s
WHERE ${ofTrace} AND s.spanId = toFixedString(unhex({spanId:String}), 8)
ORDER BY s.tick
LIMIT 1000`;

/** Rows unpacked at once: some tenths of a second, in which nothing else is done. */
const pageRows = 10_000;

/** What of a trace is held. */
export interface TraceExtent {
  readonly traceId: string;
  /** At least 1; spans that came twice count twice. */
  readonly spanCount: number;
  /** Ingest seconds of its first and its newest span. */
  readonly firstTick: number;
  readonly newestTick: number;
}

/** in: 32 hex digits. out: undefined when no span of it is held. */
export async function readExtent(db: Db, traceId: string): Promise<TraceExtent | undefined> {
  const { columns } = readNative(await db.native(extentSql, { traceId }, 'look-up anywhere'));
  const number = (name: string): number => (columns.get(name) as Uint32Array | undefined)?.[0] ?? 0;
  const spanCount = number('spanCount');
  if (spanCount === 0) return undefined;
  return { traceId, spanCount, firstTick: number('firstTick'), newestTick: number('newestTick') };
}

/**
 * The extent, with the spans when they are few: then it is one look-up, else one of some more than these and that of the extent.
 * in: 32 hex digits; how many are few. out: the earliest delivered first; undefined when no span of it is held.
 */
export async function readTrace(
  db: Db,
  traceId: string,
  few: number,
): Promise<{ readonly extent: TraceExtent; readonly spans: StoredSpan[] | undefined } | undefined> {
  const table = readNative(await db.native(wholeSql, { traceId, limit: few + 1 }, 'look-up anywhere'));
  if (table.rows > few) {
    const extent = await readExtent(db, traceId);
    return extent && { extent, spans: undefined };
  }
  const spans = toStoredSpans(table).sort(byDelivery);
  const [first, newest] = [spans[0], spans.at(-1)];
  if (first === undefined || newest === undefined) return undefined;
  return { extent: { traceId, spanCount: spans.length, firstTick: first.tick, newestTick: newest.tick }, spans };
}

/** As the store sorts: spansSql. */
function byDelivery(a: StoredSpan, b: StoredSpan): number {
  return a.tick - b.tick || (a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : a.kind - b.kind);
}

/** Whether a settlement counted every span that the extent has; one delivered again after it leads to no other one. */
export async function isSettledBy(db: Db, { traceId, newestTick }: TraceExtent): Promise<boolean> {
  return readNative(await db.native(settledSql, { traceId, newestTick }, 'look-up')).rows > 0;
}

/** in: how many spans at most, the earliest delivered first. */
export async function readTraceSpans(db: Db, extent: TraceExtent, limit: number): Promise<StoredSpan[]> {
  const { traceId, firstTick, newestTick } = extent;
  const wanted = Math.min(limit, extent.spanCount);
  const spans: StoredSpan[] = [];
  while (spans.length < wanted) {
    const params = { traceId, firstTick, newestTick, limit: Math.min(pageRows, wanted - spans.length) };
    const page = storedSpans(await db.native(spansSql, { ...params, offset: spans.length }));
    if (page.length === 0) break;
    for (const span of page) spans.push(span);
  }
  return spans;
}

/** Every delivery of one span, and of others with its id. in: 16 hex digits. */
export async function readSpan(db: Db, extent: TraceExtent, spanId: string): Promise<StoredSpan[]> {
  const { traceId, firstTick, newestTick } = extent;
  return storedSpans(await db.native(spanSql, { traceId, firstTick, newestTick, spanId }, 'look-up'));
}
