/** The spans of one trace as stored, settled or not, early or late. */
import { readFileSync } from 'node:fs';
import type { Db } from './db.ts';
import { storedSpanColumns, storedSpans, type StoredSpan } from './stored-span.ts';
import { ofTrace } from './trace-columns.ts';

const extentSql = readFileSync(new URL('trace-settled.sql', import.meta.url), 'utf8');
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
  const [row] = await db.rows<Record<'spanCount' | 'firstTick' | 'newestTick' | 'settledTick', number | string>>(
    extentSql,
    { traceId },
  );
  if (row === undefined || Number(row.spanCount) === 0) return undefined;
  return {
    traceId,
    spanCount: Number(row.spanCount),
    firstTick: Number(row.firstTick),
    newestTick: Number(row.newestTick),
    settledTick: Number(row.settledTick),
  };
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
  return storedSpans(await db.native(spanSql, { traceId, firstTick, newestTick, spanId }));
}
