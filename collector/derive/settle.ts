/**
 * One settled trace → what it adds to the tick: its calls and critical path into the frames, its row in `traces`, its
 * call paths. All rules are those of shared/; this file joins them and knows what an earlier settlement already counted.
 */
import { callsOf, createCallScratch, type Call, type CallOptions } from '#shared/calls.ts';
import { createPathScratch, criticalPath } from '#shared/critical-path.ts';
import { durationBand } from '#shared/sketch.ts';
import { workloadKinds } from '#shared/span.ts';
import { buildTree, createTreeScratch, type TraceTree } from '#shared/trace-tree.ts';
import { edgeId, type Workload } from '#shared/workload.ts';
import type { KnownWorkload } from '#shared/workload-table.ts';
import type { TraceRow } from '../store/traces.ts';
import type { Assembler } from './assemble.ts';
import type { Frames } from './frames.ts';
import type { History } from './follow.ts';
import type { LiveTime } from './live-time.ts';
import { createOperation, type Operation, type PathStep, type PathTable } from './paths.ts';

export interface DeriveOptions {
  /** A trace settles when it has been quiet for this many ticks. */
  readonly settleTicks: number;
  /** How far back a settlement looks for spans of the same trace that settled before. */
  readonly lateTicks: number;
  /** Edges of one tick before the rest go into the overflow bucket. */
  readonly maxEdges: number;
  readonly calls: CallOptions;
}

export interface Settler {
  /**
   * Settles a trace at the tick. in: the assembler's number of the trace. out: its row, or nothing when every span of it was
   * already settled; what the row lists is valid until the next.
   */
  settle(trace: number, history: History | undefined, tick: number, frames: Frames): TraceRow | undefined;
  /** Makes the provisional picture of open traces. */
  preview(traces: Iterable<number>, frames: Frames): void;
}

