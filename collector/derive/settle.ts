/**
 * One settled trace → what it adds to the tick: its calls and critical path into the frames, its row in `traces`, its
 * call paths. All rules are those of shared/; this file joins them and knows what an earlier settlement already counted.
 */
import { grown } from '#shared/grown.ts';
import { createOutcome, spanFailed, type CallOptions } from '#shared/calls.ts';
import { createPathScratch, criticalPath } from '#shared/critical-path.ts';
import { durationBand } from '#shared/sketch.ts';
import { buildTree, createTreeScratch, type TraceTree } from '#shared/trace-tree.ts';
import { workloadKind } from '#shared/workload-table.ts';
import type { TraceRow } from '../store/traces.ts';
import type { Assembler } from './assemble.ts';
import type { History } from './follow.ts';
import type { FrameNames, Frames } from './frames.ts';
import { createKnown, type Known } from './known.ts';
import { rootKeyOf } from './operations.ts';
import type { PathStep, PathTable } from './paths.ts';

export interface DeriveOptions {
  /** A trace settles when it has been quiet for this many ticks. */
  readonly settleTicks: number;
  /**
   * How long after a settlement it is looked for spans of the same trace that settled before; with settleTicks how long a trace may
   * be open.
   */
  readonly lateTicks: number;
  /** Edges of one tick before the rest go into the overflow bucket. */
  readonly maxEdges: number;
  readonly calls: CallOptions;
}

export interface Settler {
  /** What the numbers in frames stand for; the same until the assembler's next `sweep` or `add`. Called before a tick's traces. */
  names(): FrameNames;
  /**
   * Settles a trace at the tick. in: the assembler's number of the trace; frames that were begun with `names`. out: its row,
   * or nothing when every span of it was already settled; the row is valid until the next.
   */
  settle(trace: number, history: History | undefined, tick: number, frames: Frames): TraceRow | undefined;
  /** Makes the provisional picture of open traces. */
  preview(traces: Iterable<number>, frames: Frames): void;
}

