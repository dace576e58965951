/**
 * The spans of one trace as stored, settled or not, early or late. A settlement only says whether it is worth to read them at
 * once: which there are is asked of the spans themselves, for some come after it, and again.
 */
import { readFileSync } from 'node:fs';
import type { Db } from './db.ts';
import { readNative } from './native.ts';
import { storedSpanColumns, storedSpans, type StoredSpan } from './stored-span.ts';
import { ofTrace } from './trace-columns.ts';

const settledSql = readFileSync(new URL('trace-settled.sql', import.meta.url), 'utf8');
const id = 'toFixedString(unhex({traceId:String}), 16)';
const extentSql = `SELECT toUInt32(count()) AS spanCount, min(s.tick) AS firstTick, max(s.tick) AS newestTick
FROM spans AS s
WHERE s.traceId = ${id}`;
const wholeSql = `SELECT ${storedSpanColumns} FROM spans AS s
WHERE s.traceId = ${id}
ORDER BY s.tick, s.spanId, s.kind
LIMIT {limit:UInt32}`;
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
  /** Ingest seconds of its first and its newest span, and of the newest that a settlement counted; 0 when none was. */
  readonly firstTick: number;
  readonly newestTick: number;
  readonly settledTick: number;
}

/** in: 32 hex digits. out: undefined when no span of it is held. */
export async function readExtent(db: Db, traceId: string): Promise<TraceExtent | undefined> {
  return extentAfter(db, traceId, await readSettled(db, traceId));
}

/**
 * The extent, with the spans when they are few. One look-up less than the two apart, when the trace has settled; how many an
 * open one has is not known before. in: 32 hex digits; how many are few. out: undefined when no span of it is held.
 */
export async function readTrace(
  db: Db,
  traceId: string,
  few: number,
): Promise<{ readonly extent: TraceExtent; readonly spans: StoredSpan[] | undefined } | undefined> {
  const settled = await readSettled(db, traceId);
  if (settled.tick > 0 && settled.spanCount <= few) {
    const spans = storedSpans(await db.native(wholeSql, { traceId, limit: few + 1 }, 'look-up'));
    const [first, newest] = [spans[0], spans.at(-1)];
    if (first !== undefined && newest !== undefined && spans.length <= few) {
      const ticks = { firstTick: first.tick, newestTick: newest.tick, settledTick: settled.tick };
      return { extent: { traceId, spanCount: spans.length, ...ticks }, spans };
    }
  }
  const extent = await extentAfter(db, traceId, settled);
  return extent && { extent, spans: undefined };
}

interface Settled {
  /** Newest ingest second, 0 when none was. */
  readonly tick: number;
  /** What was settled again counts again. */
  readonly spanCount: number;
}

/** What the settlements of a trace hold. Read before its spans: what comes in between is newer than they are. */
async function readSettled(db: Db, traceId: string): Promise<Settled> {
  const { columns } = readNative(await db.native(settledSql, { traceId }, 'look-up'));
  const numbers = (name: string): Uint32Array => (columns.get(name) as Uint32Array | undefined) ?? new Uint32Array();
  return {
    tick: numbers('lastTick').reduce((newest, tick) => Math.max(newest, tick), 0),
    spanCount: numbers('spanCount').reduce((sum, count) => sum + count, 0),
  };
}

async function extentAfter(db: Db, traceId: string, settled: Settled): Promise<TraceExtent | undefined> {
  const { columns } = readNative(await db.native(extentSql, { traceId }, 'look-up'));
  const number = (name: string): number => (columns.get(name) as Uint32Array | undefined)?.[0] ?? 0;
  const spanCount = number('spanCount');
  if (spanCount === 0) return undefined;
  const ticks = { firstTick: number('firstTick'), newestTick: number('newestTick'), settledTick: settled.tick };
  return { traceId, spanCount, ...ticks };
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
