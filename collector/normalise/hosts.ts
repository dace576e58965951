/**
 * Host names -> workload names (rule C4): `reviews.shop.svc.cluster.local:9080` is `reviews` in `shop`; any other host is
 * taken as it is, never with a port or a path.
 */
import { type WorkloadKind, workloadKinds } from '#shared/span.ts';

/** A destination as a name says it. */
export interface NamedPeer {
  readonly name: string;
  readonly namespace: string;
  /** Subset, else ''. */
  readonly version: string;
  /** Index into workloadKinds. */
  readonly kind: number;
}

export const noPeer: NamedPeer = { name: '', namespace: '', version: '', kind: kindIndex('unknown') };

/** Index of a kind, as columns hold it. */
export function kindIndex(kind: WorkloadKind): number {
  return workloadKinds.indexOf(kind);
}

/** The peer a host (with or without port, brackets, final dot) names; noPeer for an empty one. */
export function parseHost(authority: string): NamedPeer {
  const host = hostOf(authority);
  if (host === '') return noPeer;
  const labels = host.split('.');
  const svc = labels.indexOf('svc');
  // The label before the namespace: also right for a pod of a headless service, `db-0.db.data.svc…`.
  if (svc >= 2) return { name: labels[svc - 2]!, namespace: labels[svc - 1]!, version: '', kind: kindIndex('service') };
  return { name: host, namespace: '', version: '', kind: kindIndex(kindOfHost(host, labels.length)) };
}

/** Host of an authority, in lower case, without user, port, brackets and final dot. */
export function hostOf(authority: string): string {
  let host = authority
    .slice(authority.lastIndexOf('@') + 1)
    .trim()
    .toLowerCase();
  const bracket = host.indexOf(']');
  if (host.startsWith('[') && bracket > 0) return host.slice(1, bracket);
  // More than one colon without brackets is a bare IPv6 address.
  const colon = host.indexOf(':');
  if (colon !== -1 && host.indexOf(':', colon + 1) === -1) host = host.slice(0, colon);
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

/** One label is a name of the own network, a dotted name is outside the mesh; of an address nothing can be said. */
function kindOfHost(host: string, labels: number): WorkloadKind {
  if (host === 'localhost' || host.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return 'unknown';
  return labels === 1 ? 'service' : 'external';
}
