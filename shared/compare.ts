/**
 * Two stretches of time → what changed on each edge. A change is named only when chance would hardly do it and it is large
 * enough to care about; the rest is `same`. Calls are taken as independent, which real traffic is not quite: the tests ask
 * for more than the textbook does (four standard deviations; three for quantiles, at both ends).
 *   failures   two-proportion z test with continuity correction
 *   p90        the binomial bounds of its rank in either sketch do not meet
 *   traffic    of all calls of both, the share that lies after, against its share of the time
 *   new, gone  a Poisson process as busy as the one stretch would hardly leave the other empty
 */
import type { Comparison } from './api.ts';
import { perSecond, round, shareOf, successRate, toMs, type EdgeSum } from './edge-sum.ts';
import type { EdgeFrame } from './frame.ts';
import type { EndOptions } from './graph-ends.ts';
import { sumFrames, type EdgeSums, type Sums } from './graph-sums.ts';
import { count, joinBuckets, noBuckets, quantiles, type Buckets } from './sketch.ts';
import { edgeId } from './workload.ts';

/** The frames of one stretch, epoch ms. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly frames: Iterable<EdgeFrame>;
}

type ComparedEdge = Comparison['edges'][number];
type Change = ComparedEdge['change'];

const surely = 4;
const surelyRank = 3;
/** Chance that an edge as busy as before (or after) has no call at all in the other stretch. */
const surelyEmpty = 1e-3;
/** Least differences that are named. */
const leastShare = 0.002;
const leastRatio = 1.1;
const leastMs = 0.5;
const leastTraffic = 1.5;

/** How much a change matters when it is as large as it gets on the busiest edge. */
const weightOf: Readonly<Record<Change, number>> = {
  failing: 1,
  new: 0.75,
  gone: 0.75,
  slower: 0.65,
  recovered: 0.5,
  faster: 0.4,
  busier: 0.3,
  quieter: 0.3,
  same: 0,
};

/** in: before, after; how workloads are put together. out: every edge of either, what changed most first. */
export function compareStretches(
  before: Stretch,
  after: Stretch,
  options: EndOptions & { readonly probes?: boolean },
): Comparison {
  const a = sumFrames(before.frames, options);
  const b = sumFrames(after.frames, options);
  const secondsA = (before.toMs - before.fromMs) / 1000;
  const secondsB = (after.toMs - after.fromMs) / 1000;
  const busiest = Math.max(busiestRate(a, secondsA), busiestRate(b, secondsB));
  const edges = [...new Set([...a.edges.keys(), ...b.edges.keys()])].map((key): ComparedEdge => {
    const view = viewOf(a.edges.get(key)?.sum, b.edges.get(key)?.sum);
    const was = sideOf(a, key, secondsA, view);
    const is = sideOf(b, key, secondsB, view);
    const { source, target } = (b.edges.get(key) ?? a.edges.get(key)) as EdgeSums;
    const { change, size } = changeOf(was, is);
    const volume = busiest > 0 ? Math.sqrt(Math.max(was.rate, is.rate) / busiest) : 0;
    return {
      id: edgeId(source.id, target.id),
      source: source.id,
      target: target.id,
      change,
      score: round(weightOf[change] * (0.5 + 0.5 * size * volume)),
      calls: { before: round(was.calls), after: round(is.calls) },
      successRate: { before: was.success, after: is.success },
      p90Ms: { before: was.p90Ms, after: is.p90Ms },
      rate: { before: was.rate, after: is.rate },
      criticalShare: { before: was.criticalShare, after: is.criticalShare },
    };
  });
  return {
    a: { from: before.fromMs, to: before.toMs },
    b: { from: after.fromMs, to: after.toMs },
    edges: edges.sort(
      (x, y) => y.score - x.score || (y.calls.after ?? 0) - (x.calls.after ?? 0) || (x.id < y.id ? -1 : 1),
    ),
  };
}

/** One edge in one stretch. */
interface Side {
  readonly calls: number;
  /** Calls without their weight: what chance goes by. */
  readonly seen: number;
  readonly seconds: number;
  readonly rate: number;
  readonly failedShare: number;
  readonly success: number | null;
  readonly sketch: Buckets;
  /** Calls really seen that the sketch is made of. */
  readonly timed: number;
  readonly p90Ms: number | null;
  readonly criticalShare: number | null;
}

type View = 'clientNs' | 'serverNs';

/** Whose latency is compared: the caller's where it is known, but never one side's with the other's. */
function viewOf(was: EdgeSum | undefined, is: EdgeSum | undefined): View {
  const sums = [was, is].filter((sum) => sum !== undefined);
  const told = (view: View): number => sums.filter((sum) => sum[view].length > 0).length;
  return told('clientNs') >= told('serverNs') ? 'clientNs' : 'serverNs';
}

