/**
 * What a trace would have taken if some of its spans had done their own work faster: a tree's times recomputed from the
 * same order of work. Spans do not say who waited for whom, so it is inferred, as for the critical path: a child began when
 * all siblings that had ended by then were done and its parent had worked a while more; what ran side by side stays so.
 *
 *     root  |--gap--|            |--gap--|            |--tail--|
 *     a             |-----a------|                                  a gates b; c runs beside both and gates only the end;
 *     b                                  |-----b------|             with a twice as fast, b begins earlier and the root
 *     c             |-----------c--------------|                    ends earlier, until c is what it waits for
 *
 * Own work (gaps, tails, spans without children) is scaled by a factor; all else follows. Nobody waits for consumers, for
 * what only a link joins, or for what began after its parent ended. O(n log n) to plan, O(n) to replay, without recursion.
 */
import { criticalPath } from './critical-path.ts';
import { sortRun } from './node-sort.ts';
import { kind } from './span.ts';
import { nodeFlag, type TraceTree } from './trace-tree.ts';

/** The order of work of one tree below one root. Arrays are by node unless said otherwise; times as in the tree. */
export interface ReplayPlan {
  readonly root: number;
  /** The root and all below it are the nodes from root to here, exclusive. */
  readonly end: number;
  /** 1: its parent waits for it, and so on up to the root. Only these have the rest. */
  readonly waited: Uint8Array;
  /** The part of the span's time within its parent's. */
  readonly lowNs: Float64Array;
  readonly highNs: Float64Array;
  /** What its parent worked before it, since the last of the siblings that had ended by then (or its own start). */
  readonly gapNs: Float64Array;
  /** What it worked itself after the last of its children had ended: all of it without children. */
  readonly tailNs: Float64Array;
  /** Its children that are waited for: a run of byStart, and the same run of byEnd. */
  readonly kidsFrom: Int32Array;
  readonly kidsTo: Int32Array;
  readonly byStart: Int32Array;
  readonly byEnd: Int32Array;
  /** How many siblings had ended when it began: the first so many of its parent's run of byEnd. */
  readonly ended: Int32Array;
  /** What each span owns of the critical path. */
  readonly pathNs: Float64Array;
}

/** An overlap up to this part of the parent's time (and half the span) is clock noise: as in critical-path.ts. */
const overlapTolerance = 0.01;

/** The plan of a tree below a root, by default the trace's first. It does not refer to the tree's arrays. */
export function planReplay(tree: TraceTree, root = tree.roots[0] ?? -1): ReplayPlan {
  const { count } = tree;
  const plan = {
    root,
    end: endOf(tree, root),
    waited: new Uint8Array(count),
    lowNs: new Float64Array(count),
    highNs: new Float64Array(count),
    gapNs: new Float64Array(count),
    tailNs: new Float64Array(count),
    kidsFrom: new Int32Array(count),
    kidsTo: new Int32Array(count),
    byStart: new Int32Array(count),
    byEnd: new Int32Array(count),
    ended: new Int32Array(count),
    pathNs: new Float64Array(count),
  };
  if (root < 0) return plan;
  plan.waited[root] = 1;
  plan.lowNs[root] = tree.startNs[root] as number;
  plan.highNs[root] = tree.endNs[root] as number;
  let used = 0;
  for (let node = root; node < plan.end; node++) if (plan.waited[node] === 1) used = planSpan(tree, plan, node, used);
  const path = criticalPath(tree, root);
  for (let i = 0; i < path.count; i++) {
    const node = path.node[i] as number;
    plan.pathNs[node] = (plan.pathNs[node] as number) + ((path.endNs[i] as number) - (path.startNs[i] as number));
  }
  return plan;
}

/** The node after the last one below a root. */
function endOf({ count, roots }: TraceTree, root: number): number {
  if (root < 0) return root;
  for (const other of roots) if (other > root) return other;
  return count;
}

