/** /api/nodes/:id/operations: what a workload is asked for, each request once, however many spans tell of it. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Operations } from '#shared/api.ts';
import { kind } from '#shared/span.ts';
import { bodyOf, type Attributes } from './otlp-span.ts';
import { startServing, storeBodies } from './serve.ts';

const nowMs = 1_800_000_000_000;
const served = await startServing({ now: () => nowMs });
const strict = await startServing({ db: served.db, now: () => nowMs, calls: { fourXxIsFailure: true } });

interface Said {
  readonly name: string;
  readonly service: string;
  readonly namespace?: string;
  readonly version?: string;
  readonly agoMs?: number;
  readonly durationMs?: number;
  readonly kind?: number;
  readonly attributes?: Attributes;
}

let count = 0;
function body(said: Said): Uint8Array {
  const { name, service, namespace = 'shop', version = 'v1', agoMs = 60_000, durationMs = 10, attributes = {} } = said;
  const startNs = BigInt(nowMs - agoMs) * 1_000_000n;
  count += 1;
  return bodyOf(
    attributes,
    {
      'service.name': service,
      ...(namespace === '' ? {} : { 'service.namespace': namespace }),
      'service.version': version,
    },
    {
      traceId: count.toString(16).padStart(32, '0'),
      spanId: count.toString(16).padStart(16, '0'),
      name,
      kind: said.kind ?? kind.server,
      startTimeUnixNano: String(startNs),
      endTimeUnixNano: String(startNs + BigInt(durationMs * 1_000_000)),
    },
  );
}
const times = (n: number, said: (index: number) => Said): Uint8Array[] =>
  Array.from({ length: n }, (_, index) => body(said(index)));
const proxy = { component: 'proxy' };

before(async () => {
  await storeBodies(
    served.db,
    [
      ...times(100, (i) => ({
        name: 'GET /cart',
        service: 'web',
        durationMs: i + 1,
        attributes: { 'http.status_code': i < 3 ? 503 : 200 },
      })),
      ...times(20, (i) => ({
        name: 'GET /item',
        service: 'web',
        version: 'v2',
        attributes: { 'http.status_code': i < 5 ? 404 : 200 },
      })),
      ...times(120, () => ({ name: 'web.shop:80/*', service: 'web', attributes: proxy })),
      ...times(7, () => ({ name: 'out', service: 'web', kind: kind.client })),
      ...times(9, () => ({
        name: 'GET /healthz',
        service: 'web',
        attributes: { 'user_agent.original': 'kube-probe/1.30' },
      })),
      ...times(4, () => ({ name: 'GET /old', service: 'web', agoMs: 3_700_000 })),
      ...times(6, () => ({ name: 'GET /cart', service: 'web', namespace: 'other' })),
      ...times(5, () => ({ name: 'side/*', service: 'mute', attributes: proxy })),
      ...times(1, () => ({ name: 'GET /debug', service: 'mute' })),
      ...times(3, () => ({ name: 'consume', service: 'worker', kind: kind.consumer })),
      ...times(60, (i) => ({ name: `op ${i}`, service: 'many' })),
    ],
    nowMs / 1000,
  );
});

const list = async (id: string, query = 'window=5m', on = served): Promise<Operations> =>
  (await on.json(`/api/nodes/${encodeURIComponent(id)}/operations?${query}`)) as Operations;
const brief = ({ operations }: Operations): string =>
  operations.map(({ operation, calls, failed }) => `${operation} ${calls} ${failed}`).join(', ');

test('a request told by sidecar and application counts once, by the application', async () => {
  assert.equal(brief(await list('/shop/web')), 'GET /cart 100 3, GET /item 20 0');
});

test('a workload whose application tells next to nothing is told by its sidecar', async () => {
  assert.equal(brief(await list('/shop/mute')), 'side/* 5 0');
});

test('consumers answer too', async () => {
  assert.equal(brief(await list('/shop/worker')), 'consume 3 0');
});

test('percentiles are of the durations, within 1 %', async () => {
  const { latencyMs } = (await list('/shop/web')).operations[0] ?? assert.fail();
  assert.equal(latencyMs.n, 100);
  for (const [got, wanted] of [
    [latencyMs.p50, 50],
    [latencyMs.p90, 90],
    [latencyMs.p99, 99],
  ] as const) {
    assert.ok(got !== null && Math.abs(got - wanted) <= wanted * 0.0101, `${got} for ${wanted}`);
  }
});

test('4xx is a failure only when it is configured to be', async () => {
  assert.equal(brief(await list('/shop/web', 'window=5m', strict)), 'GET /cart 100 3, GET /item 20 5');
});

test('one version, a namespace and a cluster can be asked for', async () => {
  assert.equal(brief(await list('/shop/web/v2')), 'GET /item 20 0');
  assert.equal(brief(await list('/other/')), 'GET /cart 6 0');
  assert.ok(brief(await list('//')).startsWith('GET /cart 106 3'));
  assert.equal(brief(await list('east/shop/web')), 'GET /cart 100 3, GET /item 20 0', 'whose spans name no cluster');
  assert.equal(brief(await list('/shop/nobody')), '');
});

test('of a long window the last hour is read', async () => {
  const { from, to, operations } = await list('/shop/web', 'window=1d');
  assert.equal(to - from, 3_600_000);
  assert.ok(!operations.some(({ operation }) => operation === 'GET /old'));
  const past = await list('/shop/web', `from=${nowMs - 3_800_000}&to=${nowMs - 3_650_000}`);
  assert.equal(brief(past), 'GET /old 4 0');
});

test('at most fifty are given', async () => {
  assert.equal((await list('/shop/many')).operations.length, 50);
});

test('no question was a bug', () => {
  assert.deepEqual([...served.bugs, ...strict.bugs], []);
});
