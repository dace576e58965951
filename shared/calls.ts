/**
 * A trace tree → its calls: logical requests from one workload to another (rules C1 to C13 of the design). The map, the trace
 * page and every statistic count these. Identity is call-identity.ts, hops are call-hops.ts, what a call came to is
 * call-outcome.ts; here is which spans make one call.
 *
 *     users ──▶ A.SERVER ──▶ A.CLIENT(sdk) ──▶ A.CLIENT(proxy) ──▶ B.SERVER(proxy) ──▶ B.SERVER(sdk) ──▶ B.CLIENT ⋯▶ (dark)
 *      └─ entry ─┘           └─ layers of the caller, key first ─┘ └─ visit of the callee ─────────┘    └─ key, no callee
 */
import { identify, isCallee, isCaller } from './call-identity.ts';
import { createHops, findHops, findTargets, type Hops, type HopTrace } from './call-hops.ts';
import {
  createDraft,
  createOutcome,
  readOutcome,
  toCall,
  type Call,
  type Draft,
  type Outcome,
} from './call-outcome.ts';
import { kind, mark } from './span.ts';
import { spanFailed } from './span-verdict.ts';
import { createTreeScratch, nodeFlag, type TraceTree } from './trace-tree.ts';
import { createWorkloadTable, workloadKind, type KnownWorkload, type WorkloadTable } from './workload-table.ts';

export { flagReason, spanFailed, spanVerdict, verdict } from './span-verdict.ts';
export { createOutcome, principalsOf } from './call-outcome.ts';
export type { Call, CallError, Outcome } from './call-outcome.ts';
export type { KnownWorkload } from './workload-table.ts';

export interface CallOptions {
  /** Count client errors (4xx and the gRPC codes like them) as failures; default no. */
  readonly fourXxIsFailure?: boolean;
  /** Workloads of one trace before the rest of them is `other`; default 1000. */
  readonly maxWorkloads?: number;
}

export interface TraceCalls {
  /** In the order of their key spans in the tree. */
  readonly calls: readonly Call[];
  /**
   * By node: the index of the call it is part of, -1 for none. The caller's layers and the callee's visit are part of a call,
   * so a span is part of one at most. Of none are spans of a workload nobody called.
   */
  readonly callOf: Int32Array;
  workloadOf(node: number): KnownWorkload;
  /** Version of the node's workload, '' when not said; an SDK span has its proxy's. */
  versionOf(node: number): string;
  /** The node's own verdict, by the same rule as the calls'. */
  failedOf(node: number): boolean;
}

const defaults: CallOptions = {};

/**
 * Finds the calls of one trace after the other, as numbers. What it gives of a trace is valid until the next one is looked at.
 * Plain properties, no getters: see pairs.ts.
 */
export interface CallFinder {
  /** The workloads it numbers. */
  readonly table: WorkloadTable;
  /** in: a tree whose texts are the finder's. */
  find(tree: TraceTree): void;
  /** How many calls there are. */
  count: number;
  /** As in TraceCalls. */
  callOf: Int32Array;
  /** Numbers of the workloads by node, and text ids of their versions. */
  workload: Int32Array;
  version: Int32Array;
  /** Fills `to` with a call. */
  read(call: number, to: Outcome): void;
}

/** in: texts of the columns, which may grow between traces but must not change. */
export function createCallFinder(strings: readonly string[], options: CallOptions = defaults): CallFinder {
  const fourXxIsFailure = options.fourXxIsFailure ?? false;
  const maxWorkloads = options.maxWorkloads ?? 1000;
  const trace: Trace = {
    tree: noTree,
    table: createWorkloadTable(strings),
    hops: createHops(256),
    maxWorkloads,
    callOf: new Int32Array(256),
    drafts: [],
    count: 0,
    retries: undefined,
    fanOut: undefined,
  };
  const finder: CallFinder = {
    table: trace.table,
    count: 0,
    callOf: trace.callOf,
    workload: trace.hops.ids.workload,
    version: trace.hops.ids.version,
    find(tree) {
      if (trace.hops.capacity < tree.count) {
        trace.hops = createHops(tree.count * 2);
        trace.callOf = new Int32Array(tree.count * 2);
      }
      if (trace.drafts.length > keptDrafts) trace.drafts.length = keptDrafts;
      trace.tree = tree;
      trace.count = 0;
      trace.retries = undefined;
      trace.fanOut = undefined;
      identify(tree, trace.table, trace.hops.ids, maxWorkloads);
      findHops(trace);
      findTargets(trace);
      join(trace);
      finder.count = trace.count;
      finder.callOf = trace.callOf;
      finder.workload = trace.hops.ids.workload;
      finder.version = trace.hops.ids.version;
    },
    read(call, to) {
      readOutcome(trace.tree, trace.hops.ids, trace.drafts[call] as Draft, fourXxIsFailure, to);
    },
  };
  return finder;
}

const noTree = createTreeScratch(0).tree;

/** Drafts that outlive a trace; those of a huge one are given back. */
const keptDrafts = 4096;

