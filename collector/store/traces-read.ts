/**
 * Search over the `traces` table: one row a settled trace, filtered (traces-match.ts), ordered and paged by key. A trace
 * settled twice shows its newest settlement. Traces that have not settled are not in it.
 */
import { readFileSync } from 'node:fs';
import { AppError, quoted } from '#shared/error.ts';
import type { TraceSummary } from '#shared/api.ts';
import { nanosecond } from './column-time.ts';
import type { Db } from './db.ts';
import { matchTraces, needsSpans, type TraceMatch, type TraceScope } from './traces-match.ts';

const listSql = readFileSync(new URL('traces-list.sql', import.meta.url), 'utf8');
const pathsSql = readFileSync(new URL('paths-read.sql', import.meta.url), 'utf8');

export interface TraceQuery extends TraceScope {
  readonly order: 'recent' | 'slowest';
  readonly limit: number;
  /** What the page before gave as `next`. */
  readonly cursor?: string;
}

interface ListRow {
  traceId: string;
  startNs: string;
  durationNs: string;
  rootDurationNs: string;
  rootService: string;
  rootOperation: string;
  spanCount: number;
  errorCount: number;
  failed: number;
  workloads: string[];
  pathIds: string[];
  pathNs: string[];
  sortKey: string;
}

/** Spans looked at first when a page needs them; each further slice of the time is four times as long. */
const firstSpans = 250_000;
/** After so long a page that has something is given, full or not, ms. */
const patienceMs = 500;

/**
 * A page of traces and the cursor of the next, null at the end. When spans have to be looked at, the newest are first, and a
 * page may hold fewer than asked for though there is a next. errors: bad-request for a cursor that is none of ours.
 */
export async function readTraces(db: Db, query: TraceQuery): Promise<{ traces: TraceSummary[]; next: string | null }> {
  const { order, limit, cursor } = query;
  const startedMs = performance.now();
  const after = cursor === undefined ? undefined : readCursor(cursor, order);
  const rows: ListRow[] = [];
  let searchedTo: number | undefined;
  for await (const { scope, fromMs } of slicesOf(db, query, after?.key)) {
    const match = await matchTraces(db, scope);
    for (const row of await readRows(db, match, { order, limit: limit + 1 - rows.length, after })) rows.push(row);
    searchedTo = fromMs;
    if (rows.length > limit || (rows.length > 0 && performance.now() - startedMs > patienceMs)) break;
  }
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next =
    rows.length > page.length && last
      ? writeCursor(order, last.sortKey, last.traceId)
      : searchedTo === undefined || searchedTo <= query.fromMs
        ? null
        : writeCursor(order, nanosecond(searchedTo).toString(), ''.padStart(32, '0'));
  return { traces: await toSummaries(db, page), next };
}

/** The time of a question in slices, the newest first; the whole at once when its order or its size asks for no more. */
async function* slicesOf(
  db: Db,
  query: TraceQuery,
  afterNs: string | undefined,
): AsyncGenerator<{ readonly scope: TraceScope; readonly fromMs: number }> {
  const { filter, order, fromMs } = query;
  if (order === 'slowest' || !needsSpans(filter)) {
    yield { scope: query, fromMs };
    return;
  }
  // what the cursor has passed is not looked at again
  let toMs = afterNs === undefined ? query.toMs : Math.min(query.toMs, Math.floor(Number(afterNs) / 1e6) + 1);
  if (toMs <= fromMs) return;
  const { attributes: _, version: __, ...own } = filter;
  const { bounds } = await matchTraces(db, { ...query, toMs, filter: { ...own, attributes: [] } });
  if (bounds === undefined) return;
  // nothing starts after the last of them ends, or before the first
  toMs = Math.min(toMs, Math.floor(Number(bounds.toNs) / 1e6) + 1);
  const leastMs = Math.max(fromMs, Math.floor(Number(bounds.fromNs) / 1e6));
  let lengthMs = Math.max(1, Math.ceil((toMs - leastMs) * Math.min(1, firstSpans / bounds.spans)));
  while (toMs > leastMs) {
    // a short rest goes with the slice before it
    const start = toMs - lengthMs * 1.5 <= leastMs ? fromMs : toMs - lengthMs;
    yield { scope: { ...query, fromMs: start, toMs }, fromMs: start };
    toMs = start;
    lengthMs *= 4;
  }
}

