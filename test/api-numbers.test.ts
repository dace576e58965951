/**
 * Numbers of the native API on recorded traffic: the same call counts alike on the map, on its edge and workload, by step,
 * and in the frames a browser puts its own map together from.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type * as api from '#shared/api.ts';
import { decodeFrames } from '#shared/frames-wire.ts';
import { toGraph } from '#shared/graph.ts';
import { edgeFrame } from './edge-frame.ts';
import { recordedBodies } from './recordings.ts';
import { startServing, storeFrames, storeRecorded } from './serve.ts';

const served = await startServing();
const { db } = served;
const tick = 1_800_000_000;

/** The interval the recordings lie in, as query parameters. */
let interval = '';
let fromMs = 0;
let toMs = 0;

before(async () => {
  ({ fromMs, toMs, interval } = await storeRecorded(
    db,
    [...recordedBodies('faults'), ...recordedBodies('mtls')],
    tick,
  ));
});

const graphNow = async (query = ''): Promise<api.Graph> =>
  (await served.json(`/api/graph?${interval}${query}`)) as api.Graph;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

test('an edge over time sums up to the edge on the map', async () => {
  const { edges } = await graphNow();
  assert.ok(edges.length > 5);
  for (const edge of edges.slice(0, 6)) {
    const detail = (await served.json(`/api/edges/${edge.id}?${interval}&step=10s`)) as api.EdgeDetail;
    assert.equal(detail.edge.calls, edge.calls);
    assert.equal(sum(detail.series.map(({ calls }) => calls)), edge.calls);
    assert.equal(sum(detail.series.map(({ failed }) => failed)), edge.failed);
    assert.equal(sum(detail.heatmap.columns.flatMap(({ counts }) => counts)), edge.latencyMs.n);
    assert.equal(detail.series.length, Math.ceil((detail.to - detail.from) / detail.stepMs));
  }
});

test('a node over time sums up to the node on the map, under every grouping', async () => {
  for (const groupBy of ['service', 'version', 'namespace']) {
    const graph = await graphNow(`&groupBy=${groupBy}`);
    for (const node of graph.nodes.filter(({ calls }) => calls > 0).slice(0, 4)) {
      const path = `/api/nodes/${encodeURIComponent(node.id)}?${interval}&groupBy=${groupBy}`;
      const detail = (await served.json(path)) as api.NodeDetail;
      assert.equal(sum(detail.inbound.map(({ calls }) => calls)), node.calls);
      assert.equal(sum(detail.series.map(({ calls }) => calls)), node.calls, node.id);
      assert.deepEqual(new Set(detail.outbound.map(({ source }) => source)).size <= 1, true);
    }
  }
});

test('what has not settled counts on the map, the edge and the node alike', async () => {
  const frame = Math.floor(fromMs / 10_000) * 10 + 10;
  served.open.frames = [edgeFrame('shop/probe-a', 'shop/probe-b', { frame, clientMs: [5, 5, 5], failed: 1 })];
  served.open.unsettled = 2;
  try {
    const graph = await graphNow();
    const edge = graph.edges.find(({ target }) => target === '/shop/probe-b');
    assert.equal(graph.unsettled, 2);
    assert.deepEqual([edge?.calls, edge?.failed, edge?.provisional], [3, 1, 3]);
    assert.equal(sum(graph.edges.map(({ provisional }) => provisional)), 3, 'of no other edge');
    const { series } = (await served.json(`/api/edges/${edge?.id}?${interval}&step=10s`)) as api.EdgeDetail;
    assert.deepEqual(
      series.filter(({ calls }) => calls > 0).map(({ at, calls }) => [at, calls]),
      [[frame * 1000, 3]],
    );
    const elsewhere = (await served.json(`/api/graph?from=${fromMs - 60_000}&to=${fromMs - 30_000}`)) as api.Graph;
    assert.equal(elsewhere.edges.length, 0, 'not in another interval');
  } finally {
    served.open.frames = [];
    served.open.unsettled = 0;
  }
});

test('a window counts whole frames, and its rates divide by the time they span', async () => {
  const now = Math.floor(Date.now() / 10_000) * 10;
  await storeFrames(db, [edgeFrame('clock/a', 'clock/b', { frame: now - 30, calls: 90 })]);
  const graph = (await served.json('/api/graph?window=1m&namespace=clock')) as api.Graph;
  assert.equal(graph.from % 10_000, 0);
  assert.ok(graph.to <= Date.now() && graph.to - graph.from >= 60_000 && graph.to - graph.from < 80_000);
  const rate = 90 / ((graph.to - graph.from) / 1000);
  assert.ok(Math.abs((graph.edges[0]?.rate ?? 0) - rate) < rate * 1e-4);
});

test('times are taken as epoch milliseconds, ISO 8601 or relative to now', async () => {
  const iso = (ms: number): string => encodeURIComponent(new Date(ms).toISOString());
  const graph = (await served.json(`/api/graph?from=${iso(fromMs)}&to=${iso(toMs)}`)) as api.Graph;
  assert.deepEqual(graph.edges, (await graphNow()).edges);
  assert.equal((await served.get('/api/graph?from=now-1h&to=now-30m')).status, 200);
});

