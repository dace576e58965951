/** Two sets of traces: what was planted is named first, what chance did is not named, and the numbers are those of a count by hand. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { compareSets, type CompareSets, type SetDifference } from '#shared/api-compare-sets.ts';
import type { Trace, TraceList } from '#shared/api.ts';
import { settle, startServing, storeBodies } from './serve.ts';
import { shopTraffic } from './shop-traffic.ts';
import { strict } from './strict.ts';

const served = await startServing();
const { db } = served;
const minute = 60_000;
const hour = 60 * minute;
const startMs = 1_800_000_000_000;
/** Hours of traffic without any difference, a seed each. */
const evenSeeds = [1, 2, 3, 4, 5, 6];
const planted = startMs + 100 * hour;
const chatty = startMs + 101 * hour;

before(async () => {
  let tick = startMs / 1000;
  const store = async (bodies: readonly Uint8Array[]): Promise<void> => {
    tick += 60;
    await storeBodies(db, bodies, tick);
    await settle(db, tick);
  };
  for (const seed of evenSeeds) {
    const fromMs = startMs + seed * hour;
    await store(shopTraffic({ seed, traces: 1500, fromMs, toMs: fromMs + 2 * minute, acmeFails: 0.2, slowerV2Ms: 10 }));
  }
  await store(
    shopTraffic({ seed: 77, traces: 2000, fromMs: planted, toMs: planted + minute, slowerV2Ms: 60, acmeFails: 0.7 }),
  );
  await store(shopTraffic({ seed: 5, traces: 600, fromMs: chatty, toMs: chatty + minute, callsV2: 3 }));
});

const ask = async (query: Record<string, string | number>): Promise<CompareSets> => {
  const params = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
  return strict(compareSets).parse(await served.json(`/api/compare/sets?${params}`)) as CompareSets;
};
const named = (rows: readonly { readonly [name: string]: unknown }[]): unknown[] =>
  rows.filter((row) => Object.values(row).some((value) => (value as SetDifference | null)?.named === true));
const plantedTime = { from: planted, to: planted + minute };

test('two halves of the same traffic differ by chance, and nothing is named', async () => {
  for (const seed of evenSeeds) {
    const from = startMs + seed * hour;
    for (const lasts of [minute, 6_000]) {
      const got = await ask({ from, to: from + lasts, bfrom: from + minute, bto: from + 2 * minute });
      assert.ok(got.a.traces > 20 && got.b.traces > 500, `${got.a.traces} and ${got.b.traces} traces`);
      assert.ok(got.operations.rows.length >= 3 && got.edges.rows.length >= 3 && got.attributes.rows.length > 10);
      const { operations, edges, attributes } = got;
      assert.deepEqual(
        [...named(operations.rows), ...named(edges.rows), ...named(attributes.rows), ...named([got])],
        [],
        `seed ${seed}`,
      );
      assert.ok(edges.rows.every(({ calls }) => calls !== null && !calls.difference.named));
    }
  }
});

test('a version that is slower in one operation: the operation is named first, and the version', async () => {
  const got = await ask({ ...plantedTime, a: 'service = api version = v2', b: 'service = api version = v1' });
  const [first, second] = got.operations.rows;
  assert.deepEqual([first?.service, first?.operation, first?.differenceMs.named], ['api', 'SELECT items', true]);
  assert.ok(first && first.differenceMs.value > 30 && (first.differenceMs.low ?? 0) > 20);
  assert.equal(second?.differenceMs.named, false);
  const [version] = got.attributes.rows;
  assert.deepEqual([version?.type, version?.key], ['version', 'api']);
  assert.ok(version && version.explains > 0.99);
  assert.ok(got.meanMs.named && got.meanMs.value > 30);
});

test('a version that calls three times instead of once: the edge says how often', async () => {
  const time = { from: chatty, to: chatty + minute };
  const got = await ask({ ...time, a: 'service = api version = v2', b: 'service = api version = v1' });
  const [edge, ...others] = got.edges.rows;
  assert.ok(edge && edge.target.endsWith('/items-db'));
  assert.deepEqual([edge.calls?.a, edge.calls?.b, edge.calls?.difference.named], [3, 1, true]);
  assert.ok(others.length > 0 && others.every(({ calls }) => calls?.a === 1 && calls.b === 1));
  assert.equal(edge.share.named, false);
});

