/** The derivation on a real store: ticks in, exact counts out, whatever the order, the doubles, and the restarts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EdgeFrame } from '#shared/frame.ts';
import { toGraph } from '#shared/graph.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createAssembler } from '../collector/derive/assemble.ts';
import { createDeriver, type Deriver } from '../collector/derive/deriver.ts';
import { readTick, toFollowed } from '../collector/derive/follow.ts';
import type { Db } from '../collector/store/db.ts';
import type { EdgeSums } from '../collector/store/edge-columns.ts';
import { sumToFrames } from '../collector/store/edge-sums.ts';
import { writeStart } from '../collector/store/progress.ts';
import { createToldTicks, type ToldSpans } from '../collector/store/spans-told.ts';
import { createMesh, type GeneratedTrace } from '../fixtures/mesh.ts';
import { createRandom } from '../fixtures/mesh/random.ts';
import { toRequest, type GeneratedSpan } from '../fixtures/mesh/otlp.ts';
import { countCalls, inOrder, openEmptied, type Counts } from './derived.ts';
import { recordedBodies, recordings } from './recordings.ts';
import { storeBodies } from './serve.ts';

const settleTicks = 3;
const options = { settleTicks, lateTicks: 100, maxEdges: 1000, calls: { fourXxIsFailure: false } };
const startMs = Date.UTC(2026, 0, 5, 12);
const firstTick = startMs / 1000 + 60;

const db = await openEmptied();

const createTestDeriver = (): Promise<Deriver> => createDeriver(db, options);

const commit = (spans: readonly GeneratedSpan[], tick: number, batch = 0): Promise<ToldSpans> =>
  storeBodies(db, [writeOtlp(toRequest(spans))], tick, batch);
const counted = (): Promise<Counts> => countCalls(db);

function truthOf(traces: readonly GeneratedTrace[]): Counts {
  const counts: Counts = {};
  for (const { truth } of traces) {
    for (const [edge, { requests, failed }] of Object.entries(truth.edges)) {
      const total = (counts[edge] ??= { requests: 0, failed: 0 });
      total.requests += requests;
      total.failed += failed;
    }
  }
  return inOrder(counts);
}

function framesOf(edges: EdgeSums): EdgeFrame[] {
  return sumToFrames([edges], (frame) => frame, true);
}

/** Spreads the spans over ticks: span i comes at firstTick + i mod spread. */
function overTicks(traces: readonly GeneratedTrace[], spread: number): GeneratedSpan[][] {
  const ticks: GeneratedSpan[][] = Array.from({ length: spread }, () => []);
  let next = 0;
  for (const { spans } of traces) for (const span of spans) ticks[next++ % spread]?.push(span);
  return ticks;
}

test('spans of a trace that come in different ticks make the calls that were sent', async () => {
  const traces = createMesh({ seed: 11 }).traces(startMs, 60);
  for (const [at, spans] of overTicks(traces, 3).entries()) await commit(spans, firstTick + at);
  const deriver = await createTestDeriver();
  const before = await deriver.advance(firstTick + settleTicks - 1, firstTick + 2);
  assert.equal(before.settledTraces, 0);
  const { settledTraces, unsettledTraces } = await deriver.advance(firstTick + 20, firstTick + 2);
  assert.equal(settledTraces, traces.length);
  assert.equal(unsettledTraces, 0);
  assert.deepEqual(await counted(), truthOf(traces));
});

