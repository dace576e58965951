/**
 * shared/graph.ts: boxes drawn as one node, which way a focus looks, quiet edges, what is provisional, and which traces a
 * critical path is about.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graph as graphSchema, type Graph, type GraphEdge } from '#shared/api.ts';
import { cutFrame, toCut, type CriticalCut } from '#shared/critical-cut.ts';
import { toVersionPairs } from '#shared/edge-versions.ts';
import { emptyFrame, type EdgeFrame } from '#shared/frame.ts';
import { toGraph, type GraphOptions } from '#shared/graph.ts';
import { bandStart, durationBand } from '#shared/sketch.ts';
import { edgeFrame } from './edge-frame.ts';

const fromMs = 1_764_000_000_000;
const graphOf = (frames: readonly EdgeFrame[], options: Partial<GraphOptions> = {}): Graph => {
  const made = toGraph(frames, { fromMs, toMs: fromMs + 10_000, generatedAtMs: 0, unsettled: 0, ...options });
  graphSchema.parse(made);
  return made;
};
const ids = ({ nodes }: Graph): string => nodes.map(({ id }) => id).join(' ');
const arrows = ({ edges }: Graph): string => edges.map(({ source, target }) => `${source}>${target}`).join(' ');
const edgeOf = (graph: Graph, source: string, target: string): GraphEdge => {
  const found = graph.edges.find((edge) => edge.source === source && edge.target === target);
  assert.ok(found, `${source}>${target} in ${arrows(graph)}`);
  return found;
};

const east = { sourceCluster: 'east', targetCluster: 'east' };
const mesh = [
  edgeFrame('users', 'mesh/gw', { calls: 10, sourceKind: 'users', targetCluster: 'east' }),
  edgeFrame('mesh/gw', 'shop/web', { calls: 10, ...east }),
  edgeFrame('shop/web', 'shop/auth', { calls: 15, failed: 3, ...east }),
  edgeFrame('shop/auth', 'data/db', { calls: 7, targetKind: 'database', ...east }),
  edgeFrame('shop/auth', 'shop/web', { calls: 1, ...east, targetCluster: 'west' }),
];

test('a collapsed namespace is one node, its inner calls an edge to itself, and the rest stays as it is', () => {
  const graph = graphOf(mesh, { collapse: ['east/shop/'] });
  assert.equal(ids(graph), '//users east/data/db east/mesh/gw east/shop/ west/shop/web');
  const box = graph.nodes.find(({ id }) => id === 'east/shop/');
  assert.deepEqual([box?.kind, box?.name, box?.namespace, box?.cluster], ['service', 'shop', 'shop', 'east']);
  assert.equal(box?.calls, 25, 'inbound, as when all is grouped by namespace');
  assert.equal(edgeOf(graph, 'east/shop/', 'east/shop/').failed, 3);
  const grouped = graphOf(mesh, { groupBy: 'namespace' });
  assert.deepEqual(edgeOf(graph, 'east/shop/', 'east/shop/'), edgeOf(grouped, 'east/shop/', 'east/shop/'));
});

test('a collapsed cluster wins over its namespaces, and over grouping by them', () => {
  for (const groupBy of ['service', 'namespace'] as const) {
    const graph = graphOf(mesh, { groupBy, collapse: ['east//', 'east/shop/'] });
    assert.equal(ids(graph), `//users east// west/shop/${groupBy === 'service' ? 'web' : ''}`);
    assert.equal(graph.nodes[1]?.name, 'east');
  }
});

test('collapsing what is not there, or has no name, changes nothing', () => {
  assert.deepEqual(graphOf(mesh, { collapse: ['north//', '//', 'east/shop/web'] }), graphOf(mesh));
});

test('no call is lost by collapsing', () => {
  const sum = ({ edges }: Graph): number => edges.reduce((total, { calls }) => total + calls, 0);
  for (const collapse of [['east/shop/'], ['east//'], ['east/data/', 'east/mesh/']]) {
    assert.equal(sum(graphOf(mesh, { collapse })), 43);
  }
});

test('filters and focus see the workloads inside a box', () => {
  const collapse = ['east//'];
  assert.equal(ids(graphOf(mesh, { collapse, namespaces: ['data'] })), 'east//');
  assert.equal(ids(graphOf(mesh, { groupBy: 'cluster', namespaces: ['mesh'] })), '//users east//');
  assert.equal(
    ids(graphOf(mesh, { collapse: ['east/shop/'], service: 'auth' })),
    'east/data/db east/mesh/gw east/shop/ west/shop/web',
  );
  assert.equal(ids(graphOf(mesh, { collapse: ['east/shop/'], service: 'east/shop/', hops: 0 })), 'east/shop/');
});

test('a focus looks up to callers or down to callees, along the edges it walks', () => {
  const one = mesh.slice(0, 4);
  const focus = (service: string, hops: number, direction: 'up' | 'down'): string =>
    arrows(graphOf(one, { service, hops, direction }));
  assert.equal(focus('web', 1, 'up'), 'east/mesh/gw>east/shop/web');
  assert.equal(focus('web', 1, 'down'), 'east/shop/web>east/shop/auth');
  assert.equal(focus('web', 2, 'down'), 'east/shop/auth>east/data/db east/shop/web>east/shop/auth');
  assert.equal(focus('web', 20, 'up'), '//users>east/mesh/gw east/mesh/gw>east/shop/web');
  assert.equal(focus('db', 1, 'down'), '');
  assert.equal(ids(graphOf(one, { service: 'db', direction: 'down' })), 'east/data/db');
});

test('an edge back to the focus is not on the way down to its callees', () => {
  const both = [edgeFrame('a', 'b', { calls: 1 }), edgeFrame('b', 'a', { calls: 1 })];
  assert.equal(arrows(graphOf(both, { service: 'a', direction: 'down' })), '//a>//b');
  assert.equal(arrows(graphOf(both, { service: 'a', direction: 'down', hops: 2 })), '//a>//b //b>//a');
  assert.equal(arrows(graphOf(both, { service: 'a' })), '//a>//b //b>//a');
});

test('scopes name what the frames hold, whatever is filtered', () => {
  const wanted = { clusters: ['east', 'west'], namespaces: ['data', 'mesh', 'shop'] };
  assert.deepEqual(graphOf(mesh).scopes, wanted);
  assert.deepEqual(graphOf(mesh, { namespaces: ['data'], service: 'nobody', groupBy: 'cluster' }).scopes, wanted);
  const probe = edgeFrame('kubelet', 'kube-system/dns', { calls: 1, probe: 1 });
  assert.deepEqual(graphOf([...mesh, probe]).scopes, wanted, 'health checks only when they are asked for');
  assert.ok(graphOf([...mesh, probe], { probes: true }).scopes.namespaces.includes('kube-system'));
});

test('a frame without calls keeps its edge on the map, and lends it no version', () => {
  const { sourceKind, target, targetNamespace, source, sourceNamespace } = edgeFrame('shop/web', 'shop/old');
  const idle = { ...emptyFrame, sourceKind, target, targetNamespace, source, sourceNamespace, targetVersion: 'v1' };
  const graph = graphOf([idle]);
  const edge = edgeOf(graph, '/shop/web', '/shop/old');
  assert.deepEqual([edge.calls, edge.successRate, edge.rate, edge.weight, edge.latencyMs.n], [0, null, 0, 1, 0]);
  assert.deepEqual(
    graph.nodes.map(({ versions, calls }) => [versions.length, calls]),
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal(ids(graphOf([idle], { groupBy: 'version' })), '/shop/old/v1 /shop/web');
  const busy = edgeFrame('shop/web', 'shop/old', { calls: 3, targetVersion: 'v2' });
  assert.deepEqual(graphOf([busy, idle]).edges, graphOf([busy]).edges, 'nothing is added to what is not quiet');
});

test('what has not settled is told beside the whole', () => {
  const graph = graphOf([
    edgeFrame('a', 'b', { calls: 8 }),
    { ...edgeFrame('a', 'b', { calls: 2 }), provisional: true },
    edgeFrame('c', 'b', { calls: 5 }),
  ]);
  assert.deepEqual([edgeOf(graph, '//a', '//b').calls, edgeOf(graph, '//a', '//b').provisional], [10, 2]);
  assert.equal(edgeOf(graph, '//c', '//b').provisional, 0);
  assert.equal(graph.nodes.find(({ id }) => id === '//b')?.provisional, 2);
});

test('the weight of an edge is the calls that one seen call stands for', () => {
  const graph = graphOf([edgeFrame('a', 'b', { calls: 80, seen: 10 }), edgeFrame('a', 'c', { calls: 5 })]);
  assert.equal(edgeOf(graph, '//a', '//b').weight, 8);
  assert.equal(edgeOf(graph, '//a', '//c').weight, 1);
});

test('the share of network and proxies is of the calls seen from both ends', () => {
  const share = (clientMs: number[], serverMs: number[], networkMs: number[]): number | null =>
    edgeOf(graphOf([edgeFrame('a', 'b', { clientMs, serverMs, networkMs })]), '//a', '//b').networkShare;
  const near = (got: number | null, wanted: number): void =>
    assert.ok(got !== null && Math.abs(got - wanted) < 0.01, `${got} for ${wanted}`);
  near(share([10, 20], [8, 12], [2, 8]), 10 / 30);
  near(share([10, 20, 5000], [8, 12], [2, 8]), 10 / 30);
  near(share([10, 20], [8, 12, 900], [2, 8]), 10 / 30);
  assert.equal(share([10], [], []), null);
  assert.equal(share([], [10], []), null);
});

test('thresholds and the traces of the critical path are told with the map', () => {
  const thresholds = { warnFailed: 0.5, badFailed: 0.6, badP99Ms: 7 };
  const frames = [edgeFrame('', 'web', { rootNs: { k: 100 }, rootCount: { k: 3 } })];
  const graph = graphOf(frames, { thresholds, critical: { entry: 'web|GET /', band: 'slow', fromMs: 12 } });
  assert.deepEqual(graph.thresholds, thresholds);
  assert.deepEqual(graph.critical, { entry: 'web|GET /', band: 'slow', fromMs: 12, traces: 3 });
});

test('the slow band is cut so that it holds a tenth of the traces or a little more', () => {
  const key = (ms: number, entry = 'web|GET /'): string => `${durationBand(ms * 1e6)}|${entry}`;
  const roots: [string, number][] = [
    [key(10), 900],
    [key(100), 60],
    [key(1000), 45],
    [key(9000, 'cron|run'), 5000],
  ];
  const slow = toCut(roots, 'web|GET /', 'slow');
  assert.equal(slow.fromBand, durationBand(100e6));
  assert.ok(Math.abs(slow.fromMs - bandStart(slow.fromBand) / 1e6) < 0.1);
  assert.equal(toCut(roots, '', 'slow').fromBand, durationBand(9000e6), 'of all entries');
  assert.deepEqual(toCut(roots, 'web|GET /', 'all'), { entry: 'web|GET /', band: 'all', fromBand: -1, fromMs: 0 });
  assert.equal(toCut([], '', 'slow').fromMs, 0);
});

test('a cut keeps the critical paths of its entry and from its band on, and nothing of the calls', () => {
  const frame = edgeFrame('a', 'b', {
    calls: 5,
    criticalNs: { '3|web|GET /': 1, '9|web|GET /': 2, '9|web|GET /|odd': 4, '9|cron|run': 8, '-1|web|GET /': 16 },
  });
  const kept = (cut: Pick<CriticalCut, 'entry' | 'fromBand'>): number =>
    Object.values(cutFrame(frame, { band: 'slow', fromMs: 0, ...cut }).criticalNs).reduce((sum, ns) => sum + ns, 0);
  assert.equal(kept({ entry: 'web|GET /', fromBand: 9 }), 2);
  assert.equal(kept({ entry: 'web|GET /', fromBand: -1 }), 19);
  assert.equal(kept({ entry: '', fromBand: 4 }), 14);
  assert.equal(cutFrame(frame, toCut([], '', 'all')).calls, 5);
});

test('the calls of an edge by versions sum up to it, the most frequent pair first', () => {
  const pairs = toVersionPairs([
    edgeFrame('a', 'b', { clientMs: [1, 2], sourceVersion: 'v1', targetVersion: 'v1', failed: 1 }),
    edgeFrame('a', 'b', { clientMs: [5, 6, 7], sourceVersion: 'v1', targetVersion: 'v2' }),
    edgeFrame('a', 'b', { clientMs: [3, 4], sourceVersion: 'v1', targetVersion: 'v1', attempts: 5 }),
    edgeFrame('a', 'b', { clientMs: [], sourceVersion: 'v0' }),
  ]);
  assert.deepEqual(
    pairs.map(({ sourceVersion, targetVersion, calls, failed, attempts, latencyMs }) => [
      sourceVersion,
      targetVersion,
      calls,
      failed,
      attempts,
      latencyMs.n,
    ]),
    [
      ['v1', 'v1', 4, 1, 7, 4],
      ['v1', 'v2', 3, 0, 3, 3],
    ],
  );
});
