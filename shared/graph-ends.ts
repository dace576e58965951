/**
 * Which node of the map an end of a frame belongs to, under each grouping. Ids are compared, never taken apart: a name may
 * hold any character.
 */
import type { GraphNode } from './api.ts';
import { noSource, type EdgeFrame } from './frame.ts';
import { workloadKinds } from './span.ts';
import { nodeId } from './workload.ts';

export const groupings = ['service', 'version', 'namespace', 'cluster'] as const;
export type GroupBy = (typeof groupings)[number];

/** A node of the map without its numbers. */
export interface End {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly kind: GraphNode['kind'];
}

/** Finds the ends of frames; makes each distinct End once. */
export interface Ends {
  source(frame: EdgeFrame): End | undefined;
  target(frame: EdgeFrame): End;
}

/** Where what does not fit goes (rule C13). The derivation uses the same workload for what it folds. */
export const otherEnd: End = { id: nodeId('', '', 'other'), name: 'other', namespace: '', cluster: '', kind: 'other' };

export function createEnds(groupBy: GroupBy): Ends {
  const ends = new Map<string, End>();
  const find = (cluster: string, namespace: string, name: string, version: string, kindIndex: number): End => {
    const key = `${kindIndex}\n${cluster}\n${namespace}\n${name}\n${groupBy === 'version' ? version : ''}`;
    let end = ends.get(key);
    if (end === undefined) {
      end = toEnd(groupBy, cluster, namespace, name, version, workloadKinds[kindIndex] ?? 'unknown');
      ends.set(key, end);
    }
    return end;
  };
  return {
    source: (f) =>
      f.sourceKind === noSource
        ? undefined
        : find(f.sourceCluster, f.sourceNamespace, f.source, f.sourceVersion, f.sourceKind),
    target: (f) => find(f.targetCluster, f.targetNamespace, f.target, f.targetVersion, f.targetKind),
  };
}

/** A workload that is in no namespace (or cluster) stays itself when those are what is grouped by. */
function toEnd(
  groupBy: GroupBy,
  cluster: string,
  namespace: string,
  name: string,
  version: string,
  kind: GraphNode['kind'],
): End {
  if (groupBy === 'namespace' && namespace !== '') {
    return { id: nodeId(cluster, namespace, ''), name: namespace, namespace, cluster, kind: 'service' };
  }
  if (groupBy === 'cluster' && cluster !== '') {
    return { id: nodeId(cluster, '', ''), name: cluster, namespace: '', cluster, kind: 'service' };
  }
  const id = nodeId(cluster, namespace, name);
  // A fourth part, written like the others: cluster/namespace/name/version.
  const versioned = groupBy === 'version' && version !== '' ? `${id}/${nodeId('', '', version).slice(2)}` : id;
  return { id: versioned, name, namespace, cluster, kind };
}

/** What a workload is when its frames disagree: its own spans say more than a caller's guess. */
const kindsBySay = ['other', 'users', 'service', 'database', 'messaging', 'external', 'unknown'] as const;

/** The End that says more of two with the same id. */
export function clearer(a: End, b: End): End {
  return kindsBySay.indexOf(b.kind) < kindsBySay.indexOf(a.kind) ? b : a;
}

/** Whether a person who writes `service` means this node: its id, its name, or `name.namespace`. */
export function isNamed(end: End, service: string): boolean {
  const { id, name, namespace, cluster } = end;
  return (
    id === service ||
    name === service ||
    `${name}.${namespace}` === service ||
    nodeId(cluster, namespace, name) === service
  );
}
