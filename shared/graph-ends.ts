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
  /** The workload itself lies in the clusters and namespaces asked for, whatever its node stands for. */
  readonly inScope: boolean;
  /** It, or its node, is what was asked to be focused on. */
  readonly inFocus: boolean;
}

/** What of a question says which node a workload belongs to, and which nodes are asked for. */
export interface EndOptions {
  readonly groupBy?: GroupBy;
  /** Boxes drawn as one node, by id: `cluster/namespace/` or `cluster//`; the cluster's wins. */
  readonly collapse?: readonly string[];
  /** Keep edges with an end in one of these, and their other ends. Empty or absent: all. */
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Keep what lies within some edges of this workload (id, name or name.namespace). */
  readonly service?: string;
}

/** Finds the ends of frames; makes each distinct End once. */
export interface Ends {
  source(frame: EdgeFrame): End | undefined;
  target(frame: EdgeFrame): End;
}

/** Where what does not fit goes (rule C13). The derivation uses the same workload for what it folds. */
export const otherEnd: End = {
  id: nodeId('', '', 'other'),
  name: 'other',
  namespace: '',
  cluster: '',
  kind: 'other',
  inScope: false,
  inFocus: false,
};

export function createEnds(options: EndOptions): Ends {
  const { groupBy = 'service', clusters = [], namespaces = [], service } = options;
  const boxes = new Set(options.collapse);
  const ends = new Map<string, End>();
  const find = (cluster: string, namespace: string, name: string, version: string, kindIndex: number): End => {
    const key = `${kindIndex}\n${cluster}\n${namespace}\n${name}\n${groupBy === 'version' ? version : ''}`;
    let end = ends.get(key);
    if (end === undefined) {
      const kind = workloadKinds[kindIndex] ?? 'unknown';
      const place = placeOf(boxes, groupBy, cluster, namespace, name, version, kind);
      end = {
        ...place,
        inScope:
          (clusters.length === 0 || clusters.includes(cluster)) &&
          (namespaces.length === 0 || namespaces.includes(namespace)),
        inFocus:
          service !== undefined &&
          (isNamed(place, service) || isNamed({ ...place, cluster, namespace, name }, service)),
      };
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

type Place = Omit<End, 'inScope' | 'inFocus'>;

/** A workload that is in no namespace (or cluster) stays itself when those are what is grouped by. */
function placeOf(
  boxes: ReadonlySet<string>,
  groupBy: GroupBy,
  cluster: string,
  namespace: string,
  name: string,
  version: string,
  kind: GraphNode['kind'],
): Place {
  const clusterBox = nodeId(cluster, '', '');
  const namespaceBox = nodeId(cluster, namespace, '');
  if (cluster !== '' && (groupBy === 'cluster' || boxes.has(clusterBox))) {
    return { id: clusterBox, name: cluster, namespace: '', cluster, kind: 'service' };
  }
  if (namespace !== '' && (groupBy === 'namespace' || boxes.has(namespaceBox))) {
    return { id: namespaceBox, name: namespace, namespace, cluster, kind: 'service' };
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
function isNamed(end: Place, service: string): boolean {
  const { id, name, namespace, cluster } = end;
  return (
    id === service ||
    name === service ||
    `${name}.${namespace}` === service ||
    nodeId(cluster, namespace, name) === service
  );
}
