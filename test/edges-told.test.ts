/** collector/store/edges-told.ts: what the derivation tells of its writes stands for reading them back, whatever is missed or overlaps. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { createOutcome, type Outcome } from '#shared/calls.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { toGraph } from '#shared/graph.ts';
import { createWorkloadTable, workloadKind } from '#shared/workload-table.ts';
import { createFrames } from '../collector/derive/frames.ts';
import { createDb, migrate, type Db } from '../collector/store/db.ts';
import { createFrameReader, type FrameReader } from '../collector/store/edges-cache.ts';
import type { FrameQuery } from '../collector/store/edges-read.ts';
import { createToldEdges, toEdgeSums } from '../collector/store/edges-told.ts';
import { insertEdges } from '../collector/store/edges-write.ts';

const strings = ['', 'v1', 'http', 'é', 'spiffe://a', 'spiffe://b'];
const table = createWorkloadTable(strings);
const workloads = ['a', 'b', 'c', 'd'].map((name) => table.named(name, workloadKind.service));
const traceIds = Uint32Array.from({ length: 400 }, (_, word) => (word * 2_654_435_761) >>> 0);
const start = 1_764_000_000;

/** A call: which of some edges, how many seconds before the tick, what befell it. */
interface Call {
  readonly edge: number;
  readonly back: number;
  readonly trace: number;
  readonly fails: boolean;
}

const db = await createDb('chdb::memory:');
await migrate(db);
after(() => db.close());

/** An empty store, and who writes into it. */
async function createStore() {
  await db.exec('TRUNCATE TABLE edges');
  let writes = 0;
  let tick = start;
  const told = createToldEdges(() => writes);
  const frames = createFrames(100);
  return {
    told,
    writes: () => writes,
    tick: () => tick,
    async write(calls: readonly Call[], tells = true, seconds = 1): Promise<void> {
      tick += seconds;
      frames.begin({ table, strings, traceIds });
      for (const { edge, back, trace, fails } of calls) {
        const ms = 1 + ((edge * 7 + trace) % 40);
        const call: Outcome = {
          ...createOutcome(),
          source: workloads[edge % 3]!,
          target: workloads[1 + (edge % 3)]!,
          targetVersion: edge % 2,
          protocol: 2,
          clientNs: ms * 1e6,
          serverNs: fails ? -1 : ms * 9e5,
          networkNs: fails ? Number.NaN : ms * 1e5,
          requestBytes: trace,
          weight: edge === 4 ? 2.5 : 1,
          probe: edge === 5,
          mtls: edge === 1,
          sourcePrincipal: 4,
          targetPrincipal: 5,
          failed: fails,
          ...(fails && { error: { code: '503', flag: edge % 2 ? 'UF' : '', reason: '', origin: 'proxy' as const } }),
        };
        const number = frames.addCall(call, tick - back, trace);
        frames.addRoot(call.source, tick - back, `${trace % 9}|a|GET /é`, ms * 2e6, call.weight);
        frames.addShare(number, ms * 1e6);
        frames.addOwnShare(call.source, ms * 1e6);
      }
      const columns = frames.columns();
      writes += 1;
      await insertEdges(db, columns, tick);
      writes += 1;
      if (tells) told.add({ write: writes, tick, edges: structuredClone(toEdgeSums(columns)) });
    },
  };
}

/** Counts what the store is asked. */
function asking(db: Db): { readonly db: Db; asked(): number } {
  let asked = 0;
  const watched: Db = {
    ...db,
    rows: (sql, params) => ((asked += 1), db.rows(sql, params)),
    native: (sql, params, kind) => ((asked += 1), db.native(sql, params, kind)),
  };
  return { db: watched, asked: () => asked };
}

const mapOf = (frames: readonly EdgeFrame[]) =>
  toGraph(frames, { fromMs: 0, toMs: 1000, generatedAtMs: 0, unsettled: 0, probes: true, groupBy: 'version' });

async function assertSame(reader: FrameReader, writes: number, wanted: FrameQuery): Promise<void> {
  const all = { ...wanted, probes: true };
  const [frames, read] = [await reader.read({ ...all, writes }), await createFrameReader(db).read(all)];
  assert.deepEqual(mapOf(frames), mapOf(read));
}

const someCalls = (seed: number): Call[] =>
  Array.from({ length: 8 }, (_, at) => ({
    edge: (seed + at) % 6,
    back: 10 + ((seed * at) % 15),
    trace: (seed * 8 + at) % 100,
    fails: (seed + at) % 5 === 0,
  }));

