/**
 * Which workload each span of a trace belongs to (rule C1), and which one a span names as its destination (rule C4). Both
 * must come out as the same workload, so what a span leaves out is completed alike: from the proxy next to it, else from
 * its caller, in whose namespace a short name is looked up as Kubernetes would.
 */
import { kind, mark } from './span.ts';
import type { TraceTree } from './trace-tree.ts';
import { workloadKind, type TextIds, type WorkloadTable } from './workload-table.ts';

/** Who the nodes of one trace are: text ids, and the workload they make. Arrays may be longer than the tree. */
export interface Identities {
  capacity: number;
  name: Int32Array;
  namespace: Int32Array;
  cluster: Int32Array;
  version: Int32Array;
  workload: Int32Array;
  /** By node: its identity is, or was completed from, a proxy's. */
  informed: Uint8Array;
  /** By workload's node number: the last trace in which a span was its. */
  stamps: Float64Array;
  trace: number;
  distinct: number;
}

export function createIdentities(capacity: number): Identities {
  return {
    capacity,
    name: new Int32Array(capacity),
    namespace: new Int32Array(capacity),
    cluster: new Int32Array(capacity),
    version: new Int32Array(capacity),
    workload: new Int32Array(capacity),
    informed: new Uint8Array(capacity),
    stamps: new Float64Array(1024),
    trace: 0,
    distinct: 0,
  };
}

/** Fills `ids` for a tree. in: how many workloads a trace may have before the rest is `other` (rule C13). */
export function identify(tree: TraceTree, table: WorkloadTable, ids: Identities, maxWorkloads: number): void {
  const { columns, count, row, parent } = tree;
  const { name, namespace, cluster, version, workload, informed } = ids;
  let bare = false;
  let proxies = 0;
  for (let node = 0; node < count; node++) {
    const at = row[node] as number;
    name[node] = columns.service[at] as number;
    namespace[node] = columns.namespace[at] as number;
    cluster[node] = columns.cluster[at] as number;
    version[node] = columns.version[at] as number;
    // A span of nobody does its parent's work.
    const up = parent[node] as number;
    if (name[node] === 0 && up >= 0 && (columns.kind[at] as number) <= kind.internal) copyIdentity(ids, up, node);
    if (namespace[node] === 0 || cluster[node] === 0) bare = true;
    const byProxy = ((columns.marks[at] as number) & mark.proxy) !== 0;
    informed[node] = byProxy ? 1 : 0;
    if (byProxy) proxies += 1;
  }
  if (bare || (proxies > 0 && proxies < count)) complete(tree, table, ids, proxies > 0);
  ids.trace += 1;
  ids.distinct = 0;
  for (let node = 0; node < count; node++) {
    const up = parent[node] as number;
    const asParent =
      up >= 0 && name[node] === name[up] && namespace[node] === namespace[up] && cluster[node] === cluster[up];
    workload[node] = asParent
      ? (workload[up] as number)
      : name[node] === 0
        ? table.unknown
        : bounded(
            table,
            ids,
            table.of(name[node] as number, namespace[node] as number, cluster[node] as number, workloadKind.service),
            maxWorkloads,
            true,
          );
  }
}

function copyIdentity({ name, namespace, cluster, version }: Identities, from: number, to: number): void {
  name[to] = name[from] as number;
  namespace[to] = namespace[from] as number;
  cluster[to] = cluster[from] as number;
  version[to] = version[from] as number;
}

/** Counts a workload of the trace, once. out: it, or `other` when the trace has too many. */
function bounded(table: WorkloadTable, ids: Identities, index: number, maxWorkloads: number, ofSpan: boolean): number {
  const node = table.list[index]?.node ?? 0;
  if (node >= ids.stamps.length) {
    const stamps = new Float64Array(node * 2);
    stamps.set(ids.stamps);
    ids.stamps = stamps;
  }
  // A span's workload is stamped with the trace, one that is only named with its negative.
  const stamp = ids.stamps[node] as number;
  if (stamp === ids.trace || (stamp === -ids.trace && !ofSpan)) return index;
  if (stamp !== -ids.trace) {
    if (ids.distinct >= maxWorkloads) return table.other;
    ids.distinct += 1;
  }
  ids.stamps[node] = ofSpan ? ids.trace : -ids.trace;
  return index;
}

/** Parent and child of one name are layers of one workload, unless one calls the other. */
function areLayers({ columns, row }: TraceTree, parent: number, child: number): boolean {
  return !(isCaller(columns.kind[row[parent] as number]) && isCallee(columns.kind[row[child] as number]));
}

export function isCaller(spanKind: number | undefined): boolean {
  return spanKind === kind.client || spanKind === kind.producer;
}

export function isCallee(spanKind: number | undefined): boolean {
  return spanKind === kind.server || spanKind === kind.consumer;
}

/** Completes spans that leave out their namespace or cluster, and gives SDK spans the version their proxy reports. */
function complete(tree: TraceTree, table: WorkloadTable, ids: Identities, anyProxy: boolean): void {
  const { count, parent } = tree;
  if (anyProxy) {
    for (let node = count - 1; node > 0; node--) {
      const up = parent[node] as number;
      if (up >= 0 && ids.informed[node] === 1) inform(tree, ids, node, up, up, node);
    }
  }
  for (let node = 0; node < count; node++) {
    const up = parent[node] as number;
    if (up < 0) continue;
    if (ids.informed[up] === 1) inform(tree, ids, up, node, up, node);
    if (ids.namespace[node] === 0 && ids.name[node] === ids.name[up] && areLayers(tree, up, node)) {
      ids.namespace[node] = ids.namespace[up] as number;
      if (ids.cluster[node] === 0) ids.cluster[node] = ids.cluster[up] as number;
    }
    if (ids.namespace[node] === 0) adoptPeer(tree, table, ids, up, node);
  }
  if (anyProxy) adoptAnyProxy(tree, ids);
}

