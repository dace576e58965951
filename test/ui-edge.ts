/** Edges and workloads as the API answers them, for tests of what the page makes of them. */
import type { GraphEdge, GraphNode, Latency, SeriesPoint, Thresholds } from '#shared/api.ts';

export const noLatency: Latency = { p50: null, p90: null, p99: null, n: 0 };
export const limits: Thresholds = { warnFailed: 0.001, badFailed: 0.01, badP99Ms: 500 };

/** A thousand good calls from frontend to auth, but for what is given. */
export function edge(part: Partial<GraphEdge> = {}): GraphEdge {
  const calls = part.calls ?? 1000;
  const failed = part.failed ?? 0;
  return {
    id: 'e',
    source: '/shop/frontend',
    target: '/shop/auth',
    protocol: 'http',
    calls,
    failed,
    clientErrors: 0,
    attempts: calls,
    successRate: calls > 0 ? 1 - failed / calls : null,
    rate: calls / 300,
    latencyMs: { p50: 4, p90: 10.4, p99: 16, n: calls },
    serverLatencyMs: { p50: 3, p90: 9, p99: 14, n: calls },
    networkMs: { p50: 0.4, p90: 1, p99: 2, n: calls },
    errors: [],
    bytesPerSecond: { request: 0, response: 0 },
    networkShare: null,
    criticalShare: null,
    exemplars: { p50: null, p90: null, p99: null, errors: {} },
    mtls: null,
    weight: 1,
    provisional: 0,
    ...part,
  };
}

/** A workload of the namespace shop, but for what is given. */
export function node(part: Partial<GraphNode> & { readonly id: string }): GraphNode {
  const [cluster = '', namespace = '', name = ''] = part.id.split('/');
  const calls = part.calls ?? 1000;
  return {
    name,
    namespace,
    cluster,
    kind: 'service',
    versions: [{ version: 'v1', calls, failed: 0 }],
    calls,
    failed: 0,
    successRate: calls > 0 ? 1 : null,
    rate: calls / 300,
    latencyMs: noLatency,
    criticalShare: null,
    provisional: 0,
    ...part,
  };
}

/** A step of a series: so many calls, some of them failed. */
export const step = (at: number, failed: number, calls = 100): SeriesPoint => ({
  at,
  calls,
  failed,
  clientErrors: 0,
  attempts: calls,
  latencyMs: noLatency,
  serverLatencyMs: noLatency,
  networkMs: noLatency,
});

/** A clock whose texts show the moment. */
export const clock = (atMs: number): string => `T${atMs}`;
