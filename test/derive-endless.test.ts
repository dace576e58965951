/** Traces that are never quiet: counted once, in time, by one derivation or by many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createDeriver, type Deriver, type Progress } from '../collector/derive/deriver.ts';
import { sumToFrames } from '../collector/store/edge-sums.ts';
import { attributes, toRequest, type GeneratedSpan } from '../fixtures/mesh/otlp.ts';
import { countCalls, openEmptied } from './derived.ts';
import { storeBodies } from './serve.ts';

const settleTicks = 3;
const options = { settleTicks, lateTicks: 30, maxEdges: 1000, calls: { fourXxIsFailure: false } };
const startMs = Date.UTC(2026, 0, 5, 12);
const firstTick = startMs / 1000 + 60;

const db = await openEmptied();

const commit = (tick: number): Promise<unknown> =>
  storeBodies(db, [writeOtlp(toRequest(endlessCall(tick)))], firstTick + tick);

/** In as many slices as it takes. */
async function derive(deriver: Deriver, sealed: number, newest: number): Promise<Progress> {
  for (;;) {
    const progress = await deriver.advance(firstTick + sealed, firstTick + newest);
    if (progress.tick >= firstTick + sealed) return progress;
  }
}

/** One trace under a root that never comes: a call of `api` by `poller` in each tick. */
function endlessCall(tick: number): GeneratedSpan[] {
  const of = (service: string, kind: number, spanId: string, parentSpanId: string): GeneratedSpan => ({
    sender: { id: service, resource: attributes({ 'service.name': service }), scope: { name: '', version: '' } },
    span: {
      traceId: 'e1'.repeat(16),
      spanId,
      parentSpanId,
      name: 'GET /work',
      kind,
      startTimeUnixNano: `${startMs + tick * 1000}000000`,
      endTimeUnixNano: `${startMs + tick * 1000 + 10}000000`,
    },
    endMs: 0,
  });
  const id = (letter: string): string => letter + String(tick).padStart(15, '0');
  return [of('poller', 3, id('c'), 'f'.repeat(16)), of('api', 2, id('d'), id('c'))];
}

test('a trace that is never quiet is counted when it has been open for as long as late spans are looked for', async () => {
  const deriver = await createDeriver(db, options);
  const longest = settleTicks + options.lateTicks;
  const calls = async (): Promise<number> => (await countCalls(db))['poller -> api']?.requests ?? 0;
  for (let tick = 0; tick <= 2 * longest + 10; tick++) {
    await commit(tick);
    const { unsettledTraces } = await derive(deriver, tick, tick);
    assert.equal(unsettledTraces, tick === longest || tick === 2 * longest + 1 ? 0 : 1, `tick ${tick}`);
    if (tick === longest - 1) assert.equal(await calls(), 0);
    if (tick === longest) assert.equal(await calls(), longest + 1);
    const open = sumToFrames([deriver.provisional().edges], (frame) => frame, true);
    const shown = open.filter(({ source }) => source === 'poller').reduce((sum, frame) => sum + frame.calls, 0);
    assert.equal(shown, (tick + 1) % (longest + 1), `tick ${tick}`);
  }
  await derive(deriver, 3 * longest, 2 * longest + 10);
  assert.equal(await calls(), 2 * longest + 11);
});

test('a trace that is never quiet is counted once by derivations that start anew', async () => {
  const ticks = 2 * (settleTicks + options.lateTicks) + 20;
  let deriver = await createDeriver(db, options);
  for (let tick = 0; tick < ticks; tick++) {
    await commit(tick);
    if (tick % 7 === 6) {
      // Half of them without a word, as after kill -9.
      if (tick % 2 === 0) await deriver.close();
      deriver = await createDeriver(db, options);
    }
    await derive(deriver, tick, tick);
  }
  await derive(deriver, ticks + 10, ticks);
  assert.equal((await countCalls(db))['poller -> api']?.requests, ticks);
});

test('each settlement of a trace that was never quiet stays, with what came by then and what it goes on from', async () => {
  const longest = settleTicks + options.lateTicks;
  const deriver = await createDeriver(db, options);
  for (let tick = 0; tick <= longest + 5; tick++) await commit(tick);
  await derive(deriver, longest + 10, longest + 5);
  await commit(longest + 20);
  await derive(deriver, longest + 40, longest + 20);
  const rows = await db.rows('SELECT tick, firstTick, lastTick, replacesTick FROM traces ORDER BY tick');
  const row = (tick: number, first: number, last: number) => ({
    tick: firstTick + tick,
    firstTick: firstTick + first,
    lastTick: firstTick + last,
    replacesTick: 0,
  });
  const [ended, late] = [longest + 5 + settleTicks, longest + 20 + settleTicks];
  assert.deepEqual(rows, [
    row(longest, 0, longest),
    row(ended, ended - longest - settleTicks, longest + 5),
    row(late, late - longest - settleTicks, longest + 20),
  ]);
  assert.equal((await countCalls(db))['poller -> api']?.requests, longest + 7);
});

test('a trace that is never quiet gives the same rows wherever the derivation starts anew', async () => {
  const longest = settleTicks + options.lateTicks;
  const ticks = 2 * longest + 20;
  const rowsOf = (): Promise<unknown[]> =>
    db.rows('SELECT tick, firstTick, lastTick, replacesTick, spanCount FROM traces ORDER BY tick');
  for (let tick = 0; tick < ticks; tick++) await commit(tick);
  await derive(await createDeriver(db, options), ticks + 10, ticks - 1);
  const once = await rowsOf();
  assert.equal(once.length, 3);
  for (const restart of [longest - 1, longest, longest + 1, longest + 20]) {
    for (const table of ['edges', 'traces', 'paths', 'progress']) await db.exec(`TRUNCATE TABLE ${table}`);
    for (const until of [restart, ticks + 10]) {
      const deriver = await createDeriver(db, options);
      await derive(deriver, until, ticks - 1);
      await deriver.close();
    }
    assert.deepEqual(await rowsOf(), once, `anew after tick ${restart}`);
  }
});