/** What settled in some seconds: those that started last, and how many there are. */
export async function readSettled(
  db: Db,
  scope: TraceScope,
  limit: number,
): Promise<{ traces: TraceSummary[]; total: number }> {
  const match = await matchTraces(db, scope);
  if (match.bounds === undefined) return { traces: [], total: 0 };
  const rows = await readRows(db, match, { order: 'recent', limit: limit + 1, after: undefined });
  const [all] =
    rows.length <= limit
      ? [{ n: rows.length }]
      : await db.rows<{ n: string }>(`${match.sql}\nSELECT count() AS n FROM found`, match.params);
  return { traces: await toSummaries(db, rows.slice(0, limit)), total: Number(all?.n ?? 0) };
}

/** The newest second in which a trace settled, at or after the given one, 0 when there is none. */
export async function newestSettlement(db: Db, from: number): Promise<number> {
  const [row] = await db.rows<{ tick: number }>(
    // Without a bound the answer is known without reading a row.
    `SELECT max(t.tick) AS tick FROM traces AS t${from === 0 ? '' : ' WHERE t.tick >= {from:UInt32}'}`,
    { from },
  );
  return row?.tick ?? 0;
}

interface Page {
  readonly order: TraceQuery['order'];
  readonly limit: number;
  readonly after: { readonly key: string; readonly traceId: string } | undefined;
}

async function readRows(db: Db, match: TraceMatch, { order, limit, after }: Page): Promise<ListRow[]> {
  if (match.bounds === undefined) return [];
  const params = { order, limit, afterKey: after?.key ?? '0', afterId: after?.traceId ?? '' };
  return db.rows<ListRow>(`${match.sql}${listSql}`, { ...match.params, ...params });
}

async function toSummaries(db: Db, rows: readonly ListRow[]): Promise<TraceSummary[]> {
  const steps = await readSteps(db, rows);
  return rows.map((row) => toSummary(row, steps));
}

interface Step {
  readonly service: string;
  readonly operation: string;
}

async function readSteps(db: Db, rows: readonly ListRow[]): Promise<Map<string, Step>> {
  const ids = [...new Set(rows.flatMap(({ pathIds }) => pathIds))];
  if (ids.length === 0) return new Map();
  const steps = await db.rows<Step & { pathId: string }>(pathsSql, { ids: ids.map(BigInt) });
  return new Map(steps.map((step) => [step.pathId, step]));
}

function toSummary(row: ListRow, steps: ReadonlyMap<string, Step>): TraceSummary {
  return {
    traceId: row.traceId,
    root: { service: row.rootService, operation: row.rootOperation },
    start: Number(row.startNs) / 1e6,
    durationMs: Number(row.durationNs) / 1e6,
    spanCount: row.spanCount,
    errorCount: row.errorCount,
    failed: row.failed === 1,
    workloads: row.workloads,
    criticalPath: topOf(row, steps),
  };
}

/** The three steps that own most of the critical path. */
function topOf(row: ListRow, steps: ReadonlyMap<string, Step>): TraceSummary['criticalPath'] {
  const totalNs = Number(row.rootDurationNs);
  const byStep = new Map<string, { service: string; operation: string; selfNs: number }>();
  row.pathIds.forEach((pathId, i) => {
    const step = steps.get(pathId);
    if (step === undefined) return;
    const selfNs = Number(row.pathNs[i] ?? 0);
    const key = `${step.service}\n${step.operation}`;
    const held = byStep.get(key);
    if (held) held.selfNs += selfNs;
    else byStep.set(key, { service: step.service, operation: step.operation, selfNs });
  });
  return [...byStep.values()]
    .sort((a, b) => b.selfNs - a.selfNs)
    .slice(0, 3)
    .map(({ service, operation, selfNs }) => ({
      service,
      operation,
      selfMs: selfNs / 1e6,
      share: totalNs > 0 ? Math.min(1, Math.round((selfNs / totalNs) * 1e6) / 1e6) : 0,
    }));
}

function writeCursor(order: string, key: string, traceId: string): string {
  return Buffer.from(`${order}.${key}.${traceId}`).toString('base64url');
}

function readCursor(cursor: string, order: string): { key: string; traceId: string } {
  const [, of, key, traceId] = /^(recent|slowest)\.(\d{1,20})\.([0-9a-f]{32})$/.exec(decoded(cursor)) ?? [];
  if (of !== order || key === undefined || traceId === undefined) {
    throw new AppError(
      'bad-request',
      `cannot read cursor ${quoted(cursor)}: it is not the "next" of a page in this order`,
    );
  }
  return { key, traceId };
}

function decoded(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString();
}
