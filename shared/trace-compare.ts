/**
 * Two traces → one tree of steps, aligned by call path, with what either spent there. A step is all spans of one workload,
 * operation and kind below the same step before it: siblings that do the same are one row, with how many they are, so that a
 * call made four times instead of once is one difference and not three new calls.
 *
 *     a  web GET /        300      b  web GET /        512       web GET /          +212
 *          api list       280           api list       490         api list           +0 of its own
 *            SELECT        70             SELECT ×4    260           SELECT  1 → 4   +190 on the critical path
 *
 * Pure; nanoseconds. Differences are b less a.
 */
import type { Trace, TraceSpan } from './api.ts';
import { formatNs } from './format.ts';

type ComparedTrace = Pick<Trace, 'spans' | 'criticalPath'>;
type Kind = TraceSpan['kind'];

/** What one trace did at a step. */
export interface StepSide {
  /** Its spans in tree order; the first of the one trace answers to the first of the other, and so on. */
  readonly spanIds: readonly string[];
  /** Of all of them together. */
  readonly durationNs: number;
  /** While no child of theirs ran. */
  readonly selfNs: number;
  /** What they own of the critical path. */
  readonly pathNs: number;
  readonly failed: number;
}

/** One step of either or both. */
export interface AlignedStep {
  /** Place in the list; parents come before their children. */
  readonly index: number;
  /** -1 for a root. */
  readonly parent: number;
  readonly depth: number;
  /** Steps below it, directly or not. */
  below: number;
  readonly service: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: Kind;
  readonly a: StepSide | undefined;
  readonly b: StepSide | undefined;
  /** Critical-path time of b less that of a. */
  readonly pathNs: number;
  readonly selfNs: number;
  /** What is different about it, the gravest first; none when nothing worth a word is. */
  readonly changes: readonly StepChange[];
  /** It, or a step below it, differs. */
  differs: boolean;
}

export type StepChange = 'added' | 'removed' | 'failed' | 'recovered' | 'count' | 'slower' | 'faster';

export interface TraceComparison {
  readonly steps: readonly AlignedStep[];
  /** Steps whose part of the critical path differs, the most first. The differences sum to that of the totals. */
  readonly path: readonly AlignedStep[];
  /** What the critical path sums up to: the request's duration. */
  readonly totalNs: { readonly a: number; readonly b: number };
  readonly verdict: string;
}

/** Least difference that is worth a word, of the longer trace. */
const leastShare = 0.01;
const leastNs = 50_000;

export function compareTraces(a: ComparedTrace, b: ComparedTrace): TraceComparison {
  const totalNs = { a: pathTotal(a), b: pathTotal(b) };
  const least = Math.max(leastNs, leastShare * Math.max(totalNs.a, totalNs.b));
  const steps = align(measure(a), measure(b), least);
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i] as AlignedStep;
    const up = steps[step.parent];
    if (up === undefined) continue;
    up.below += step.below + 1;
    up.differs ||= step.differs;
  }
  const path = steps.filter(({ pathNs }) => pathNs !== 0).sort((x, y) => Math.abs(y.pathNs) - Math.abs(x.pathNs));
  return { steps, path, totalNs, verdict: verdictOf(a, b, steps, totalNs) };
}

function pathTotal({ criticalPath }: ComparedTrace): number {
  return criticalPath.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
}

/** A trace's spans with their children and times, by place in the list. */
interface Measured {
  readonly spans: readonly TraceSpan[];
  readonly roots: readonly number[];
  readonly children: readonly (readonly number[] | undefined)[];
  readonly selfNs: readonly number[];
  readonly pathNs: readonly number[];
}

function measure({ spans, criticalPath }: ComparedTrace): Measured {
  const placeOf = new Map<string, number>();
  const children: (number[] | undefined)[] = [];
  const roots: number[] = [];
  spans.forEach(({ spanId, parentId }, i) => {
    const up = parentId === null ? undefined : placeOf.get(parentId);
    if (up === undefined) roots.push(i);
    else (children[up] ??= []).push(i);
    if (!placeOf.has(spanId)) placeOf.set(spanId, i);
  });
  const pathNs = spans.map(() => 0);
  for (const { spanId, startNs, endNs } of criticalPath) {
    const at = placeOf.get(spanId);
    if (at !== undefined) pathNs[at] = (pathNs[at] ?? 0) + endNs - startNs;
  }
  return { spans, roots, children, pathNs, selfNs: spans.map((span, i) => selfOf(span, children[i] ?? [], spans)) };
}

