/**
 * The native API is exactly what shared/api.ts and the published OpenAPI document say: no key more, none less, on answers
 * made of recorded traffic. And whatever else is asked is refused by name.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import type { z } from 'zod';
import * as api from '#shared/api.ts';
import { recordedBodies } from './recordings.ts';
import { startServing, storeRecorded } from './serve.ts';
import { strict, strictJson } from './strict.ts';

const served = await startServing();
const { db } = served;
const tick = 1_800_000_000;

/** The interval the recordings lie in, as query parameters. */
let interval = '';
let fromMs = 0;
let toMs = 0;

before(async () => {
  ({ fromMs, toMs, interval } = await storeRecorded(
    db,
    [...recordedBodies('faults'), ...recordedBodies('mtls')],
    tick,
  ));
});

const graphNow = async (query = ''): Promise<api.Graph> =>
  (await served.json(`/api/graph?${interval}${query}`)) as api.Graph;
const refusal = async (path: string, init?: RequestInit): Promise<[status: number, code: string, message: string]> => {
  const response = await served.get(path, init);
  const { error } = strict(api.errorBody).parse(await response.json()) as api.ErrorBody;
  return [response.status, error.code, error.message];
};

/** Every JSON route with a question, its schema and its path in the OpenAPI document. */
async function questions(): Promise<readonly (readonly [path: string, schema: z.ZodType, template: string])[]> {
  const graph = await graphNow();
  const edge = graph.edges.find(({ errors }) => errors.length > 0);
  const [traced] = ((await served.json(`/api/traces?${interval}&limit=1`)) as api.TraceList).traces;
  assert.ok(edge && traced);
  return [
    [`/api/graph?${interval}`, api.graph, '/api/graph'],
    [`/api/graph?${interval}&groupBy=version&probes=true`, api.graph, '/api/graph'],
    [`/api/graph?${interval}&groupBy=namespace`, api.graph, '/api/graph'],
    [`/api/graph?window=5m`, api.graph, '/api/graph'],
    [`/api/graph?${interval}&band=slow&idle=true&service=frontend&direction=down`, api.graph, '/api/graph'],
    [
      `/api/nodes/${encodeURIComponent(edge.target)}/operations?${interval}`,
      api.operations,
      '/api/nodes/{id}/operations',
    ],
    [`/api/frames?${interval}`, api.framesWire, '/api/frames'],
    [`/api/timeline?${interval}`, api.timeline, '/api/timeline'],
    [`/api/entries?${interval}`, api.entries, '/api/entries'],
    [
      `/api/compare?a=${fromMs}..${fromMs + 60_000}&b=${fromMs + 60_000}..${toMs + 60_000}`,
      api.comparison,
      '/api/compare',
    ],
    [`/api/edges/${edge.id}?${interval}`, api.edgeDetail, '/api/edges/{id}'],
    [`/api/nodes/${encodeURIComponent(edge.target)}?${interval}&step=30s`, api.nodeDetail, '/api/nodes/{id}'],
    [`/api/traces?${interval}`, api.traceList, '/api/traces'],
    [`/api/traces/${traced.traceId}`, api.trace, '/api/traces/{id}'],
    ['/api/status', api.status, '/api/status'],
    ['/healthz', api.health, '/healthz'],
    ['/readyz', api.health, '/readyz'],
  ];
}

test('every answer has exactly the keys and types of the contract', async () => {
  for (const [path, schema] of await questions()) {
    const parsed = strict(schema).safeParse(await served.json(path));
    assert.ok(parsed.success, `${path}: ${parsed.error?.message.slice(0, 500)}`);
  }
});

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<
    string,
    {
      get: {
        parameters?: { name: string }[];
        responses: Record<string, { content?: Record<string, { schema: Record<string, unknown> }> }>;
      };
    }
  >;
  readonly components: { schemas: Record<string, unknown> };
}
const documented = async (): Promise<OpenApi> => (await served.json('/api/openapi.json')) as OpenApi;

test('every answer has exactly the keys and types of the OpenAPI document', async () => {
  const document = await documented();
  for (const [path, , template] of await questions()) {
    const schema = document.paths[template]?.get.responses['200']?.content?.['application/json']?.schema;
    assert.ok(schema, template);
    const parsed = strictJson(document, schema).safeParse(await served.json(path));
    assert.ok(parsed.success, `${path}: ${parsed.error?.message.slice(0, 500)}`);
  }
});

test('the OpenAPI document lists the routes, their parameters and the error shape', async () => {
  const document = await documented();
  assert.match(document.openapi, /^3\.1/);
  const parameters = Object.fromEntries(
    Object.entries(document.paths).map(([path, { get }]) => [
      path,
      (get.parameters ?? []).map(({ name }) => name).join(' '),
    ]),
  );
  const places = 'groupBy collapse probes idle entry band';
  assert.deepEqual(parameters, {
    '/healthz': '',
    '/readyz': '',
    '/api/graph': `window from to cluster namespace service hops direction ${places}`,
    '/api/graph/live': `window from to cluster namespace service hops direction ${places}`,
    '/api/edges/{id}': `id window from to step ${places}`,
    '/api/nodes/{id}': `id window from to step ${places}`,
    '/api/nodes/{id}/operations': 'id window from to',
    '/api/frames': 'window from to step probes entry band',
    '/api/timeline': 'window from to step',
    '/api/entries': 'window from to',
    '/api/compare': 'a b window groupBy collapse probes entry band',
    '/api/traces': 'window from to service operation minMs maxMs status edge attr probes order limit cursor',
    '/api/traces/{id}': 'id format',
    '/api/status': '',
    '/metrics': '',
  });
  assert.deepEqual(Object.keys(document.components.schemas).sort(), [
    'Comparison',
    'EdgeDetail',
    'Entries',
    'Error',
    'Frames',
    'Graph',
    'Health',
    'NodeDetail',
    'Operations',
    'Status',
    'Timeline',
    'Trace',
    'TraceList',
  ]);
});