test('a window that moves on with each write does not ask the store', async () => {
  const store = await createStore();
  const counted = asking(db);
  const reader = createFrameReader(counted.db, store.told);
  for (let second = 0; second < 30; second++) await store.write(someCalls(second));
  const window = (): FrameQuery => ({
    fromSecond: Math.floor(store.tick() / 10) * 10 - 300,
    toSecond: Math.ceil(store.tick() / 10) * 10,
  });
  await assertSame(reader, store.writes(), window());
  const before = counted.asked();
  assert.ok(before > 0);
  for (let second = 30; second < 80; second++) {
    await store.write(someCalls(second));
    await assertSame(reader, store.writes(), window());
  }
  assert.equal(counted.asked(), before);
});

test('what was not told, and now and then what was, is asked for', async () => {
  const store = await createStore();
  const counted = asking(db);
  const reader = createFrameReader(counted.db, store.told);
  const wanted = { fromSecond: start - 100, toSecond: start + 1000 };
  await store.write(someCalls(1));
  await assertSame(reader, store.writes(), wanted);
  let before = counted.asked();
  await store.write(someCalls(2), false);
  await store.write(someCalls(3));
  await assertSame(reader, store.writes(), wanted);
  assert.ok(counted.asked() > before);
  // More than are kept.
  before = counted.asked();
  for (let second = 0; second < 40; second++) await store.write(someCalls(second));
  await assertSame(reader, store.writes(), wanted);
  assert.ok(counted.asked() > before);
  // Old days are dropped behind the derivation's back.
  await store.write(someCalls(5), true, 2 * 86_400);
  await reader.read({ ...wanted, writes: store.writes() });
  await db.exec(
    `ALTER TABLE edges DROP PARTITION ${new Date(start * 1000).toISOString().slice(0, 10).replaceAll('-', '')}`,
  );
  for (let second = 0; second < 61; second++) {
    await store.write([]);
    await reader.read({ ...wanted, writes: store.writes() });
  }
  await assertSame(reader, store.writes(), { ...wanted, toSecond: start + 4 * 86_400 });
});

test('what is told while a part is read is neither lost nor added twice', async () => {
  for (const first of [true, false]) {
    const store = await createStore();
    let meanwhile: (() => Promise<unknown>) | undefined;
    const native: Db['native'] = async (sql, params, kind) => {
      const write = meanwhile;
      meanwhile = undefined;
      if (first) await write?.();
      const bytes = await db.native(sql, params, kind);
      if (!first) await write?.();
      return bytes;
    };
    const reader = createFrameReader({ ...db, native }, store.told);
    for (let second = 0; second < 70; second++) await store.write(someCalls(second));
    const wanted = { fromSecond: start - 20, toSecond: start + 60 };
    const other = { fromSecond: start - 200, toSecond: start - 100, writes: store.writes() };
    await reader.read(other);
    // A minute that is made of what was read meanwhile.
    const writes = store.writes();
    meanwhile = () => store.write([{ edge: 1, back: store.tick() + 1 - start - 25, trace: 1, fails: false }]);
    for (const from of [start, start + 30]) await reader.read({ fromSecond: from, toSecond: from + 30, writes });
    await reader.read({ fromSecond: start, toSecond: start + 60, writes });
    await assertSame(reader, store.writes(), { fromSecond: start, toSecond: start + 60 });
    // Another question learns of it before the rows are there, and one does not.
    for (const learns of [true, false]) {
      meanwhile = async () => {
        await store.write(someCalls(3).map((call) => ({ ...call, back: store.tick() - start - 5 })));
        if (learns) await reader.read({ ...other, writes: store.writes() });
      };
      await reader.read({ ...wanted, writes: store.writes() });
      assert.equal(meanwhile, undefined);
      await assertSame(reader, store.writes(), wanted);
      await store.write([{ edge: 1, back: store.tick() + 1 - start - 5, trace: 1, fails: false }]);
      await assertSame(reader, store.writes(), wanted);
      // Not told: all of it is read again.
      await store.write([{ edge: 1, back: store.tick() + 1 - start - 5, trace: 1, fails: false }], false);
    }
  }
});

