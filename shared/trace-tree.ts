/**
 * The spans of one trace, in any order → a tree in preorder, as arrays by node. calls.ts and critical-path.ts read it, the
 * trace page draws it. What is broken is mended the same way whatever the order of arrival, and flagged: spans delivered
 * twice, ids shared by client and server (Zipkin), absent parents, cycles, negative durations. Times are not altered.
 */
import { sortRun } from './node-sort.ts';
import { toColumns, type SpanColumns } from './span.ts';
import { allocateKept, compareIds, keepSpans, nodeFlag, type KeptSpans } from './tree-spans.ts';

export { nodeFlag };

/**
 * Nodes 0 to count - 1 in preorder: a parent comes before its children, a subtree is one run of nodes. Siblings and roots
 * come by (start, longest first, id). Arrays may be longer than count. -1 stands for no node.
 */
export interface TraceTree {
  readonly columns: SpanColumns;
  readonly count: number;
  /** Row in the columns. */
  readonly row: Int32Array;
  readonly parent: Int32Array;
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  /** The first root is the trace's. */
  readonly roots: readonly number[];
  /** Nanoseconds as in the columns; the end is never before the start. */
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  /** Bits of nodeFlag. */
  readonly flags: Uint8Array;
  /** The earliest tick at which a copy of the span came. */
  readonly tick: Uint32Array;
}

/** Arrays that a tree may be built in, again and again. */
export interface TreeScratch {
  capacity: number;
  tree: { -readonly [Name in keyof TraceTree]: TraceTree[Name] };
}

/** Memory for buildTree to use again and again. A tree built with it is valid until the next one is. */
export function createTreeScratch(capacity = 256): TreeScratch {
  return {
    capacity,
    tree: {
      columns: noColumns,
      count: 0,
      row: new Int32Array(capacity),
      parent: new Int32Array(capacity),
      firstChild: new Int32Array(capacity),
      nextSibling: new Int32Array(capacity),
      roots: [],
      startNs: new Float64Array(capacity),
      endNs: new Float64Array(capacity),
      flags: new Uint8Array(capacity),
      tick: new Uint32Array(capacity),
    },
  };
}

const noColumns = toColumns([]);

/**
 * The tree of one trace. in: the rows of its spans, in any order, perhaps with doubles; scratch to build it in when the tree
 * before is no longer needed. out: the same tree for every order of the rows. cost: O(n log n), without recursion.
 */
export function buildTree(columns: SpanColumns, rows: ArrayLike<number>, scratch?: TreeScratch): TraceTree {
  if (working.capacity < rows.length) working = allocate(rows.length * 2);
  const { kept, order } = working;
  const count = keepSpans(columns, rows, kept);
  const { row, startNs, endNs } = kept;
  for (let i = 0; i < count; i++) order[i] = i;
  sortRun(
    order,
    0,
    count,
    (a, b) =>
      (startNs[a] as number) - (startNs[b] as number) ||
      (endNs[b] as number) - (endNs[a] as number) ||
      compareIds(columns, row[a] as number, row[b] as number),
  );
  linkChildren(working, count);
  if (place(working, count) < count) {
    cutCycles(columns, working, count);
    linkChildren(working, count);
    place(working, count);
  }
  const result = scratch ?? createTreeScratch(count);
  if (result.capacity < count) Object.assign(result, createTreeScratch(count * 2));
  finish(columns, working, count, result.tree);
  if (working.capacity > keptCapacity) working = allocate(256);
  return result.tree;
}

/** By kept span, in order of arrival. */
interface Working {
  readonly capacity: number;
  readonly kept: KeptSpans;
  readonly order: Int32Array;
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  /** Node of the span, -1 until it is placed. */
  readonly position: Int32Array;
  firstRoot: number;
}

/** Memory that outlives a trace, but a huge one's is given back. */
const keptCapacity = 65_536;
let working = allocate(256);

function allocate(capacity: number): Working {
  return {
    capacity,
    kept: allocateKept(capacity),
    order: new Int32Array(capacity),
    firstChild: new Int32Array(capacity),
    nextSibling: new Int32Array(capacity),
    position: new Int32Array(capacity),
    firstRoot: -1,
  };
}

