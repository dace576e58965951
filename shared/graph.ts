/**
 * Edge frames → the map: sums per edge, nodes made of their edges, a filter, a neighbourhood, and a bound. Pure: the same
 * frames give the same map on the server, in the page and in tests. Frames outside the interval must not be passed in.
 */
import type { Graph, GraphEdge, GraphNode } from './api.ts';
import {
  addFrame,
  emptySum,
  mergeSum,
  perSecond,
  round,
  shareOf,
  successRate,
  toLatencyOf,
  toNumbers,
  totalOf,
  type EdgeSum,
} from './edge-sum.ts';
import type { EdgeFrame } from './frame.ts';
import { clearer, createEnds, isNamed, otherEnd, type End, type GroupBy } from './graph-ends.ts';
import { edgeId } from './workload.ts';

export interface GraphOptions {
  /** The interval the frames span, epoch ms; rates are per second of it. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly generatedAtMs: number;
  /** Traces whose calls are provisional. */
  readonly unsettled: number;
  readonly groupBy?: GroupBy;
  /** Count health checks too (rule C6). */
  readonly probes?: boolean;
  /** Keep edges with an end in one of these, and their other ends. Empty or absent: all. */
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Keep what lies within `hops` edges, in either direction, of this workload (id, name or name.namespace). */
  readonly service?: string;
  readonly hops?: number;
  /** Bounds of the map; what does not fit is one node `other` (rule C13). */
  readonly maxNodes?: number;
  readonly maxEdges?: number;
}

interface Edge {
  readonly source: End;
  readonly target: End;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  readonly sum: EdgeSum;
}

interface Node {
  end: End;
  /** Inbound calls, and the critical path of its own row. */
  readonly sum: EdgeSum;
  readonly versions: Map<string, { calls: number; failed: number }>;
  /** Calls in and out: who stays when there are too many. */
  volume: number;
}

interface Sums {
  readonly edges: Map<string, Edge>;
  readonly nodes: Map<string, Node>;
  /** Latency of all traces together. */
  totalRootNs: number;
  sampled: boolean;
}

