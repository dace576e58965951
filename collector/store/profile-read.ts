/**
 * The aggregate critical path of settled traces, summed up in the store from the arrays of the `traces` table: exact over
 * every trace of the interval. Times are whole ns; a sampled trace counts as often as it stands for (rule C11), to the
 * millionth, so that every sum is a whole number and comes out the same in any order.
 */
import { readFileSync } from 'node:fs';
import type { ProfileBand } from '#shared/api-profile.ts';
import type { TraceFilter } from '#shared/trace-query.ts';
import { nanosecond } from './column-time.ts';
import type { Db, Params } from './db.ts';
import { matchTraces } from './traces-match.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const cohortSql = read('profile-cohort.sql');
const sumsSql = read('profile-sums.sql');
const versionsSql = read('profile-versions.sql');
const pathsSql = read('profile-paths.sql');
const stepsSql = read('profile-steps.sql');
const chosenSql = read('profile-chosen.sql');
const aboveSql = read('profile-above.sql');

/** Which traces: those of an entry operation that started in an interval. */
export interface CohortQuery {
  /** By the trace's first start, epoch ms, half open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** 'service|operation' of the root, '' for all. */
  readonly entry: string;
  /** Of the root's workload, '' for all. */
  readonly version: string;
  readonly probes: boolean;
  /** Only those that match; all when absent. */
  readonly filter?: TraceFilter;
}

/** A cohort at one moment: what settles later is in no answer about it. */
export interface Cohort {
  /** Of all bands: traces, and their durations by nearest rank. */
  readonly traces: number;
  readonly rankNs: readonly [p50: number, p90: number, p99: number];
  /** In the band. */
  readonly sums: Sums;
  /** What goes before a question about its traces: CTEs, of which `cohort` is a row a trace; and the parameters. */
  readonly sql: string;
  readonly params: Params;
}

export interface Sums {
  readonly traces: number;
  /** What they stand for, and how long those took together. */
  readonly weight: number;
  readonly totalNs: Millionths;
  /** The shortest's duration. */
  readonly leastNs: number;
}

/** A whole number of millionths. */
export type Millionths = bigint;

export const million = 1_000_000n;

/** The traces of a band. */
export async function readCohort(db: Db, query: CohortQuery, band: ProfileBand): Promise<Cohort> {
  const [newest] = await db.rows<{ tick: number }>('SELECT max(tick) AS tick FROM traces');
  const { sql, params: matching } = await startOf(db, query);
  const all: Params = {
    ...matching,
    fromNs: nanosecond(query.fromMs),
    toNs: nanosecond(query.toMs),
    entry: query.entry,
    version: query.version,
    probes: query.probes ? 1 : 0,
    newestTick: newest?.tick ?? 0,
    leastNs: 0n,
    mostNs: 2n ** 64n - 1n,
  };
  const whole = await readSums(db, sql, all);
  const [, p90 = 0n, p99 = 0n] = whole.exactRanks;
  const params =
    band === 'all' ? all : band === 'p90' ? { ...all, leastNs: p90, mostNs: p99 - 1n } : { ...all, leastNs: p99 };
  const empty = whole.sums.traces === 0 || (band === 'p90' && p90 >= p99);
  const [p50 = 0, rank90 = 0, rank99 = 0] = whole.exactRanks.map(Number);
  return {
    traces: whole.sums.traces,
    rankNs: [p50, rank90, rank99],
    sums: empty ? noSums : band === 'all' ? whole.sums : (await readSums(db, sql, params)).sums,
    sql,
    params,
  };
}

/** What a question begins with. */
async function startOf(db: Db, query: CohortQuery): Promise<{ sql: string; params: Params }> {
  const { filter } = query;
  if (filter === undefined) return { sql: `WITH ${cohortSql.replace('__matched__', '1')}`, params: {} };
  const { sql, params } = await matchTraces(db, { ...query, filter });
  return { sql: `${sql},\n${cohortSql.replace('__matched__', '(t.tick, t.traceId) IN matched')}`, params };
}

const noSums: Sums = { traces: 0, weight: 0, totalNs: 0n, leastNs: 0 };

interface SumsRow {
  readonly traces: string;
  readonly weight: string;
  readonly totalNs: string;
  readonly leastNs: string;
  readonly rankNs: readonly string[];
}

