/**
 * What two sets of traces came to → which operations, edges and attributes differ, what matters most first. A difference is
 * named only when chance would hardly do it, however many are looked at (two-samples.ts), and it is large enough to care
 * about; all others are given with their intervals.
 */
import type {
  ComparedAttribute,
  ComparedEdge,
  ComparedOperation,
  CompareSets,
  SetDifference,
} from './api-compare-sets.ts';
import { toMs } from './edge-sum.ts';
import { quantiles, upperBoundOf, type Sketch } from './sketch.ts';
import {
  meanDifference,
  meanOf,
  namedBelow,
  noSample,
  shareDifference,
  shareOf,
  toldApart,
  type Difference,
  type Sample,
} from './two-samples.ts';

/** Rows of a table at most. */
const maxRows = 200;
/** Least differences that are named: of the mean duration, of an operation's own time, of shares. */
const leastOfMean = 0.01;
const leastRatio = 1.1;
const leastMeanRatio = 1.02;
const leastFailed = 0.002;
const leastShare = 0.01;
const leastTold = 0.02;

function toDifference({ value, low, high, chance }: Difference, below: number, large: boolean): SetDifference {
  const sure = chance < below;
  return { value, low, high, sure, named: sure && large };
}

function ratioOf(a: number, b: number): number {
  return Math.max(a, b) / Math.max(Math.min(a, b), Number.MIN_VALUE);
}

/** in: durations of the requests of either set, ms. */
export function compareMeans(a: Sample, b: Sample): SetDifference {
  return toDifference(meanDifference(a, b), namedBelow(1), ratioOf(meanOf(a), meanOf(b)) >= leastMeanRatio);
}

/** in: how many of how many in either. */
export function compareShares(
  counts: readonly [a: number, ofA: number, b: number, ofB: number],
  tests: number,
  least: number,
): SetDifference {
  const difference = shareDifference(...counts);
  return toDifference(difference, namedBelow(tests), Math.abs(difference.value) >= least);
}

export function compareFailed(a: number, ofA: number, b: number, ofB: number): SetDifference {
  return compareShares([a, ofA, b, ofB], 1, leastFailed);
}

const byNamed = (x: SetDifference, y: SetDifference): number => Number(y.named) - Number(x.named);

export interface NamedStep {
  readonly service: string;
  readonly namespace: string;
  readonly operation: string;
}

/** in: time of each step in either set, ms per trace over those that have it; the durations of all traces. */
export function compareOperations(
  steps: ReadonlyMap<string, { readonly a?: Sample; readonly b?: Sample }>,
  nameOf: (step: string) => NamedStep | undefined,
  allA: Sample,
  allB: Sample,
): CompareSets['operations'] {
  const below = namedBelow(steps.size);
  const leastMs = leastOfMean * Math.max(meanOf(allA), meanOf(allB));
  const rows: ComparedOperation[] = [];
  for (const [step, { a = noSample, b = noSample }] of steps) {
    const name = nameOf(step);
    if (name === undefined) continue;
    // traces without it spent no time there
    const [overA, overB] = [
      { ...a, n: allA.n },
      { ...b, n: allB.n },
    ];
    const difference = meanDifference(overA, overB);
    const large = Math.abs(difference.value) >= leastMs && ratioOf(meanOf(overA), meanOf(overB)) >= leastRatio;
    const { service, namespace, operation } = name;
    rows.push({
      service,
      namespace,
      operation,
      a: { traces: a.n, meanMs: meanOf(overA), share: shareOf(a.sum, allA.sum) },
      b: { traces: b.n, meanMs: meanOf(overB), share: shareOf(b.sum, allB.sum) },
      differenceMs: toDifference(difference, below, large),
    });
  }
  rows.sort(({ differenceMs: x }, { differenceMs: y }) => byNamed(x, y) || Math.abs(y.value) - Math.abs(x.value));
  return { rows: rows.slice(0, maxRows), of: rows.length };
}

export interface EdgeCounts {
  readonly traces: number;
  readonly withErrors: number;
  readonly failed: number;
}

const noEdge: EdgeCounts = { traces: 0, withErrors: 0, failed: 0 };

/** in: traces over each edge in either set; node ids of its ends; all traces of either; calls per trace of those read. */
export function compareEdges(
  edges: ReadonlyMap<string, { readonly a?: EdgeCounts; readonly b?: EdgeCounts }>,
  endsOf: (id: string) => { readonly source: string; readonly target: string } | undefined,
  allA: EdgeCounts,
  allB: EdgeCounts,
  calls: { readonly a: ReadonlyMap<string, Sample>; readonly b: ReadonlyMap<string, Sample> },
): CompareSets['edges'] {
  const tests = 3 * edges.size;
  // where every trace goes, the sets themselves differ, not the edge
  const leastErrors = Math.max(
    leastFailed,
    leastRatio * Math.abs(shareOf(allA.withErrors, allA.traces) - shareOf(allB.withErrors, allB.traces)),
  );
  const rows: ComparedEdge[] = [];
  for (const [id, { a = noEdge, b = noEdge }] of edges) {
    const ends = endsOf(id);
    if (ends === undefined) continue;
    rows.push({
      id,
      ...ends,
      a: toEdgeSide(a, allA.traces),
      b: toEdgeSide(b, allB.traces),
      share: compareShares([a.traces, allA.traces, b.traces, allB.traces], tests, leastShare),
      calls: compareCalls(calls.a.get(id), calls.b.get(id), tests),
      errorShare: compareShares([a.withErrors, a.traces, b.withErrors, b.traces], tests, leastErrors),
    });
  }
  const sizeOf = ({ share, errorShare, calls: called }: ComparedEdge): number =>
    Math.max(
      called?.difference.named === true ? 1 : 0,
      ...[share, errorShare].map(({ value, named }) => (named ? 1 : 0) + Math.min(1, Math.abs(value))),
    );
  rows.sort((x, y) => sizeOf(y) - sizeOf(x) || y.a.traces + y.b.traces - x.a.traces - x.b.traces);
  return { rows: rows.slice(0, maxRows), of: rows.length };
}