test('what is told of commits is what the store says of them', async () => {
  const linked = {
    traceId: 'ab'.repeat(16),
    spanId: 'cd'.repeat(8),
    name: 'receive',
    links: [{ traceId: '12'.repeat(16), spanId: '34'.repeat(8) }],
  };
  const bodies = [
    ...recordings.map((recording) => recordedBodies(recording)[0]!),
    writeOtlp({
      resourceSpans: [{ scopeSpans: [{ spans: [linked, { ...linked, spanId: 'ef'.repeat(8), links: [] }] }] }],
    }),
  ];
  const told: ToldSpans[] = [];
  for (const [batch, body] of bodies.entries()) told.push(await storeBodies(db, [body], firstTick, batch));
  const assembler = createAssembler(settleTicks);
  const read = await readTick(db, firstTick, assembler);
  const parts = told.map((spans) => toFollowed(spans, assembler));
  let rows = 0;
  for (const { links: ofPart, count, ...columns } of parts) {
    for (const [name, column] of Object.entries(columns)) {
      const whole = read![name as keyof typeof columns];
      const each = whole.length / read!.count;
      assert.deepEqual(whole.subarray(rows * each, (rows + count) * each), column, name);
    }
    for (const [row, links] of ofPart) assert.deepEqual(read!.links.get(rows + row), links);
    rows += count;
  }
  assert.equal(rows, read!.count);
  assert.equal(parts.at(-1)!.links.size, 1);
});

test('a derivation that is told of ticks reads none of them and counts the same', async () => {
  const traces = createMesh({ seed: 16 }).traces(startMs, 60);
  const reading: Db = {
    ...db,
    native: (query, ...others) =>
      /WHERE tick = /.test(query) ? assert.fail('a tick was read') : db.native(query, ...others),
  };
  const deriver = await createDeriver(reading, options);
  for (const [at, spans] of overTicks(traces, 3).entries()) {
    const tick = firstTick + at;
    const half = spans.length >> 1;
    const told = [await commit(spans.slice(0, half), tick), await commit(spans.slice(half), tick, 1)];
    await deriver.advance(tick, tick, told);
  }
  const { settledTraces } = await deriver.advance(firstTick + 20, firstTick + 2);
  assert.equal(settledTraces, traces.length);
  assert.deepEqual(await counted(), truthOf(traces));
});

test('ticks that are told and wait are the newest few, each whole', () => {
  const ticks = createToldTicks();
  const told = (tick: number): ToldSpans => ({ tick, rows: new Uint8Array(), classes: new Uint8Array() });
  for (let tick = 1; tick <= 6; tick++) for (let batch = 0; batch < 2; batch++) ticks.add(told(tick));
  assert.deepEqual(
    ticks.takeUntil(5).map(({ tick }) => tick),
    [3, 3, 4, 4, 5, 5],
  );
  assert.deepEqual(ticks.takeUntil(5), []);
  assert.equal(ticks.takeUntil(6).length, 2);
});

test('a tick of too many bytes is not told at all, and the others are', () => {
  const ticks = createToldTicks();
  const rows = new Uint8Array(1 << 20);
  const add = (tick: number): void => ticks.add({ tick, rows, classes: new Uint8Array() });
  add(1);
  for (let batch = 0; batch < 100; batch++) add(2);
  add(3);
  assert.deepEqual(
    ticks.takeUntil(3).map(({ tick }) => tick),
    [1, 3],
  );
});

test('open traces show as provisional what they count when they settle', async () => {
  const traces = createMesh({ seed: 12 }).traces(startMs, 40);
  await commit(
    traces.flatMap(({ spans }) => spans),
    firstTick,
  );
  const deriver = await createTestDeriver();
  await deriver.advance(firstTick, firstTick);
  const { edges, unsettled } = deriver.provisional();
  assert.equal(unsettled, traces.length);
  const counts: Counts = {};
  for (const { source, target, calls, failed, sourceKind, probe } of framesOf(edges)) {
    if (sourceKind === 255 || probe === 1 || calls === 0) continue;
    const total = (counts[`${source} -> ${target}`] ??= { requests: 0, failed: 0 });
    total.requests += calls;
    total.failed += failed;
  }
  assert.deepEqual(inOrder(counts), truthOf(traces));
});