/** Chains siblings in sort order: the last span is put in front of the others first. */
function linkChildren(memory: Working, count: number): void {
  const { kept, order, firstChild, nextSibling } = memory;
  firstChild.fill(-1, 0, count);
  let firstRoot = -1;
  for (let i = count - 1; i >= 0; i--) {
    const span = order[i] as number;
    const parent = kept.parent[span] as number;
    if (parent < 0) {
      nextSibling[span] = firstRoot;
      firstRoot = span;
    } else {
      nextSibling[span] = firstChild[parent] as number;
      firstChild[parent] = span;
    }
  }
  memory.firstRoot = firstRoot;
}

/** Numbers the spans that can be reached from a root, in preorder. out: how many those are. */
function place(memory: Working, count: number): number {
  const { kept, order, firstChild, nextSibling, position, firstRoot } = memory;
  position.fill(-1, 0, count);
  let placed = 0;
  let span = firstRoot;
  while (span >= 0) {
    position[span] = placed++;
    let next = firstChild[span] as number;
    while (next < 0) {
      next = nextSibling[span] as number;
      if (next >= 0) break;
      span = kept.parent[span] as number;
      if (span < 0) break;
    }
    span = next;
  }
  // `order` holds the spans by node from here on when all are placed.
  if (placed === count) for (let i = 0; i < count; i++) order[position[i] as number] = i;
  return placed;
}

/** Cuts every cycle: where a link closes it, else above the smallest id. */
function cutCycles(columns: SpanColumns, memory: Working, count: number): void {
  const { kept, position } = memory;
  const { parent, row, flags } = kept;
  // position: -1 not looked at; below that, the walk that came by; 0 and above, known to end.
  let walk = -1;
  for (let start = 0; start < count; start++) {
    walk -= 1;
    let span = start;
    while (span >= 0 && position[span] === -1) {
      position[span] = walk;
      span = parent[span] as number;
    }
    if (span < 0 || position[span] !== walk) continue;
    let cut = -1;
    const first = span;
    do {
      if (cut < 0 || isBetterCut(columns, kept, span, cut)) cut = span;
      span = parent[span] as number;
    } while (span !== first);
    parent[cut] = -1;
    flags[cut] = ((flags[cut] as number) & ~nodeFlag.linked) | nodeFlag.cycle | nodeFlag.orphan;
    if (columns.parentId[(row[cut] as number) * 2] === 0 && columns.parentId[(row[cut] as number) * 2 + 1] === 0)
      flags[cut] = (flags[cut] as number) & ~nodeFlag.orphan;
  }
}

function isBetterCut(columns: SpanColumns, { flags, row }: KeptSpans, span: number, held: number): boolean {
  const linked = (flags[span] as number) & nodeFlag.linked;
  const heldLinked = (flags[held] as number) & nodeFlag.linked;
  if (linked !== heldLinked) return linked !== 0;
  return compareIds(columns, row[span] as number, row[held] as number) < 0;
}

/** Clocks of one host may differ by this much in how they are read. */
const skewToleranceNs = 1000;

function finish(columns: SpanColumns, memory: Working, count: number, tree: TreeScratch['tree']): void {
  const { kept, order, position } = memory;
  const { row, parent, firstChild, nextSibling, startNs, endNs, flags, tick } = tree;
  const roots: number[] = [];
  for (let node = 0; node < count; node++) {
    const span = order[node] as number;
    const up = kept.parent[span] as number;
    const child = memory.firstChild[span] as number;
    const sibling = memory.nextSibling[span] as number;
    const start = kept.startNs[span] as number;
    row[node] = kept.row[span] as number;
    firstChild[node] = child < 0 ? -1 : node + 1;
    nextSibling[node] = sibling < 0 ? -1 : (position[sibling] as number);
    startNs[node] = start;
    endNs[node] = kept.endNs[span] as number;
    tick[node] = kept.tick[span] as number;
    let flag = kept.flags[span] as number;
    if (up < 0) {
      parent[node] = -1;
      roots.push(node);
    } else {
      parent[node] = position[up] as number;
      if (start + skewToleranceNs < (kept.startNs[up] as number)) flag |= nodeFlag.skew;
    }
    flags[node] = flag;
  }
  tree.columns = columns;
  tree.count = count;
  tree.roots = roots;
}
