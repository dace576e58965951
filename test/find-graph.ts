/** A small map for the tests of find and hide, with something of everything that can be asked; and its reading aloud. */
import assert from 'node:assert/strict';
import type { Graph, GraphEdge, GraphNode, Latency } from '#shared/api.ts';
import { matchFind, parseFind, type FindExpression } from '#shared/find.ts';
import { edgeId } from '#shared/workload.ts';

const none: Latency = { p50: null, p90: null, p99: null, n: 0 };
export const latency = (ms: number, n = 1000): Latency => ({ p50: ms / 2, p90: ms, p99: ms * 2, n });

export function node(id: string, part: Partial<GraphNode> = {}): GraphNode {
  const [cluster = '', namespace = '', name = ''] = id.split('/');
  const calls = part.calls ?? 1000;
  return {
    id,
    name,
    namespace,
    cluster,
    kind: 'service',
    versions: [],
    calls,
    failed: 0,
    successRate: calls > 0 ? 1 - (part.failed ?? 0) / calls : null,
    rate: calls / 100,
    latencyMs: latency(20),
    criticalShare: 0,
    provisional: 0,
    ...part,
  };
}

export function edge(source: string, target: string, part: Partial<GraphEdge> = {}): GraphEdge {
  const calls = part.calls ?? 1000;
  const failed = part.failed ?? 0;
  return {
    id: edgeId(source, target),
    source,
    target,
    protocol: 'http',
    calls,
    failed,
    clientErrors: 0,
    attempts: calls,
    successRate: calls > 0 ? 1 - failed / calls : null,
    rate: calls / 100,
    latencyMs: calls > 0 ? latency(20) : none,
    serverLatencyMs: calls > 0 ? latency(18) : none,
    networkMs: calls > 0 ? latency(2) : none,
    networkShare: calls > 0 ? 0.1 : null,
    errors: [],
    bytesPerSecond: { request: 100, response: 900 },
    criticalShare: 0,
    exemplars: { p50: null, p90: null, p99: null, errors: {} },
    mtls: null,
    weight: 1,
    provisional: 0,
    ...part,
  };
}

export const users = '//users';
export const stripe = '//api.stripe.example';
export const gateway = 'eu/istio-system/gateway';
export const frontend = 'eu/shop/frontend';
export const cart = 'eu/shop/cart';
export const reviews = 'eu/shop/reviews';
export const payment = 'eu/shop/payment';
export const redis = 'eu/data/redis';
export const orders = 'eu/data/orders';
export const sleeper = 'eu/shop/sleeper';
export const batch = 'us/ops/batch';

/**
 *     users → gateway → frontend → cart → redis            reviews fails 5 %, payment is slow, stripe has a circuit breaker,
 *                          ├─────→ reviews                 frontend → cart is gRPC with mTLS, sleeper has no edges,
 *                          └─────→ payment → stripe        batch → orders had no calls
 *     batch → orders
 */
export const graph: Graph = {
  from: 0,
  to: 100_000,
  generatedAt: 100_000,
  sampled: true,
  unsettled: 3,
  thresholds: { warnFailed: 0.001, badFailed: 0.01, badP99Ms: 500 },
  scopes: { clusters: ['eu', 'us'], namespaces: ['data', 'istio-system', 'ops', 'shop'] },
  critical: { entry: '', band: 'all', traces: 1000, fromMs: 0 },
  nodes: [
    node(stripe, { kind: 'external', failed: 2 }),
    node(users, { kind: 'users', calls: 0 }),
    node(orders, { kind: 'messaging', calls: 0 }),
    node(redis, { kind: 'database' }),
    node(gateway),
    node(cart, { versions: [{ version: 'v2', calls: 1000, failed: 0 }] }),
    node(frontend, { criticalShare: 0.3, provisional: 4 }),
    node(payment),
    node(reviews, {
      failed: 50,
      versions: [
        { version: 'v9', calls: 500, failed: 0 },
        { version: 'v10', calls: 500, failed: 50 },
      ],
    }),
    node(sleeper, { calls: 0 }),
    node(batch, { calls: 0 }),
  ],
  edges: [
    edge(users, gateway),
    edge(gateway, frontend, { provisional: 4 }),
    edge(frontend, cart, {
      protocol: 'grpc',
      mtls: { share: 0.9, principals: ['spiffe://mesh/ns/shop/sa/frontend -> spiffe://mesh/ns/shop/sa/cart'] },
      clientErrors: 100,
    }),
    edge(frontend, reviews, {
      calls: 3000,
      failed: 150,
      attempts: 3300,
      errors: [
        { code: '503', flag: 'UF', reason: 'upstream connection failure', origin: 'proxy', failed: true, count: 150 },
      ],
      networkShare: 0.8,
      criticalShare: 0.4,
    }),
    edge(frontend, payment, { latencyMs: latency(900), weight: 10 }),
    edge(payment, stripe, {
      failed: 2,
      serverLatencyMs: none,
      errors: [{ code: '503', flag: 'UO', reason: 'circuit breaker open', origin: 'proxy', failed: true, count: 2 }],
    }),
    edge(cart, redis, { protocol: 'redis', serverLatencyMs: none, bytesPerSecond: { request: 2e6, response: 0 } }),
    edge(batch, orders, { calls: 0, protocol: 'kafka' }),
  ],
};

export function expressionOf(text: string): FindExpression {
  const found = parseFind(text);
  assert.ok(found.ok, `${text}: ${found.ok ? '' : found.message}`);
  return found.expression;
}
export const short = (id: string): string => id.split('/').at(-1) ?? '';
/** What a text matches, in words: names of workloads, then `source>target` of edges. */
export function matched(text: string, of: Graph = graph): string {
  const { nodes, edges } = matchFind(expressionOf(text), of);
  const named = of.nodes.filter(({ id }) => nodes.has(id)).map(({ name }) => name);
  const joined = of.edges
    .filter(({ id }) => edges.has(id))
    .map(({ source, target }) => `${short(source)}>${short(target)}`);
  return [...named, ...joined].join(' ');
}