/**
 * The calls of a trace. in: a tree as for a finder; `options` should be the same object each time: workloads are remembered
 * for it and the texts. out: does not refer to the tree's arrays, except failedOf, which is valid as long as the tree is.
 */
export function callsOf(tree: TraceTree, options: CallOptions = defaults): TraceCalls {
  const { columns, count, row } = tree;
  const found = finderFor(columns.strings, options);
  found.find(tree);
  const { table } = found;
  const outcome = createOutcome();
  const calls: Call[] = [];
  for (let call = 0; call < found.count; call++) {
    found.read(call, outcome);
    calls.push(toCall(table, columns.strings, outcome));
  }
  const workloads = found.workload.slice(0, count);
  const versions = found.version.slice(0, count);
  return {
    calls,
    callOf: found.callOf.slice(0, count),
    workloadOf: (node) => table.list[workloads[node] as number] as KnownWorkload,
    versionOf: (node) => columns.strings[versions[node] as number] ?? '',
    failedOf: (node) => spanFailed(columns, row[node] as number, options.fourXxIsFailure),
  };
}

const finders = new WeakMap<CallOptions, WeakMap<readonly string[], CallFinder>>();

function finderFor(strings: readonly string[], options: CallOptions): CallFinder {
  let byStrings = finders.get(options);
  if (byStrings === undefined) finders.set(options, (byStrings = new WeakMap()));
  let finder = byStrings.get(strings);
  if (finder === undefined) byStrings.set(strings, (finder = createCallFinder(strings, options)));
  return finder;
}

interface Trace extends HopTrace {
  tree: TraceTree;
  hops: Hops;
  callOf: Int32Array;
  /** The first `count` are the trace's. */
  readonly drafts: Draft[];
  count: number;
  /** Latest call by parent and target; made when a retry is met. */
  retries: Map<number, number> | undefined;
  /** Calls of a span that itself calls several workloads, by span and target. */
  fanOut: Map<number, number> | undefined;
}

/** From the roots down: every hop, entry and dark caller into a call. */
function join(trace: Trace): void {
  const { tree, hops, callOf, drafts } = trace;
  const { columns, count, row, parent, tick } = tree;
  const { hop, key, target, dark, probe, within, making } = hops;
  for (let node = 0; node < count; node++)
    if ((columns.retryCount[row[node] as number] as number) > 0) trace.retries = new Map();
  for (let node = 0; node < count; node++) {
    const up = parent[node] as number;
    const spanKind = columns.kind[row[node] as number];
    const sameVisit = up >= 0 && hop[node] === 0;
    const visit = sameVisit ? (within[up] as number) : up < 0 ? enter(trace, node) : answer(trace, node, up);
    within[node] = visit;
    let made = -1;
    if ((key[node] as number) >= 0) {
      if (sameVisit && (key[up] as number) >= 0) made = making[up] as number;
      if (isCaller(spanKind)) {
        if (made < 0 && (target[node] as number) >= 0) made = request(trace, node, up);
        if (made >= 0) {
          const draft = drafts[made] as Draft;
          draft.tick = Math.min(draft.tick, tick[node] as number);
          draft.probe |= probe[node] as number;
          if (dark[node] === 1) {
            draft.attempts += 1;
            draft.leaf = node;
          }
        }
      }
    } else if (visit >= 0 && spanKind === kind.server) (drafts[visit] as Draft).probe |= probe[node] as number;
    making[node] = made;
    callOf[node] = made >= 0 ? made : visit;
  }
}

/** A new call. in: its key span, and a span of its source or -1. out: its index. */
function open(trace: Trace, key: number, sourceNode: number, source: number, target: number): number {
  const { tree, hops, drafts } = trace;
  const index = trace.count++;
  if (index === drafts.length) drafts.push(createDraft());
  const draft = drafts[index] as Draft;
  draft.key = key;
  draft.sourceNode = sourceNode;
  draft.source = source;
  draft.target = target;
  draft.lastKey = key;
  draft.leaf = key;
  draft.callee = -1;
  draft.endNs = tree.endNs[key] as number;
  draft.servedNs = 0;
  draft.attempts = 0;
  draft.retry = 0;
  draft.previous = -1;
  draft.tick = tree.tick[key] as number;
  draft.probe = hops.probe[key] as number;
  return index;
}

/** A root: who called it (rule C5)? out: the call it answers, -1 when it was not called. */
function enter(trace: Trace, node: number): number {
  const { tree, hops } = trace;
  const at = tree.row[node] as number;
  const spanKind = tree.columns.kind[at];
  const isGateway = ((tree.columns.marks[at] as number) & mark.gateway) !== 0;
  if (!isCallee(spanKind) && !(isGateway && spanKind === kind.client)) return -1;
  if (isRetryOfRoot(tree, node, at)) return -1;
  const called = open(trace, node, -1, callerOf(trace, node, at, isGateway), hops.ids.workload[node] as number);
  (trace.drafts[called] as Draft).callee = node;
  return called;
}

