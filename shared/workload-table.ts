/**
 * Workloads of one table of interned texts, each made once: within it two workloads are the same when they are the same
 * number, and calls can carry the object itself. Lives as long as the table of texts does.
 */
import { workloadKinds } from './span.ts';
import { nodeId, type Workload } from './workload.ts';

/** Indexes into workloadKinds. */
export const workloadKind = {
  service: workloadKinds.indexOf('service'),
  database: workloadKinds.indexOf('database'),
  messaging: workloadKinds.indexOf('messaging'),
  external: workloadKinds.indexOf('external'),
  users: workloadKinds.indexOf('users'),
  unknown: workloadKinds.indexOf('unknown'),
  other: workloadKinds.indexOf('other'),
} as const;

/** A workload as calls carry it: one object for each id and kind, as long as the table of texts lives. */
export interface KnownWorkload extends Workload {
  /** Node id, `cluster/namespace/name`. */
  readonly id: string;
  /** Its number in the table. */
  readonly index: number;
  /** The same number for all kinds of one id. */
  readonly node: number;
}

export interface WorkloadTable {
  readonly list: readonly KnownWorkload[];
  /** Nodes of the map that are no span's: callers from outside, whoever cannot be told, and the overflow. */
  readonly users: number;
  readonly unknown: number;
  readonly other: number;
  /** The workload of these text ids. out: its number. */
  of(name: number, namespace: number, cluster: number, kind: number): number;
  /** The workload of a name without namespace and cluster. */
  named(name: string, kind: number): number;
  /** The workload of the same id and another kind. */
  as(index: number, kind: number): number;
  /** Text of an id of the columns. */
  text(id: number): string;
}

/** Text ids of name, namespace, cluster. */
export type TextIds = readonly [name: number, namespace: number, cluster: number];

/** Slots of a direct-mapped cache: nearly every span's workload is found in one comparison. */
const cacheSize = 1024;

/** in: interned texts, entry 0 being ''; they may grow but never change. */
export function createWorkloadTable(strings: readonly string[]): WorkloadTable {
  const list: KnownWorkload[] = [];
  const byId = new Map<string, KnownWorkload[]>();
  const keys = new Int32Array(cacheSize * 4).fill(-1);
  const cached = new Int32Array(cacheSize);
  const text = (id: number): string => strings[id] ?? '';

  function make(cluster: string, namespace: string, name: string, kind: number): number {
    const id = nodeId(cluster, namespace, name);
    let kinds = byId.get(id);
    if (kinds === undefined) {
      kinds = [];
      byId.set(id, kinds);
    }
    let workload = kinds.find((known) => known.kind === kind);
    if (workload === undefined) {
      const index = list.length;
      workload = { cluster, namespace, name, kind, id, index, node: kinds[0]?.node ?? index };
      kinds.push(workload);
      list.push(workload);
    }
    return workload.index;
  }

  return {
    list,
    users: make('', '', 'users', workloadKind.users),
    unknown: make('', '', 'unknown', workloadKind.unknown),
    other: make('', '', 'other', workloadKind.other),
    of(name, namespace, cluster, kind) {
      const mixed =
        Math.imul(name, 0x9e3779b1) ^ Math.imul(namespace, 0x85ebca6b) ^ Math.imul(cluster + kind * 64, 0xc2b2ae35);
      const slot = (mixed >>> 16) & (cacheSize - 1);
      const at = slot * 4;
      if (keys[at] === name && keys[at + 1] === namespace && keys[at + 2] === cluster && keys[at + 3] === kind)
        return cached[slot] as number;
      const index = make(text(cluster), text(namespace), text(name), kind);
      keys[at] = name;
      keys[at + 1] = namespace;
      keys[at + 2] = cluster;
      keys[at + 3] = kind;
      cached[slot] = index;
      return index;
    },
    named: (name, kind) => make('', '', name, kind),
    as(index, kind) {
      const { cluster, namespace, name, kind: own } = list[index] as KnownWorkload;
      return own === kind ? index : make(cluster, namespace, name, kind);
    },
    text,
  };
}
