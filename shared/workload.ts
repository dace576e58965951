/**
 * Identity of a workload (rule C1): cluster, namespace and name; the ids of nodes and edges made of them; names as Envoy,
 * Kubernetes and SDKs write them, taken apart; configured aliases. Versions lie beside the identity, not in it.
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

/**
 * Name and namespace of a host as a URL, an authority or an Envoy cluster gives it.
 * in: `reviews.shop.svc.cluster.local:9080`, `http://user@Host/path`, `[::1]:80`, `api.stripe.example`.
 * out: for `….svc` and `….svc.<domain>` the service's label and the namespace (of a pod of a headless service, `db-0.db.data.svc`,
 * the service: its pods are one workload); any other host as it is, lower case, with neither
 * port nor path nor credentials and namespace ''.
 */
export function splitHost(text: string): { name: string; namespace: string } {
  const host = bareHost(text);
  const labels = host.split('.');
  const svc = labels.indexOf('svc', 2);
  if (svc < 0) return { name: host, namespace: '' };
  return { name: labels[svc - 2] ?? '', namespace: labels[svc - 1] ?? '' };
}

/** The host of a URL, an authority or a host: lower case, without scheme, credentials, port, path and final dot. */
export function bareHost(text: string): string {
  let host = text.trim();
  const scheme = host.indexOf('://');
  if (scheme >= 0) host = host.slice(scheme + 3);
  const end = host.search(/[/?#]/);
  if (end >= 0) host = host.slice(0, end);
  host = host.slice(host.lastIndexOf('@') + 1);
  if (host.startsWith('[')) {
    const close = host.indexOf(']');
    host = close < 0 ? host.slice(1) : host.slice(1, close);
  } else if (host.indexOf(':') === host.lastIndexOf(':') && host.includes(':')) host = host.slice(0, host.indexOf(':'));
  if (host.endsWith('.')) host = host.slice(0, -1);
  return host.toLowerCase();
}

/**
 * Name and namespace of a service name that may carry its namespace: `frontend.shop`.
 * in: the namespace if another attribute tells it, and whether a proxy wrote the name (Istio's `<app>.<namespace>`).
 * out: split at `.namespace` when that is known, at the last dot when a proxy wrote it, else as it is.
 */
export function splitServiceName(
  service: string,
  namespace: string,
  byProxy: boolean,
): { name: string; namespace: string } {
  if (namespace !== '') {
    const suffix = `.${namespace}`;
    const carries = service.length > suffix.length && service.endsWith(suffix);
    return { name: carries ? service.slice(0, -suffix.length) : service, namespace };
  }
  const dot = byProxy ? service.lastIndexOf('.') : -1;
  if (dot <= 0 || dot === service.length - 1) return { name: service, namespace: '' };
  return { name: service.slice(0, dot), namespace: service.slice(dot + 1) };
}

/** Configured names: `name`, `namespace/name` or `cluster/namespace/name` to the parts it stands for. */
export type Aliases = ReadonlyMap<string, Partial<WorkloadName>>;

/**
 * Aliases from configuration. in: `frontend-app=shop/frontend,legacy=east/shop/orders`; parts left out are kept.
 * errors: bad-request for an entry that is not `from=to`.
 */
export function parseAliases(text: string): Aliases {
  const aliases = new Map<string, Partial<WorkloadName>>();
  for (const entry of text.split(',')) {
    if (entry.trim() === '') continue;
    const [from = '', to = '', more] = entry.split('=').map((side) => side.trim());
    const parts = to.split('/');
    const [name = '', namespace, cluster] = parts.toReversed();
    if (from === '' || name === '' || more !== undefined || parts.length > 3)
      throw new AppError('bad-request', `cannot read alias ${quoted(entry)}: it must be name=namespace/name`);
    aliases.set(from, {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(cluster === undefined ? {} : { cluster }),
    });
  }
  return aliases;
}

/** The workload a name is an alias of: the most exact entry wins; the name itself when there is none. */
export function applyAlias(aliases: Aliases, workload: WorkloadName): WorkloadName {
  const { cluster, namespace, name } = workload;
  const alias =
    aliases.get(`${cluster}/${namespace}/${name}`) ?? aliases.get(`${namespace}/${name}`) ?? aliases.get(name);
  return alias === undefined ? workload : { cluster, namespace, name, ...alias };
}