/** A span's duration less what its children cover of it. */
function selfOf(span: TraceSpan, children: readonly number[], spans: readonly TraceSpan[]): number {
  const end = span.startNs + Math.max(0, span.durationNs);
  const inner = children
    .map((child) => spans[child] as TraceSpan)
    .map(({ startNs, durationNs }) => [Math.max(startNs, span.startNs), Math.min(startNs + durationNs, end)] as const)
    .filter(([from, to]) => to > from)
    .sort(([x], [y]) => x - y);
  let covered = 0;
  let reached = span.startNs;
  for (const [from, to] of inner) {
    covered += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return end - span.startNs - covered;
}

/** Spans of one step in either trace. */
interface Pair {
  readonly parent: number;
  readonly depth: number;
  readonly a: number[];
  readonly b: number[];
}

/** Both trees walked as one, without recursion: traces may be as deep as they like. */
function align(a: Measured, b: Measured, least: number): AlignedStep[] {
  const steps: AlignedStep[] = [];
  const open = pairsOf(a, b, a.roots, b.roots, -1, 0).reverse();
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const index = steps.length;
    const { service, namespace, name, kind } = (b.spans[pair.b[0] ?? -1] ?? a.spans[pair.a[0] ?? -1]) as TraceSpan;
    const sideA = sideOf(a, pair.a);
    const sideB = sideOf(b, pair.b);
    const changes = changesOf(sideA, sideB, least);
    steps.push({
      index,
      parent: pair.parent,
      depth: pair.depth,
      below: 0,
      service,
      namespace,
      name,
      kind,
      a: sideA,
      b: sideB,
      pathNs: (sideB?.pathNs ?? 0) - (sideA?.pathNs ?? 0),
      selfNs: (sideB?.selfNs ?? 0) - (sideA?.selfNs ?? 0),
      changes,
      differs: changes.length > 0,
    });
    const below = pairsOf(a, b, childrenOf(a, pair.a), childrenOf(b, pair.b), index, pair.depth + 1);
    for (let i = below.length - 1; i >= 0; i--) open.push(below[i] as Pair);
  }
  return steps;
}

function childrenOf({ children }: Measured, spans: readonly number[]): number[] {
  return spans.flatMap((span) => children[span] ?? []);
}

/** Siblings by what they do, in the order b does it; what only a did comes where it was among a's. */
function pairsOf(
  a: Measured,
  b: Measured,
  ofA: readonly number[],
  ofB: readonly number[],
  parent: number,
  depth: number,
): Pair[] {
  const pairs = new Map<string, Pair>();
  const pairFor = (span: TraceSpan): Pair => {
    const key = `${span.kind}\n${span.service}\n${span.namespace}\n${span.name}`;
    let pair = pairs.get(key);
    if (pair === undefined) pairs.set(key, (pair = { parent, depth, a: [], b: [] }));
    return pair;
  };
  for (const place of ofB) pairFor(b.spans[place] as TraceSpan).b.push(place);
  for (const place of ofA) pairFor(a.spans[place] as TraceSpan).a.push(place);
  const startOf = ({ a: mine, b: theirs }: Pair): number => {
    const [first] = theirs.length > 0 ? theirs : mine;
    return ((theirs.length > 0 ? b : a).spans[first ?? 0] as TraceSpan).startNs;
  };
  return [...pairs.values()].sort((x, y) => startOf(x) - startOf(y));
}

function sideOf({ spans, selfNs, pathNs }: Measured, places: readonly number[]): StepSide | undefined {
  if (places.length === 0) return undefined;
  const side = { spanIds: [] as string[], durationNs: 0, selfNs: 0, pathNs: 0, failed: 0 };
  for (const place of places) {
    const span = spans[place] as TraceSpan;
    side.spanIds.push(span.spanId);
    side.durationNs += Math.max(0, span.durationNs);
    side.selfNs += selfNs[place] ?? 0;
    side.pathNs += pathNs[place] ?? 0;
    if (span.failed) side.failed += 1;
  }
  return side;
}

function changesOf(a: StepSide | undefined, b: StepSide | undefined, least: number): StepChange[] {
  if (a === undefined) return ['added'];
  if (b === undefined) return ['removed'];
  const changes: StepChange[] = [];
  if (b.failed > 0 && a.failed === 0) changes.push('failed');
  if (a.failed > 0 && b.failed === 0) changes.push('recovered');
  if (a.spanIds.length !== b.spanIds.length) changes.push('count');
  const moved = Math.max(Math.abs(b.pathNs - a.pathNs), Math.abs(b.selfNs - a.selfNs));
  if (moved >= least) {
    const way = Math.abs(b.pathNs - a.pathNs) >= least ? b.pathNs - a.pathNs : b.selfNs - a.selfNs;
    changes.push(way > 0 ? 'slower' : 'faster');
  }
  return changes;
}

