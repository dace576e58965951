/**
 * One settled trace → what it adds to the tick: its calls and critical path into the frames, its row in `traces`, its
 * call paths. All rules are those of shared/; this file joins them and knows what an earlier settlement already counted.
 */
import { callsOf, type Call, type CallOptions } from '#shared/calls.ts';
import { createPathScratch, criticalPath } from '#shared/critical-path.ts';
import { durationBand } from '#shared/sketch.ts';
import { workloadKinds } from '#shared/span.ts';
import { buildTree, createTreeScratch, type TraceTree } from '#shared/trace-tree.ts';
import { edgeId, type Workload } from '#shared/workload.ts';
import type { TraceRow } from '../store/traces.ts';
import type { Assembler, OpenTrace } from './assemble.ts';
import type { Frames } from './frames.ts';
import type { History } from './follow.ts';
import type { LiveTime } from './live-time.ts';
import type { PathStep, PathTable } from './paths.ts';

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
  /** Settles a trace at the tick. out: its row, or nothing when every span of it was already settled. */
  settle(trace: OpenTrace, history: History | undefined, tick: number, frames: Frames): TraceRow | undefined;
  /** Makes the provisional picture of open traces. */
  preview(traces: Iterable<OpenTrace>, frames: Frames): void;
}

export function createSettler(assembler: Assembler, paths: PathTable, time: LiveTime, options: DeriveOptions): Settler {
  const scratch = createTreeScratch();
  const pathScratch = createPathScratch();

  function derive(rows: readonly number[]) {
    const originNs = assembler.focus(rows);
    const { columns } = assembler;
    const tree = buildTree(columns, rows, scratch);
    return { originNs, tree, ...callsOf(tree, options.calls) };
  }
  type Derived = ReturnType<typeof derive>;

  /** Edge ids as the store holds them, by the id's two ends; forgotten when there are too many. */
  const edgeNumbers = new Map<string, bigint>();

  function edgeNumber(source: Workload, target: Workload): bigint {
    const key = `${source.id}>${target.id}`;
    let number = edgeNumbers.get(key);
    if (number === undefined) {
      if (edgeNumbers.size >= maxKnown) edgeNumbers.clear();
      number = BigInt(`0x${edgeId(source.id, target.id)}`);
      edgeNumbers.set(key, number);
    }
    return number;
  }

  /** ns on the critical path by node. */
  function pathOf(tree: TraceTree): Float64Array {
    const self = new Float64Array(tree.count);
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
      key: `${durationBand(rootDurationNs)}|${workload.name}|${columns.strings[columns.name[row] ?? 0] ?? ''}`,
      root: workload,
      rootDurationNs,
      weight: columns.weight[row] ?? 1,
      calls: byCall,
      uncalled,
    });
  }

  /** The critical path as call-path ids and the ns each owns, in the order they first appear in the tree. */
  function pathRows({ tree, workloadOf }: Derived, self: Float64Array): { ids: string[]; ns: number[] } {
    const { columns, parent } = tree;
    const steps: (PathStep | undefined)[] = [];
    const ns = new Map<string, number>();
    const chain: number[] = [];
    for (let node = 0; node < tree.count; node++) {
      const own = self[node] ?? 0;
      if (own === 0) continue;
      let at = node;
      while (at >= 0 && steps[at] === undefined) {
        chain.push(at);
        at = parent[at] ?? -1;
      }
      for (let next = chain.pop(); next !== undefined; next = chain.pop()) {
        const row = tree.row[next] ?? 0;
        const workload = workloadOf(next);
        const before = parent[next] ?? -1;
        steps[next] = paths.step(
          before < 0 ? undefined : steps[before],
          workload.name,
          workload.namespace,
          columns.strings[columns.name[row] ?? 0] ?? '',
          columns.kind[row] ?? 0,
        );
      }
      const { pathId } = steps[node] as PathStep;
      ns.set(pathId, (ns.get(pathId) ?? 0) + own);
    }
    return { ids: [...ns.keys()], ns: [...ns.values()] };
  }

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
    const workloads = new Set<string>();
    const operations = new Set<string>();
    for (let node = 0; node < tree.count; node++) {
      const row = tree.row[node] ?? 0;
      endNs = Math.max(endNs, tree.endNs[node] ?? 0);
      firstTick = Math.min(firstTick, tree.tick[node] ?? 0);
      lastTick = Math.max(lastTick, columns.tick[row] ?? 0);
      if (failedOf(node)) errorCount += 1;
      const workload = workloadOf(node);
      workloads.add(workload.id);
      if (operations.size < maxOperations)
        operations.add(`${workload.name} ${columns.strings[columns.name[row] ?? 0] ?? ''}`);
    }
    const edges = new Set<bigint>();
    for (const { source, target } of calls) {
      workloads.add(target.id);
      edges.add(edgeNumber(source, target));
    }
    const root = tree.roots[0] ?? 0;
    const rootRow = tree.row[root] ?? 0;
    const rootWorkload = workloadOf(root);
    const rootCall = calls[callOf[root] ?? -1];
    const path = pathRows(derived, self);
    return {
      tick,
      traceId,
      replacesTick,
      firstTick,
      lastTick,
      startNs: originNs,
      durationNs: BigInt(Math.round(endNs)),
      rootService: rootWorkload.name,
      rootNamespace: rootWorkload.namespace,
      rootOperation: columns.strings[columns.name[rootRow] ?? 0] ?? '',
      rootVersion: columns.strings[columns.version[rootRow] ?? 0] ?? '',
      rootDurationNs: BigInt(Math.round(self.reduce((sum, ns) => sum + ns, 0))),
      spanCount: tree.count,
      errorCount,
      failed: (rootCall?.failed ?? failedOf(root)) ? 1 : 0,
      probe: rootCall?.probe ? 1 : 0,
      weight: columns.weight[rootRow] ?? 1,
      workloads: [...workloads],
      operations: [...operations],
      edgeIds: [...edges],
      pathIds: path.ids.map(BigInt),
      pathNs: path.ns.map((ns) => BigInt(Math.round(ns))),
    };
  }

  return {
    settle(trace, history, tick, frames) {
      const earlier = history?.settled;
      const episode = history?.episode ?? [];
      const rows = [...(earlier?.rows ?? []), ...episode, ...trace.rows];
      const derived = derive(rows);
      const { tree, calls, originNs } = derived;
      // Spans keep the tick of their first delivery: whatever came by the earlier settlement was counted there.
      if (earlier !== undefined && !hasNewer(tree, earlier.lastTick)) return undefined;
      for (const call of calls) {
        if (earlier === undefined || call.tick > earlier.lastTick) frames.addCall(call, originNs, trace.traceId);
      }
      const self = pathOf(tree);
      // The latency of a trace is counted once, at its first settlement.
      if (earlier === undefined) addPath(derived, self, frames);
      const replacesTick = earlier === undefined ? 0 : time.toTick(time.toLive(earlier.lastTick) + options.settleTicks);
      return traceRow(derived, self, trace.traceId, tick, replacesTick);
    },
    preview(traces, frames) {
      for (const { traceId, rows } of traces) {
        const { calls, originNs } = derive(rows);
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
