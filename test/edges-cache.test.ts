/** collector/store/edges-cache.ts: what is remembered of an hour is what the store would say now. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { toGraph } from '#shared/graph.ts';
import { createDb, migrate, type Db } from '../collector/store/db.ts';
import { createFrameReader } from '../collector/store/edges-cache.ts';
import { readFrames } from '../collector/store/edges-read.ts';
import { edgeFrame } from './edge-frame.ts';

const db = await createDb('chdb::memory:');
await migrate(db);
after(() => db.close());

const start = 1_764_000_000;
const store = (frame: number, tick: number, to = 'auth'): Promise<void> =>
  db.insertRows('edges', [
    { ...edgeFrame('web', to, { frame, clientMs: [frame % 97, 5], failed: 1, errors: { '503||app': 1 } }), tick },
    { ...edgeFrame('', 'web', { frame, rootNs: { k: 10 }, criticalNs: { k: 10 } }), tick },
    { ...edgeFrame('kubelet', to, { frame, calls: 1, probe: 1 }), tick },
  ]);
for (let hour = 0; hour < 6; hour++) {
  for (const at of [0, 1790, 3590])
    await store(start + hour * 3600 + at, start + hour * 3600 + at + 12, hour % 2 ? 'auth' : 'cart');
}

const reader = createFrameReader(db);
const graphOf = (frames: Awaited<ReturnType<typeof readFrames>>, probes: boolean) =>
  toGraph(frames, { fromMs: 0, toMs: 1000, generatedAtMs: 0, unsettled: 0, probes });

async function assertSame(fromSecond: number, toSecond: number, probes = false): Promise<void> {
  const wanted = { fromSecond, toSecond, probes };
  assert.deepEqual(graphOf(await reader.read(wanted), probes), graphOf(await readFrames(db, wanted), probes));
}

test('any interval sums up as the store says, the first time and again', async () => {
  for (let round = 0; round < 2; round++) {
    await assertSame(start, start + 6 * 3600);
    await assertSame(start + 10, start + 5 * 3600 + 1000);
    await assertSame(start + 3590, start + 3 * 3600);
    await assertSame(start + 100, start + 200);
    await assertSame(start - 7200, start + 12 * 3600, true);
  }
  assert.ok(reader.rows > 0);
});

test('a late settlement that writes into a remembered hour is seen', async () => {
  await assertSame(start, start + 6 * 3600);
  await store(start + 2 * 3600 + 20, start + 9 * 3600);
  await assertSame(start, start + 6 * 3600);
});

test('the frames that come back may be added to', async () => {
  const wanted = { fromSecond: start, toSecond: start + 6 * 3600 };
  (await reader.read(wanted)).push(edgeFrame('x', 'y', { calls: 1 }));
  await assertSame(start, start + 6 * 3600);
});

test('hours whose day was dropped are forgotten', async () => {
  const day = 86_400;
  await store(start + day, start + day);
  const wanted = { fromSecond: start, toSecond: start + 6 * 3600 };
  const before = (await reader.read(wanted)).length;
  await db.exec(
    `ALTER TABLE edges DROP PARTITION ${new Date(start * 1000).toISOString().slice(0, 10).replaceAll('-', '')}`,
  );
  await assertSame(start, start + day + 3600);
  assert.ok((await reader.read(wanted)).length < before);
});

test('a year asked of a store that holds hours costs the questions of those hours', async () => {
  let asked = 0;
  const counting: Db = {
    ...db,
    rows: (sql, params) => {
      asked += 1;
      return db.rows(sql, params);
    },
  };
  const wanted = { fromSecond: start - 400 * 86_400, toSecond: start + 40 * 86_400 };
  const frames = await createFrameReader(counting).read(wanted);
  assert.deepEqual(graphOf(frames, false), graphOf(await readFrames(db, wanted), false));
  assert.ok(asked < 10, `${asked} questions`);
});

test('what is remembered is bounded', async () => {
  for (let hour = 0; hour < 6; hour++) await store(start + hour * 3600, start + 3 * 86_400 + hour);
  const small = createFrameReader(db, 5);
  const wanted = { fromSecond: start, toSecond: start + 6 * 3600 };
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(graphOf(await small.read(wanted), false), graphOf(await readFrames(db, wanted), false));
    assert.ok(small.rows <= 5, `${small.rows} rows`);
  }
});
