/** Names as they are shown: short where the long form says nothing more. Pure. */
import { parseNodeId } from '#shared/workload.ts';

/** Name of a workload by its node id; an id of another shape is its own name. */
export function workloadName(nodeId: string): string {
  try {
    return parseNodeId(nodeId).name;
  } catch {
    return nodeId;
  }
}

/** An operation without the part of Kubernetes host names that all of them share. */
export function shortOperation(name: string): string {
  return name.replaceAll('.svc.cluster.local', '');
}
