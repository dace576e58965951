/**
 * Two sets of settled traces as the store knows them: durations, steps of the critical path and edges of all of them, exact;
 * attributes of a bounded number of them. A set is a SELECT of (tick, traceId), so that any filter can make one.
 */
import { readFileSync } from 'node:fs';
import type { EdgeCounts, KeyCounts } from '#shared/compare-sets.ts';
import { gamma } from '#shared/sketch.ts';
import { noSample, type Sample } from '#shared/two-samples.ts';
import { edgeId, nodeId } from '#shared/workload.ts';
import { nanosecond, second } from './column-time.ts';
import type { Db, Params } from './db.ts';
import { pairsSql } from './shapes-read.ts';

const sqlOf = (name: string): string => readFileSync(new URL(`sets-${name}.sql`, import.meta.url), 'utf8');
const sql = {
  sum: sqlOf('sum'),
  steps: sqlOf('steps'),
  ends: sqlOf('ends'),
  sample: sqlOf('sample'),
  attributes: sqlOf('attributes').replace('__pairs__', () => pairsSql),
};

/** Traces by their rows' keys: a SELECT of tick and traceId, and its parameters. */
export interface TraceSet {
  readonly sql: string;
  readonly params: Params;
}

/** Two sets, whose parameters have different names, and a time both lie in: epoch ms. */
export interface TwoSets {
  readonly a: TraceSet;
  readonly b: TraceSet;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What traces come to: those of one set alone, or those of both. */
export interface SetSum {
  readonly inA: boolean;
  readonly inB: boolean;
  readonly failed: number;
  readonly withErrors: number;
  /** Durations of the traces' own requests, ms. */
  readonly durations: Sample;
  /** The same by bucket of shared/sketch.ts. */
  readonly sketch: ReadonlyMap<number, number>;
  /** By step: its time on the critical path, ms per trace, over those that have it. */
  readonly steps: ReadonlyMap<string, Sample>;
  /** By edge id. */
  readonly edges: ReadonlyMap<string, EdgeCounts>;
}

function queryOf(query: string, { a, b, fromMs, toMs }: TwoSets): { query: string; params: Params } {
  return {
    query: query.replaceAll('__a__', () => a.sql).replaceAll('__b__', () => b.sql),
    params: { ...a.params, ...b.params, fromNs: nanosecond(fromMs), toNs: nanosecond(toMs) },
  };
}

interface SumRow {
  readonly inA: number;
  readonly inB: number;
  readonly type: number;
  readonly id: string;
  readonly traces: string;
  readonly failed: string;
  readonly withErrors: string;
  readonly sum: number;
  readonly sumSquares: number;
  readonly max: number;
}

const type = { trace: 0, bucket: 1, step: 2, edge: 3 } as const;

/** At most three: what the traces in a alone, in b alone and in both come to. */
export async function readSums(db: Db, sets: TwoSets): Promise<SetSum[]> {
  const { query, params } = queryOf(sql.sum, sets);
  const rows = await db.rows<SumRow>(query, { ...params, perLog: 1 / Math.log(gamma) });
  const kinds = Map.groupBy(rows, ({ inA, inB }) => `${inA} ${inB}`);
  return [...kinds.values()].map(toSum);
}

function toSum(rows: readonly SumRow[]): SetSum {
  const of = (wanted: number): SumRow[] => rows.filter((row) => row.type === wanted);
  const [total] = of(type.trace);
  return {
    inA: total?.inA === 1,
    inB: total?.inB === 1,
    failed: Number(total?.failed ?? 0),
    withErrors: Number(total?.withErrors ?? 0),
    durations: total === undefined ? noSample : toSample(total),
    sketch: new Map(of(type.bucket).map(({ id, traces }) => [Number(id) - 1, Number(traces)])),
    steps: new Map(
      of(type.step)
        .filter(({ id }) => id !== '0')
        .map((row) => [row.id, toSample(row)]),
    ),
    edges: new Map(
      of(type.edge).map(({ id, traces, withErrors, failed }) => [
        BigInt(id).toString(16).padStart(16, '0'),
        { traces: Number(traces), withErrors: Number(withErrors), failed: Number(failed) },
      ]),
    ),
  };
}

function toSample({ traces, sum, sumSquares, max }: SumRow): Sample {
  return { n: Number(traces), sum, sumSquares, max };
}

export interface StepName {
  readonly step: string;
  readonly service: string;
  readonly namespace: string;
  readonly operation: string;
}

export async function readStepNames(db: Db, steps: readonly string[]): Promise<Map<string, StepName>> {
  if (steps.length === 0) return new Map();
  const rows = await db.rows<StepName>(sql.steps, { steps: steps.map(BigInt) });
  return new Map(rows.map((row) => [row.step, row]));
}

/** Node ids of both ends by edge id, of the edges that had calls in the time. */
export async function readEnds(
  db: Db,
  fromMs: number,
  toMs: number,
): Promise<Map<string, { readonly source: string; readonly target: string }>> {
  const rows = await db.rows<Readonly<Record<string, string>>>(sql.ends, {
    from: second(fromMs / 1000 - 10),
    to: second(toMs / 1000 + 3600),
  });
  return new Map(
    rows.map((row) => {
      const source = nodeId(row.sourceCluster ?? '', row.sourceNamespace ?? '', row.source ?? '');
      const target = nodeId(row.targetCluster ?? '', row.targetNamespace ?? '', row.target ?? '');
      return [edgeId(source, target), { source, target }];
    }),
  );
}

export interface SampledTrace {
  readonly id: string;
  readonly inA: boolean;
  readonly inB: boolean;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly spanCount: number;
}

/** in: traces of each kind (in a, in b, in both) at most; traces there are of the larger set. */
export async function readSample(db: Db, sets: TwoSets, most: number, of: number): Promise<SampledTrace[]> {
  const { query, params } = queryOf(sql.sample, sets);
  // when they are few, all of them; else as many of each second as it takes to be read from half of the time
  const perSecond = Math.ceil((2 * most * 1000) / (sets.toMs - sets.fromMs));
  const perTick = of <= most ? most : Math.max(leastPerTick, perSecond);
  type SampleRow = Omit<SampledTrace, 'inA' | 'inB'> & { inA: number; inB: number };
  const rows = await db.rows<SampleRow>(query, { ...params, most, perTick });
  let spans = 0;
  return rows
    .map((row) => ({ ...row, inA: row.inA === 1, inB: row.inB === 1 }))
    .filter(({ spanCount }) => (spans += spanCount) <= maxSpans);
}

/** Traces of one second that a sample takes. */
const leastPerTick = 50;
/** Spans that are read. */
const maxSpans = 300_000;
/** Ticks of one trace that are looked at. */
const maxTicks = 600;

export interface AttributeBounds {
  readonly keys: number;
  readonly perKey: number;
  /** Bytes of a value that is looked at. */
  readonly longest: number;
}

/** What the spans of two lists of traces say, by key. */
export async function readAttributes(
  db: Db,
  a: readonly SampledTrace[],
  b: readonly SampledTrace[],
  bounds: AttributeBounds,
): Promise<KeyCounts[]> {
  const ticks = new Set<number>();
  for (const { firstTick, lastTick } of [...a, ...b]) {
    for (let tick = firstTick; tick <= Math.min(lastTick, firstTick + maxTicks); tick++) ticks.add(tick);
  }
  if (ticks.size === 0) return [];
  interface KeyRow extends Pick<KeyCounts, 'type' | 'key'> {
    inA: string;
    inB: string;
    values: string;
    pairs: string;
    most: [value: string, inA: string, inB: string][];
  }
  const rows = await db.rows<KeyRow>(sql.attributes, {
    ticks: [...ticks],
    a: a.map(({ id }) => id),
    b: b.map(({ id }) => id),
    ...bounds,
  });
  return rows.map((row) => ({
    type: row.type,
    key: row.key,
    inA: Number(row.inA),
    inB: Number(row.inB),
    values: Number(row.values),
    pairs: Number(row.pairs),
    most: row.most.map(([value, inA, inB]) => ({ value, inA: Number(inA), inB: Number(inB) })),
  }));
}