export function createSettler(assembler: Assembler, paths: PathTable, time: LiveTime, options: DeriveOptions): Settler {
  const scratch = createTreeScratch();
  const pathScratch = createPathScratch();
  const callScratch = createCallScratch();

  function derive(rows: ArrayLike<number>) {
    const originNs = assembler.focus(rows);
    const { columns } = assembler;
    const tree = buildTree(columns, rows, scratch);
    return { originNs, tree, ...callsOf(tree, options.calls, callScratch) };
  }
  type Derived = ReturnType<typeof derive>;

  /** Edge ids as the store holds them, by the ids of the two ends; forgotten when there are too many. */
  const edgeNumbers = new Map<string, Map<string, bigint>>();
  let edgesKnown = 0;

  function edgeNumber(source: Workload, target: Workload): bigint {
    let targets = edgeNumbers.get(source.id);
    let number = targets?.get(target.id);
    if (number !== undefined) return number;
    if (edgesKnown++ >= maxKnown) {
      edgeNumbers.clear();
      edgesKnown = 1;
      targets = undefined;
    }
    number = BigInt(`0x${edgeId(source.id, target.id)}`);
    if (targets === undefined) edgeNumbers.set(source.id, (targets = new Map<string, bigint>()));
    targets.set(target.id, number);
    return number;
  }

  /** What spans do, by number of the workload, then by name and kind: as long as the table of texts is the same. */
  let operations: Map<number, Operation>[] = [];
  let operationsOf: readonly string[] = [];

  function operation({ columns, row }: TraceTree, node: number, workload: KnownWorkload): Operation {
    if (operationsOf !== columns.strings) {
      operationsOf = columns.strings;
      operations = [];
    }
    const at = row[node] as number;
    const key = (columns.name[at] as number) * 8 + (columns.kind[at] as number);
    const known = (operations[workload.index] ??= new Map<number, Operation>());
    let found = known.get(key);
    if (found === undefined) {
      const { name, namespace } = workload;
      found = createOperation(
        name,
        namespace,
        columns.strings[columns.name[at] as number] ?? '',
        columns.kind[at] ?? 0,
      );
      known.set(key, found);
    }
    return found;
  }

  let selfNs = new Float64Array(256);

  /** ns on the critical path by node; valid until the next call. */
  function pathOf(tree: TraceTree): Float64Array {
    if (selfNs.length < tree.count) selfNs = new Float64Array(tree.count * 2);
    const self = selfNs.subarray(0, tree.count).fill(0);
    const path = criticalPath(tree, tree.roots[0], pathScratch);
    for (let i = 0; i < path.count; i++) {
      const node = path.node[i] ?? 0;
      self[node] = (self[node] ?? 0) + ((path.endNs[i] ?? 0) - (path.startNs[i] ?? 0));
    }
    return self;
  }

  /** Adds the shares of the trace's latency to the frames. */
  function addPath(derived: Derived, self: Float64Array, frames: Frames): void {
    const { tree, calls, callOf, workloadOf, originNs } = derived;
    const root = tree.roots[0];
    if (root === undefined || calls[callOf[root] ?? -1]?.probe) return;
    const byCall = new Map<Call, number>();
    const uncalled = new Map<Workload, number>();
    let rootDurationNs = 0;
    for (let node = 0; node < self.length; node++) {
      const ns = self[node] ?? 0;
      if (ns === 0) continue;
      rootDurationNs += ns;
      const call = calls[callOf[node] ?? -1];
      if (call !== undefined) byCall.set(call, (byCall.get(call) ?? 0) + ns);
      else {
        const workload = workloadOf(node);
        uncalled.set(workload, (uncalled.get(workload) ?? 0) + ns);
      }
    }
    const workload = workloadOf(root);
    const row = tree.row[root] ?? 0;
    const { columns } = tree;
    frames.addPath({
      originNs,
      startNs: columns.startNs[row] ?? 0,
      key: `${durationBand(rootDurationNs)}|${workload.name}|${operation(tree, root, workload).name}`,
      root: workload,
      rootDurationNs,
      weight: columns.weight[row] ?? 1,
      calls: byCall,
      uncalled,
    });
  }

  const steps: (PathStep | undefined)[] = [];
  const chain: number[] = [];
  const pathNs = new Map<PathStep, number>();

  /** The critical path as call paths and the ns each owns, in the order they first appear in the tree, into `pathNs`. */
  function addSteps({ tree, workloadOf }: Derived, self: Float64Array): void {
    const { parent } = tree;
    pathNs.clear();
    steps.length = 0;
    for (let node = 0; node < tree.count; node++) {
      const own = self[node] ?? 0;
      if (own === 0) continue;
      let at = node;
      while (at >= 0 && steps[at] === undefined) {
        chain.push(at);
        at = parent[at] ?? -1;
      }
      for (let next = chain.pop(); next !== undefined; next = chain.pop()) {
        const before = parent[next] ?? -1;
        steps[next] = paths.step(before < 0 ? undefined : steps[before], operation(tree, next, workloadOf(next)));
      }
      const step = steps[node] as PathStep;
      pathNs.set(step, (pathNs.get(step) ?? 0) + own);
    }
  }

  const workloads = new Set<string>();
  const spanOperations = new Set<string>();
  const edges = new Set<bigint>();

  function traceRow(
    derived: Derived,
    self: Float64Array,
    traceId: string,
    tick: number,
    replacesTick: number,
  ): TraceRow {
    const { tree, calls, callOf, failedOf, workloadOf, originNs } = derived;
    const { columns } = tree;
    let endNs = 0;
    let errorCount = 0;
    let firstTick = Infinity;
    let lastTick = 0;
    let rootDurationNs = 0;
    workloads.clear();
    spanOperations.clear();
    edges.clear();
    for (let node = 0; node < tree.count; node++) {
      const row = tree.row[node] ?? 0;
      endNs = Math.max(endNs, tree.endNs[node] ?? 0);
      firstTick = Math.min(firstTick, tree.tick[node] ?? 0);
      lastTick = Math.max(lastTick, columns.tick[row] ?? 0);
      rootDurationNs += self[node] ?? 0;
      if (failedOf(node)) errorCount += 1;
      const workload = workloadOf(node);
      workloads.add(workload.id);
      if (spanOperations.size < maxOperations) spanOperations.add(operation(tree, node, workload).text);
    }
    for (const { source, target } of calls) {
      workloads.add(target.id);
      edges.add(edgeNumber(source, target));
    }
    const root = tree.roots[0] ?? 0;
    const rootRow = tree.row[root] ?? 0;
    const rootWorkload = workloadOf(root);
    const rootCall = calls[callOf[root] ?? -1];
    addSteps(derived, self);
    return {
      tick,
      traceId,
      replacesTick,
      firstTick,
      lastTick,
      startNs: originNs,
      durationNs: Math.round(endNs),
      rootService: rootWorkload.name,
      rootNamespace: rootWorkload.namespace,
      rootOperation: operation(tree, root, rootWorkload).name,
      rootVersion: columns.strings[columns.version[rootRow] ?? 0] ?? '',
      rootDurationNs: Math.round(rootDurationNs),
      spanCount: tree.count,
      errorCount,
      failed: (rootCall?.failed ?? failedOf(root)) ? 1 : 0,
      probe: rootCall?.probe ? 1 : 0,
      weight: columns.weight[rootRow] ?? 1,
      workloads,
      operations: spanOperations,
      edgeIds: edges,
      path: pathNs,
    };
  }

  return {
    settle(trace, history, tick, frames) {
      const earlier = history?.settled;
      const episode = history?.episode ?? [];
      const own = assembler.rowsOf(trace);
      const traceId = assembler.traceId(trace);
      const derived = derive(history === undefined ? own : [...(earlier?.rows ?? []), ...episode, ...own]);
      const { tree, calls, originNs } = derived;
      // Spans keep the tick of their first delivery: whatever came by the earlier settlement was counted there.
      if (earlier !== undefined && !hasNewer(tree, earlier.lastTick)) return undefined;
      for (const call of calls) {
        if (earlier === undefined || call.tick > earlier.lastTick) frames.addCall(call, originNs, traceId);
      }
      const self = pathOf(tree);
      // The latency of a trace is counted once, at its first settlement.
      if (earlier === undefined) addPath(derived, self, frames);
      const replacesTick = earlier === undefined ? 0 : time.toTick(time.toLive(earlier.lastTick) + options.settleTicks);
      return traceRow(derived, self, traceId, tick, replacesTick);
    },
    preview(traces, frames) {
      for (const trace of traces) {
        const traceId = assembler.traceId(trace);
        const { calls, originNs } = derive(assembler.rowsOf(trace));
        for (const call of calls) {
          // Whoever called may still arrive; only a settled trace says that nobody known did.
          if (workloadKinds[call.source.kind] !== 'unknown') frames.addCall(call, originNs, traceId);
        }
      }
    },
  };
}

function hasNewer({ count, tick }: TraceTree, than: number): boolean {
  for (let node = 0; node < count; node++) if ((tick[node] ?? 0) > than) return true;
  return false;
}

/** Edges remembered. */
const maxKnown = 10_000;

/** Operations of one trace that search finds it by. */
const maxOperations = 64;