export function createSettler(assembler: Assembler, paths: PathTable, options: DeriveOptions): Settler {
  const scratch = createTreeScratch();
  const pathScratch = createPathScratch();
  const outcome = createOutcome();
  const fourXxIsFailure = options.calls.fourXxIsFailure ?? false;

  /** As long as the table of texts is the same. */
  let known = createKnown(assembler.columns.strings, options.calls);
  function knownNow(): Known {
    const { strings } = assembler.columns;
    if (known.strings !== strings) known = createKnown(strings, options.calls);
    return known;
  }

  /** Traces looked at so far: what bears the number belongs to the trace at hand. */
  let stamp = 0;
  const { origin } = assembler;

  /** The tree of the trace, and its calls in the finder. */
  function derive(trace: number, history?: History): TraceTree {
    const rows = assembler.load(trace, history);
    const tree = buildTree(assembler.columns, rows, scratch);
    knownNow().finder.find(tree);
    return tree;
  }

  /** The whole second a time in the trace lies in. */
  function secondOf(startNs: number): number {
    return origin.second + Math.floor((origin.restNs + startNs) / 1e9);
  }

  /** Of the trace at hand. By call: its workloads and its edge in the frames; of the root's call whether it failed. */
  let callSource = new Int32Array(64);
  let callTarget = new Int32Array(64);
  let callEdge = new Int32Array(64);
  let callNs = new Float64Array(64);
  const rootCall = { is: false, failed: false, probe: false };

  /** Counts the calls. in: those that came later than the tick; whether the settlement is the trace's first. */
  function addCalls(tree: TraceTree, trace: number, afterTick: number, frames: Frames): void {
    const { finder } = known;
    const { count } = finder;
    if (callSource.length < count) {
      callSource = new Int32Array(count * 2);
      callTarget = new Int32Array(count * 2);
      callEdge = new Int32Array(count * 2);
      callNs = new Float64Array(count * 2);
    }
    const root = tree.roots[0] ?? -1;
    const called = root < 0 ? -1 : finder.callOf[root]!;
    rootCall.is = called >= 0;
    for (let call = 0; call < count; call++) {
      finder.read(call, outcome);
      callSource[call] = outcome.source;
      callTarget[call] = outcome.target;
      if (call === called) {
        rootCall.failed = outcome.failed;
        rootCall.probe = outcome.probe;
      }
      if (outcome.tick > afterTick) callEdge[call] = frames.addCall(outcome, secondOf(outcome.startNs), trace);
    }
  }

  let selfNs = new Float64Array(256);

  /** Fills selfNs with the ns on the critical path by node. */
  function findPath(tree: TraceTree): void {
    if (selfNs.length < tree.count) selfNs = new Float64Array(tree.count * 2);
    selfNs.fill(0, 0, tree.count);
    const path = criticalPath(tree, tree.roots[0], pathScratch);
    const { node, startNs, endNs } = path;
    for (let i = 0; i < path.count; i++) selfNs[node[i]!] = selfNs[node[i]!]! + (endNs[i]! - startNs[i]!);
  }

  /** By workload: ns on the critical path outside calls. */
  let outsideNs = new Float64Array(64);
  const outside: number[] = [];

  /** Adds the shares of the trace's latency to the frames. */
  function addPath(tree: TraceTree, frames: Frames): void {
    const { finder } = known;
    const root = tree.roots[0];
    if (root === undefined || (rootCall.is && rootCall.probe)) return;
    const { callOf, workload, count: calls } = finder;
    callNs.fill(0, 0, calls);
    outside.length = 0;
    let rootDurationNs = 0;
    for (let node = 0; node < tree.count; node++) {
      const ns = selfNs[node]!;
      if (ns === 0) continue;
      rootDurationNs += ns;
      const call = callOf[node]!;
      if (call >= 0) callNs[call] = callNs[call]! + ns;
      else addOutside(workload[node]!, ns);
    }
    const { columns } = tree;
    const row = tree.row[root]!;
    const operation = known.operations.list[operationOf(tree, root)]!;
    const second = secondOf(columns.startNs[row]!);
    const key = rootKeyOf(operation, durationBand(rootDurationNs));
    frames.addRoot(workload[root]!, second, key, rootDurationNs, columns.weight[row]!);
    for (let call = 0; call < calls; call++) if (callNs[call]! > 0) frames.addShare(callEdge[call]!, callNs[call]!);
    for (const number of outside) frames.addOwnShare(number, outsideNs[number]!);
  }

  function addOutside(workload: number, ns: number): void {
    if (workload >= outsideNs.length) outsideNs = grown(outsideNs, workload * 2);
    if (!known.outsideStamps.isNew(workload, stamp)) outsideNs[workload] = outsideNs[workload]! + ns;
    else {
      outside.push(workload);
      outsideNs[workload] = ns;
    }
  }

  function operationOf({ columns, row }: TraceTree, node: number): number {
    const at = row[node]!;
    return known.operations.of(known.finder.workload[node]!, columns.name[at]!, columns.kind[at]!);
  }

  const steps: (PathStep | undefined)[] = [];
  let chain = new Int32Array(64);
  const pathIds: bigint[] = [];
  const pathNs: number[] = [];

  /** The critical path as call paths and the ns each owns, in the order they first appear in the tree. */
  function addSteps(tree: TraceTree): void {
    const { parent, count } = tree;
    pathIds.length = 0;
    pathNs.length = 0;
    while (steps.length < count) steps.push(undefined);
    steps.fill(undefined, 0, count);
    if (chain.length < count) chain = new Int32Array(count * 2);
    for (let node = 0; node < count; node++) {
      const own = selfNs[node]!;
      if (own === 0) continue;
      let depth = 0;
      for (let at = node; at >= 0 && steps[at] === undefined; at = parent[at]!) chain[depth++] = at;
      while (depth > 0) {
        const next = chain[--depth]!;
        const before = parent[next]!;
        const operation = known.operations.list[operationOf(tree, next)]!;
        steps[next] = paths.step(before < 0 ? undefined : steps[before], operation);
      }
      const step = steps[node]!;
      if (step.trace === stamp) pathNs[step.place] = pathNs[step.place]! + own;
      else {
        step.trace = stamp;
        step.place = pathIds.push(step.pathId) - 1;
        pathNs.push(own);
      }
    }
    for (let place = 0; place < pathNs.length; place++) pathNs[place] = Math.round(pathNs[place]!);
    if (steps.length > keptSteps) steps.length = keptSteps;
  }

  const workloads: string[] = [];
  const operations: string[] = [];
  const edgeIds: bigint[] = [];

  function addWorkload(number: number): void {
    const { node, id } = known.finder.table.list[number]!;
    if (known.workloadStamps.isNew(node, stamp)) workloads.push(id);
  }

  function traceRow(tree: TraceTree, trace: number, tick: number, replacesTick: number): TraceRow {
    const { columns } = tree;
    const { finder, edges, edgeStamps, operationStamps } = known;
    let endNs = 0;
    let errorCount = 0;
    let firstTick = 0xffffffff;
    let lastTick = 0;
    let rootDurationNs = 0;
    workloads.length = 0;
    operations.length = 0;
    edgeIds.length = 0;
    for (let node = 0; node < tree.count; node++) {
      const row = tree.row[node]!;
      if (tree.endNs[node]! > endNs) endNs = tree.endNs[node]!;
      if (tree.tick[node]! < firstTick) firstTick = tree.tick[node]!;
      if (columns.tick[row]! > lastTick) lastTick = columns.tick[row]!;
      rootDurationNs += selfNs[node]!;
      if (spanFailed(columns, row, fourXxIsFailure)) errorCount += 1;
      addWorkload(finder.workload[node]!);
      if (operations.length < maxOperations) {
        const { textNumber, text } = known.operations.list[operationOf(tree, node)]!;
        if (operationStamps.isNew(textNumber, stamp)) operations.push(text);
      }
    }
    for (let call = 0; call < finder.count; call++) {
      addWorkload(callTarget[call]!);
      const edge = edges.of(callSource[call]!, callTarget[call]!);
      if (edgeStamps.isNew(edge, stamp)) edgeIds.push(edges.id(edge));
    }
    const root = tree.roots[0] ?? 0;
    const rootRow = tree.row[root]!;
    const { name, namespace } = finder.table.list[finder.workload[root]!]!;
    addSteps(tree);
    return {
      tick,
      traceIds: assembler.traceIds,
      trace,
      replacesTick,
      firstTick,
      lastTick,
      startNs: columns.originNs,
      durationNs: Math.round(endNs),
      rootService: name,
      rootNamespace: namespace,
      rootOperation: known.operations.list[operationOf(tree, root)]!.name,
      rootVersion: columns.strings[columns.version[rootRow]!] ?? '',
      rootDurationNs: Math.round(rootDurationNs),
      spanCount: tree.count,
      errorCount,
      failed: (rootCall.is ? rootCall.failed : spanFailed(columns, rootRow, fourXxIsFailure)) ? 1 : 0,
      probe: rootCall.is && rootCall.probe ? 1 : 0,
      weight: columns.weight[rootRow]!,
      workloads,
      operations,
      edgeIds,
      pathIds,
      pathNs,
    };
  }

  return {
    names() {
      const { finder, strings, edges } = knownNow();
      edges.trim();
      return { table: finder.table, strings, traceIds: assembler.traceIds };
    },
    settle(trace, history, tick, frames) {
      stamp += 1;
      const settledTick = history?.settledTick;
      const tree = derive(trace, history);
      // Spans keep the tick of their first delivery: whatever came by the earlier settlement was counted there.
      if (settledTick !== undefined && !hasNewer(tree, settledTick)) return undefined;
      addCalls(tree, trace, settledTick ?? -1, frames);
      findPath(tree);
      // The latency of a trace is counted once, at its first settlement.
      if (settledTick === undefined) addPath(tree, frames);
      // A row is replaced by one that holds all that it does.
      return traceRow(tree, trace, tick, history?.isWhole === true ? (settledTick ?? 0) : 0);
    },
    preview(traces, frames) {
      for (const trace of traces) {
        derive(trace);
        const { finder } = known;
        for (let call = 0; call < finder.count; call++) {
          finder.read(call, outcome);
          // Whoever called may still arrive; only a settled trace says that nobody known did.
          if (finder.table.list[outcome.source]!.kind !== workloadKind.unknown)
            frames.addCall(outcome, secondOf(outcome.startNs), trace);
        }
      }
    },
  };
}

function hasNewer({ count, tick }: TraceTree, than: number): boolean {
  for (let node = 0; node < count; node++) if ((tick[node] ?? 0) > than) return true;
  return false;
}

/** Operations of one trace that search finds it by. */
const maxOperations = 64;

/** Steps that outlive a trace; those of a huge one are given back. */
const keptSteps = 65_536;