test('a picture that is asked for each tick is the one that is asked for once', async () => {
  const random = createRandom(3);
  const traces = createMesh({ seed: 15 }).traces(startMs, 60);
  // Most spans of a trace come together, some later, some after it settled.
  const ticks: GeneratedSpan[][] = Array.from({ length: 14 }, () => []);
  for (const { spans } of traces) {
    const first = random.below(8);
    for (const span of spans) ticks[first + (random.chance(0.1) ? random.below(6) : 0)]!.push(span);
  }
  // Nothing is written, so that each derivation begins with the first tick.
  const reading: Db = { ...db, insertRows: async () => {}, insertNative: async () => {}, exec: async () => {} };
  const asked = await createDeriver(reading, options);
  const pictures = new Set<string>();
  for (const [at, spans] of ticks.entries()) {
    const tick = firstTick + at;
    await commit(spans, tick);
    await asked.advance(tick, tick);
    const once = await createDeriver(reading, options);
    // In slices of half a second, which this one may need some of.
    while ((await once.advance(tick, tick)).tick < tick);
    const [picture, expected] = [asked, once].map((deriver) => {
      const { edges, unsettled } = deriver.provisional();
      return toGraph(framesOf(edges), { fromMs: 0, toMs: 1000, generatedAtMs: 0, unsettled });
    });
    assert.deepEqual(picture, expected);
    pictures.add(JSON.stringify(picture));
  }
  assert.equal(pictures.size, ticks.length);
});

test('a derivation that starts anew at any tick counts nothing twice and loses nothing', async () => {
  const mesh = createMesh({ seed: 13 });
  const traces = [0, 1, 2, 3, 4].flatMap((n) => mesh.traces(startMs + n * 1000, 12));
  const ticks = overTicks(traces, 7);
  for (const [at, spans] of ticks.entries()) {
    await commit(spans, firstTick + at);
    // A new derivation each tick, never closed: as after kill -9, its cursor is where the last write left it.
    const deriver = await createTestDeriver();
    await deriver.advance(firstTick + at, firstTick + at);
  }
  for (let tick = firstTick + ticks.length; tick < firstTick + 20; tick++) {
    const deriver = await createTestDeriver();
    await deriver.advance(tick, firstTick + ticks.length - 1);
    if (tick % 2 === 0) await deriver.close();
  }
  assert.deepEqual(await counted(), truthOf(traces));
});

test('a table that is ahead of the others after a crash takes no tick again', async () => {
  const traces = createMesh({ seed: 14 }).traces(startMs, 20);
  await commit(
    traces.flatMap(({ spans }) => spans),
    firstTick,
  );
  const first = await createTestDeriver();
  await first.advance(firstTick + 10, firstTick);
  // The crash came after `edges` and before `traces`.
  await db.exec('TRUNCATE TABLE traces');
  await db.exec('TRUNCATE TABLE progress');
  const second = await createTestDeriver();
  await second.advance(firstTick + 10, firstTick);
  assert.deepEqual(await counted(), truthOf(traces));
  const [row] = await db.rows<{ n: string }>('SELECT count() AS n FROM traces');
  assert.equal(Number(row?.n), traces.length);
});

test('a trace whose spans come before and after a restart is one trace, however long the collector was down', async () => {
  const traces = createMesh({ seed: 18 }).traces(startMs, 40);
  const [before = [], after = []] = overTicks(traces, 2);
  await commit(before, firstTick);
  const first = await createTestDeriver();
  await first.advance(firstTick, firstTick);
  const restart = firstTick + 600;
  await writeStart(db, restart, firstTick);
  await commit(after, restart + 1);
  const second = await createTestDeriver();
  await second.advance(restart + 20, restart + 1);
  assert.deepEqual(await counted(), truthOf(traces));
});

test('C12: everything sent again after its settlement counts once', async () => {
  const traces = createMesh({ seed: 15 }).traces(startMs, 30);
  const spans = traces.flatMap((trace) => trace.spans);
  const deriver = await createTestDeriver();
  await commit(spans, firstTick);
  await deriver.advance(firstTick + 10, firstTick);
  await commit(spans, firstTick + 20);
  await deriver.advance(firstTick + 40, firstTick + 20);
  assert.deepEqual(await counted(), truthOf(traces));
  const [row] = await db.rows<{ n: string }>('SELECT count() AS n FROM traces');
  assert.equal(Number(row?.n), traces.length);
});

