/**
 * How the search is asked for the traces of a workload or of an edge of the map. What the search has no word for (a namespace
 * or a cluster drawn as one, users, what was folded) is asked for not at all. Pure.
 */
import type { GraphNode } from '#shared/api.ts';
import { edgeId, nodeId, parseNodeId } from '#shared/workload.ts';

/** Parameters of the search page. */
export type TraceTerms = Readonly<Record<string, string>>;

type Node = Pick<GraphNode, 'id' | 'name' | 'namespace' | 'cluster' | 'kind' | 'calls'>;

/** The traces that a workload, or one version of it, has a part in; undefined when they cannot be asked for. */
export function nodeTerms(node: Node): TraceTerms | undefined {
  const known = workloadOf(node);
  // who sends no spans is in a trace only as one that is called
  if (known === undefined || node.kind === 'users' || (node.kind === 'unknown' && node.calls === 0)) return undefined;
  return { service: node.name, ...(known.version !== '' && { version: known.version }) };
}

/**
 * The traces that have a call of an edge; undefined when they cannot be asked for. An edge between versions is the edge of their
 * workloads, in a trace with a span of the version that is called, or else of the caller's.
 */
export function edgeTerms(source: Node, target: Node): TraceTerms | undefined {
  const [from, to] = [workloadOf(source), workloadOf(target)];
  if (from === undefined || to === undefined) return undefined;
  const versioned = to.version !== '' ? target : from.version !== '' ? source : undefined;
  return { edge: edgeId(from.id, to.id), ...(versioned && nodeTerms(versioned)) };
}

/** The workload that a node of the map is; undefined for more than one. version: '' where the node is all of them. */
function workloadOf({ id, name, namespace, cluster, kind }: Node): { id: string; version: string } | undefined {
  if (kind === 'other') return undefined;
  const whole = nodeId(cluster, namespace, name);
  if (id === whole) return { id, version: '' };
  if (id.startsWith(`${whole}/`)) return { id: whole, version: parseNodeId(`//${id.slice(whole.length + 1)}`).name };
  return undefined;
}
