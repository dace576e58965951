/**
 * What the map can be asked for beside its numbers, on stored frames: quiet edges, boxes, ways round a focus, the timeline
 * with its marks, and comparisons. Frames of whole hours are asked for twice: what is kept of them must not go stale.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as api from '#shared/api.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { bandStart, durationBand } from '#shared/sketch.ts';
import { edgeFrame, edgeRow, type FrameText } from './edge-frame.ts';
import { startServing } from './serve.ts';

/** A round hour. */
const hour = 1_764_000_000;
let nowMs = (hour + 4 * 3600) * 1000;
const served = await startServing({ now: () => nowMs });
const { db } = served;
let tick = hour;
/** Stores frames as the next tick. */
const store = (frames: readonly EdgeFrame[]): Promise<void> =>
  db.insertRows(
    'edges',
    frames.map((frame) => ({ ...edgeRow(frame), tick: ++tick })),
  );
const get = async <T>(path: string): Promise<T> => (await served.json(path)) as T;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const outside: FrameText = { sourceKind: 'users' };
const span = (fromSecond: number, toSecond: number): string => `from=${fromSecond * 1000}&to=${toSecond * 1000}`;

test('a timeline counts what enters the mesh, in steps that lie on the clock, with the empty ones', async () => {
  await store([
    edgeFrame('users', 'shop/web', { ...outside, frame: hour + 60, calls: 10, failed: 1 }),
    edgeFrame('shop/web', 'shop/auth', { frame: hour + 60, calls: 90, failed: 50 }),
    edgeFrame('users', 'shop/web', { ...outside, frame: hour + 3700, calls: 20 }),
    edgeFrame('kubelet', 'shop/web', { ...outside, frame: hour + 3700, calls: 500, probe: 1 }),
  ]);
  const timeline = await get<api.Timeline>(`/api/timeline?${span(hour, hour + 7200)}`);
  assert.deepEqual([timeline.from, timeline.to, timeline.stepMs], [hour * 1000, (hour + 7200) * 1000, 60_000]);
  assert.equal(timeline.points.length, 120);
  assert.deepEqual(
    timeline.points.filter(({ calls }) => calls > 0),
    [
      { at: (hour + 60) * 1000, calls: 10, failed: 1 },
      { at: (hour + 3660) * 1000, calls: 20, failed: 0 },
    ],
  );
  assert.deepEqual(await get(`/api/timeline?${span(hour, hour + 7200)}`), timeline, 'asked again');
});

test('any step and any interval tells of the same calls', async () => {
  for (const query of ['step=10s', 'step=1m', 'step=1h', 'step=7m', '']) {
    const timeline = await get<api.Timeline>(`/api/timeline?${span(hour - 100, hour + 7305)}&${query}`);
    assert.equal(sum(timeline.points.map(({ calls }) => calls)), 30, query);
    assert.equal(timeline.points.length, Math.ceil((timeline.to - timeline.from) / timeline.stepMs));
    assert.ok(timeline.points.every(({ at }) => at % timeline.stepMs === 0));
  }
  for (const window of ['1h', '6h', '1d', '7d', '30d']) {
    const { points } = await get<api.Timeline>(`/api/timeline?window=${window}`);
    assert.ok(points.length >= 60 && points.length <= 180, `${window}: ${points.length}`);
  }
});

test('a late settlement and what has not settled are on the timeline at once', async () => {
  await store([edgeFrame('users', 'shop/web', { ...outside, frame: hour + 120, calls: 3 })]);
  served.open.frames = [
    edgeFrame('users', 'shop/web', { ...outside, frame: hour + 130, calls: 4 }),
    edgeFrame('shop/web', 'shop/auth', { frame: hour + 130, calls: 100 }),
  ];
  try {
    const { points } = await get<api.Timeline>(`/api/timeline?${span(hour, hour + 7200)}`);
    assert.equal(points[2]?.calls, 7);
  } finally {
    served.open.frames = [];
  }
});

test('a mesh that tells of nobody outside shows all its calls', async () => {
  const at = hour - 10 * 86_400;
  await store([edgeFrame('a', 'b', { frame: at, calls: 5, failed: 2 })]);
  const { points } = await get<api.Timeline>(`/api/timeline?${span(at, at + 60)}`);
  assert.deepEqual(points[0], { at: at * 1000, calls: 5, failed: 2 });
});