/** Finds the children of a span that it waited for, and in what order. out: how much of the runs is used. */
function planSpan(tree: TraceTree, plan: ReplayPlan, node: number, used: number): number {
  const { waited, lowNs, highNs, gapNs, tailNs, byStart, byEnd, ended } = plan;
  const { row, columns } = tree;
  const low = lowNs[node] as number;
  const high = highNs[node] as number;
  let to = used;
  if (columns.kind[row[node] as number] !== kind.producer) {
    for (let kid = tree.firstChild[node] as number; kid >= 0; kid = tree.nextSibling[kid] as number) {
      if (columns.kind[row[kid] as number] === kind.consumer || (tree.flags[kid] as number) & nodeFlag.linked) continue;
      const from = Math.max(tree.startNs[kid] as number, low);
      const until = Math.min(tree.endNs[kid] as number, high);
      if (until <= from) continue;
      waited[kid] = 1;
      lowNs[kid] = from;
      highNs[kid] = until;
      byStart[to++] = kid;
    }
  }
  plan.kidsFrom[node] = used;
  plan.kidsTo[node] = to;
  if (to - used > 1) forgiveOverlaps(plan, used, to, (high - low) * overlapTolerance);
  for (let i = used; i < to; i++) byEnd[i] = byStart[i] as number;
  sortRun(byEnd, used, to, (a, b) => (highNs[a] as number) - (highNs[b] as number) || a - b);
  let next = used;
  let lastEnd = low;
  for (let i = used; i < to; i++) {
    const kid = byStart[i] as number;
    const from = lowNs[kid] as number;
    for (; next < to && (highNs[byEnd[next] as number] as number) <= from; next++)
      lastEnd = highNs[byEnd[next] as number] as number;
    ended[kid] = next - used;
    gapNs[kid] = from - lastEnd;
  }
  tailNs[node] = high - (to > used ? (highNs[byEnd[to - 1] as number] as number) : low);
  return to;
}

/** Siblings looked at for one that took over when a span had all but ended. */
const maxLooked = 8;

/** A span that another one took over from, but for clock noise, ended when that one began. */
function forgiveOverlaps({ byStart, lowNs, highNs }: ReplayPlan, from: number, to: number, toleranceNs: number): void {
  for (let i = from; i < to; i++) {
    const kid = byStart[i] as number;
    const high = highNs[kid] as number;
    const least = high - Math.min(toleranceNs, (high - (lowNs[kid] as number)) / 2);
    const first = firstAt(byStart, lowNs, i + 1, to, least);
    for (let at = first; at < to && at < first + maxLooked; at++) {
      const other = byStart[at] as number;
      if ((lowNs[other] as number) >= high) break;
      if ((highNs[other] as number) < high) continue;
      highNs[kid] = lowNs[other] as number;
      break;
    }
  }
}

/** The first place of a run of byStart whose start is at least that. */
function firstAt(byStart: Int32Array, lowNs: Float64Array, from: number, to: number, leastNs: number): number {
  let left = from;
  let right = to;
  while (left < right) {
    const middle = (left + right) >> 1;
    if ((lowNs[byStart[middle] as number] as number) >= leastNs) right = middle;
    else left = middle + 1;
  }
  return left;
}

/** Memory for replays of plans, one after the other. */
export interface ReplayScratch {
  /** Start since the parent's, and length. */
  fromNs: Float64Array;
  lengthNs: Float64Array;
}

export function createReplayScratch(capacity = 256): ReplayScratch {
  return { fromNs: new Float64Array(capacity), lengthNs: new Float64Array(capacity) };
}

/**
 * How long the root takes when the own work of every node takes `factor` times as long. in: factors by node, 0 or more.
 * out: with factors of 1 the root's recorded duration exactly; never less than the recorded critical path with its parts
 * scaled, so that nothing saves more than what was taken off the path.
 */
export function replayNs(plan: ReplayPlan, factor: ArrayLike<number>, scratch = createReplayScratch()): number {
  const { root, end, waited, gapNs, tailNs, kidsFrom, kidsTo, byStart, byEnd, ended, pathNs } = plan;
  if (scratch.fromNs.length < waited.length) Object.assign(scratch, createReplayScratch(waited.length * 2));
  const { fromNs, lengthNs } = scratch;
  let pathLengthNs = 0;
  // Children have greater numbers than their parent: each span finds them done.
  for (let node = end - 1; node >= root && node >= 0; node--) {
    if (waited[node] !== 1) continue;
    const own = factor[node] as number;
    const from = kidsFrom[node] as number;
    const to = kidsTo[node] as number;
    let next = from;
    let readyNs = 0;
    let lastNs = 0;
    for (let i = from; i < to; i++) {
      const kid = byStart[i] as number;
      for (const until = from + (ended[kid] as number); next < until; next++) {
        const before = byEnd[next] as number;
        readyNs = Math.max(readyNs, (fromNs[before] as number) + (lengthNs[before] as number));
      }
      fromNs[kid] = readyNs + own * (gapNs[kid] as number);
      lastNs = Math.max(lastNs, (fromNs[kid] as number) + (lengthNs[kid] as number));
    }
    lengthNs[node] = lastNs + own * (tailNs[node] as number);
    pathLengthNs += own * (pathNs[node] as number);
  }
  return root < 0 ? 0 : Math.max(lengthNs[root] as number, pathLengthNs);
}

