/**
 * What colour a thing on the map has earned. The thresholds are those of the legend; the legend, the colours and the
 * sentences all read them here.
 */
import type { CallError, GraphEdge, GraphNode } from '#shared/api.ts';

/** ok: nothing to say. idle: no calls at all. warn: degraded. bad: failing or far too slow. */
export const healths = ['idle', 'ok', 'warn', 'bad'] as const;
export type Health = (typeof healths)[number];

export const threshold = {
  /** Share of failed calls from which an edge is degraded, and failing. */
  warnFailed: 0.001,
  badFailed: 0.01,
  /** Client-observed p99 above which an edge is failing its callers even when every call succeeds. */
  badP99Ms: 500,
  /** Below this many calls a p99 is one call's luck and colours nothing. */
  leastCallsForP99: 20,
  /** Below this many calls a p99 is shown greyed. */
  leastCallsForTrust: 100,
} as const;

/** Share of failed calls, 0 without calls. */
export function failedShare({ calls, failed }: { readonly calls: number; readonly failed: number }): number {
  return calls > 0 ? failed / calls : 0;
}

/** gRPC codes that are failures of the callee or the way there; the others tell the caller of a mistake of its own. */
const failingGrpc = new Set(['2', '4', '12', '13', '14', '15']);

/** Whether an error type counts as a failure (rule C7); a client error is shown, not failed. */
export function isFailure({ code }: Pick<CallError, 'code'>): boolean {
  const grpc = /^grpc (\d+)$/.exec(code)?.[1];
  if (grpc !== undefined) return failingGrpc.has(grpc);
  return /^\d+$/.test(code) ? code === '0' || Number(code) >= 500 : true;
}

/** Too slow: p99 over the threshold, made of enough calls to mean it. */
export function isSlow({ latencyMs }: Pick<GraphEdge, 'latencyMs'>): boolean {
  const { p99, n } = latencyMs;
  return p99 !== null && n >= threshold.leastCallsForP99 && p99 > threshold.badP99Ms;
}

/** Health of an edge: failures first, then the tail of its latency. */
export function edgeHealth(edge: Pick<GraphEdge, 'calls' | 'failed' | 'latencyMs'>): Health {
  if (edge.calls === 0) return 'idle';
  const share = failedShare(edge);
  if (share >= threshold.badFailed || isSlow(edge)) return 'bad';
  return share >= threshold.warnFailed ? 'warn' : 'ok';
}

/** Health of a workload: by the calls that come in. A slow tail belongs to the edge that shows where it is. */
export function nodeHealth(node: Pick<GraphNode, 'calls' | 'failed'>): Health {
  if (node.calls === 0) return 'idle';
  const share = failedShare(node);
  if (share >= threshold.badFailed) return 'bad';
  return share >= threshold.warnFailed ? 'warn' : 'ok';
}

/** Worst first: failing before degraded, then by failed calls, then by the slowest tail. */
export function byTrouble(a: GraphEdge, b: GraphEdge): number {
  const rank = healths.indexOf(edgeHealth(b)) - healths.indexOf(edgeHealth(a));
  return rank || failedShare(b) - failedShare(a) || (b.latencyMs.p99 ?? 0) - (a.latencyMs.p99 ?? 0);
}