const noExemplars = { p50: null, p90: null, p99: null, errors: {} };
/** The map as it is made of frames that come without exemplars. */
const plain = (graph: api.Graph): api.Graph => ({
  ...graph,
  generatedAt: 0,
  edges: graph.edges.map((edge) => ({ ...edge, exemplars: noExemplars })),
});

test('the map put together from all frames by step is the map of the interval', async () => {
  const frame = Math.floor(fromMs / 10_000) * 10 + 10;
  served.open.frames = [
    edgeFrame('shop/probe-a', 'shop/probe-b', { frame, clientMs: [5, 5], criticalNs: { '99|web|GET /': 10 } }),
  ];
  served.open.unsettled = 1;
  try {
    for (const query of ['', '&probes=true', '&band=slow', '&step=30s', '&step=1h']) {
      const wire = (await served.json(`/api/frames?${interval}${query}`)) as api.FramesWire;
      const wanted = `from=${wire.from}&to=${wire.to}${query.replace(/&step=.*/, '')}`;
      const whole = (await served.json(`/api/graph?${wanted}`)) as api.Graph;
      assert.ok(whole.edges.length > 3 && wire.rows.length >= whole.edges.length);
      const made = toGraph(decodeFrames(wire), {
        fromMs: wire.from,
        toMs: wire.to,
        generatedAtMs: wire.generatedAt,
        unsettled: wire.unsettled,
        thresholds: wire.thresholds,
        critical: wire.critical,
        probes: query === '&probes=true',
      });
      assert.deepEqual(plain(made), plain(whole), query);
      assert.equal(made.edges.find(({ target }) => target === '/shop/probe-b')?.provisional, 2);
    }
  } finally {
    served.open.frames = [];
    served.open.unsettled = 0;
  }
});

test('frames of two intervals are the same where they overlap', async () => {
  const framesOf = async (from: number, to: number): Promise<api.FramesWire> =>
    (await served.json(`/api/frames?from=${from}&to=${to}&step=30s`)) as api.FramesWire;
  const inner = await framesOf(fromMs, toMs);
  const outer = await framesOf(fromMs - 57_000, toMs + 41_000);
  assert.deepEqual([inner.stepMs, inner.from % 30_000, inner.to % 30_000], [30_000, 0, 0]);
  assert.ok(outer.from < inner.from && inner.to < outer.to && inner.rows.length > 0);
  const within = (wire: api.FramesWire): string[] =>
    decodeFrames(wire)
      .filter(({ frame }) => frame * 1000 >= inner.from && frame * 1000 < inner.to)
      .map((frame) => JSON.stringify(frame))
      .sort();
  assert.deepEqual(within(outer), within(inner));
});

test('an edge by versions sums up to the edge', async () => {
  const { edges } = await graphNow();
  for (const { id, calls, failed } of edges.slice(0, 6)) {
    const { versions } = (await served.json(`/api/edges/${id}?${interval}`)) as api.EdgeDetail;
    assert.equal(sum(versions.map((pair) => pair.calls)), calls);
    assert.equal(sum(versions.map((pair) => pair.failed)), failed);
  }
});

test('the traces of all entries together are those of the critical path', async () => {
  const { entries } = (await served.json(`/api/entries?${interval}`)) as api.Entries;
  const { critical } = await graphNow();
  assert.equal(sum(entries.map(({ traces }) => traces)), critical.traces);
  assert.ok(entries.length > 0 && critical.traces > 0);
  for (const { id, service, operation, traces, meanMs } of entries) {
    assert.equal(id, `${service}|${operation}`);
    assert.ok(meanMs > 0);
    const graph = await graphNow(`&entry=${encodeURIComponent(id)}`);
    assert.deepEqual(graph.critical, { entry: id, band: 'all', fromMs: 0, traces });
  }
});

test('critical shares of the slowest tenth sum to one, and change no call', async () => {
  const all = await graphNow();
  const slow = await graphNow('&band=slow');
  assert.ok(slow.critical.traces >= all.critical.traces * 0.1 && slow.critical.traces < all.critical.traces);
  assert.ok(slow.critical.fromMs > 0);
  const shares = [...slow.edges, ...slow.nodes.map(({ criticalShare, id }) => ({ criticalShare, id }))];
  assert.ok(sum(shares.map(({ criticalShare }) => criticalShare ?? 0)) >= 1 - 1e-3);
  assert.deepEqual(
    slow.edges.map(({ calls }) => calls),
    all.edges.map(({ calls }) => calls),
  );
  assert.notDeepEqual(slow, all);
});

test('operations are the requests a workload answered, each once, failures as on the map', async () => {
  const graph = await graphNow();
  for (const node of graph.nodes.filter(({ kind, calls }) => kind === 'service' && calls > 0)) {
    const path = `/api/nodes/${encodeURIComponent(node.id)}/operations?${interval}`;
    const { operations, from, to } = (await served.json(path)) as api.Operations;
    assert.ok(to - from <= 3_600_000);
    assert.ok(operations.every(({ calls, failed, latencyMs: { n } }) => failed <= calls && n <= calls));
    const calls = operations.map((operation) => operation.calls);
    assert.deepEqual(
      calls,
      calls.toSorted((a, b) => b - a),
    );
  }
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
