/** collector/serve/one-cluster.ts: a workload that some traces tell no cluster of is one node all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as api from '#shared/api.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { edgeFrame, type FrameText } from './edge-frame.ts';
import { startServing, storeFrames } from './serve.ts';

const frame = 1_764_000_000;
const served = await startServing({ now: () => (frame + 60) * 1000 });
const get = async <T>(path: string): Promise<T> => (await served.json(`${path}window=5m`)) as T;
const call = (said: FrameText): EdgeFrame => edgeFrame('shop/web', 'shop/auth', { frame, calls: 10, ...said });
const inEast = { sourceCluster: 'east', targetCluster: 'east' };

test('traces that came without the spans of sidecars are of the same nodes and edge as the others', async () => {
  await storeFrames(served.db, [call(inEast), call({}), call({ targetCluster: 'east' })]);
  served.open.frames = [call({ calls: 1 })];
  const { nodes, edges } = await get<api.Graph>('/api/graph?');
  assert.deepEqual(
    nodes.map(({ id }) => id),
    ['east/shop/auth', 'east/shop/web'],
  );
  assert.deepEqual(
    edges.map(({ calls, provisional }) => [calls, provisional]),
    [[31, 1]],
  );
  const edge = await get<api.EdgeDetail>(`/api/edges/${edges[0]?.id}?`);
  assert.equal(
    edge.series.reduce((sum, { calls }) => sum + calls, 0),
    31,
    'the panel is of the same calls',
  );
  const compared = await get<api.Comparison>('/api/compare?');
  assert.ok(compared.edges.every(({ source }) => source.startsWith('east/')));
});

test('a name that several clusters have stays without one where none is told', async () => {
  await storeFrames(served.db, [call({ sourceCluster: 'west', targetCluster: 'west' })]);
  const { nodes } = await get<api.Graph>('/api/graph?');
  assert.deepEqual(
    nodes.map(({ id }) => id),
    ['/shop/auth', '/shop/web', 'east/shop/auth', 'east/shop/web', 'west/shop/auth', 'west/shop/web'],
  );
});

test('databases and queues are workloads too; users and the unknown are not', async () => {
  await storeFrames(served.db, [
    edgeFrame('shop/web', 'data/orders', { frame, calls: 1, targetCluster: 'east', targetKind: 'database' }),
    edgeFrame('shop/web', 'data/orders', { frame, calls: 1, targetKind: 'database' }),
    edgeFrame('users', 'shop/web', { frame, calls: 1, sourceKind: 'users' }),
    edgeFrame('shop/web', 'users', { frame, calls: 1, targetCluster: 'east' }),
  ]);
  const { nodes } = await get<api.Graph>('/api/graph?');
  assert.deepEqual(
    nodes.filter(({ name }) => name === 'orders' || name === 'users').map(({ id, kind }) => [id, kind]),
    [
      ['//users', 'users'],
      ['east//users', 'service'],
      ['east/data/orders', 'database'],
    ],
  );
});
