/**
 * Search over the `traces` table: one row a settled trace, filtered, ordered and paged by key. A trace settled twice shows
 * its newest settlement. Traces that have not settled are not in it.
 */
import { readFileSync } from 'node:fs';
import { AppError, quoted } from '#shared/error.ts';
import type { TraceSummary } from '#shared/api.ts';
import { nodeId, parseNodeId } from '#shared/workload.ts';
import { nanosecond } from './column-time.ts';
import type { Db } from './db.ts';

const listSql = readFileSync(new URL('traces-list.sql', import.meta.url), 'utf8');
const pathsSql = readFileSync(new URL('paths-read.sql', import.meta.url), 'utf8');

export interface TraceQuery {
  /** By the trace's first start, epoch ms, half open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Node id, name, or name.namespace of a workload that takes part. */
  readonly service?: string;
  /** Span name; of that service when one is given. */
  readonly operation?: string;
  readonly minMs?: number;
  readonly maxMs?: number;
  /** error: a span failed; ok: none did; failed: the trace's own request did. */
  readonly status?: 'ok' | 'error' | 'failed';
  /** Edge id, 16 hex digits. */
  readonly edge?: string;
  /** All on one span. */
  readonly attributes?: readonly (readonly [key: string, value: string])[];
  readonly probes?: boolean;
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
  workloads: string[];
  pathIds: string[];
  pathNs: string[];
  sortKey: string;
}

/** A page of traces and the cursor of the next, null at the end. errors: bad-request for a cursor that is none of ours. */
export async function readTraces(db: Db, query: TraceQuery): Promise<{ traces: TraceSummary[]; next: string | null }> {
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, query.order);
  const { service, operation, attributes = [] } = query;
  const names = service === undefined ? [] : namesOf(service);
  const rows = await db.rows<ListRow>(listSql, {
    fromNs: nanosecond(query.fromMs),
    toNs: nanosecond(query.toMs),
    probes: query.probes ? 1 : 0,
    service: service ?? '',
    serviceTails: isNodeId(service)
      ? []
      : names.map(({ namespace, name }) =>
          namespace === '' ? nodeId('', '', name).slice(1) : nodeId('', namespace, name),
        ),
    operationTail: operation !== undefined && service === undefined ? ` ${operation}` : '',
    operations: operation !== undefined && service !== undefined ? names.map(({ name }) => `${name} ${operation}`) : [],
    minNs: nanosecond(query.minMs ?? 0),
    maxNs: query.maxMs === undefined ? 18446744073709551615n : nanosecond(query.maxMs),
    status: query.status ?? '',
    edge: query.edge === undefined ? '' : BigInt(`0x${query.edge}`).toString(),
    keys: attributes.map(([key]) => key),
    values: attributes.map(([, value]) => value),
    order: query.order,
    afterKey: after?.key ?? '0',
    afterId: after?.traceId ?? '',
    limit: query.limit + 1,
  });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const steps = await readSteps(db, page);
  return {
    traces: page.map((row) => toSummary(row, steps)),
    next: rows.length > page.length && last ? writeCursor(query.order, last.sortKey, last.traceId) : null,
  };
}

/** What a person may mean who writes `service`: a node id names one workload; `a.b` is a name, or name `a` in namespace `b`. */
function namesOf(service: string): { namespace: string; name: string }[] {
  if (isNodeId(service)) return [parseNodeId(service)];
  const dot = service.lastIndexOf('.');
  const named = { namespace: '', name: service };
  return dot <= 0 ? [named] : [named, { namespace: service.slice(dot + 1), name: service.slice(0, dot) }];
}

function isNodeId(service: string | undefined): boolean {
  return service?.split('/').length === 3;
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