test('a version is marked when it turns up at a workload that was known before', async () => {
  const version = (frame: number, targetVersion: string, name = 'shop/reviews'): EdgeFrame =>
    edgeFrame('shop/web', name, { frame: hour + frame, calls: 1, targetVersion });
  await store([
    version(0, 'v1'),
    version(10, 'v2'),
    version(1800, 'v3'),
    version(1810, 'v3'),
    version(1800, 'v1', 'shop/brand-new'),
    version(3000, ''),
  ]);
  const marks = async (): Promise<api.Timeline['marks']> => {
    nowMs += 10_000;
    return (await get<api.Timeline>(`/api/timeline?${span(hour, hour + 7200)}`)).marks;
  };
  const v3 = { at: (hour + 1800) * 1000, nodeId: '/shop/reviews', name: 'reviews', version: 'v3' };
  assert.deepEqual(await marks(), [v3], 'v2 came with its workload');
  await store([version(2400, 'v4')]);
  assert.deepEqual(
    (await marks()).map((mark) => mark.version),
    ['v3', 'v4'],
  );
  await store([version(600, 'v4')]);
  assert.deepEqual(
    (await marks()).map((mark) => [mark.at / 1000 - hour, mark.version]),
    [
      [600, 'v4'],
      [1800, 'v3'],
    ],
    'a late settlement may move it',
  );
  const later = await get<api.Timeline>(`/api/timeline?${span(hour + 3600, hour + 7200)}`);
  assert.deepEqual(later.marks, []);
});

test('what was quiet in the interval but not in the day before is on the map when asked for', async () => {
  const quiet = `/api/graph?${span(hour + 7200, hour + 7260)}`;
  assert.deepEqual((await get<api.Graph>(quiet)).edges, []);
  const { edges, nodes } = await get<api.Graph>(`${quiet}&idle=true`);
  assert.ok(edges.some(({ source, target, calls }) => source === '//users' && target === '/shop/web' && calls === 0));
  assert.ok(nodes.every(({ versions, calls }) => versions.length === 0 && calls === 0));
  assert.ok(!edges.some(({ source }) => source === '//kubelet'), 'health checks only when asked for');
  const next = `/api/graph?${span(hour + 2 * 86_400, hour + 2 * 86_400 + 60)}&idle=true`;
  assert.deepEqual((await get<api.Graph>(next)).edges, [], 'after a day it is forgotten');
  const edge = edges[0];
  const detail = await get<api.EdgeDetail>(`/api/edges/${edge?.id}?${span(hour + 7200, hour + 7260)}&idle=true`);
  assert.deepEqual([detail.edge.calls, detail.versions], [0, []]);
});

test('a collapsed namespace has a panel: its node, and its edges by step', async () => {
  const query = `${span(hour, hour + 7200)}&collapse=${encodeURIComponent('/shop/')}`;
  const graph = await get<api.Graph>(`/api/graph?${query}`);
  assert.deepEqual(
    graph.nodes.map(({ id }) => id),
    ['//users', '/shop/'],
  );
  const node = await get<api.NodeDetail>(`/api/nodes/${encodeURIComponent('/shop/')}?${query}`);
  assert.equal(sum(node.series.map(({ calls }) => calls)), node.node.calls);
  for (const { id, calls } of graph.edges) {
    const { series } = await get<api.EdgeDetail>(`/api/edges/${id}?${query}`);
    assert.equal(sum(series.map((point) => point.calls)), calls);
  }
});

