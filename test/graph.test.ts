/** shared/graph.ts: frames add up to the map whatever their order, and no filter, grouping or bound changes a total. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { graph as graphSchema, type Graph, type GraphEdge, type GraphNode } from '#shared/api.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { toGraph, type GraphOptions } from '#shared/graph.ts';
import { toSeries } from '#shared/series.ts';
import { bucketOf, toBuckets } from '#shared/sketch.ts';
import { edgeId } from '#shared/workload.ts';
import { edgeFrame } from './edge-frame.ts';

const fromMs = 1_764_000_000_000;
const base: GraphOptions = { fromMs, toMs: fromMs + 10_000, generatedAtMs: fromMs + 10_000, unsettled: 0 };
const graphOf = (frames: readonly EdgeFrame[], options: Partial<GraphOptions> = {}): Graph => {
  const made = toGraph(frames, { ...base, ...options });
  graphSchema.parse(made);
  return made;
};
const edgeOf = (graph: Graph, source: string, target: string): GraphEdge => {
  const found = graph.edges.find((edge) => edge.source === source && edge.target === target);
  assert.ok(found, `${source} to ${target} in ${graph.edges.map((edge) => `${edge.source}>${edge.target}`).join(' ')}`);
  return found;
};
const nodeOf = (graph: Graph, id: string): GraphNode => {
  const found = graph.nodes.find((node) => node.id === id);
  assert.ok(found, `${id} in ${graph.nodes.map((node) => node.id).join(' ')}`);
  return found;
};
const ids = (graph: Graph): string => graph.nodes.map(({ id }) => id).join(' ');
const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

test('frames of one edge add up: counts, sketches and error types', () => {
  const one = edgeFrame('shop/frontend', 'shop/auth', {
    clientMs: hundred.slice(0, 50),
    failed: 2,
    errors: { '503|UF|proxy': 2 },
  });
  const two = edgeFrame('shop/frontend', 'shop/auth', {
    frame: one.frame + 10,
    targetVersion: 'v2',
    clientMs: hundred.slice(50),
    failed: 1,
    clientErrors: 3,
    attempts: 57,
    errors: { '503|UF|proxy': 1, '404||app': 3 },
  });
  const edge = edgeOf(graphOf([one, two]), '/shop/frontend', '/shop/auth');
  assert.equal(edge.id, edgeId('/shop/frontend', '/shop/auth'));
  assert.deepEqual([edge.calls, edge.failed, edge.clientErrors, edge.attempts], [100, 3, 3, 107]);
  assert.equal(edge.successRate, 0.97);
  assert.equal(edge.rate, 10);
  assert.deepEqual(edge.errors, [
    { code: '404', flag: '', reason: 'not found', origin: 'app', failed: false, count: 3 },
    { code: '503', flag: 'UF', reason: 'upstream connection failure', origin: 'proxy', failed: true, count: 3 },
  ]);
});

test('percentiles are by nearest rank and within 1 %', () => {
  const { latencyMs, serverLatencyMs } = edgeOf(graphOf([edgeFrame('a', 'b', { clientMs: hundred })]), '//a', '//b');
  for (const [got, wanted] of [
    [latencyMs.p50, 50],
    [latencyMs.p90, 90],
    [latencyMs.p99, 99],
  ] as const) {
    assert.ok(got !== null && Math.abs(got - wanted) <= wanted * 0.0101, `${got} for ${wanted}`);
  }
  assert.equal(latencyMs.n, 100);
  assert.deepEqual(serverLatencyMs, { p50: null, p90: null, p99: null, n: 0 });
});

test('any order and any split of the frames gives the same map', () => {
  const frames = hundred.slice(0, 12).map((n) =>
    edgeFrame(`s${n % 3}`, `t${n % 4}`, {
      clientMs: [n, n * 2],
      failed: n % 2,
      errors: { [`50${n % 3}||app`]: n % 2 },
      exemplars: { [n]: String(n) },
      targetVersion: `v${n % 2}`,
      criticalNs: { k: n },
    }),
  );
  const expected = graphOf(frames);
  fc.assert(
    fc.property(fc.shuffledSubarray(frames, { minLength: frames.length }), (shuffled) => {
      assert.deepEqual(graphOf(shuffled), expected);
    }),
  );
});

test('a node is the sum of its inbound edges, with its versions', () => {
  const graph = graphOf([
    edgeFrame('users', 'shop/web', { sourceKind: 'users', calls: 10 }),
    edgeFrame('shop/web', 'shop/reviews', { targetVersion: 'v1', calls: 9, clientMs: [5], serverMs: [4] }),
    edgeFrame('shop/batch', 'shop/reviews', { targetVersion: 'v2', calls: 1, failed: 1, clientMs: [9], serverMs: [8] }),
    edgeFrame('shop/reviews', 'data/db', { sourceVersion: 'v3', calls: 4, targetKind: 'database' }),
  ]);
  const reviews = nodeOf(graph, '/shop/reviews');
  assert.deepEqual([reviews.calls, reviews.failed, reviews.successRate, reviews.rate], [10, 1, 0.9, 1]);
  assert.deepEqual(reviews.versions, [
    { version: 'v1', calls: 9, failed: 0 },
    { version: 'v2', calls: 1, failed: 1 },
    { version: 'v3', calls: 0, failed: 0 },
  ]);
  assert.equal(reviews.latencyMs.n, 2, 'server-observed');
  const users = nodeOf(graph, '//users');
  assert.deepEqual([users.kind, users.calls, users.successRate, users.latencyMs.p50], ['users', 0, null, null]);
  assert.equal(nodeOf(graph, '/data/db').kind, 'database');
});

test('a node without server-observed latency shows what its callers saw', () => {
  const graph = graphOf([edgeFrame('a', 'api.stripe.example', { targetKind: 'external', clientMs: [7] })]);
  assert.equal(nodeOf(graph, '//api.stripe.example').latencyMs.n, 1);
});

test("a workload's own spans say more of its kind than a caller's guess", () => {
  const frames = [
    edgeFrame('a', 'b', { targetKind: 'external' }),
    edgeFrame('c', 'b', { targetKind: 'service' }),
    edgeFrame('d', 'b', { targetKind: 'unknown' }),
  ];
  assert.equal(nodeOf(graphOf(frames), '//b').kind, 'service');
  assert.equal(nodeOf(graphOf(frames.toReversed()), '//b').kind, 'service');
});

test('a workload row makes a node without calls, and no edge', () => {
  const graph = graphOf([
    edgeFrame('', 'shop/cron', { rootNs: { k: 100 }, rootCount: { k: 1 }, criticalNs: { k: 100 } }),
  ]);
  assert.equal(ids(graph), '/shop/cron');
  assert.equal(graph.edges.length, 0);
  assert.equal(nodeOf(graph, '/shop/cron').criticalShare, 1);
});

test('critical shares are parts of the latency of all traces, and sum to one', () => {
  const graph = graphOf([
    edgeFrame('users', 'web', { calls: 1, criticalNs: { k1: 20, k2: 10 } }),
    edgeFrame('web', 'auth', { calls: 1, criticalNs: { k1: 50 } }),
    edgeFrame('', 'web', { rootNs: { k1: 70, k2: 10 } }),
    edgeFrame('', 'cron', { rootNs: { k3: 20 }, criticalNs: { k3: 20 } }),
  ]);
  assert.equal(edgeOf(graph, '//users', '//web').criticalShare, 0.3);
  assert.equal(edgeOf(graph, '//web', '//auth').criticalShare, 0.5);
  assert.equal(nodeOf(graph, '//cron').criticalShare, 0.2);
  assert.equal(
    graph.nodes.reduce((sum, { criticalShare }) => sum + (criticalShare ?? 0), 0),
    1,
  );
});

test('without a settled root there is no share to tell', () => {
  assert.equal(edgeOf(graphOf([edgeFrame('a', 'b', { calls: 1 })]), '//a', '//b').criticalShare, null);
});

test('probes stay away until asked for', () => {
  const frames = [edgeFrame('a', 'b', { calls: 1 }), edgeFrame('kubelet', 'b', { calls: 5, probe: 1 })];
  assert.equal(ids(graphOf(frames)), '//a //b');
  assert.equal(nodeOf(graphOf(frames, { probes: true }), '//b').calls, 6);
});

test('a map of weighted calls says that it is sampled, and n is what was really seen', () => {
  const sampled = graphOf([edgeFrame('a', 'b', { calls: 80, seen: 10, clientNs: toBuckets([[900, 80]]) })]);
  assert.equal(sampled.sampled, true);
  assert.equal(edgeOf(sampled, '//a', '//b').latencyMs.n, 10);
  assert.equal(graphOf([edgeFrame('a', 'b', { calls: 8 })]).sampled, false);
});

test('exemplars are of the bucket nearest to the percentile, as 32 hex digits', () => {
  const exemplars = {
    [bucketOf(50e6)]: '10',
    [bucketOf(85e6)]: '11',
    [bucketOf(200e6)]: '340282366920938463463374607431768211455',
  };
  const edge = edgeOf(
    graphOf([
      edgeFrame('a', 'b', {
        clientMs: hundred,
        exemplars,
        errors: { '503|UF|proxy': 1 },
        errorExemplars: { '503|UF|proxy': '255' },
      }),
    ]),
    '//a',
    '//b',
  );
  assert.deepEqual(edge.exemplars, {
    p50: '0000000000000000000000000000000a',
    p90: '0000000000000000000000000000000b',
    p99: '0000000000000000000000000000000b',
    errors: { '503|UF': '000000000000000000000000000000ff' },
  });
  const slow = edgeOf(graphOf([edgeFrame('a', 'b', { clientMs: [190], exemplars })]), '//a', '//b');
  assert.equal(slow.exemplars.p50, 'f'.repeat(32));
});

test('at most 32 error types are named, the rest is one other', () => {
  const errors = Object.fromEntries(hundred.map((n) => [`E${n}||app`, n]));
  const edge = edgeOf(
    graphOf([edgeFrame('a', 'b', { calls: 5050, failed: 5050, errors: { ...errors, 'other||proxy': 1 } })]),
    '//a',
    '//b',
  );
  assert.equal(edge.errors.length, 33);
  assert.equal(edge.errors[0]?.code, 'E100');
  assert.deepEqual(edge.errors[32], {
    code: 'other',
    flag: '',
    reason: 'other errors',
    origin: 'app',
    failed: true,
    count: (68 * 69) / 2 + 1,
  });
});

test('a code that holds bars is told apart from flag and origin', () => {
  const edge = edgeOf(graphOf([edgeFrame('a', 'b', { calls: 1, errors: { 'a|b|UF|proxy': 1 } })]), '//a', '//b');
  assert.deepEqual([edge.errors[0]?.code, edge.errors[0]?.flag, edge.errors[0]?.origin], ['a|b', 'UF', 'proxy']);
});

test('mtls is null until a span says so', () => {
  const principal = 'spiffe://a -> spiffe://b';
  const frames = [
    edgeFrame('a', 'b', { calls: 3 }),
    edgeFrame('a', 'c', { calls: 4, mtlsCalls: 3, principals: { [principal]: 3 } }),
  ];
  assert.equal(edgeOf(graphOf(frames), '//a', '//b').mtls, null);
  assert.deepEqual(edgeOf(graphOf(frames), '//a', '//c').mtls, { share: 0.75, principals: [principal] });
});

const mesh = [
  edgeFrame('users', 'mesh/gw', { sourceKind: 'users', calls: 10 }),
  edgeFrame('mesh/gw', 'shop/web', { calls: 10, sourceVersion: 'v1', targetVersion: 'v1' }),
  edgeFrame('shop/web', 'shop/auth', { calls: 10, failed: 1, sourceVersion: 'v1', targetVersion: 'v1' }),
  edgeFrame('shop/web', 'shop/auth', { calls: 5, failed: 2, sourceVersion: 'v1', targetVersion: 'v2' }),
  edgeFrame('shop/auth', 'data/db', { calls: 7, targetKind: 'database', sourceVersion: 'v1' }),
];

test('versions become nodes of their own when asked for', () => {
  const graph = graphOf(mesh, { groupBy: 'version' });
  assert.equal(ids(graph), '//users /data/db /mesh/gw /mesh/gw/v1 /shop/auth/v1 /shop/auth/v2 /shop/web/v1');
  const edge = edgeOf(graph, '/shop/web/v1', '/shop/auth/v2');
  assert.deepEqual([edge.sourceVersion, edge.targetVersion, edge.failed], ['v1', 'v2', 2]);
});

test('a namespace becomes one node, and who is in none stays itself', () => {
  const graph = graphOf(mesh, { groupBy: 'namespace' });
  assert.equal(ids(graph), '//users /data/ /mesh/ /shop/');
  assert.equal(edgeOf(graph, '/shop/', '/shop/').calls, 15);
  assert.equal(nodeOf(graph, '/shop/').calls, 25);
});

test('a cluster becomes one node, and who is in none stays itself', () => {
  const graph = graphOf([edgeFrame('users', 'shop/web', { calls: 1, targetCluster: 'east' })], { groupBy: 'cluster' });
  assert.equal(ids(graph), '//users east//');
});

test('a namespace filter keeps what touches it, with unchanged numbers', () => {
  const graph = graphOf(mesh, { namespaces: ['data'] });
  assert.equal(ids(graph), '/data/db /shop/auth');
  assert.equal(nodeOf(graph, '/shop/auth').calls, 15, 'all its calls, not only the shown');
});

test('a focus keeps what lies within its hops, in either direction', () => {
  assert.equal(ids(graphOf(mesh, { service: 'auth', hops: 0 })), '/shop/auth');
  assert.equal(ids(graphOf(mesh, { service: 'auth' })), '/data/db /shop/auth /shop/web');
  assert.equal(ids(graphOf(mesh, { service: '/shop/auth', hops: 2 })), '/data/db /mesh/gw /shop/auth /shop/web');
  assert.equal(ids(graphOf(mesh, { service: 'gw.mesh', hops: 1 })), '//users /mesh/gw /shop/web');
  assert.equal(ids(graphOf(mesh, { service: 'nobody', hops: 3 })), '');
});

test('what does not fit is one node other, and no call is lost', () => {
  const frames = hundred.map((n) => edgeFrame('web', `s${n}`, { calls: n, failed: 1, criticalNs: { k: 1 } }));
  const graph = graphOf([...frames, edgeFrame('', 'web', { rootNs: { k: 100 } })], { maxNodes: 10 });
  assert.equal(graph.nodes.length, 10);
  assert.deepEqual([nodeOf(graph, '//other').kind, nodeOf(graph, '//other').calls], ['other', (92 * 93) / 2]);
  assert.equal(edgeOf(graph, '//web', '//other').failed, 92);
  assert.equal(
    graph.edges.reduce((sum, { calls }) => sum + calls, 0),
    5050,
  );
  const few = graphOf(frames, { maxEdges: 5 });
  assert.equal(few.edges.length, 5);
  assert.equal(
    few.edges.reduce((sum, { calls }) => sum + calls, 0),
    5050,
  );
  assert.equal(nodeOf(few, '//s1').calls, 1, 'a node keeps its numbers when its edge is folded');
});

test('hostile names are only names', () => {
  const graph = graphOf([
    edgeFrame('__proto__', 'constructor', { calls: 1, errors: { '__proto__||app': 1 }, targetVersion: '__proto__' }),
  ]);
  assert.equal(ids(graph), '//__proto__ //constructor');
  assert.equal(nodeOf(graph, '//constructor').versions[0]?.version, '__proto__');
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test('a series has a point for every step, also for those without traffic', () => {
  const frames = [
    edgeFrame('a', 'b', { clientMs: [1, 2], failed: 1 }),
    edgeFrame('a', 'b', { frame: fromMs / 1000 + 20, clientMs: [100] }),
  ];
  const { series, heatmap } = toSeries(frames, { fromMs, toMs: fromMs + 35_000, stepMs: 10_000 });
  assert.deepEqual(
    series.map(({ at, calls, failed }) => [at - fromMs, calls, failed]),
    [
      [0, 2, 1],
      [10_000, 0, 0],
      [20_000, 1, 0],
      [30_000, 0, 0],
    ],
  );
  assert.equal(series[1]?.latencyMs.p99, null);
  assert.equal(heatmap.columns.length, 4);
  assert.ok(heatmap.boundsMs.length <= 40);
  assert.ok(heatmap.boundsMs.every((bound, row) => row === 0 || bound > (heatmap.boundsMs[row - 1] ?? 0)));
  const total = heatmap.columns.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0);
  assert.equal(total, 3);
  assert.ok((heatmap.boundsMs.at(-1) ?? 0) >= 100);
});

test('an empty interval is an empty map', () => {
  assert.deepEqual(graphOf([]), {
    from: fromMs,
    to: fromMs + 10_000,
    generatedAt: fromMs + 10_000,
    sampled: false,
    nodes: [],
    edges: [],
    unsettled: 0,
    thresholds: { warnFailed: 0.001, badFailed: 0.01, badP99Ms: 500 },
    scopes: { clusters: [], namespaces: [] },
    critical: { entry: '', band: 'all', fromMs: 0, traces: 0 },
  });
});
