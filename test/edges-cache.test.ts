/** collector/store/edges-cache.ts: what is remembered of a part of time is what the rows of the store say now. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { toGraph } from '#shared/graph.ts';
import { createDb, migrate } from '../collector/store/db.ts';
import { createFrameReader } from '../collector/store/edges-cache.ts';
import { sumToFrames } from '../collector/store/edge-sums.ts';
import { readEdges, type FrameQuery } from '../collector/store/edges-read.ts';
import { edgeFrame } from './edge-frame.ts';
import { counting, writeEdges } from './written-edges.ts';

const db = await createDb('chdb::memory:');
await migrate(db);
after(() => db.close());

const start = 1_764_000_000;
const { store, dropDay, assertSame: assertRead } = writeEdges(db);
const reader = createFrameReader(db);
const assertSame = (wanted: FrameQuery, from = reader): Promise<void> => assertRead(wanted, from);
for (let hour = 0; hour < 6; hour++) {
  for (const at of [0, 50, 1790, 1800, 3590])
    await store(start + hour * 3600 + at, start + hour * 3600 + at + 12, hour % 2 ? 'auth' : 'cart');
}

test('any interval sums up as what was written, the first time and again', async () => {
  for (let round = 0; round < 2; round++) {
    for (const [from, to] of [
      [0, 6 * 3600],
      [10, 5 * 3600 + 1000],
      [3590, 3 * 3600],
      [100, 200],
      [-7200, 12 * 3600],
      [45, 1791],
      [12 * 3600, 13 * 3600],
    ] as const) {
      await assertSame({ fromSecond: start + from, toSecond: start + to });
      await assertSame({ fromSecond: start + from, toSecond: start + to, probes: true });
    }
  }
  assert.ok(reader.bytes > 0);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -100, max: 2300 }), fc.integer({ min: 1, max: 2300 }), async (from, length) => {
      await assertSame({ fromSecond: start + from * 10, toSecond: start + (from + length) * 10 });
    }),
    { numRuns: 40 },
  );
});

test('example traces are the same in pieces and joined', async () => {
  const rows = await readEdges(db, { fromSecond: start, toSecond: start + 6 * 3600 });
  const [pieces, joined] = [Infinity, 0].map((most) =>
    toGraph(
      sumToFrames([rows, rows], () => start, true, most),
      { fromMs: 0, toMs: 1000, generatedAtMs: 0, unsettled: 0 },
    ),
  );
  assert.deepEqual(pieces, joined);
  assert.ok(pieces?.edges.some(({ exemplars }) => exemplars.p99 !== null));
});

test('steps, an end, and a cut of the critical path are told as they were written', async () => {
  const range = { fromSecond: start, toSecond: start + 2 * 3600 };
  for (const stepSeconds of [10, 60, 90, 600, 3600, 7200]) await assertSame({ ...range, stepSeconds });
  for (let round = 0; round < 2; round++) {
    for (const ends of [{ source: 'web' }, { target: 'auth' }, { source: 'web', target: 'cart' }, { source: 'no' }]) {
      await assertSame({ ...range, ...ends, stepSeconds: 600 });
      await assertSame({ ...range, ...ends });
    }
    for (const cut of [
      { entry: '', fromBand: 5 },
      { entry: 'web|GET /', fromBand: -1 },
      { entry: '', fromBand: 100 },
    ])
      await assertSame({ ...range, cut });
  }
});

test('what is written into a remembered part is seen, whatever part it is', async () => {
  const day = { fromSecond: start, toSecond: start + 6 * 3600 };
  await assertSame(day);
  await assertSame({ ...day, cut: { entry: '', fromBand: 5 } });
  await store(start + 2 * 3600 + 20, start + 9 * 3600);
  await assertSame(day);
  await assertSame({ ...day, cut: { entry: '', fromBand: 5 } });
  await store(start + 2 * 3600 + 20, start + 9 * 3600 + 1);
  await store(start + 5 * 3600 + 3590, start + 9 * 3600 + 1);
  await assertSame({ fromSecond: start + 2 * 3600 + 20, toSecond: start + 2 * 3600 + 30 });
  await assertSame(day);
});

test('what is written while a part is read does not stay unseen', async () => {
  let write: (() => Promise<void>) | undefined;
  const slow = createFrameReader({
    ...db,
    async native(sql, params, kind) {
      const bytes = await db.native(sql, params, kind);
      await write?.();
      return bytes;
    },
  });
  const [whole, other] = [start, start + 100].map((at) => ({ fromSecond: at, toSecond: at + 60 })) as [
    FrameQuery,
    FrameQuery,
  ];
  await slow.read(other);
  write = async () => {
    write = undefined;
    await store(start + 30, start + 10 * 3600);
    // Another reader learns of it first.
    await slow.read(other);
  };
  await slow.read(whole);
  await assertSame(whole, slow);
});

test('the frames are the same ones while nothing changes, and their array may be added to', async () => {
  const wanted = { fromSecond: start, toSecond: start + 6 * 3600 };
  const before = await reader.read(wanted);
  before.push(edgeFrame('x', 'y', { calls: 1 }));
  const again = await reader.read(wanted);
  assert.ok(again.every((frame, at) => frame === before[at]));
  assert.equal(again.length, before.length - 1);
  await assertSame(wanted);
});

test('while nothing was written the store is not asked at all', async () => {
  let asked = 0;
  const ask = (): void => {
    asked += 1;
  };
  const watching = createFrameReader({
    ...db,
    rows: (sql, params) => (ask(), db.rows(sql, params)),
    native: (sql, params, kind) => (ask(), db.native(sql, params, kind)),
  });
  const wanted = { fromSecond: start, toSecond: start + 3600 };
  await assertSame({ ...wanted, writes: 4 } as FrameQuery, watching);
  assert.ok(asked > 0);
  asked = 0;
  await assertSame({ ...wanted, writes: 4 } as FrameQuery, watching);
  assert.equal(asked, 0);
  await store(start + 3000, start + 11 * 3600);
  await assertSame({ ...wanted, writes: 6 } as FrameQuery, watching);
  assert.ok(asked > 0);
});

test('an interval that moves on reads what is new only', async () => {
  const counted = counting(db);
  const moving = createFrameReader(counted.db);
  await moving.read({ fromSecond: start, toSecond: start + 3600 });
  const before = counted.reads();
  for (let at = 0; at < 600; at += 10)
    await assertSame({ fromSecond: start + at, toSecond: start + 3600 + at }, moving);
  assert.ok(counted.reads() - before < 80, `${counted.reads() - before} reads for 60 moves`);
  const again = counted.reads();
  for (let at = 0; at < 600; at += 10) await moving.read({ fromSecond: start + at, toSecond: start + 3600 + at });
  assert.equal(counted.reads(), again);
});

test('parts whose day was dropped are forgotten', async () => {
  const day = 86_400;
  await store(start + day, start + day);
  const wanted = { fromSecond: start, toSecond: start + 6 * 3600 };
  await assertSame(wanted);
  await dropDay(start);
  await assertSame({ fromSecond: start, toSecond: start + day + 3600 });
  await assertSame(wanted);
});

test('a year asked of a store that holds hours costs the questions of those hours', async () => {
  const counted = counting(db);
  await assertSame({ fromSecond: start - 400 * 86_400, toSecond: start + 40 * 86_400 }, createFrameReader(counted.db));
  assert.ok(counted.reads() < 10, `${counted.reads()} reads`);
});

test('a frame of long ago does not make a question of all time a long one', async () => {
  await store(10, start + 86_400 + 100);
  const counted = counting(db);
  await assertSame({ fromSecond: 0, toSecond: start + 86_400 * 2 }, createFrameReader(counted.db));
  assert.ok(counted.reads() < 20, `${counted.reads()} reads`);
});

test('what is remembered is bounded', async () => {
  for (let hour = 0; hour < 6; hour++) await store(start + hour * 3600, start + 3 * 86_400 + hour);
  const small = createFrameReader(db, undefined, 20_000);
  for (let round = 0; round < 2; round++) {
    await assertSame({ fromSecond: start, toSecond: start + 6 * 3600 }, small);
    assert.ok(small.bytes <= 20_000, `${small.bytes} bytes`);
  }
});