test('the slow band and one entry decide what a critical share is of, in hours that are kept too', async () => {
  const key = (ms: number, entry: string): string => `${durationBand(ms * 1e6)}|${entry}`;
  const at = hour - 2 * 86_400;
  const paths = (frame: number): EdgeFrame[] => [
    edgeFrame('gw', 'auth', {
      frame,
      calls: 100,
      criticalNs: { [key(10, 'gw|GET /')]: 900, [key(500, 'gw|GET /')]: 100 },
    }),
    edgeFrame('gw', 'db', { frame, calls: 1, criticalNs: { [key(500, 'gw|GET /')]: 300, [key(9, 'cron|run')]: 50 } }),
    edgeFrame('', 'gw', {
      frame,
      rootCount: { [key(10, 'gw|GET /')]: 90, [key(500, 'gw|GET /')]: 10, [key(9, 'cron|run')]: 100 },
      rootNs: { [key(10, 'gw|GET /')]: 900, [key(500, 'gw|GET /')]: 400, [key(9, 'cron|run')]: 50 },
    }),
  ];
  await store([...paths(at), ...paths(at + 3600), ...paths(at + 7300)]);
  const ask = async (
    query: string,
  ): Promise<[traces: number, fromMs: number, auth: number | null, db: number | null]> => {
    const { critical, edges } = await get<api.Graph>(`/api/graph?${span(at, at + 7400)}&${query}`);
    const share = (target: string): number | null =>
      edges.find((edge) => edge.target === target)?.criticalShare ?? null;
    return [critical.traces, critical.fromMs, share('//auth'), share('//db')];
  };
  const entry = `entry=${encodeURIComponent('gw|GET /')}`;
  const slowFromMs = Number((bandStart(durationBand(500e6)) / 1e6).toPrecision(4));
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(await ask(''), [600, 0, 0.740741, 0.259259]);
    assert.deepEqual(await ask(entry), [300, 0, 0.769231, 0.230769]);
    assert.deepEqual(await ask(`${entry}&band=slow`), [30, slowFromMs, 0.25, 0.75]);
  }
  served.open.frames = paths(at + 20);
  assert.deepEqual(await ask(`${entry}&band=slow`), [40, slowFromMs, 0.25, 0.75], 'open traces are cut alike');
  served.open.frames = [];
  const { entries } = await get<api.Entries>(`/api/entries?${span(at, at + 7400)}`);
  assert.deepEqual(
    entries.map(({ id, traces, meanMs }) => [id, traces, meanMs]),
    [
      ['gw|GET /', 300, 1.3e-5],
      ['cron|run', 300, 5e-7],
    ],
  );
});

test('two stretches of time are compared by name, or the last window with the one before', async () => {
  const at = hour + 6 * 3600;
  nowMs = (at + 620) * 1000;
  await store([
    edgeFrame('cmp/a', 'cmp/b', { frame: at + 100, calls: 1000 }),
    edgeFrame('cmp/a', 'cmp/b', { frame: at + 400, calls: 1000, failed: 200 }),
  ]);
  const wanted = [(at + 10) * 1000, (at + 310) * 1000, (at + 610) * 1000];
  const window = await get<api.Comparison>('/api/compare?window=5m');
  assert.deepEqual(
    [window.a.from, window.a.to, window.b.from, window.b.to],
    [wanted[0], wanted[1], wanted[1], wanted[2]],
  );
  assert.deepEqual(
    window.edges.map(({ source, target, change }) => [source, target, change]),
    [['/cmp/a', '/cmp/b', 'failing']],
  );
  assert.deepEqual(window.edges[0]?.successRate, { before: 1, after: 0.8 });
  const said = await get<api.Comparison>(`/api/compare?a=${wanted[0]}..${wanted[1]}&b=${wanted[1]}..now-10s`);
  assert.deepEqual(said, window);
  const boxed = await get<api.Comparison>('/api/compare?collapse=/cmp/');
  assert.deepEqual([boxed.edges[0]?.source, boxed.edges[0]?.target], ['/cmp/', '/cmp/']);
});

test('frames that would be too many come in longer steps', async () => {
  const wire = await get<api.FramesWire>(`/api/frames?${span(hour, hour + 86_400)}&step=1m`);
  assert.ok((wire.to - wire.from) / wire.stepMs <= 181, `${wire.stepMs}`);
  const at = hour + 30 * 86_400;
  nowMs = (at + 3600) * 1000;
  await db.exec(
    `INSERT INTO edges (frame, tick, target, sourceKind, calls, seen)
     SELECT ${at} + (number % 180) * 10, ${at} + number % 180, concat('s', toString(intDiv(number, 180))), 0, 1, 1
     FROM numbers(180 * 400)`,
  );
  const many = await get<api.FramesWire>(`/api/frames?${span(at, at + 1800)}`);
  assert.ok(many.rows.length <= 60_000 && many.stepMs > 10_000, `${many.rows.length} rows, ${many.stepMs} ms`);
  assert.equal(sum(many.rows.map((row) => Number(row[5]))), 72_000, 'no call is lost');
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