/** The map of the frames. out: nodes sorted by id, edges by source and target. */
export function toGraph(frames: Iterable<EdgeFrame>, options: GraphOptions): Graph {
  const groupBy = options.groupBy ?? 'service';
  const sums = fold(filter(sumFrames(frames, groupBy, options.probes ?? false), options), options);
  const seconds = (options.toMs - options.fromMs) / 1000;
  const nodes = Array.from(sums.nodes.values(), (node) => toNode(node, seconds, sums.totalRootNs));
  const edges = Array.from(sums.edges.values(), (edge): GraphEdge => {
    const { source, target, sourceVersion, targetVersion } = edge;
    return {
      id: edgeId(source.id, target.id),
      source: source.id,
      target: target.id,
      ...(groupBy === 'version' ? { sourceVersion, targetVersion } : {}),
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
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sumFrames(frames: Iterable<EdgeFrame>, groupBy: GroupBy, probes: boolean): Sums {
  const ends = createEnds(groupBy);
  const sums: Sums = { edges: new Map(), nodes: new Map(), totalRootNs: 0, sampled: false };
  for (const frame of frames) {
    if (frame.probe !== 0 && !probes) continue;
    const target = nodeAt(sums, ends.target(frame));
    const source = ends.source(frame);
    if (source === undefined) {
      sums.totalRootNs += totalOf(frame.rootNs);
      target.sum.criticalNs += totalOf(frame.criticalNs);
      continue;
    }
    if (frame.calls !== frame.seen) sums.sampled = true;
    countVersion(nodeAt(sums, source), frame.sourceVersion, 0, 0);
    countVersion(target, frame.targetVersion, frame.calls, frame.failed);
    addFrame(edgeAt(sums, source, target.end, frame).sum, frame);
  }
  for (const { source, target, sum } of sums.edges.values()) {
    const node = nodeAt(sums, target);
    mergeSum(node.sum, sum);
    node.volume += sum.calls;
    nodeAt(sums, source).volume += sum.calls;
  }
  return sums;
}

function nodeAt(sums: Sums, end: End): Node {
  let node = sums.nodes.get(end.id);
  if (node === undefined) {
    node = { end, sum: emptySum(), versions: new Map(), volume: 0 };
    sums.nodes.set(end.id, node);
  } else if (node.end !== end) {
    node.end = clearer(node.end, end);
  }
  return node;
}

function edgeAt(
  sums: Sums,
  source: End,
  target: End,
  versions: Pick<EdgeFrame, 'sourceVersion' | 'targetVersion'>,
): Edge {
  const key = `${source.id}\n${target.id}`;
  let edge = sums.edges.get(key);
  if (edge === undefined) {
    const { sourceVersion, targetVersion } = versions;
    edge = { source, target, sourceVersion, targetVersion, sum: emptySum() };
    sums.edges.set(key, edge);
  }
  return edge;
}

function countVersion({ versions }: Node, version: string, calls: number, failed: number): void {
  const held = versions.get(version);
  if (held === undefined) {
    versions.set(version, { calls, failed });
    return;
  }
  held.calls += calls;
  held.failed += failed;
}

/** Keeps the edges the options ask for, their ends, and matching nodes without edges. Numbers stay those of the whole map. */
function filter(sums: Sums, options: GraphOptions): Sums {
  const { clusters = [], namespaces = [], service, hops = 1 } = options;
  let kept = sums;
  if (clusters.length > 0 || namespaces.length > 0) {
    const inside = ({ cluster, namespace }: End): boolean =>
      (clusters.length === 0 || clusters.includes(cluster)) &&
      (namespaces.length === 0 || namespaces.includes(namespace));
    const edges = new Map([...kept.edges].filter(([, { source, target }]) => inside(source) || inside(target)));
    kept = restrict(kept, edges, (node) => inside(node.end));
  }
  if (service !== undefined) {
    const near = neighbourhood(kept, service, hops);
    const edges = new Map(
      [...kept.edges].filter(([, { source, target }]) => near.has(source.id) && near.has(target.id)),
    );
    kept = restrict(kept, edges, (node) => near.has(node.end.id));
  }
  return kept;
}

function restrict(sums: Sums, edges: Map<string, Edge>, keep: (node: Node) => boolean): Sums {
  const touched = new Set<string>();
  for (const { source, target } of edges.values()) touched.add(source.id).add(target.id);
  return { ...sums, edges, nodes: new Map([...sums.nodes].filter(([id, node]) => touched.has(id) || keep(node))) };
}

/** Ids within `hops` edges of the named workload, the edges taken in either direction. */
function neighbourhood(sums: Sums, service: string, hops: number): Set<string> {
  const neighbours = new Map<string, string[]>();
  const join = (a: string, b: string): void => {
    const list = neighbours.get(a);
    if (list) list.push(b);
    else neighbours.set(a, [b]);
  };
  for (const { source, target } of sums.edges.values()) {
    join(source.id, target.id);
    join(target.id, source.id);
  }
  const near = new Set<string>();
  for (const { end } of sums.nodes.values()) if (isNamed(end, service)) near.add(end.id);
  let frontier = [...near];
  for (let hop = 0; hop < hops && frontier.length > 0; hop++) {
    const next: string[] = [];
    for (const id of frontier) {
      for (const neighbour of neighbours.get(id) ?? []) {
        if (near.has(neighbour)) continue;
        near.add(neighbour);
        next.push(neighbour);
      }
    }
    frontier = next;
  }
  return near;
}

/** Folds the nodes and edges with the fewest calls into `other` when there are more than fit. Totals stay. */
function fold(sums: Sums, { maxNodes = 2000, maxEdges = 10_000 }: GraphOptions): Sums {
  let folded = sums;
  if (folded.nodes.size > maxNodes) {
    const byVolume = [...folded.nodes.values()].sort((a, b) => b.volume - a.volume || compare(a.end.id, b.end.id));
    const fits = new Set(byVolume.slice(0, maxNodes - 1).map(({ end }) => end.id));
    fits.delete(otherEnd.id);
    folded = rejoin(folded, (end) => (fits.has(end.id) ? end : otherEnd), undefined);
  }
  if (folded.edges.size > maxEdges) {
    const byCalls = [...folded.edges].sort(([a, x], [b, y]) => y.sum.calls - x.sum.calls || compare(a, b));
    const fits = new Set(byCalls.slice(0, maxEdges - 1).map(([key]) => key));
    folded = rejoin(folded, undefined, fits);
  }
  return folded;
}

/** The sums with ends replaced, or with all but the fitting edges joined into one from `other` to `other`. */
function rejoin(sums: Sums, place: ((end: End) => End) | undefined, fits: ReadonlySet<string> | undefined): Sums {
  const joined: Sums = { ...sums, edges: new Map(), nodes: new Map() };
  for (const node of sums.nodes.values()) {
    const end = place?.(node.end) ?? node.end;
    const target = nodeAt(joined, end);
    mergeSum(target.sum, node.sum);
    target.volume += node.volume;
    if (end !== otherEnd) for (const [version, held] of node.versions) target.versions.set(version, held);
  }
  for (const [key, edge] of sums.edges) {
    const fitting = fits === undefined || fits.has(key);
    const source = fitting ? (place?.(edge.source) ?? edge.source) : otherEnd;
    const target = fitting ? (place?.(edge.target) ?? edge.target) : otherEnd;
    const versions = source === otherEnd || target === otherEnd ? noVersions : edge;
    mergeSum(edgeAt(joined, nodeAt(joined, source).end, nodeAt(joined, target).end, versions).sum, edge.sum);
  }
  return joined;
}

const noVersions = { sourceVersion: '', targetVersion: '' };

function toNode({ end, sum, versions }: Node, seconds: number, totalRootNs: number): GraphNode {
  const named = [...versions].filter(([version]) => version !== '');
  const shown = named.length === 0 ? [] : [...versions].filter(([version, { calls }]) => version !== '' || calls > 0);
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
    latencyMs: toLatencyOf(sum, sum.serverNs.size > 0 ? sum.serverNs : sum.clientNs),
    criticalShare: shareOf(sum.criticalNs, totalRootNs),
  };
}