interface Owner {
  readonly text: string;
  ns: number;
  countA: number;
  countB: number;
}

/** What b did otherwise, in a sentence or two. */
function verdictOf(
  a: ComparedTrace,
  b: ComparedTrace,
  steps: readonly AlignedStep[],
  totalNs: TraceComparison['totalNs'],
): string {
  const failures = failureWords(a, b);
  const moreNs = totalNs.b - totalNs.a;
  const slower = Math.abs(moreNs);
  const both = `${formatNs(totalNs.b)} against ${formatNs(totalNs.a)}`;
  const sentences: string[] = [];
  if (!steps.some((step) => step.a !== undefined && step.b !== undefined)) {
    sentences.push(`The two have no step in common; b took ${both}.`);
  } else if (slower < Math.max(leastNs, 0.02 * Math.max(totalNs.a, totalNs.b))) {
    const odd = steps.filter(({ differs, changes }) => differs && changes.length > 0).length;
    const where = odd === 0 ? 'and did the same' : `with ${odd === 1 ? 'one difference' : `${odd} differences`} inside`;
    sentences.push(`Both took about as long (${both}), ${where}.`);
  } else {
    const way = moreNs > 0 ? 'longer' : 'less';
    sentences.push(`b took ${formatNs(slower)} ${way} (${both})${ownerWords(steps, moreNs)}.`);
  }
  return [...sentences, ...failures].join(' ');
}

/** ": 190 ms of it is product-api SELECT, called 4 times instead of once". */
function ownerWords(steps: readonly AlignedStep[], moreNs: number): string {
  const owners = new Map<string, Owner>();
  for (const { service, name, a, b, pathNs } of steps) {
    const text = `${service} ${name}`;
    const owner = owners.get(text) ?? { text, ns: 0, countA: 0, countB: 0 };
    owner.ns += pathNs * Math.sign(moreNs);
    owner.countA += a?.spanIds.length ?? 0;
    owner.countB += b?.spanIds.length ?? 0;
    owners.set(text, owner);
  }
  const [first, second] = [...owners.values()].sort((x, y) => y.ns - x.ns);
  if (first === undefined || first.ns <= 0) return '';
  const slower = Math.abs(moreNs);
  const owns = 2 * first.ns >= slower ? `${formatNs(Math.min(first.ns, slower))} of it is` : `most of all`;
  const beyond =
    first.ns > 1.05 * slower ? `${first.text} alone took ${formatNs(first.ns)} ${moreNs > 0 ? 'more' : 'less'}` : '';
  const head =
    beyond !== '' ? beyond : `${owns} ${first.text}${2 * first.ns >= slower ? '' : ` (${formatNs(first.ns)})`}`;
  const next =
    second !== undefined && second.ns >= 0.2 * slower && beyond === ''
      ? `; ${formatNs(second.ns)} ${second.text}${countWords(second)}`
      : '';
  return `: ${head}${countWords(first)}${next}`;
}

function countWords({ countA, countB }: Owner): string {
  if (countA === countB) return '';
  if (countA === 0) return ', which a does not have';
  if (countB === 0) return ', which b does not have';
  return `, called ${timesWords(countB)} instead of ${timesWords(countA)}`;
}

function timesWords(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function failureWords(a: ComparedTrace, b: ComparedTrace): string[] {
  const [rootA, rootB] = [a.spans[0]?.failed === true, b.spans[0]?.failed === true];
  if (rootB && !rootA) return [`b failed${deepestFailure(b)}, a did not.`];
  if (rootA && !rootB) return [`a failed${deepestFailure(a)}, b did not.`];
  if (rootA && rootB) return ['Both failed.'];
  const [inA, inB] = [a, b].map(({ spans }) => spans.filter(({ failed }) => failed).length) as [number, number];
  if (inA === inB) return [];
  return [
    `${inB > inA ? 'b' : 'a'} has ${Math.max(inA, inB)} failed ${Math.max(inA, inB) === 1 ? 'span' : 'spans'}, ${inB > inA ? 'a' : 'b'} ${Math.min(inA, inB) === 0 ? 'none' : Math.min(inA, inB)}.`,
  ];
}

/** The failure others pass on: the last one in tree order that has none below it on its chain. */
function deepestFailure({ spans }: ComparedTrace): string {
  const failed = new Map(spans.filter((span) => span.failed).map((span) => [span.spanId, span]));
  const passedOn = new Set([...failed.values()].map(({ parentId }) => parentId));
  const deepest = [...failed.values()].find(({ spanId, parentId }) => parentId !== null && !passedOn.has(spanId));
  return deepest === undefined ? '' : ` in ${deepest.service} ${deepest.name}`;
}