test('C12: a call whose spans come after the settlement is counted then, also by a derivation that never saw the first', async () => {
  const traces = createMesh({ seed: 16 }).traces(startMs, 30);
  const isLate = ({ span }: GeneratedSpan): boolean => span.kind === 3 && span.name?.includes('reviews') === true;
  const spans = traces.flatMap((trace) => trace.spans);
  const first = await createTestDeriver();
  await commit(
    spans.filter((span) => !isLate(span)),
    firstTick,
  );
  await first.advance(firstTick + 10, firstTick);
  await first.close();
  await commit(spans.filter(isLate), firstTick + 20);
  const second = await createTestDeriver();
  await second.advance(firstTick + 40, firstTick + 20);
  const edges = await counted();
  assert.deepEqual(edges['frontend -> reviews'], truthOf(traces)['frontend -> reviews']);
  const rows = await db.rows<{ id: string; n: string; current: string }>(
    `SELECT hex(traceId) AS id, count() AS n, countIf((traceId, tick) NOT IN (
       SELECT traceId, replacesTick FROM traces WHERE replacesTick > 0)) AS current
     FROM traces GROUP BY traceId`,
  );
  assert.equal(rows.length, traces.length);
  assert.ok(rows.some(({ n }) => Number(n) === 2));
  assert.ok(rows.every(({ current }) => Number(current) === 1));
});

test('spans with impossible times and sizes settle like others, and hold up nothing', async () => {
  const [sane] = createMesh({ seed: 19 }).traces(startMs, 1);
  assert.ok(sane);
  const odd = ['0', '1', String(2n ** 63n), String(2n ** 64n - 1n)].flatMap((start, at) =>
    ['0', '5', String(2n ** 64n - 1n)].map((end, n): GeneratedSpan => {
      const template = sane.spans[0];
      assert.ok(template);
      return {
        ...template,
        span: {
          ...template.span,
          traceId: `${at}${n}`.padStart(32, 'a'),
          spanId: `${at}${n}`.padStart(16, 'b'),
          parentSpanId: '',
          startTimeUnixNano: start,
          endTimeUnixNano: end,
          name: '\u{10ffff}\n'.repeat(2000),
          traceState: 'ot=th:fffffffffffff',
        },
      };
    }),
  );
  await commit([...odd, ...sane.spans], firstTick);
  const deriver = await createTestDeriver();
  await deriver.advance(firstTick + 10, firstTick);
  const [row] = await db.rows<{ n: string }>('SELECT count() AS n FROM traces');
  assert.equal(Number(row?.n), odd.length + 1);
  assert.equal(
    (await counted())['product-api -> inventory-db']?.requests,
    truthOf([sane])['product-api -> inventory-db']?.requests,
  );
});

test('the critical path of every settled trace sums up to the duration of its root', async () => {
  const traces = createMesh({ seed: 17 }).traces(startMs, 50);
  await commit(
    traces.flatMap(({ spans }) => spans),
    firstTick,
  );
  const deriver = await createTestDeriver();
  await deriver.advance(firstTick + 10, firstTick);
  const [row] = await db.rows<{ n: string; exact: string; known: string; all: string }>(
    `SELECT count() AS n, countIf(arraySum(pathNs) = rootDurationNs AND rootDurationNs > 0) AS exact,
       sum(length(arrayFilter(id -> id IN (SELECT pathId FROM paths), pathIds))) AS known, sum(length(pathIds)) AS all FROM traces`,
  );
  assert.equal(row?.exact, row?.n);
  assert.equal(row?.known, row?.all);
  const [shares] = await db.rows<{ critical: number; total: number }>(
    'SELECT sum(arraySum(mapValues(criticalNs))) AS critical, sum(arraySum(mapValues(rootNs))) AS total FROM edges',
  );
  assert.ok(shares && shares.total > 0 && Math.abs(shares.critical / shares.total - 1) < 1e-9);
});
