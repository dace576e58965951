/**
 * Which settled traces a filter of the query line means, as SQL to put before a question about them: a list, points, a
 * profile, a set to compare. Filters on the trace itself are read off its row in `traces`. Attributes and versions are
 * looked for in the spans, within the ingest seconds and starts of the traces that pass the rest.
 */
import type { TraceFilter } from '#shared/trace-query.ts';
import { nodeId, parseNodeId } from '#shared/workload.ts';
import { holds, termSql } from './attribute-terms.ts';
import { nanosecond } from './column-time.ts';
import type { Db } from './db.ts';
import { boundParams, boundsSql, readResources, type SpanBounds } from './resources-read.ts';
import { readShapes } from './shapes-read.ts';

/** Traces asked about. */
export interface TraceScope {
  readonly filter: TraceFilter;
  /** By the trace's first start, epoch ms, half open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Health checks too. */
  readonly probes?: boolean;
  /** Only what settled after this second, up to and with that one. */
  readonly settled?: { readonly after: number; readonly until: number };
}

/** A question's beginning and its parameters; their names begin with `match` and `span`. */
export interface TraceMatch {
  /**
   * `WITH … matched AS (SELECT tick, traceId …)`: a row a trace, its newest settlement. Goes before SELECT, which asks
   * `(t.tick, t.traceId) IN matched`; more CTEs may follow after a comma. `found` has more columns of the same rows:
   * startNs, durationNs, failed, rootService, rootOperation.
   */
  readonly sql: string;
  readonly params: Record<string, unknown>;
  /** Where the spans of these traces are: undefined when no trace passes the filters of its own row. */
  readonly bounds: (SpanBounds & { /** How many. */ readonly spans: number }) | undefined;
}

/** Puts the question together; asks the store where to look when spans must be looked at. */
export async function matchTraces(db: Db, scope: TraceScope): Promise<TraceMatch> {
  const { filter, fromMs, toMs, probes = false, settled } = scope;
  const own = ownConditions(filter);
  const params: Record<string, unknown> = {
    matchFromNs: nanosecond(fromMs),
    matchToNs: nanosecond(toMs),
    matchProbes: probes ? 1 : 0,
    ...(settled && { matchAfterTick: settled.after, matchUntilTick: settled.until }),
    ...own.params,
  };
  const candidates = candidatesSql(own.conditions, settled !== undefined);
  const bounds = await readBounds(db, candidates, params);
  if (!needsSpans(filter) || bounds === undefined)
    return { sql: `WITH ${candidates},\n  ${foundSql()}`, params, bounds };
  const spans = await spanConditions(db, filter, bounds);
  const sets = spans.conditions.map(
    (condition, i) => `tagged${i} AS (
    SELECT s.traceId AS traceId
    FROM spans AS s
    WHERE ${boundsSql}
      AND ${condition}
  )`,
  );
  const found = foundSql(sets.map((_, i) => `c.traceId IN tagged${i}`));
  const sql = `WITH ${[candidates, ...sets, found].join(',\n  ')}`;
  return { sql, params: { ...params, ...boundParams(bounds), ...spans.params }, bounds };
}

/** Whether spans have to be looked at, not only rows of `traces`. */
export function needsSpans({ attributes, version }: TraceFilter): boolean {
  return attributes.length > 0 || version !== undefined;
}

/** Traces that pass what their own row tells: newest settlements only. */
function candidatesSql(conditions: readonly string[], bySettlement: boolean): string {
  const ticks = (table: string): string =>
    bySettlement ? `${table}.tick > {matchAfterTick:UInt32} AND ${table}.tick <= {matchUntilTick:UInt32} AND ` : '';
  return `superseded AS (
    -- Settlements that a later one of the same trace replaced. The later one spans the earlier: both overlap the interval.
    SELECT r.replacesTick AS tick, r.traceId AS traceId
    FROM traces AS r
    WHERE ${ticks('r')}r.replacesTick != 0 AND r.startNs < {matchToNs:UInt64} AND r.startNs + r.durationNs >= {matchFromNs:UInt64}
  ),
  candidates AS (
    SELECT t.tick AS tick, t.traceId AS traceId, t.firstTick AS firstTick, t.lastTick AS lastTick,
      t.startNs AS startNs, t.durationNs AS durationNs, t.failed AS failed,
      t.rootService AS rootService, t.rootOperation AS rootOperation, t.spanCount AS spanCount
    FROM traces AS t
    WHERE ${ticks('t')}t.startNs >= {matchFromNs:UInt64} AND t.startNs < {matchToNs:UInt64}
      AND ({matchProbes:UInt8} = 1 OR t.probe = 0)
      ${conditions.map((condition) => `AND ${condition}\n      `).join('')}AND (t.tick, t.traceId) NOT IN superseded
  )`;
}

