/**
 * One node for one workload. Its sidecar's spans tell the cluster; a trace without them (they have not come yet, or came
 * after it settled) tells of it without one, and the map would show it twice. So a workload without a cluster is the one of
 * that namespace and name whose cluster is known, if that is only one. What is known is kept from answer to answer, so that
 * a panel speaks of the same node as the map.
 */
import { noSource, type EdgeFrame } from '#shared/frame.ts';
import { workloadKinds } from '#shared/span.ts';

/** Workloads remembered. */
const maxKnown = 50_000;

/** Nodes of the map that are nobody's workload and in no cluster. */
const placeless = new Set([
  noSource,
  ...(['users', 'unknown', 'other'] as const).map((kind) => workloadKinds.indexOf(kind)),
]);

/** Several clusters have one of that name. */
const several = '';

export interface ClusterMemory {
  /** Learns from the frames and puts those that lack a cluster in place. The frames themselves are not changed. */
  join(frames: EdgeFrame[]): EdgeFrame[];
}

export function createClusterMemory(): ClusterMemory {
  /** Cluster by namespace and name. */
  const known = new Map<string, Map<string, string>>();
  let size = 0;

  function learn(cluster: string, namespace: string, name: string, kind: number): void {
    if (cluster === '' || placeless.has(kind)) return;
    let names = known.get(namespace);
    if (names === undefined) known.set(namespace, (names = new Map()));
    const held = names.get(name);
    if (held === undefined && size < maxKnown) {
      names.set(name, cluster);
      size += 1;
    } else if (held !== undefined && held !== cluster) names.set(name, several);
  }

  function find(cluster: string, namespace: string, name: string, kind: number): string {
    if (cluster !== '' || placeless.has(kind)) return cluster;
    return known.get(namespace)?.get(name) ?? '';
  }

  return {
    join(frames) {
      for (const f of frames) {
        learn(f.sourceCluster, f.sourceNamespace, f.source, f.sourceKind);
        learn(f.targetCluster, f.targetNamespace, f.target, f.targetKind);
      }
      if (size === 0) return frames;
      return frames.map((f) => {
        const sourceCluster = find(f.sourceCluster, f.sourceNamespace, f.source, f.sourceKind);
        const targetCluster = find(f.targetCluster, f.targetNamespace, f.target, f.targetKind);
        const same = sourceCluster === f.sourceCluster && targetCluster === f.targetCluster;
        return same ? f : { ...f, sourceCluster, targetCluster };
      });
    },
  };
}
