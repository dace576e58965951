/** Answers of /api/compare/sets: two query lines become two sets of settled traces, and these what differs between them. */
import type { ComparedSet, CompareSets } from '#shared/api-compare-sets.ts';
import {
  compareAttributes,
  compareEdges,
  compareFailed,
  compareMeans,
  compareOperations,
  toHistogram,
  toPercentiles,
  type EdgeCounts,
} from '#shared/compare-sets.ts';
import { AppError } from '#shared/error.ts';
import { createSketch, merge, type Sketch } from '#shared/sketch.ts';
import { toInterval, type TimeQuery } from '#shared/time.ts';
import { parseTraceQuery, writeTraceQuery, type TraceFilter } from '#shared/trace-query.ts';
import { addSamples, meanOf, noSample, type Sample } from '#shared/two-samples.ts';
import { matchSet } from '../store/sets-match.ts';
import {
  readAttributes,
  readEnds,
  readSample,
  readStepNames,
  readSums,
  type SetSum,
  type TwoSets,
} from '../store/sets-read.ts';
import type { TraceScope } from '../store/traces-match.ts';
import { readEdgeCalls } from './compare-calls.ts';
import type { CompareSetsQuery } from './contract-compare-sets.ts';
import type { ServeDeps } from './deps.ts';

/** Traces of either set whose attributes are read. */
const maxRead = 1000;
const bounds = { keys: 400, perKey: 100, longest: 200 };
/** A sender's clock may be a little ahead of ours. */
const clockSlackMs = 60_000;

/** errors: bad-request for a line or a time that cannot be read, and when there is nothing to compare a with. */
export function createCompareSets({
  db,
  calls: callOptions,
  now = Date.now,
}: ServeDeps): (query: CompareSetsQuery) => Promise<CompareSets> {
  return async (query) => {
    const { a, b, rest } = sidesOf(query, now());
    const sets: TwoSets = {
      a: await matchSet(db, 'a', a.scope),
      b: await matchSet(db, 'b', b.scope),
      fromMs: Math.min(a.scope.fromMs, b.scope.fromMs),
      toMs: Math.max(a.scope.toMs, b.scope.toMs),
    };
    const sums = await readSums(db, sets);
    // all traces of the time are in b when it is the rest: what is in a too is not meant
    const isIn = {
      a: ({ inA }: Membership) => inA,
      b: ({ inA, inB }: Membership) => inB && !(rest && inA),
    };
    const sumA = addSums(sums.filter(isIn.a));
    const sumB = addSums(sums.filter(isIn.b));
    const ends = await readEnds(db, sets.fromMs, sets.toMs);
    const steps = paired(sumA.steps, sumB.steps);
    const names = await readStepNames(db, [...steps.keys()]);
    const sample = await readSample(db, sets, maxRead, Math.max(sumA.durations.n, sumB.durations.n));
    const [readA, readB] = [sample.filter(isIn.a), sample.filter(isIn.b)];
    const calls = {
      a: await readEdgeCalls(db, readA, callOptions),
      b: await readEdgeCalls(db, readB, callOptions),
    };
    const keys = await readAttributes(db, readA, readB, bounds);
    const [durationsA, durationsB] = [sumA.durations, sumB.durations];
    return {
      a: toSide(a, sumA),
      b: toSide(b, sumB),
      rest,
      both: rest ? 0 : addSums(sums.filter(({ inA, inB }) => inA && inB)).durations.n,
      meanMs: compareMeans(durationsA, durationsB),
      failedShare: compareFailed(sumA.failed, durationsA.n, sumB.failed, durationsB.n),
      histogram: toHistogram(sumA.sketch, sumB.sketch),
      operations: compareOperations(steps, (step) => names.get(step), durationsA, durationsB),
      edges: compareEdges(paired(sumA.edges, sumB.edges), (id) => ends.get(id), tracesOf(sumA), tracesOf(sumB), calls),
      attributes: compareAttributes(keys, {
        // what settled between the readings is read too
        a: { read: readA.length, of: Math.max(readA.length, durationsA.n) },
        b: { read: readB.length, of: Math.max(readB.length, durationsB.n) },
      }),
    };
  };
}