test('one value of an attribute fails: it is named before all that is not the failure itself', async () => {
  const got = await ask({ ...plantedTime, a: 'status = failed' });
  assert.ok(got.rest && got.both === 0);
  const { a, b } = got;
  assert.ok(a.failed === a.traces && b.failed === 0 && a.traces > 50);
  const itself = new Set(['http.status_code']);
  const [first] = got.attributes.rows.filter(({ key }) => !itself.has(key));
  assert.deepEqual([first?.key, first?.value, first?.share.named, first?.a.share], ['tenant', 'acme', true, 1]);
  assert.deepEqual(
    got.attributes.leftOut.map(({ key, kept }) => [key, kept]),
    [['request.id', 0]],
  );
  const [edge] = got.edges.rows;
  assert.ok(edge?.target.endsWith('/items-db') && edge.a.traces === 0 && edge.share.named);
});

test('the rest is what a leaves: both put together are all', async () => {
  const got = await ask({ ...plantedTime, a: 'tenant = acme' });
  const all = await ask({ ...plantedTime, a: 'service = web', b: 'service = api' });
  assert.equal(got.a.traces + got.b.traces, all.a.traces);
  assert.equal(all.both, all.a.traces);
  assert.deepEqual(named(all.operations.rows), []);
  const sum = (of: (row: CompareSets['operations']['rows'][number]) => number): number =>
    got.operations.rows.reduce((total, row) => total + of(row), 0);
  // what operations own is the whole, and their differences make up that of the means
  assert.ok(Math.abs(sum(({ a }) => a.share) - 1) < 1e-9);
  assert.ok(Math.abs(sum(({ differenceMs }) => differenceMs.value) - got.meanMs.value) < 1e-6);
});

test('means, shares and counts are those of the traces read one by one', async () => {
  const from = startMs + hour;
  const time = { from, to: from + 3_000 };
  const got = await ask({ ...time, a: 'tenant = bolt' });
  const { traces } = (await served.json(`/api/traces?from=${from}&to=${from + 3_000}&limit=500`)) as TraceList;
  assert.equal(got.a.traces + got.b.traces, traces.length);
  const mine: Trace[] = [];
  for (const { traceId } of traces) {
    const trace = (await served.json(`/api/traces/${traceId}`)) as Trace;
    if (trace.spans.some(({ attributes }) => attributes['tenant'] === 'bolt')) mine.push(trace);
  }
  assert.ok(mine.length > 1);
  const ofSelect = mine.map(({ spans, criticalPath }) => {
    const ids = new Set(spans.filter(({ name }) => name === 'SELECT items').map(({ spanId }) => spanId));
    const own = criticalPath.filter(({ spanId }) => ids.has(spanId));
    return own.reduce((total, { startNs, endNs }) => total + endNs - startNs, 0) / 1e6;
  });
  const row = got.operations.rows.find(({ operation }) => operation === 'SELECT items');
  assert.ok(row);
  assert.equal(row.a.traces, ofSelect.filter((ms) => ms > 0).length);
  assert.ok(Math.abs(row.a.meanMs - ofSelect.reduce((sum, ms) => sum + ms, 0) / mine.length) < 1e-6);
  const db = got.edges.rows.find(({ target }) => target.endsWith('/items-db'));
  assert.equal(db?.a.traces, mine.filter(({ calls }) => calls.some(({ edgeId }) => edgeId === db?.id)).length);
  assert.equal(got.a.failed, mine.filter(({ spans }) => spans[0]?.failed).length);
  assert.equal(
    got.histogram.a.reduce((sum, count) => sum + count, 0),
    mine.length,
  );
});

test('what cannot be compared is refused in words', async () => {
  const refused = async (query: string): Promise<string> => {
    const response = await served.get(`/api/compare/sets?${query}`);
    assert.equal(response.status, 400, query);
    return ((await response.json()) as { error: { message: string } }).error.message;
  };
  assert.match(await refused('window=5m'), /give a, b, or bfrom and bto/);
  assert.match(await refused('a=duration&window=5m'), /parameter a: `duration` needs/);
  assert.match(await refused('a=status%3Dok&bfrom=1'), /give bfrom and bto/);
  assert.match(await refused('a=status%3Dok&more=1'), /more/);
  const none = await ask({ from: 1, to: 2, a: 'status = failed' });
  assert.deepEqual([none.a.traces, none.b.traces, none.a.meanMs, none.operations.rows], [0, 0, null, []]);
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
