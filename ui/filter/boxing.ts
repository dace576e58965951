/** Boxes to fold: ids as the API takes them in `collapse`. Pure. */
import type { GraphNode } from '#shared/api.ts';
import { nodeId } from '#shared/workload.ts';

/** Ids of all boxes the nodes lie in, sorted; folded ones too. What lies in no namespace (or cluster) is in no box. */
export function boxIds(
  nodes: readonly Pick<GraphNode, 'cluster' | 'namespace'>[],
  boxing: 'none' | 'namespace' | 'cluster',
): string[] {
  const ids = new Set<string>();
  for (const { cluster, namespace } of nodes) {
    if (boxing === 'namespace' && namespace !== '') ids.add(nodeId(cluster, namespace, ''));
    if (boxing === 'cluster' && cluster !== '') ids.add(nodeId(cluster, '', ''));
  }
  return [...ids].sort();
}
