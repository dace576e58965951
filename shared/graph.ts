/**
 * Edge frames → the map: sums per edge, nodes made of their edges, a filter, a neighbourhood, and a bound. Pure: the same
 * frames give the same map on the server, in the page and in tests. Frames outside the interval must not be passed in.
 */
import type { Graph, GraphEdge, GraphNode, Thresholds } from './api.ts';
import { perSecond, round, shareOf, successRate, toLatencyOf, toNumbers } from './edge-sum.ts';
import type { EdgeFrame } from './frame.ts';
import type { EndOptions } from './graph-ends.ts';
import { compare, filter, fold, type FilterOptions } from './graph-filter.ts';
import { sumFrames, type NodeSums } from './graph-sums.ts';
import { edgeId } from './workload.ts';

export interface GraphOptions extends EndOptions, FilterOptions {
  /** The interval the frames span, epoch ms; rates are per second of it. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly generatedAtMs: number;
  /** Traces whose calls are provisional. */
  readonly unsettled: number;
  /** Count health checks too (rule C6). */
  readonly probes?: boolean;
  /** Bounds of the map; what does not fit is one node `other` (rule C13). */
  readonly maxNodes?: number;
  readonly maxEdges?: number;
  readonly thresholds?: Thresholds;
  /** The traces that the frames' critical paths are of; all when absent. How many they are is counted here. */
  readonly critical?: Omit<Graph['critical'], 'traces'>;
}

/** As the settings are when nobody sets them. */
const usualThresholds: Thresholds = { warnFailed: 0.001, badFailed: 0.01, badP99Ms: 500 };
const allTraces: NonNullable<GraphOptions['critical']> = { entry: '', band: 'all', fromMs: 0 };

/** The map of the frames. out: nodes sorted by id, edges by source and target. */
export function toGraph(frames: Iterable<EdgeFrame>, options: GraphOptions): Graph {
  const { maxNodes = 2000, maxEdges = 10_000, thresholds = usualThresholds, critical = allTraces } = options;
  const sums = fold(filter(sumFrames(frames, options), options), maxNodes, maxEdges);
  const seconds = (options.toMs - options.fromMs) / 1000;
  const nodes = Array.from(sums.nodes.values(), (node) => toNode(node, seconds, sums.totalRootNs));
  const edges = Array.from(sums.edges.values(), (edge): GraphEdge => {
    const { source, target, sourceVersion, targetVersion } = edge;
    return {
      id: edgeId(source.id, target.id),
      source: source.id,
      target: target.id,
      ...(options.groupBy === 'version' ? { sourceVersion, targetVersion } : {}),
      ...toNumbers(edge.sum, seconds, sums.totalRootNs),
    };
  });
  return {
    from: options.fromMs,
    to: options.toMs,
    generatedAt: options.generatedAtMs,
    sampled: sums.sampled,
    nodes: nodes.sort((a, b) => compare(a.id, b.id)),
    edges: edges.sort((a, b) => compare(a.source, b.source) || compare(a.target, b.target)),
    unsettled: options.unsettled,
    thresholds,
    scopes: { clusters: named(sums.clusters), namespaces: named(sums.namespaces) },
    critical: { ...critical, traces: round(sums.traces) },
  };
}

function named(names: ReadonlySet<string>): string[] {
  return [...names].filter((name) => name !== '').sort(compare);
}

function toNode({ end, sum, versions }: NodeSums, seconds: number, totalRootNs: number): GraphNode {
  const written = [...versions].filter(([version]) => version !== '');
  const shown = written.length === 0 ? [] : [...versions].filter(([version, { calls }]) => version !== '' || calls > 0);
  return {
    id: end.id,
    name: end.name,
    namespace: end.namespace,
    cluster: end.cluster,
    kind: end.kind,
    versions: shown
      .map(([version, { calls, failed }]) => ({ version, calls: round(calls), failed: round(failed) }))
      .sort((a, b) => b.calls - a.calls || compare(a.version, b.version)),
    calls: round(sum.calls),
    failed: round(sum.failed),
    successRate: successRate(sum),
    rate: perSecond(sum.calls, seconds),
    latencyMs: toLatencyOf(sum, sum.serverNs.length > 0 ? sum.serverNs : sum.clientNs),
    criticalShare: shareOf(sum.criticalNs, totalRootNs),
    provisional: round(sum.provisional),
  };
}
