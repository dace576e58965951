/** The keys of the answers that the map and the trace page are made of, each by name: a change of them is seen here. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type * as api from '#shared/api.ts';
import { recordedBodies } from './recordings.ts';
import { startServing, storeRecorded } from './serve.ts';

const served = await startServing();
let interval = '';

before(async () => {
  ({ interval } = await storeRecorded(
    served.db,
    [...recordedBodies('faults'), ...recordedBodies('mtls')],
    1_800_000_000,
  ));
});

const graphNow = async (): Promise<api.Graph> => (await served.json(`/api/graph?${interval}`)) as api.Graph;

/** Keys of an object, of the elements of its arrays, and so on; records with free keys are given as `*`. */
function keysOf(value: unknown, free: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [keysOf(value[0], free)];
  if (typeof value !== 'object' || value === null) return typeof value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, of]) => [key, free.includes(key) ? '*' : keysOf(of, free)]));
}

const latency = { n: 'number', p50: 'number', p90: 'number', p99: 'number' };

test('the keys of nodes and edges are pinned', async () => {
  const { nodes, edges, ...rest } = await graphNow();
  const node = nodes.find(
    ({ versions, calls, criticalShare }) => versions.length > 0 && calls > 0 && criticalShare !== null,
  );
  assert.deepEqual(keysOf(rest), {
    critical: { band: 'string', entry: 'string', fromMs: 'number', traces: 'number' },
    from: 'number',
    generatedAt: 'number',
    sampled: 'boolean',
    scopes: { clusters: ['string'], namespaces: ['string'] },
    thresholds: { badFailed: 'number', badP99Ms: 'number', warnFailed: 'number' },
    to: 'number',
    unsettled: 'number',
  });
  assert.deepEqual(keysOf(node), {
    calls: 'number',
    cluster: 'string',
    criticalShare: 'number',
    failed: 'number',
    id: 'string',
    kind: 'string',
    latencyMs: latency,
    name: 'string',
    namespace: 'string',
    provisional: 'number',
    rate: 'number',
    successRate: 'number',
    versions: [{ calls: 'number', failed: 'number', version: 'string' }],
  });
  const mtls = edges.find((edge) => edge.mtls !== null && edge.errors.length > 0 && edge.networkMs.n > 0);
  assert.deepEqual(keysOf(mtls, ['exemplars']), {
    attempts: 'number',
    bytesPerSecond: { request: 'number', response: 'number' },
    calls: 'number',
    clientErrors: 'number',
    criticalShare: 'number',
    errors: [
      { code: 'string', count: 'number', failed: 'boolean', flag: 'string', origin: 'string', reason: 'string' },
    ],
    exemplars: '*',
    failed: 'number',
    id: 'string',
    latencyMs: latency,
    mtls: { principals: ['string'], share: 'number' },
    networkMs: latency,
    networkShare: 'number',
    protocol: 'string',
    provisional: 'number',
    rate: 'number',
    serverLatencyMs: latency,
    source: 'string',
    successRate: 'number',
    target: 'string',
    weight: 'number',
  });
  assert.deepEqual(Object.keys(mtls?.exemplars ?? {}).sort(), ['errors', 'p50', 'p90', 'p99']);
});

test('the keys of a trace are pinned', async () => {
  const { traces } = (await served.json(`/api/traces?${interval}&status=failed&limit=100`)) as api.TraceList;
  const found = traces.find(({ criticalPath }) => criticalPath.length === 3);
  assert.deepEqual(keysOf(found), {
    criticalPath: [{ operation: 'string', selfMs: 'number', service: 'string', share: 'number' }],
    durationMs: 'number',
    errorCount: 'number',
    failed: 'boolean',
    root: { operation: 'string', service: 'string' },
    spanCount: 'number',
    start: 'number',
    traceId: 'string',
    workloads: ['string'],
  });
  const trace = (await served.json(`/api/traces/${found?.traceId}`)) as api.Trace;
  const call = trace.calls.find(({ error, networkNs }) => error !== null && networkNs !== null);
  assert.deepEqual(keysOf({ ...trace, calls: [call] }, ['attributes', 'resource', 'events', 'links', 'warnings']), {
    calls: [
      {
        attempts: 'number',
        calleeSpanId: 'string',
        clientError: 'boolean',
        clientNs: 'number',
        edgeId: 'string',
        error: { code: 'string', flag: 'string', origin: 'string', reason: 'string' },
        failed: 'boolean',
        networkNs: 'number',
        probe: 'boolean',
        protocol: 'string',
        serverNs: 'number',
        source: 'string',
        sourceVersion: 'string',
        spanId: 'string',
        target: 'string',
        targetVersion: 'string',
      },
    ],
    criticalPath: [{ endNs: 'number', spanId: 'string', startNs: 'number' }],
    durationMs: 'number',
    light: 'boolean',
    spans: [
      {
        async: 'boolean',
        attributes: '*',
        callId: 'number',
        durationNs: 'number',
        events: '*',
        failed: 'boolean',
        kind: 'string',
        links: '*',
        name: 'string',
        namespace: 'string',
        parentId: 'object',
        resource: '*',
        retry: 'number',
        scope: { name: 'string', version: 'string' },
        service: 'string',
        skewNs: 'number',
        spanId: 'string',
        startNs: 'number',
        status: { code: 'string', message: 'string' },
        version: 'string',
      },
    ],
    start: 'number',
    traceId: 'string',
    warnings: '*',
  });
});