test('what is written into a part that is just being read is not missing in it, also when it was told meanwhile', async () => {
  const store = await createStore();
  const other = { fromSecond: start - 200, toSecond: start - 100 };
  let meanwhile: (() => Promise<unknown>) | undefined;
  const native: Db['native'] = async (sql, params, kind) => {
    const bytes = await db.native(sql, params, kind);
    const write = meanwhile;
    meanwhile = undefined;
    await write?.();
    return bytes;
  };
  const reader = createFrameReader({ ...db, native }, store.told);
  const wanted = { fromSecond: start - 30, toSecond: start };
  for (let second = 0; second < 5; second++) await store.write(someCalls(second));
  await reader.read({ ...other, writes: store.writes() });
  meanwhile = async () => {
    await store.write(someCalls(5));
    await reader.read({ ...other, writes: store.writes() });
  };
  await reader.read({ ...wanted, writes: store.writes() });
  assert.equal(meanwhile, undefined);
  await assertSame(reader, store.writes(), wanted);
});

test('of two who ask at once what was written, the later answer does not bring back what was told since', async () => {
  const store = await createStore();
  let looks = 0;
  let release: (() => void) | undefined;
  const rows: Db['rows'] = async (sql, params) => {
    const answer = await db.rows(sql, params);
    // The second look at what the table holds.
    if (params && 'after' in params && ++looks === 2) await new Promise<void>((resolve) => (release = resolve));
    return answer as never;
  };
  const reader = createFrameReader({ ...db, rows }, store.told);
  const wanted = { fromSecond: start - 30, toSecond: start + 30 };
  for (let second = 0; second < 5; second++) await store.write(someCalls(second));
  const [first, second] = [0, 10].map((later) =>
    reader.read({ ...wanted, toSecond: wanted.toSecond + later, writes: store.writes() }),
  );
  await first;
  await store.write(someCalls(5));
  await reader.read({ ...wanted, writes: store.writes() });
  release?.();
  await second;
  await store.write(someCalls(6));
  await assertSame(reader, store.writes(), wanted);
});

const call = fc.record({
  edge: fc.nat(5),
  back: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -3, max: 40 }) }, fc.integer({ min: 100, max: 4000 })),
  trace: fc.nat(99),
  fails: fc.boolean(),
});
const step = fc.record({
  calls: fc.array(call, { maxLength: 12 }),
  tells: fc.integer({ min: 0, max: 7 }).map((dice) => dice > 0),
  seconds: fc.constantFrom(1, 1, 1, 4, 9, 61),
  /** Written while the store is read: before its rows are taken, or behind. */
  meanwhile: fc.option(
    fc.record({ calls: fc.array(call, { minLength: 1, maxLength: 6 }), first: fc.boolean(), tells: fc.boolean() }),
  ),
  /** Seconds before the tick. */
  from: fc.integer({ min: 0, max: 4000 }),
  length: fc.constantFrom(10, 60, 300, 4200),
  reads: fc.boolean(),
  cut: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
});

test('whatever is told, missed or written while the store answers, a map is what the store says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20 }), async (steps) => {
      const store = await createStore();
      let meanwhile: (() => Promise<void>) | undefined;
      let first = false;
      const interrupted = async <T>(ask: () => Promise<T>): Promise<T> => {
        const write = meanwhile;
        meanwhile = undefined;
        if (first) await write?.();
        const answer = await ask();
        if (!first) await write?.();
        return answer;
      };
      const reader = createFrameReader(
        {
          ...db,
          rows: (sql, params) => interrupted(() => db.rows(sql, params)),
          native: (sql, params, kind) => interrupted(() => db.native(sql, params, kind)),
        },
        store.told,
      );
      for (const { calls, tells, seconds, from, length, reads, cut, meanwhile: other } of steps) {
        await store.write(calls, tells, seconds);
        if (!reads) continue;
        const fromSecond = store.tick() - from;
        const wanted: FrameQuery = {
          fromSecond: fromSecond - (fromSecond % 10),
          toSecond: fromSecond - (fromSecond % 10) + length,
          ...(cut && { cut: { entry: '', fromBand: 4 } }),
        };
        if (other) {
          ({ first } = other);
          meanwhile = () => store.write(other.calls, other.tells);
          // Two who ask at once; what they get may be of either moment.
          const { writes } = store;
          await Promise.all([
            reader.read({ ...wanted, writes: writes() }),
            reader.read({ ...wanted, fromSecond: wanted.fromSecond - 300, writes: writes() }),
          ]);
          meanwhile = undefined;
        }
        await assertSame(reader, store.writes(), wanted);
      }
    }),
    { numRuns: 12 },
  );
});
