/**
 * Where calls begin and end in a trace tree: the hops between workloads (rule C2), the caller's layers above each of them
 * (rule C3), the queues they went through (rule C10) and where calls go that nobody answered (rule C4). calls.ts makes calls
 * of what is found here.
 */
import { createIdentities, isCallee, isCaller, namedWorkload, type Identities } from './call-identity.ts';
import { kind, mark, type SpanColumns } from './span.ts';
import type { TraceTree } from './trace-tree.ts';
import { workloadKind, type WorkloadTable } from './workload-table.ts';

/** What is known of each node; -1 stands for none. Arrays may be longer than the tree. */
export interface Hops {
  readonly capacity: number;
  readonly ids: Identities;
  /** 1: the node is of another workload than its parent, or of another instance of it. */
  readonly hop: Uint8Array;
  /** The caller's layer the node is in: its outermost CLIENT or PRODUCER, and the nearest one, itself included. */
  readonly key: Int32Array;
  readonly nearest: Int32Array;
  /** Kind of the nearest SERVER or CONSUMER of the same visit, itself included; 0 for none. */
  readonly role: Uint8Array;
  /** The queue a hop or root took a message from. */
  readonly queue: Int32Array;
  /** 1: the node is, or lies below, a health check. */
  readonly probe: Uint8Array;
  /** The workload that all calls of a caller's layer go to, or `mixed`. */
  readonly target: Int32Array;
  /** 1: a CLIENT or PRODUCER without another one and without a callee below it. */
  readonly dark: Uint8Array;
  /** For calls.ts: the call the node's visit answers, and the one its layer makes. */
  readonly within: Int32Array;
  readonly making: Int32Array;
}

/** `target` of a layer whose calls go to several workloads. */
export const mixed = -2;

/** Layers looked at between a call's key and its callee: an application's client and its proxies are few. */
export const maxLayers = 8;

/** A trace being taken apart. */
export interface HopTrace {
  readonly tree: TraceTree;
  readonly table: WorkloadTable;
  readonly hops: Hops;
  readonly maxWorkloads: number;
}

export function createHops(capacity: number): Hops {
  const numbers = () => new Int32Array(capacity);
  const bits = () => new Uint8Array(capacity);
  return {
    capacity,
    ids: createIdentities(capacity),
    hop: bits(),
    key: numbers(),
    nearest: numbers(),
    role: bits(),
    queue: numbers(),
    probe: bits(),
    target: numbers(),
    dark: bits(),
    within: numbers(),
    making: numbers(),
  };
}

/** From the roots down: where one workload's spans end and another's begin. */
export function findHops(trace: HopTrace): void {
  const { tree, hops } = trace;
  const { columns, count, row, parent } = tree;
  const { hop, key, nearest, role, queue, probe, target, dark } = hops;
  for (let node = 0; node < count; node++) {
    const up = parent[node] as number;
    const at = row[node] as number;
    const spanKind = columns.kind[at] as number;
    const isHop = up >= 0 && isHopTo(trace, node, up, spanKind);
    const sameVisit = up >= 0 && !isHop;
    hop[node] = isHop ? 1 : 0;
    if (isCaller(spanKind)) {
      key[node] = sameVisit && (key[up] as number) >= 0 ? (key[up] as number) : node;
      nearest[node] = node;
    } else {
      // INTERNAL is transparent: what is below it is still the work of the CLIENT above it.
      const transparent = sameVisit && !isCallee(spanKind);
      key[node] = transparent ? (key[up] as number) : -1;
      nearest[node] = transparent ? (nearest[up] as number) : -1;
    }
    role[node] = isCallee(spanKind) ? spanKind : sameVisit ? (role[up] as number) : 0;
    queue[node] = sameVisit ? -1 : queueOf(trace, node, up);
    const isProbe = ((columns.marks[at] as number) & mark.probe) !== 0;
    probe[node] = isProbe ? 1 : up >= 0 ? (probe[up] as number) : 0;
    target[node] = -1;
    dark[node] = 0;
  }
}