/**
 * Start and end of every node after a replay, as in the tree; those nobody waits for move along with their parents.
 * in: the tree the plan was made of.
 */
export function replayTimes(
  tree: TraceTree,
  plan: ReplayPlan,
  factor: ArrayLike<number>,
): { readonly startNs: Float64Array; readonly endNs: Float64Array } {
  const { root, end, waited, lowNs, highNs } = plan;
  const scratch = createReplayScratch(tree.count);
  replayNs(plan, factor, scratch);
  const startNs = tree.startNs.slice(0, tree.count);
  const endNs = tree.endNs.slice(0, tree.count);
  // By node: where the part within its parent's time begins now.
  const within = lowNs.slice();
  for (let node = Math.max(root, 0); node < end; node++) {
    const up = tree.parent[node] as number;
    const start = tree.startNs[node] as number;
    const stop = tree.endNs[node] as number;
    if (waited[node] === 1) {
      const low = lowNs[node] as number;
      if (node !== root) within[node] = (within[up] as number) + (scratch.fromNs[node] as number);
      startNs[node] = (within[node] as number) - (low - start);
      endNs[node] = (within[node] as number) + (scratch.lengthNs[node] as number) + (stop - (highNs[node] as number));
    } else {
      startNs[node] = (startNs[up] as number) + (start - (tree.startNs[up] as number));
      endNs[node] = (startNs[node] as number) + (stop - start);
    }
  }
  return { startNs, endNs };
}

/** By node: how much longer it alone could take before the root takes longer; NaN for those nobody waits for. */
export function slackNs(plan: ReplayPlan): Float64Array {
  const { root, end, waited, lowNs, highNs, gapNs, kidsFrom, kidsTo, byStart, byEnd } = plan;
  const slack = new Float64Array(waited.length).fill(Number.NaN);
  // By place in byStart: the latest end that a sibling may have for none from here on to begin too late.
  const latest = new Float64Array(waited.length);
  if (root >= 0) slack[root] = 0;
  for (let node = Math.max(root, 0); node < end; node++) {
    const from = kidsFrom[node] as number;
    const to = kidsTo[node] as number;
    if (waited[node] !== 1 || to === from) continue;
    const lastNs = (highNs[byEnd[to - 1] as number] as number) + (slack[node] as number);
    for (let i = to - 1; i >= from; i--) {
      const kid = byStart[i] as number;
      const high = highNs[kid] as number;
      const after = firstAt(byStart, lowNs, i + 1, to, high);
      slack[kid] = Math.min(lastNs, after < to ? (latest[after] as number) : Infinity) - high;
      const own = (lowNs[kid] as number) - (gapNs[kid] as number) + (slack[kid] as number);
      latest[i] = Math.min(own, i + 1 < to ? (latest[i + 1] as number) : Infinity);
    }
  }
  return slack;
}

/** By node: its time in which none of the children it waited for ran; 0 for those nobody waits for. */
export function ownNs({ root, end, waited, lowNs, highNs, kidsFrom, kidsTo, byStart }: ReplayPlan): Float64Array {
  const own = new Float64Array(waited.length);
  for (let node = Math.max(root, 0); node < end; node++) {
    if (waited[node] !== 1) continue;
    let at = lowNs[node] as number;
    let sum = 0;
    for (let i = kidsFrom[node] as number; i < (kidsTo[node] as number); i++) {
      const kid = byStart[i] as number;
      sum += Math.max(0, (lowNs[kid] as number) - at);
      at = Math.max(at, highNs[kid] as number);
    }
    own[node] = sum + Math.max(0, (highNs[node] as number) - at);
  }
  return own;
}
