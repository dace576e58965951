/** Sums of edges that the store keeps: the same as the rows, used instead of them, and never when a row was written since. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDb, migrate } from '../collector/store/db.ts';
import { packEdges, unpackEdges } from '../collector/store/edge-pack.ts';
import { sumEdges } from '../collector/store/edge-sums.ts';
import { createFrameReader } from '../collector/store/edges-cache.ts';
import { readEdges } from '../collector/store/edges-read.ts';
import { keepSums } from '../collector/store/sums-keeper.ts';
import { counting, writeEdges } from './written-edges.ts';

const db = await createDb('chdb::memory:');
await migrate(db);
after(() => db.close());

const start = 1_764_028_800;
const day = 86_400;
const { store, dropDay, assertSame } = writeEdges(db);
const keep = (): Promise<number> => keepSums(db, 0, () => true);
assert.equal(await keep(), 0, 'a store without edges has nothing to keep');
for (let at = 0; at < 4 * 3600; at += 130)
  await store(start + at - (at % 10), start + at + 12, at % 3 ? 'auth' : 'cart');
const whole = { fromSecond: start, toSecond: start + 3 * 3600 };

/** Reads with a reader that remembers nothing. out: how often it read rows of edges. */
async function readsOf(wanted: typeof whole): Promise<number> {
  const counted = counting(db);
  await assertSame(wanted, createFrameReader(counted.db));
  return counted.reads();
}

test('packed sums come back as they were', async () => {
  const rows = await readEdges(db, whole);
  for (const sums of [rows, sumEdges([rows], (frame) => frame - (frame % 600)), sumEdges([], (frame) => frame)]) {
    const bytes = Buffer.concat(packEdges(sums));
    assert.deepEqual(unpackEdges(bytes), sums);
    // At any place of an answer.
    assert.deepEqual(unpackEdges(Buffer.concat([Buffer.from('abc'), bytes]).subarray(3)), sums);
  }
  const [size, ...others] = packEdges(rows);
  const text = Buffer.concat(others).toString('latin1').replace('"version":1', '"version":9');
  assert.equal(unpackEdges(Buffer.concat([size!, Buffer.from(text, 'latin1')])), undefined, 'another layout');
});

test('ten minutes and hours are kept once they are quiet, and a long map is read from them', async () => {
  assert.ok((await readsOf(whole)) > 0);
  const made = await keep();
  // The last ticks are not yet taken for quiet: three hours and what is over of the fourth.
  assert.equal(made, 3 + 18 + 5);
  assert.equal(await keep(), 0);
  assert.equal(await readsOf(whole), 0);
  assert.equal(await readsOf({ fromSecond: start + 600, toSecond: start + 2 * 3600 + 1200 }), 0);
  assert.equal(await readsOf({ fromSecond: start + 590, toSecond: start + 1200 }), 1);
});

test('a part that was written into is read from its rows until it is kept anew', async () => {
  await store(start + 3700, start + 5 * 3600);
  assert.equal(await readsOf({ fromSecond: start, toSecond: start + 3600 }), 0);
  assert.ok((await readsOf(whole)) > 0);
  assert.ok((await keep()) >= 2);
  assert.equal(await readsOf(whole), 0);
});

test('critical paths that are picked out are read from rows', async () => {
  const cut = { entry: '', fromBand: 5 };
  await assertSame({ ...whole, cut }, createFrameReader(db));
});

test('a pause is taken when nobody wants to go on', async () => {
  await store(start + 10, start + 5 * 3600 + 1);
  let asked = 0;
  assert.equal(await keepSums(db, 0, () => asked++ < 1), 1);
  assert.ok((await keep()) > 0);
});

test('of a day that was dropped nothing is told', async () => {
  await store(start + day, start + day);
  // What came a day late stays, and with it the hour that it is of.
  await store(start + 20, start + day + 1);
  await keep();
  await dropDay(start);
  await assertSame({ fromSecond: start, toSecond: start + day + 3600 }, createFrameReader(db));
});