test('docs/api.md names every route and every parameter of the map', async () => {
  const page = readFileSync(new URL('../docs/api.md', import.meta.url), 'utf8');
  const { paths } = await documented();
  const names = [...Object.keys(paths), ...(paths['/api/graph']?.get.parameters ?? []).map(({ name }) => name)];
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}\``) && !page.includes(`\`${name}=`)),
    [],
  );
});

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
    errors: [{ code: 'string', count: 'number', flag: 'string', origin: 'string', reason: 'string' }],
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
    spans: [
      {
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
        scope: { name: 'string', version: 'string' },
        service: 'string',
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

test('an unknown parameter is refused by name', async () => {
  for (const path of [
    '/api/graph',
    '/api/graph/live',
    '/api/traces',
    '/api/edges/0123456789abcdef',
    '/api/nodes/x',
    '/api/nodes/x/operations',
    '/api/frames',
    '/api/timeline',
    '/api/entries',
    '/api/compare',
    '/api/traces/0af7651916cd43dd8448eb211c80319c',
    '/api/status',
  ]) {
    const [status, code, message] = await refusal(`${path}?windw=5m`);
    assert.deepEqual([status, code], [400, 'bad-request'], path);
    assert.match(message, /windw/);
  }
});

test('a value that cannot be read is refused by the name of its parameter', async () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['/api/graph?window=5', /duration "5"/],
    ['/api/graph?window=5m&window=1h', /window/],
    ['/api/graph?from=10&to=5', /from 10 is not before to 5/],
    ['/api/graph?hops=-1', /hops "-1"/],
    ['/api/graph?hops=99', /hops "99"/],
    ['/api/graph?groupBy=colour', /groupBy "colour"/],
    ['/api/graph?probes=yes', /probes "yes"/],
    ['/api/graph?direction=left', /direction "left"/],
    ['/api/graph?band=fast', /band "fast"/],
    ['/api/graph?idle=1', /idle "1"/],
    ['/api/timeline?step=7s', /step "7s"/],
    ['/api/timeline?window=30d&step=10s', /step "10s"/],
    ['/api/compare?a=now-2h..now-1h', /give a and b/],
    ['/api/compare?a=now-2h..now-1h&b=now-1h..now&window=5m', /give a and b, or window/],
    ['/api/compare?a=now-1h&b=now-1h..now', /a "now-1h"/],
    ['/api/compare?a=now-1h..now-2h&b=now-1h..now', /is not before/],
    ['/api/nodes/x/operations', /node id x/],
    ['/api/edges/xyz', /id "xyz"/],
    ['/api/edges/0123456789abcdef?step=7s', /step "7s"/],
    ['/api/edges/0123456789abcdef?window=30d&step=10s', /step "10s"/],
    ['/api/traces?minMs=fast', /minMs "fast"/],
    ['/api/traces?limit=0', /limit "0"/],
    ['/api/traces?limit=100000', /limit "100000"/],
    ['/api/traces?order=random', /order "random"/],
    ['/api/traces?status=red', /status "red"/],
    ['/api/traces?edge=1', /edge "1"/],
    ['/api/traces?attr=novalue', /attr "novalue"/],
    ['/api/traces?cursor=zzz', /cursor zzz/],
    ['/api/traces/123', /id "123"/],
    ['/api/traces/0af7651916cd43dd8448eb211c80319c?format=csv', /format "csv"/],
  ];
  for (const [path, says] of bad) {
    const [status, code, message] = await refusal(path);
    assert.deepEqual([status, code], [400, 'bad-request'], path);
    assert.match(message, says, path);
  }
});

test('what is not there is 404, in the same shape', async () => {
  for (const path of [
    `/api/edges/0123456789abcdef?${interval}`,
    `/api/nodes/nobody?${interval}`,
    '/api/traces/0af7651916cd43dd8448eb211c80319c',
    '/api/nonsense',
    '/api/',
  ]) {
    assert.deepEqual((await refusal(path)).slice(0, 2), [404, 'not-found'], path);
  }
});

test('the API can only be read', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    assert.deepEqual((await refusal('/api/graph', { method })).slice(0, 2), [405, 'method-not-allowed'], method);
    assert.deepEqual((await refusal('/', { method })).slice(0, 2), [405, 'method-not-allowed'], method);
  }
  const head = await served.get('/api/graph', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');
});

test('metrics are text for Prometheus', async () => {
  const response = await served.get('/metrics');
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(await response.text(), /^up 1$/m);
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