function tracesOf({ durations, withErrors, failed }: Added): EdgeCounts {
  return { traces: durations.n, withErrors, failed };
}

type Membership = Pick<SetSum, 'inA' | 'inB'>;

interface Side {
  readonly query: string;
  readonly scope: TraceScope;
}

function sidesOf(query: CompareSetsQuery, nowMs: number): { a: Side; b: Side; rest: boolean } {
  const probes = query.probes === 'true';
  const sideOf = (filter: TraceFilter, time: Time): Side => ({
    query: writeTraceQuery(filter),
    scope: { filter, ...time, probes },
  });
  const filterA = filterOf('a', query.a);
  const [noA, noB] = [query.a.trim() === '', query.b.trim() === ''];
  const timeA = timeOf(query, nowMs);
  if (query.bfrom !== undefined || query.bto !== undefined) {
    if (query.bfrom === undefined || query.bto === undefined)
      throw new AppError('bad-request', 'cannot read the time of b: give bfrom and bto');
    const timeB = timeOf({ from: query.bfrom, to: query.bto }, nowMs);
    return { a: sideOf(filterA, timeA), b: sideOf(noB ? filterA : filterOf('b', query.b), timeB), rest: false };
  }
  if (noA && noB)
    throw new AppError('bad-request', 'cannot compare all traces with the rest: give a, b, or bfrom and bto');
  return { a: sideOf(filterA, timeA), b: sideOf(filterOf('b', query.b), timeA), rest: noB };
}

function filterOf(name: string, line: string): TraceFilter {
  const parsed = parseTraceQuery(line);
  if (!parsed.ok) throw new AppError('bad-request', `cannot read parameter ${name}: ${parsed.message}`);
  return parsed.filter;
}

type Time = Pick<TraceScope, 'fromMs' | 'toMs'>;

function timeOf(query: TimeQuery, nowMs: number): Time {
  const { fromMs, toMs, live } = toInterval(query, nowMs);
  return { fromMs, toMs: live ? toMs + clockSlackMs : toMs };
}

function toSide({ query, scope }: Side, { durations, sketch, failed, withErrors }: Added): ComparedSet {
  return {
    query,
    from: scope.fromMs,
    to: scope.toMs,
    traces: durations.n,
    failed,
    withErrors,
    meanMs: durations.n > 0 ? meanOf(durations) : null,
    durationMs: toPercentiles(sketch, durations.n),
  };
}

type Added = Omit<SetSum, 'inA' | 'inB' | 'sketch'> & { readonly sketch: Sketch };

function addSums(sums: readonly SetSum[]): Added {
  const total = {
    failed: 0,
    withErrors: 0,
    durations: noSample,
    sketch: createSketch(),
    steps: new Map<string, Sample>(),
    edges: new Map<string, EdgeCounts>(),
  };
  for (const sum of sums) {
    total.failed += sum.failed;
    total.withErrors += sum.withErrors;
    total.durations = addSamples(total.durations, sum.durations);
    merge(total.sketch, sum.sketch);
    for (const [step, sample] of sum.steps)
      total.steps.set(step, addSamples(total.steps.get(step) ?? noSample, sample));
    for (const [id, { traces, withErrors, failed }] of sum.edges) {
      const held = total.edges.get(id);
      total.edges.set(id, {
        traces: traces + (held?.traces ?? 0),
        withErrors: withErrors + (held?.withErrors ?? 0),
        failed: failed + (held?.failed ?? 0),
      });
    }
  }
  return total;
}

/** What either has by key. */
function paired<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): Map<string, { a?: T; b?: T }> {
  const pairs = new Map<string, { a?: T; b?: T }>();
  for (const [key, value] of a) pairs.set(key, { a: value });
  for (const [key, value] of b) pairs.set(key, { ...pairs.get(key), b: value });
  return pairs;
}