/** Completes `to` from `from`, which knows from a proxy, when they are layers of one workload. */
function inform(tree: TraceTree, ids: Identities, from: number, to: number, parent: number, child: number): void {
  const { name, namespace, cluster, version, informed } = ids;
  if (informed[to] === 1 || name[from] !== name[to] || !areLayers(tree, parent, child)) return;
  if (namespace[to] !== 0 && namespace[to] !== namespace[from]) return;
  if (cluster[to] !== 0 && cluster[to] !== cluster[from]) return;
  namespace[to] = namespace[from] as number;
  cluster[to] = cluster[from] as number;
  if (version[from] !== 0) version[to] = version[from] as number;
  informed[to] = 1;
}

/** A callee without a namespace is where its caller says it called: a dark callee of that name would land there too. */
function adoptPeer(tree: TraceTree, table: WorkloadTable, ids: Identities, caller: number, node: number): void {
  const { columns, row } = tree;
  const at = row[caller] as number;
  const peer = columns.peer[at] as number;
  if (peer === 0 || peer !== ids.name[node] || !isCaller(columns.kind[at])) return;
  if ((columns.peerKind[at] as number) !== workloadKind.service) return;
  const [, namespace, cluster] = locate(table, ids, caller, peer, columns.peerNamespace[at] as number);
  ids.namespace[node] = namespace;
  if (ids.cluster[node] === 0) ids.cluster[node] = cluster;
}

/** SDK spans whose own proxy's spans are lost: any proxy of that name in the trace, when all of them agree. */
function adoptAnyProxy({ count }: TraceTree, ids: Identities): void {
  const { name, namespace, cluster, version, informed } = ids;
  let known: Map<number, number> | undefined;
  for (let node = 0; node < count; node++) {
    if (namespace[node] !== 0 || informed[node] === 1 || name[node] === 0) continue;
    if (known === undefined) {
      known = new Map();
      for (let proxy = 0; proxy < count; proxy++) {
        if (informed[proxy] !== 1) continue;
        const held = known.get(name[proxy] as number);
        const agrees =
          held === undefined || (held >= 0 && namespace[held] === namespace[proxy] && cluster[held] === cluster[proxy]);
        known.set(name[proxy] as number, agrees ? (held ?? proxy) : -1);
      }
    }
    const proxy = known.get(name[node] as number) ?? -1;
    if (proxy < 0) continue;
    namespace[node] = namespace[proxy] as number;
    cluster[node] = cluster[proxy] as number;
    if (version[proxy] !== 0) version[node] = version[proxy] as number;
  }
}

/**
 * Namespace and cluster of a service or database that a span names. in: the naming node; text ids of name and namespace.
 * out: a given namespace lies in the caller's cluster; a name without dots is looked up in the caller's namespace; other hosts
 * are nowhere in particular.
 */
function locate(table: WorkloadTable, ids: Identities, caller: number, peer: number, namespace: number): TextIds {
  if (namespace !== 0) return [peer, namespace, ids.cluster[caller] as number];
  if (/[.:]/.test(table.text(peer))) return [peer, 0, 0];
  return [peer, ids.namespace[caller] as number, ids.cluster[caller] as number];
}

/**
 * The workload a span names as its peer. in: the naming node; the kind the workload has if no span of the trace is its own.
 * A workload of the trace that bears the name is meant, when the span does not say which namespace and only one bears it.
 */
export function namedWorkload(
  tree: TraceTree,
  table: WorkloadTable,
  ids: Identities,
  node: number,
  peerKind: number,
  maxWorkloads: number,
): number {
  const at = tree.row[node] as number;
  const peer = tree.columns.peer[at] as number;
  const namespace = tree.columns.peerNamespace[at] as number;
  const inCluster = peerKind === workloadKind.service || peerKind === workloadKind.database;
  const named: TextIds = inCluster ? locate(table, ids, node, peer, namespace) : [peer, namespace, 0];
  const index = table.of(named[0], named[1], named[2], peerKind);
  const number = table.list[index]?.node ?? 0;
  // What has spans in the trace is a service, whatever those who call it take it for.
  if (ids.stamps[number] === ids.trace) return table.as(index, workloadKind.service);
  if (inCluster && namespace === 0) {
    const found = onlyOneNamed(tree, ids, named[0]);
    if (found >= 0) return found;
  }
  return bounded(table, ids, index, maxWorkloads, false);
}

/** Nodes looked at for a name: a longer trace is no place to guess. */
const maxLookedAt = 512;

function onlyOneNamed({ count }: TraceTree, { name, workload }: Identities, wanted: number): number {
  let found = -1;
  for (let node = 0; node < count && node < maxLookedAt; node++) {
    if (name[node] !== wanted) continue;
    if (found >= 0 && found !== workload[node]) return -1;
    found = workload[node] as number;
  }
  return found;
}