/** Gateway attempts whose common parent never came are one entry: the first of them. */
function isRetryOfRoot(tree: TraceTree, node: number, at: number): boolean {
  if (tree.columns.kind[at] !== kind.client || tree.columns.retryCount[at] === 0) return false;
  const sibling = siblingsOf(tree, node, -1) - tree.count;
  return sibling < maxRoots && tree.roots[sibling] !== node;
}

function callerOf({ tree, table, hops }: Trace, node: number, at: number, isGateway: boolean): number {
  const { columns, flags } = tree;
  if ((hops.queue[node] as number) >= 0) return hops.queue[node] as number;
  if (hops.probe[node] === 1) {
    // Health checks come from the platform; who it was is the span's peer if it says.
    const peer = columns.strings[columns.peer[at] as number];
    return table.named(peer === undefined || peer === '' ? 'kubelet' : peer, workloadKind.external);
  }
  if (isGateway) return table.users;
  // A message whose producer is in another trace did not come from users.
  const fromAfar = columns.kind[at] === kind.consumer && columns.links.has(at);
  return ((flags[node] as number) & nodeFlag.orphan) !== 0 || fromAfar ? table.unknown : table.users;
}

/** A hop: the call of the caller's layer above it, or one of its own. out: the call it answers. */
function answer(trace: Trace, node: number, up: number): number {
  const { tree, hops, drafts } = trace;
  const { startNs, endNs } = tree;
  const target = hops.ids.workload[node] as number;
  const queue = hops.queue[node] as number;
  const caller = hops.nearest[up] as number;
  if (queue >= 0 || caller < 0) {
    const source = queue >= 0 ? queue : (hops.ids.workload[up] as number);
    const called = open(trace, node, queue >= 0 ? -1 : up, source, target);
    (drafts[called] as Draft).callee = node;
    return called;
  }
  let index = hops.making[up] as number;
  if (index < 0 || (drafts[index] as Draft).target !== target) index = fanOut(trace, caller, target);
  const draft = drafts[index] as Draft;
  draft.callee = node;
  draft.leaf = caller;
  draft.attempts += 1;
  draft.servedNs += (endNs[node] as number) - (startNs[node] as number);
  draft.probe |= hops.probe[node] as number;
  return index;
}

/** The call of a span that calls several workloads at once: one for each of them. */
function fanOut(trace: Trace, caller: number, target: number): number {
  trace.fanOut ??= new Map();
  const id = caller * 2 ** 26 + target;
  let index = trace.fanOut.get(id);
  if (index === undefined) {
    index = open(trace, caller, caller, trace.hops.ids.workload[caller] as number, target);
    trace.fanOut.set(id, index);
  }
  return index;
}

/** The call of a caller's layer: a new one, or the one that this is another attempt of (rule C3). out: its index. */
function request(trace: Trace, node: number, up: number): number {
  const { tree, hops, drafts, retries } = trace;
  const source = hops.ids.workload[node] as number;
  const target = hops.target[node] as number;
  if (retries === undefined) return open(trace, node, node, source, target);
  const retry = tree.columns.retryCount[tree.row[node] as number] as number;
  const id = siblingsOf(tree, node, up) * 2 ** 26 + target;
  const previous = retries.get(id) ?? -1;
  const index = retry > 0 ? attemptOf(drafts, previous, retry, tree.startNs[node] as number) : -1;
  if (index < 0) {
    const opened = open(trace, node, node, source, target);
    const draft = drafts[opened] as Draft;
    draft.previous = previous;
    draft.retry = retry;
    retries.set(id, opened);
    return opened;
  }
  const held = drafts[index] as Draft;
  held.retry = retry;
  held.lastKey = node;
  held.leaf = node;
  held.endNs = Math.max(held.endNs, tree.endNs[node] as number);
  return index;
}

/** Roots looked at for siblings whose parent never came. */
const maxRoots = 64;

/** A number that siblings share: their parent's, or that of the first root with the same absent parent. */
function siblingsOf({ columns, count, roots, row }: TraceTree, node: number, up: number): number {
  if (up >= 0) return up;
  const { parentId } = columns;
  const at = row[node] as number;
  const isAbsent = parentId[at * 2] !== 0 || parentId[at * 2 + 1] !== 0;
  for (let i = 0; isAbsent && i < roots.length && i < maxRoots; i++) {
    const other = row[roots[i] as number] as number;
    if (parentId[other * 2] === parentId[at * 2] && parentId[other * 2 + 1] === parentId[at * 2 + 1]) return count + i;
  }
  return count + maxRoots + node;
}

/** Calls of the same parent and target looked at for one that a retry belongs to. */
const maxPrevious = 16;

/** The call of which a retry is the next attempt: the last one that lacks just this attempt and had ended; else the last that lacks it. */
function attemptOf(drafts: readonly Draft[], latest: number, retry: number, startNs: number): number {
  let best = -1;
  let index = latest;
  for (let looked = 0; index >= 0 && looked < maxPrevious; looked++) {
    const draft = drafts[index] as Draft;
    if (draft.retry === retry - 1 && draft.endNs <= startNs) return index;
    if (best < 0 && draft.retry < retry) best = index;
    index = draft.previous;
  }
  return best;
}
