/**
 * Identity of a workload (rule C1): cluster, namespace and name; the ids of nodes and edges made of them. How
 * names that senders write are read is normalise/. Versions lie beside the identity, not in it.
 */
import { AppError, quoted } from './error.ts';
import { hash64, hex64 } from './hash.ts';

/** What names a workload. Unknown parts are ''. */
export interface WorkloadName {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
}

/** A workload of the map. */
export interface Workload extends WorkloadName {
  /** Node id, `cluster/namespace/name`. */
  readonly id: string;
  /** Index into workloadKinds. */
  readonly kind: number;
}

/** `cluster/namespace/name`; empty parts stay empty (`//users`), a '/' within a part is written %2F and a '%' %25. */
export function nodeId(cluster: string, namespace: string, name: string): string {
  return `${escapePart(cluster)}/${escapePart(namespace)}/${escapePart(name)}`;
}

/** The parts of a node id. errors: bad-request when it has not three parts. */
export function parseNodeId(id: string): WorkloadName {
  const [cluster, namespace, name, more] = id.split('/');
  if (cluster === undefined || namespace === undefined || name === undefined || more !== undefined)
    throw new AppError('bad-request', `cannot read node id ${quoted(id)}: it must be cluster/namespace/name`);
  return { cluster: unescapePart(cluster), namespace: unescapePart(namespace), name: unescapePart(name) };
}

/** 16 hex digits that stand for the edge between two nodes, the same on every machine. in: node ids. */
export function edgeId(sourceNodeId: string, targetNodeId: string): string {
  // Node ids have two slashes each, so the joined text can be read one way only.
  return hex64(hash64(`${sourceNodeId}/${targetNodeId}`));
}

function escapePart(part: string): string {
  return part.includes('/') || part.includes('%') ? part.replaceAll('%', '%25').replaceAll('/', '%2F') : part;
}

function unescapePart(part: string): string {
  return part.replaceAll('%2F', '/').replaceAll('%2f', '/').replaceAll('%25', '%');
}
