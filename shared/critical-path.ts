/**
 * The spans of a trace that decided how long it took: from the root's end backwards, always the child that ended last, and
 * the span itself where no child was running. What is given is inferred from times; spans do not say who waited for whom.
 * Segments are disjoint, contiguous, each inside its span, and add up to the root's duration exactly.
 *
 *     root  |----------------------------|
 *     a       |------|    |---------|          a ended last, so it is on the path;
 *     b         |--------|                     then b; the first a overlaps b and did not gate it
 *     path  |rr|aabbbbbbbb|r|aaaaaaaaa|rrr|
 *
 * After CRISP (USENIX ATC 2022), made exact on overlap, adjacency and bad data.
 */
import { sortRun } from './node-sort.ts';
import { kind } from './span.ts';
import { nodeFlag, type TraceTree } from './trace-tree.ts';

/** Segments 0 to count - 1 in time order; arrays may be longer. Times are nanoseconds as in the tree. */
export interface CriticalPath {
  readonly count: number;
  readonly node: Int32Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
}

/** An overlap with what follows, up to this part of the parent's time (and half the child), is taken for clock noise. */
const overlapTolerance = 0.01;

/** Arrays that a path may be made in, again and again. */
export interface PathScratch {
  capacity: number;
  path: { -readonly [Name in keyof CriticalPath]: CriticalPath[Name] };
}

/** Memory for criticalPath to use again and again. A path made with it is valid until the next one is. */
export function createPathScratch(capacity = 256): PathScratch {
  return {
    capacity,
    path: {
      count: 0,
      node: new Int32Array(capacity),
      startNs: new Float64Array(capacity),
      endNs: new Float64Array(capacity),
    },
  };
}

/**
 * The critical path below a root, by default the trace's first. in: scratch to make it in when the path before is no longer
 * needed. out: no segments for a root of no length. cost: O(n log n), without recursion.
 */
export function criticalPath(tree: TraceTree, root = tree.roots[0] ?? -1, scratch?: PathScratch): CriticalPath {
  if (working.capacity < tree.count) working = allocate(tree.count * 2);
  // A span gives one segment when it is done, and one before each child on the path.
  const result = scratch ?? createPathScratch(tree.count * 2);
  if (result.capacity < tree.count * 2) Object.assign(result, createPathScratch(tree.count * 4));
  result.path.count = 0;
  if (root >= 0) {
    follow(tree, root, working, result.path);
    reverse(result.path);
  }
  if (working.capacity > keptCapacity) working = allocate(256);
  return result.path;
}

interface Working {
  readonly capacity: number;
  /** By node: the child's interval clipped to its parent's frame. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Children of the open frames, frame upon frame. */
  readonly kids: Int32Array;
  /** By frame: its span, its children from the next one to look at to the last, its start, the time reached, the tolerance. */
  readonly frameNode: Int32Array;
  readonly frameNext: Int32Array;
  readonly frameEnd: Int32Array;
  readonly frameLow: Float64Array;
  readonly frameTime: Float64Array;
  readonly frameTolerance: Float64Array;
}

/** Memory that outlives a trace, but a huge one's is given back. */
const keptCapacity = 65_536;
let working = allocate(256);

function allocate(capacity: number): Working {
  return {
    capacity,
    low: new Float64Array(capacity),
    high: new Float64Array(capacity),
    kids: new Int32Array(capacity),
    frameNode: new Int32Array(capacity),
    frameNext: new Int32Array(capacity),
    frameEnd: new Int32Array(capacity),
    frameLow: new Float64Array(capacity),
    frameTime: new Float64Array(capacity),
    frameTolerance: new Float64Array(capacity),
  };
}

function follow(tree: TraceTree, root: number, memory: Working, path: PathScratch['path']): void {
  const { low, high, kids, frameNode, frameNext, frameEnd, frameLow, frameTime, frameTolerance } = memory;
  let depth = 0;
  open(tree, memory, 0, 0, root, tree.startNs[root] as number, tree.endNs[root] as number);
  while (depth >= 0) {
    const time = frameTime[depth] as number;
    const end = frameEnd[depth] as number;
    let next = frameNext[depth] as number;
    let kid = -1;
    for (; next < end && kid < 0; next++) {
      const candidate = kids[next] as number;
      const start = low[candidate] as number;
      if (start >= time) continue;
      const over = (high[candidate] as number) - time;
      if (over > 0) {
        // It overlaps what already is on the path: it gated only if that may be clock noise.
        if (over > Math.min(frameTolerance[depth] as number, ((high[candidate] as number) - start) / 2)) continue;
        high[candidate] = time;
      }
      kid = candidate;
    }
    frameNext[depth] = next;
    if (kid < 0) {
      emit(path, frameNode[depth] as number, frameLow[depth] as number, time);
      depth -= 1;
      continue;
    }
    emit(path, frameNode[depth] as number, high[kid] as number, time);
    frameTime[depth] = low[kid] as number;
    depth += 1;
    open(tree, memory, depth, end, kid, low[kid] as number, high[kid] as number);
  }
}

/** Opens the frame of a span between two times: its children, clipped to them, by (end, start) from the last. */
function open(
  tree: TraceTree,
  memory: Working,
  depth: number,
  from: number,
  node: number,
  lo: number,
  hi: number,
): void {
  const { low, high, kids } = memory;
  const { row, columns } = tree;
  const kinds = columns.kind;
  let to = from;
  if (kinds[row[node] as number] !== kind.producer) {
    for (let child = tree.firstChild[node] as number; child >= 0; child = tree.nextSibling[child] as number) {
      // Nobody waits for a consumer, nor for what only a link joins.
      if (kinds[row[child] as number] === kind.consumer || (tree.flags[child] as number) & nodeFlag.linked) continue;
      const start = Math.max(tree.startNs[child] as number, lo);
      const end = Math.min(tree.endNs[child] as number, hi);
      if (end <= start) continue;
      low[child] = start;
      high[child] = end;
      kids[to++] = child;
    }
  }
  if (to - from > 1) {
    reverseRun(kids, from, to);
    sortRun(
      kids,
      from,
      to,
      // Node numbers follow (start, longest first, id): the smaller id of two that are alike.
      (a, b) => (high[b] as number) - (high[a] as number) || (low[b] as number) - (low[a] as number) || a - b,
    );
  }
  memory.frameNode[depth] = node;
  memory.frameNext[depth] = from;
  memory.frameEnd[depth] = to;
  memory.frameLow[depth] = lo;
  memory.frameTime[depth] = hi;
  memory.frameTolerance[depth] = (hi - lo) * overlapTolerance;
}

function emit(path: PathScratch['path'], node: number, start: number, end: number): void {
  if (end <= start) return;
  const at = path.count++;
  path.node[at] = node;
  path.startNs[at] = start;
  path.endNs[at] = end;
}

/** Children come by start; the last one mostly ended last, so that the sort has little to do. */
function reverseRun(items: Int32Array, from: number, to: number): void {
  for (let a = from, b = to - 1; a < b; a++, b--) {
    const item = items[a] as number;
    items[a] = items[b] as number;
    items[b] = item;
  }
}

function reverse(path: PathScratch['path']): void {
  reverseRun(path.node, 0, path.count);
  const { startNs, endNs } = path;
  for (let a = 0, b = path.count - 1; a < b; a++, b--) {
    const start = startNs[a] as number;
    const end = endNs[a] as number;
    startNs[a] = startNs[b] as number;
    endNs[a] = endNs[b] as number;
    startNs[b] = start;
    endNs[b] = end;
  }
}
