/**
 * Boxes round the workloads of a namespace or a cluster. A collapsed box is one node of the graph with the box's own id, so
 * a node is in no box of its own name. Workloads without a namespace (users, hosts outside) stand free.
 */
import type { GraphNode } from '#shared/api.ts';
import { nodeId } from '#shared/workload.ts';

export type Boxing = 'none' | 'namespace' | 'cluster';

export interface Frame {
  readonly id: string;
  readonly label: string;
  readonly kind: 'namespace' | 'cluster';
  /** Workloads in it. */
  readonly count: number;
  readonly parent?: string;
}

export interface Frames {
  readonly frames: readonly Frame[];
  /** Innermost box of a node, by node id; absent = none. */
  readonly boxOf: ReadonlyMap<string, string>;
}

type Named = Pick<GraphNode, 'id' | 'namespace' | 'cluster'>;

/** The boxes of a graph. Namespaces stand in boxes of their clusters when there is more than one cluster. */
export function toFrames(nodes: readonly Named[], boxing: Boxing): Frames {
  if (boxing === 'none') return { frames: [], boxOf: new Map() };
  const several = new Set(nodes.map(({ cluster }) => cluster).filter((cluster) => cluster !== '')).size > 1;
  const frames = new Map<string, Frame>();
  const boxOf = new Map<string, string>();
  const count = (frame: Omit<Frame, 'count'>) =>
    frames.set(frame.id, { ...frame, count: (frames.get(frame.id)?.count ?? 0) + 1 });
  for (const { id, namespace, cluster } of nodes) {
    const clusterId = cluster === '' ? '' : nodeId(cluster, '', '');
    const namespaceId = namespace === '' ? '' : nodeId(cluster, namespace, '');
    const withCluster = clusterId !== '' && clusterId !== id && (boxing === 'cluster' || several);
    const withNamespace = boxing === 'namespace' && namespaceId !== '' && namespaceId !== id;
    if (withCluster) count({ id: clusterId, label: cluster, kind: 'cluster' });
    if (withNamespace)
      count({ id: namespaceId, label: namespace, kind: 'namespace', ...(withCluster ? { parent: clusterId } : {}) });
    const own = withNamespace ? namespaceId : withCluster ? clusterId : '';
    if (own !== '') boxOf.set(id, own);
  }
  return { frames: [...frames.values()].sort((a, b) => (a.id < b.id ? -1 : 1)), boxOf };
}

/** What the button of a box is called: `Collapse namespace shop: 9 workloads`. */
export function collapseName({ kind, label, count }: Frame): string {
  return `Collapse ${kind} ${label}: ${count} ${count === 1 ? 'workload' : 'workloads'}`;
}

/** What the button of a collapsed box is called: `Expand namespace shop`. in: the node that stands for it. */
export function expandName({ name, namespace }: Pick<GraphNode, 'name' | 'namespace'>): string {
  return `Expand ${namespace === '' ? 'cluster' : 'namespace'} ${name}`;
}
