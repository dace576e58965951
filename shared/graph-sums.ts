/**
 * Edge frames → sums per edge and per node of the map, before any filter and bound. What a node stands for is
 * graph-ends.ts; the API's numbers of a sum are edge-sum.ts.
 */
import { addFrame, emptySum, mergeSum, totalOf, type EdgeSum } from './edge-sum.ts';
import { noSource, type EdgeFrame } from './frame.ts';
import { clearer, createEnds, type End, type EndOptions } from './graph-ends.ts';

export interface EdgeSums {
  readonly source: End;
  readonly target: End;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  readonly sum: EdgeSum;
  /** An end of one of its calls lies in the clusters and namespaces asked for. */
  inScope: boolean;
}

export interface NodeSums {
  end: End;
  /** Inbound calls, and the critical path of its own row. */
  readonly sum: EdgeSum;
  readonly versions: Map<string, { calls: number; failed: number }>;
  /** Calls in and out: who stays when there are too many. */
  volume: number;
  /** A workload of it is in the clusters and namespaces asked for, or is what is focused on. */
  inScope: boolean;
  inFocus: boolean;
}

export interface Sums {
  readonly edges: Map<string, EdgeSums>;
  readonly nodes: Map<string, NodeSums>;
  /** Latency of all traces together, and how many they are. */
  totalRootNs: number;
  traces: number;
  sampled: boolean;
  readonly clusters: Set<string>;
  readonly namespaces: Set<string>;
}

/** Adds up all frames; a health check only when asked for. */
export function sumFrames(frames: Iterable<EdgeFrame>, options: EndOptions & { readonly probes?: boolean }): Sums {
  const ends = createEnds(options);
  const sums: Sums = {
    edges: new Map(),
    nodes: new Map(),
    totalRootNs: 0,
    traces: 0,
    sampled: false,
    clusters: new Set(),
    namespaces: new Set(),
  };
  for (const frame of frames) {
    if (frame.probe !== 0 && !options.probes) continue;
    noteScopes(sums, frame);
    const to = ends.target(frame);
    const target = nodeAt(sums, to);
    const from = ends.source(frame);
    if (from === undefined) {
      sums.totalRootNs += totalOf(frame.rootNs);
      sums.traces += totalOf(frame.rootCount);
      target.sum.criticalNs += totalOf(frame.criticalNs);
      continue;
    }
    if (frame.calls !== frame.seen) sums.sampled = true;
    const source = nodeAt(sums, from);
    // Without calls a version is only worth telling when it is a node of its own.
    if (frame.seen > 0 || options.groupBy === 'version') {
      countVersion(source, frame.sourceVersion, 0, 0);
      countVersion(target, frame.targetVersion, frame.calls, frame.failed);
    }
    const edge = edgeAt(sums, from, target.end, frame);
    if (from.inScope || to.inScope) edge.inScope = true;
    addFrame(edge.sum, frame);
  }
  for (const { source, target, sum } of sums.edges.values()) {
    const node = nodeAt(sums, target);
    mergeSum(node.sum, sum);
    node.volume += sum.calls;
    nodeAt(sums, source).volume += sum.calls;
  }
  return sums;
}

function noteScopes({ clusters, namespaces }: Sums, frame: EdgeFrame): void {
  clusters.add(frame.targetCluster);
  namespaces.add(frame.targetNamespace);
  if (frame.sourceKind === noSource) return;
  clusters.add(frame.sourceCluster);
  namespaces.add(frame.sourceNamespace);
}

export function nodeAt(sums: Pick<Sums, 'nodes'>, end: End): NodeSums {
  let node = sums.nodes.get(end.id);
  if (node === undefined) {
    const { inScope, inFocus } = end;
    node = { end, sum: emptySum(), versions: new Map(), volume: 0, inScope, inFocus };
    sums.nodes.set(end.id, node);
  } else if (node.end !== end) {
    node.end = clearer(node.end, end);
    if (end.inScope) node.inScope = true;
    if (end.inFocus) node.inFocus = true;
  }
  return node;
}

export function edgeAt(
  sums: Pick<Sums, 'edges'>,
  source: End,
  target: End,
  versions: Pick<EdgeFrame, 'sourceVersion' | 'targetVersion'>,
): EdgeSums {
  const key = `${source.id}\n${target.id}`;
  let edge = sums.edges.get(key);
  if (edge === undefined) {
    const { sourceVersion, targetVersion } = versions;
    edge = { source, target, sourceVersion, targetVersion, sum: emptySum(), inScope: false };
    sums.edges.set(key, edge);
  }
  return edge;
}

function countVersion({ versions }: NodeSums, version: string, calls: number, failed: number): void {
  const held = versions.get(version);
  if (held === undefined) {
    versions.set(version, { calls, failed });
    return;
  }
  held.calls += calls;
  held.failed += failed;
}