function compareCalls(a: Sample | undefined, b: Sample | undefined, tests: number): ComparedEdge['calls'] {
  if (a === undefined || b === undefined) return null;
  const large = ratioOf(meanOf(a), meanOf(b)) >= leastRatio;
  const difference = toDifference(meanDifference(a, b), namedBelow(tests), large);
  return { a: meanOf(a), b: meanOf(b), n: a.n + b.n, difference };
}

function toEdgeSide({ traces, withErrors, failed }: EdgeCounts, all: number): ComparedEdge['a'] {
  return { traces, share: shareOf(traces, all), withErrors, failed };
}

export interface KeyCounts {
  readonly type: 'attribute' | 'version';
  readonly key: string;
  readonly inA: number;
  readonly inB: number;
  readonly values: number;
  /** Traces of each value put together. */
  readonly pairs: number;
  readonly most: readonly { readonly value: string; readonly inA: number; readonly inB: number }[];
}

/** A key with more values than this, most of them in one trace, is an identifier. */
const fewValues = 20;

/** in: what the spans of the traces read say, by key; how many were read of how many. */
export function compareAttributes(
  keys: readonly KeyCounts[],
  read: Pick<CompareSets['attributes'], 'a' | 'b'>,
): CompareSets['attributes'] {
  const isIdentifier = ({ values, pairs }: KeyCounts): boolean => values > fewValues && 2 * values > pairs;
  const looked = keys.flatMap((key) => {
    const there = { ...key, value: null, inA: key.inA, inB: key.inB };
    const values = isIdentifier(key) ? [] : key.most.map((value) => ({ ...key, ...value }));
    // a key that all of its traces give the same value says nothing its value does not
    return values.length === 1 && key.values === 1 ? values : [there, ...values];
  });
  const rows = looked.flatMap(({ type, key, value, inA, inB }): ComparedAttribute[] => {
    const [shareA, shareB] = [shareOf(inA, read.a.read), shareOf(inB, read.b.read)];
    if (shareA === shareB) return [];
    return [
      {
        type,
        key,
        value,
        a: { traces: inA, share: shareA },
        b: { traces: inB, share: shareB },
        share: compareShares([inA, read.a.read, inB, read.b.read], looked.length, leastTold),
        explains: toldApart(shareA, shareB),
      },
    ];
  });
  rows.sort((x, y) => byNamed(x.share, y.share) || y.explains - x.explains || (x.key < y.key ? -1 : 1));
  return {
    ...read,
    rows: rows.slice(0, maxRows),
    of: looked.length,
    leftOut: keys.flatMap((key) => {
      const kept = isIdentifier(key) ? 0 : key.most.length;
      return kept === key.values ? [] : [{ key: key.key, values: key.values, kept }];
    }),
  };
}

/** Bars of a histogram at most. */
const maxBars = 48;

/** Durations of both in the same bars, each a like part of a decade. in: sketches of ns. */
export function toHistogram(a: Sketch, b: Sketch): CompareSets['histogram'] {
  const buckets = [...a.keys(), ...b.keys()];
  if (buckets.length === 0) return { boundsMs: [], a: [], b: [] };
  const [least, most] = [Math.min(...buckets), Math.max(...buckets)];
  const width = Math.ceil((most - least + 1) / maxBars);
  const bars = Math.ceil((most - least + 1) / width);
  const countsOf = (sketch: Sketch): number[] => {
    const counts = Array.from({ length: bars }, () => 0);
    for (const [bucket, count] of sketch) {
      const bar = Math.floor((bucket - least) / width);
      counts[bar] = (counts[bar] ?? 0) + count;
    }
    return counts;
  };
  const boundsMs = Array.from({ length: bars }, (_, bar) => toMs(upperBoundOf(least + (bar + 1) * width - 1)));
  return { boundsMs, a: countsOf(a), b: countsOf(b) };
}

/** Percentiles in ms of a sketch of ns. */
export function toPercentiles(sketch: Sketch, n: number): CompareSets['a']['durationMs'] {
  const [p50, p90, p99] = quantiles(sketch, [0.5, 0.9, 0.99]).map((ns) => (ns === undefined ? null : toMs(ns)));
  return { p50: p50 ?? null, p90: p90 ?? null, p99: p99 ?? null, n };
}