async function readSums(db: Db, sql: string, params: Params): Promise<{ sums: Sums; exactRanks: readonly bigint[] }> {
  const [row] = await db.rows<SumsRow>(sql + sumsSql, params);
  if (row === undefined || row.traces === '0') return { sums: noSums, exactRanks: [] };
  return {
    sums: {
      traces: Number(row.traces),
      weight: Number(row.weight) / 1e6,
      totalNs: BigInt(row.totalNs),
      leastNs: Number(row.leastNs),
    },
    exactRanks: row.rankNs.map(BigInt),
  };
}

export interface PathSum {
  readonly pathId: string;
  readonly selfNs: Millionths;
  readonly traces: number;
}

/** A call path: its last step and the path before it, '0' for none. Kind is OTLP's number. */
export interface PathName {
  readonly pathId: string;
  readonly parentId: string;
  readonly service: string;
  readonly namespace: string;
  readonly operation: string;
  readonly kind: number;
}

/** Paths of a cohort that own time, the greatest first, and how many there are beyond the limit too. */
export async function readPathSums(
  db: Db,
  { sql, params }: Cohort,
  limit: number,
): Promise<{ paths: PathSum[]; found: number }> {
  const rows = await db.rows<{ pathId: string; selfNs: string; traces: string; found: string }>(sql + pathsSql, {
    ...params,
    limit,
  });
  return {
    paths: rows.map(({ pathId, selfNs, traces }) => ({ pathId, selfNs: BigInt(selfNs), traces: Number(traces) })),
    found: Number(rows[0]?.found ?? 0),
  };
}

/** What paths stand for, with all that lead to them. in: their ids. out: in no order; unknown ids are absent. */
export async function readPathNames(db: Db, ids: readonly string[]): Promise<PathName[]> {
  return ids.length === 0 ? [] : db.rows<PathName>(aboveSql, { ids: ids.map(BigInt) });
}

export interface StepSum {
  readonly service: string;
  readonly namespace: string;
  readonly operation: string;
  readonly totalNs: Millionths;
  readonly traces: number;
  /** Of the traces that have it on their path. */
  readonly p50Ns: number;
  readonly p99Ns: number;
}

/** Workloads' operations that own time, the greatest first, and how many there are beyond the limit too. */
export async function readStepSums(
  db: Db,
  { sql, params }: Cohort,
  limit: number,
): Promise<{ steps: StepSum[]; found: number }> {
  type Row = Pick<StepSum, 'service' | 'namespace' | 'operation'> & {
    readonly totalNs: string;
    readonly traces: string;
    readonly rankNs: readonly string[];
    readonly found: string;
  };
  const rows = await db.rows<Row>(sql + stepsSql, { ...params, limit });
  return {
    steps: rows.map(({ service, namespace, operation, totalNs, traces, rankNs }) => ({
      service,
      namespace,
      operation,
      totalNs: BigInt(totalNs),
      traces: Number(traces),
      p50Ns: Number(rankNs[0]),
      p99Ns: Number(rankNs[1]),
    })),
    found: Number(rows[0]?.found ?? 0),
  };
}

/** Traces by version of the entry's workload, the most frequent first. in: a cohort of all versions. */
export async function readRootVersions(
  db: Db,
  { sql, params }: Cohort,
  limit: number,
): Promise<{ version: string; traces: number }[]> {
  const all = { ...params, version: '', leastNs: 0n, mostNs: 2n ** 64n - 1n, limit };
  const rows = await db.rows<{ version: string; traces: string }>(sql + versionsSql, all);
  return rows.map(({ version, traces }) => ({ version, traces: Number(traces) }));
}

/** A trace whose spans are to be read: where they lie, and what it stands for. */
export interface ChosenTrace {
  readonly traceId: string;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly spanCount: number;
  readonly weight: number;
  readonly version: string;
}

/** So many traces of the cohort, chosen by a hash of their ids: always the same. */
export async function readChosen(db: Db, { sql, params, sums }: Cohort, limit: number): Promise<ChosenTrace[]> {
  if (sums.traces === 0) return [];
  const rows = await db.rows<Omit<ChosenTrace, 'weight'> & { weight: string }>(sql + chosenSql, { ...params, limit });
  return rows.map((row) => ({ ...row, weight: Number(row.weight) / 1e6 }));
}