function sideOf(sums: Sums, key: string, seconds: number, view: View): Side {
  const sum: EdgeSum | undefined = sums.edges.get(key)?.sum;
  if (sum === undefined) {
    return { ...absent, seconds, criticalShare: sums.totalRootNs > 0 ? 0 : null };
  }
  const sketch = joinBuckets(sum[view]);
  const [p90Ns] = quantiles(sketch, [0.9]);
  return {
    calls: sum.calls,
    seen: sum.seen,
    seconds,
    rate: perSecond(sum.calls, seconds),
    failedShare: sum.calls > 0 ? Math.min(1, sum.failed / sum.calls) : 0,
    success: successRate(sum),
    sketch,
    timed: sum.calls > 0 ? Math.min(sum.seen, (count(sketch) * sum.seen) / sum.calls) : 0,
    p90Ms: p90Ns === undefined ? null : toMs(p90Ns),
    criticalShare: shareOf(sum.criticalNs, sums.totalRootNs),
  };
}

const absent: Side = {
  calls: 0,
  seen: 0,
  seconds: 0,
  rate: 0,
  failedShare: 0,
  success: null,
  sketch: noBuckets,
  timed: 0,
  p90Ms: null,
  criticalShare: null,
};

function busiestRate({ edges }: Sums, seconds: number): number {
  let calls = 0;
  for (const { sum } of edges.values()) calls = Math.max(calls, sum.calls);
  return perSecond(calls, seconds);
}

/** out: the change that matters most, and how large it is, 0 to 1. */
function changeOf(was: Side, is: Side): { change: Change; size: number } {
  const none = { change: 'same', size: 0 } as const;
  if (was.seen === 0 || is.seen === 0) {
    const [there, empty] = was.seen === 0 ? [is, was] : [was, is];
    if (there.seen === 0) return none;
    const chance = (there.seconds / (there.seconds + empty.seconds)) ** there.seen;
    return chance < surelyEmpty ? { change: there === is ? 'new' : 'gone', size: 1 } : none;
  }
  const worse = is.failedShare - was.failedShare;
  if (Math.abs(worse) >= leastShare && Math.abs(failuresZ(was, is)) >= surely) {
    return { change: worse > 0 ? 'failing' : 'recovered', size: Math.min(1, Math.abs(worse) / 0.2) };
  }
  const slower = latencyRatio(was, is);
  if (slower !== undefined) {
    return { change: slower > 1 ? 'slower' : 'faster', size: Math.min(1, Math.abs(Math.log2(slower)) / 3) };
  }
  const busier = was.rate > 0 ? is.rate / was.rate : 1;
  if (Math.max(busier, 1 / busier) >= leastTraffic && Math.abs(trafficZ(was, is)) >= surely) {
    return { change: busier > 1 ? 'busier' : 'quieter', size: Math.min(1, Math.abs(Math.log2(busier)) / 3) };
  }
  return none;
}

/** Two proportions, with continuity correction. in: sides with calls. */
function failuresZ(was: Side, is: Side): number {
  const pooled = (was.failedShare * was.seen + is.failedShare * is.seen) / (was.seen + is.seen);
  const perCall = 1 / was.seen + 1 / is.seen;
  const difference = Math.max(0, Math.abs(is.failedShare - was.failedShare) - perCall / 2);
  const deviation = Math.sqrt(pooled * (1 - pooled) * perCall);
  return deviation > 0 ? difference / deviation : 0;
}

/** p90 after by p90 before; undefined when chance may have done it, or it is not worth a word. */
function latencyRatio(was: Side, is: Side): number | undefined {
  const before = p90Bounds(was);
  const after = p90Bounds(is);
  if (before === undefined || after === undefined || before.ns <= 0 || after.ns <= 0) return undefined;
  const apart = after.leastNs > before.mostNs || after.mostNs < before.leastNs;
  const ratio = after.ns / before.ns;
  const large = Math.max(ratio, 1 / ratio) >= leastRatio && Math.abs(after.ns - before.ns) >= leastMs * 1e6;
  return apart && large ? ratio : undefined;
}

/** Between what the p90 of what was drawn from lies. No greatest when so few calls say nothing of it. */
function p90Bounds({ sketch, timed }: Side): { ns: number; leastNs: number; mostNs: number } | undefined {
  if (timed === 0) return undefined;
  const spread = surelyRank * Math.sqrt((0.9 * 0.1) / timed);
  const [least, ns, most] = quantiles(sketch, [Math.max(0, 0.9 - spread), 0.9, Math.min(1, 0.9 + spread)]);
  if (least === undefined || ns === undefined || most === undefined) return undefined;
  return { ns, leastNs: 0.9 - spread > 0 ? least : 0, mostNs: 0.9 + spread < 1 ? most : Infinity };
}

/** How far the calls after are from their share of the time, in standard deviations. */
function trafficZ(was: Side, is: Side): number {
  const all = was.seen + is.seen;
  const share = is.seconds / (was.seconds + is.seconds);
  return (is.seen - all * share) / Math.sqrt(all * share * (1 - share));
}
