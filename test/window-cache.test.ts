/** collector/store/window-cache.ts and the maps kept of its frames: what is remembered is what would be computed now. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { toGraph, type GraphOptions } from '#shared/graph.ts';
import { keepGraphs } from '../collector/serve/graph.ts';
import { createDb, migrate, type Db } from '../collector/store/db.ts';
import { readFrames } from '../collector/store/edges-read.ts';
import { createWindowCache } from '../collector/store/window-cache.ts';
import { edgeFrame } from './edge-frame.ts';

const db = await createDb('chdb::memory:');
await migrate(db);
after(() => db.close());

const start = 1_764_028_800;
const window = { fromSecond: start, toSecond: start + 300 };
const options: GraphOptions = { fromMs: 0, toMs: 300_000, generatedAtMs: 1, unsettled: 0 };
const store = (frame: number, tick: number): Promise<void> =>
  db.insertRows('edges', [
    { ...edgeFrame('web', 'auth', { frame, clientMs: [frame % 97, 5], failed: 1, errors: { '503||app': 1 } }), tick },
  ]);
const mapOf = (frames: Awaited<ReturnType<typeof readFrames>>) => toGraph(frames, options);
for (const at of [0, 20, 290, 400]) await store(start + at, start + at + 12);

/** Counts the questions that sum up frames. */
function counting(): { db: Db; sums(): number } {
  let sums = 0;
  const rows: Db['rows'] = (sql, params) => {
    if (sql.includes('sumMap')) sums += 1;
    return db.rows(sql, params);
  };
  return { db: { ...db, rows }, sums: () => sums };
}

const counted = counting();
const windows = createWindowCache(counted.db, 100);

async function assertRead(times: number): Promise<void> {
  const before = counted.sums();
  const frames = await windows.read(window);
  assert.deepEqual(mapOf([...frames]), mapOf(await readFrames(db, window)));
  assert.equal(counted.sums() - before, times);
}

test('a window is read once while nothing is written into it', async () => {
  await assertRead(1);
  await assertRead(0);
  await store(start + 410, start + 430);
  await assertRead(0);
  assert.equal(await windows.read(window), await windows.read({ ...window }));
});

test('a late settlement that writes into a remembered window is seen, and read once', async () => {
  await store(start + 30, start + 900);
  await assertRead(1);
  await assertRead(0);
});

test('other questions of the same window are told apart', async () => {
  for (const probes of [true, false]) {
    const wanted = { ...window, probes, stepSeconds: 60 };
    assert.deepEqual(mapOf([...(await windows.read(wanted))]), mapOf(await readFrames(db, wanted)));
  }
});

test('a window whose day was dropped is forgotten', async () => {
  await store(start + 86_400, start + 86_400);
  await assertRead(0);
  const day = new Date(start * 1000).toISOString().slice(0, 10).replaceAll('-', '');
  await db.exec(`ALTER TABLE edges DROP PARTITION ${day}`);
  await assertRead(1);
  assert.equal((await windows.read(window)).length, 0);
});

test('what is remembered of windows is bounded', async () => {
  const small = createWindowCache(db, 3);
  for (let at = 0; at < 10; at++) {
    await small.read({ fromSecond: start + at * 10, toSecond: start + 86_400 + 10 });
    assert.ok(small.rows <= 3, `${small.rows} rows`);
  }
  assert.equal(small.rows, 3);
  const none = createWindowCache(db, 0);
  await none.read(window);
  assert.equal(none.rows, 0);
});

test('a map is kept for the same frames and options only', () => {
  const graphOf = keepGraphs();
  const frames = [edgeFrame('web', 'auth', { clientMs: [5, 9] }), edgeFrame('web', 'cart', { clientMs: [7] })];
  const first = graphOf(frames, options);
  assert.deepEqual(first, toGraph(frames, options));
  const again = { ...options, generatedAtMs: 2, unsettled: 3 };
  assert.deepEqual(graphOf([...frames], again), toGraph(frames, again));
  assert.equal(graphOf([...frames], again).edges, first.edges);
  const changed = [frames[0]!, edgeFrame('web', 'cart', { clientMs: [7, 8] })];
  assert.deepEqual(graphOf(changed, options), toGraph(changed, options));
  assert.deepEqual(graphOf(changed.slice(0, 1), options), toGraph(changed.slice(0, 1), options));
  for (const other of [{ groupBy: 'version' }, { toMs: 600_000 }, { namespaces: ['x'] }] as const)
    assert.deepEqual(graphOf(frames, { ...options, ...other }), toGraph(frames, { ...options, ...other }));
});

test('a frame held by a map that is kept no longer is let go', () => {
  const graphOf = keepGraphs();
  const frames = [edgeFrame('web', 'auth', { clientMs: [5] })];
  const { edges } = graphOf(frames, options);
  for (let toMs = 1; toMs <= 8; toMs++) graphOf(frames, { ...options, toMs });
  assert.notEqual(graphOf(frames, options).edges, edges);
});
