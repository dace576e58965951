/**
 * What colour a thing on the map has earned. The thresholds come with the numbers (`graph.thresholds`, of the collector's
 * configuration); the legend, the colours and the sentences all go by them.
 */
import type { GraphEdge, GraphNode, Latency, Thresholds } from '#shared/api.ts';

/** ok: nothing to say. idle: no calls at all. warn: degraded. bad: failing or far too slow. */
export const healths = ['idle', 'ok', 'warn', 'bad'] as const;
export type Health = (typeof healths)[number];

export const percentiles = ['p50', 'p90', 'p99'] as const;
export type Percentile = (typeof percentiles)[number];

/** Calls from which a percentile means something; below, it is shown greyed and colours nothing. */
export const leastCalls: Readonly<Record<Percentile, number>> = { p50: 5, p90: 20, p99: 100 };

/** Whether enough calls stand behind a percentile. Without any value there is nothing to doubt. */
export function isTrusted(latency: Latency, percentile: Percentile): boolean {
  return latency[percentile] === null || latency.n >= leastCalls[percentile];
}

/** Share of failed calls, 0 without calls. */
export function failedShare({ calls, failed }: { readonly calls: number; readonly failed: number }): number {
  return calls > 0 ? failed / calls : 0;
}

/** Too slow: a percentile that enough calls stand behind lies over the limit of the p99. */
export function isSlow({ latencyMs }: Pick<GraphEdge, 'latencyMs'>, { badP99Ms }: Thresholds): boolean {
  return percentiles.some((name) => isTrusted(latencyMs, name) && (latencyMs[name] ?? 0) > badP99Ms);
}

/** Health of calls by their failures alone. */
export function callsHealth(calls: { readonly calls: number; readonly failed: number }, limits: Thresholds): Health {
  if (calls.calls === 0) return 'idle';
  const share = failedShare(calls);
  if (share === 0) return 'ok';
  if (share >= limits.badFailed) return 'bad';
  return share >= limits.warnFailed ? 'warn' : 'ok';
}

/** Health of an edge: failures first, then the tail of its latency. */
export function edgeHealth(edge: Pick<GraphEdge, 'calls' | 'failed' | 'latencyMs'>, limits: Thresholds): Health {
  const health = callsHealth(edge, limits);
  return health !== 'idle' && isSlow(edge, limits) ? 'bad' : health;
}

/** Health of a workload: by the calls that come in. A slow tail belongs to the edge that shows where it is. */
export function nodeHealth(node: Pick<GraphNode, 'calls' | 'failed'>, limits: Thresholds): Health {
  return callsHealth(node, limits);
}

/** Worst first: failing before degraded, then by failed calls, then by the slowest tail. */
export function byTrouble(limits: Thresholds): (a: GraphEdge, b: GraphEdge) => number {
  return (a, b) => {
    const rank = healths.indexOf(edgeHealth(b, limits)) - healths.indexOf(edgeHealth(a, limits));
    return rank || failedShare(b) - failedShare(a) || (b.latencyMs.p99 ?? 0) - (a.latencyMs.p99 ?? 0);
  };
}