/** The candidates that the spans keep too. */
function foundSql(conditions: readonly string[] = []): string {
  return `found AS (SELECT * FROM candidates AS c${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`}),
  matched AS (SELECT f.tick AS tick, f.traceId AS traceId FROM found AS f)`;
}

interface Conditions {
  readonly conditions: readonly string[];
  readonly params: Record<string, unknown>;
}

/**
 * An operation, `service name`, ends with the name asked for, and what stands before it is a workload of the trace: both may
 * hold spaces.
 */
const operationOfAny = `arrayExists(
        o -> endsWith(o, {matchOperationTail:String}) AND has(
          arrayMap(w -> splitByChar('/', w)[3], t.workloads),
          replaceAll(replaceAll(left(o, length(o) - length({matchOperationTail:String})), '%', '%25'), '/', '%2F')
        ),
        t.operations
      )`;

/** Conditions on a trace's own row. */
function ownConditions({ service, operation, minMs, maxMs, status, edge, root }: TraceFilter): Conditions {
  const conditions: string[] = [];
  const params: Record<string, unknown> = {};
  const names = service === undefined ? [] : namesOf(service);
  if (service !== undefined) {
    const id = isNodeId(service);
    conditions.push(
      id
        ? 'has(t.workloads, {matchService:String})'
        : 'arrayExists(w -> arrayExists(tail -> endsWith(w, tail), {matchServiceTails:Array(String)}), t.workloads)',
    );
    if (id) params['matchService'] = service;
    else
      params['matchServiceTails'] = names.map(({ namespace, name }) =>
        namespace === '' ? nodeId('', '', name).slice(1) : nodeId('', namespace, name),
      );
  }
  if (operation !== undefined && service === undefined) {
    conditions.push(operationOfAny);
    params['matchOperationTail'] = ` ${operation}`;
  } else if (operation !== undefined) {
    conditions.push('hasAny(t.operations, {matchOperations:Array(String)})');
    params['matchOperations'] = names.map(({ name }) => `${name} ${operation}`);
  }
  if (minMs !== undefined) {
    conditions.push('t.durationNs >= {matchMinNs:UInt64}');
    params['matchMinNs'] = durationNs(minMs);
  }
  if (maxMs !== undefined) {
    conditions.push('t.durationNs <= {matchMaxNs:UInt64}');
    params['matchMaxNs'] = durationNs(maxMs);
  }
  if (status !== undefined)
    conditions.push({ error: 't.errorCount > 0', failed: 't.failed = 1', ok: 't.errorCount = 0' }[status]);
  if (edge !== undefined) {
    conditions.push('has(t.edgeIds, {matchEdge:UInt64})');
    params['matchEdge'] = BigInt(`0x${edge}`);
  }
  if (root !== undefined) {
    const bar = root.indexOf('|');
    conditions.push('t.rootService = {matchRootService:String}');
    params['matchRootService'] = bar < 0 ? root : root.slice(0, bar);
    if (bar >= 0) {
      conditions.push('t.rootOperation = {matchRootOperation:String}');
      params['matchRootOperation'] = root.slice(bar + 1);
    }
  }
  return { conditions, params };
}

/** Conditions each of which some span has to meet. */
async function spanConditions(
  db: Db,
  { attributes, service, version }: TraceFilter,
  bounds: SpanBounds,
): Promise<Conditions> {
  const conditions: string[] = [];
  const params: Record<string, unknown> = {};
  if (version !== undefined) {
    const names = service === undefined ? [] : namesOf(service);
    const ofService = names.map(({ namespace, name }, i) => {
      params[`matchName${i}`] = name;
      if (namespace === '') return `s.service = {matchName${i}:String}`;
      params[`matchNamespace${i}`] = namespace;
      return `(s.service = {matchName${i}:String} AND s.namespace IN ({matchNamespace${i}:String}, ''))`;
    });
    conditions.push(
      ['s.version = {matchVersion:String}', ...(ofService.length === 0 ? [] : [`(${ofService.join(' OR ')})`])].join(
        ' AND ',
      ),
    );
    params['matchVersion'] = version;
  }
  if (attributes.length > 0) {
    const [resources, shapes] = await Promise.all([readResources(db, bounds), readShapes(db, bounds)]);
    const terms = attributes.map((term, i) => {
      const { has, meets } = termSql(term, shapes, String(i));
      Object.assign(params, meets.params);
      const ids = resources
        .filter((resource) => {
          const text = resource.attributes.get(term.key);
          return text !== undefined && holds(term, text);
        })
        .map(({ id }) => BigInt(id));
      if (ids.length === 0) return meets.sql;
      Object.assign(params, has.params, { [`matchResources${i}`]: ids });
      // a span's own attribute goes before its resource's
      return `(${meets.sql} OR (NOT ${has.sql} AND cityHash64(s.resource) IN {matchResources${i}:Array(UInt64)}))`;
    });
    conditions.push(terms.join('\n      AND '));
  }
  return { conditions, params };
}

/** Where the spans of the candidates are. A trace that settled again has its earlier spans within the new row's bounds. */
async function readBounds(db: Db, candidates: string, params: Record<string, unknown>): Promise<TraceMatch['bounds']> {
  const [row] = await db.rows<{
    n: string;
    spans: string;
    firstTick: number;
    lastTick: number;
    fromNs: string;
    toNs: string;
  }>(
    `WITH ${candidates}
SELECT count() AS n, sum(c.spanCount) AS spans, min(c.firstTick) AS firstTick, max(c.lastTick) AS lastTick,
  min(c.startNs) AS fromNs, max(c.startNs + c.durationNs) AS toNs
FROM candidates AS c`,
    params,
  );
  if (row === undefined || row.n === '0') return undefined;
  return {
    spans: Number(row.spans),
    fromTick: row.firstTick,
    toTick: row.lastTick,
    fromNs: BigInt(row.fromNs),
    toNs: BigInt(row.toNs) + 1n,
  };
}

/** Exact to the nanosecond for durations of days. */
function durationNs(ms: number): bigint {
  return BigInt(Math.round(Math.min(ms * 1e6, 2 ** 63)));
}

/** What a person may mean who writes `service`: a node id names one workload; `a.b` is a name, or name `a` in namespace `b`. */
function namesOf(service: string): { namespace: string; name: string }[] {
  if (isNodeId(service)) return [parseNodeId(service)];
  const dot = service.lastIndexOf('.');
  const named = { namespace: '', name: service };
  return dot <= 0 ? [named] : [named, { namespace: service.slice(dot + 1), name: service.slice(0, dot) }];
}

function isNodeId(service: string): boolean {
  return service.split('/').length === 3;
}