function isHopTo({ tree, hops }: HopTrace, node: number, up: number, spanKind: number): boolean {
  const { workload } = hops.ids;
  if (workload[node] !== workload[up]) return true;
  // Of one workload: its client calls another instance of it,
  if ((hops.key[up] as number) >= 0) return isCallee(spanKind);
  // or it takes a message from a queue in the midst of other work.
  const takesMessage = spanKind === kind.consumer && tree.columns.peer[tree.row[node] as number] !== 0;
  return takesMessage && hops.role[up] !== kind.consumer;
}

/** The queue a message came through: as its consumer says, else as its producer does. -1: there was none. */
function queueOf(trace: HopTrace, node: number, up: number): number {
  const { tree, hops } = trace;
  const { columns, row } = tree;
  const at = row[node] as number;
  if (columns.kind[at] === kind.consumer && columns.peer[at] !== 0) return named(trace, node, workloadKind.messaging);
  if (up < 0 || (hops.nearest[up] as number) < 0) return -1;
  const nearest = hops.nearest[up] as number;
  if (isPublisher(columns, row[nearest] as number)) return named(trace, nearest, workloadKind.messaging);
  const key = hops.key[up] as number;
  return isPublisher(columns, row[key] as number) ? named(trace, key, workloadKind.messaging) : -1;
}

/** Does the span put a message into a queue that it names? */
function isPublisher(columns: SpanColumns, at: number): boolean {
  if (columns.peer[at] === 0) return false;
  return columns.kind[at] === kind.producer || columns.peerKind[at] === workloadKind.messaging;
}

function named({ tree, table, hops, maxWorkloads }: HopTrace, node: number, peerKind: number): number {
  return namedWorkload(tree, table, hops.ids, node, peerKind, maxWorkloads);
}

/** From the leaves up: where each caller's layer goes to. */
export function findTargets(trace: HopTrace): void {
  const { tree, hops } = trace;
  const { columns, count, row, parent } = tree;
  const { ids, hop, key, queue, target, dark } = hops;
  for (let node = count - 1; node >= 0; node--) {
    const at = row[node] as number;
    if ((key[node] as number) >= 0 && isCaller(columns.kind[at])) {
      if (target[node] === -1) dark[node] = 1;
      if (isPublisher(columns, at)) target[node] = named(trace, node, workloadKind.messaging);
      else if (dark[node] === 1) target[node] = darkTarget(trace, node);
    }
    const up = parent[node] as number;
    if (up < 0 || (key[up] as number) < 0) continue;
    let found = target[node] as number;
    if (hop[node] === 1) found = queue[node] === -1 ? (ids.workload[node] as number) : (queue[node] as number);
    if (found === -1) continue;
    if (target[up] === -1) target[up] = found;
    else if (target[up] !== found) target[up] = mixed;
  }
}

/**
 * The destination of a call without callee. A proxy that routed to a service of the mesh knows best; else what the outermost
 * layer names, for it is nearest to the intent (a bare address only when there is no name). A layer that knows it for a
 * database is believed.
 */
function darkTarget(trace: HopTrace, leaf: number): number {
  const { tree, table, hops } = trace;
  const { columns, row, parent } = tree;
  const top = hops.key[leaf] as number;
  let best = -1;
  let bestRouted = false;
  let store = -1;
  let node = leaf;
  for (let layer = 0; layer < maxLayers; layer++) {
    const at = row[node] as number;
    if (columns.peer[at] !== 0 && isCaller(columns.kind[at])) {
      const routed =
        ((columns.marks[at] as number) & mark.proxy) !== 0 &&
        columns.peerKind[at] === workloadKind.service &&
        columns.peerNamespace[at] !== 0;
      const isKnown = columns.peerKind[at] !== workloadKind.unknown;
      if (!bestRouted && (isKnown || best < 0 || columns.peerKind[row[best] as number] === workloadKind.unknown)) {
        best = node;
        bestRouted = routed;
      }
      if (columns.peerKind[at] === workloadKind.database) store = node;
    }
    if (node === top) break;
    node = parent[node] as number;
  }
  if (best < 0) return table.unknown;
  const at = row[best] as number;
  const isStore = store >= 0 && columns.peer[row[store] as number] === columns.peer[at];
  return named(trace, best, isStore ? workloadKind.database : (columns.peerKind[at] as number));
}
