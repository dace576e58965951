/** All spans of one trace as stored, settled or not, early or late. */
import { readFileSync } from 'node:fs';
import type { Db } from './db.ts';
import { storedSpanColumns, storedSpans, type StoredSpan } from './stored-span.ts';

const settledSql = readFileSync(new URL('trace-settled.sql', import.meta.url), 'utf8');
const spansSql = `SELECT ${storedSpanColumns} FROM spans AS s
WHERE s.traceId = toFixedString(unhex({traceId:String}), 16)
ORDER BY s.tick, s.spanId, s.kind
LIMIT {limit:UInt32} OFFSET {offset:UInt32}`;

/** Rows unpacked at once: some tenths of a second, in which nothing else is done. */
const pageRows = 10_000;

export interface StoredTrace {
  readonly spans: StoredSpan[];
  /** There are more spans than these. */
  readonly truncated: boolean;
  /** Ingest second of the newest span, and of the newest that a settlement counted; 0 when none was. */
  readonly newestTick: number;
  readonly settledTick: number;
}

/** in: 32 hex digits; how many spans at most, the earliest delivered first. out: undefined when no span of it is held. */
export async function readTrace(db: Db, traceId: string, limit: number): Promise<StoredTrace | undefined> {
  const settlement = db.rows<{ lastTick: number }>(settledSql, { traceId });
  const spans: StoredSpan[] = [];
  for (let read = pageRows; read === pageRows && spans.length <= limit;) {
    const page = storedSpans(await db.native(spansSql, { traceId, limit: pageRows, offset: spans.length }));
    read = page.length;
    for (const span of page) spans.push(span);
  }
  const [settled] = await settlement;
  if (spans.length === 0) return undefined;
  const truncated = spans.length > limit;
  if (truncated) spans.length = limit;
  return { spans, truncated, newestTick: spans.at(-1)?.tick ?? 0, settledTick: settled?.lastTick ?? 0 };
}
