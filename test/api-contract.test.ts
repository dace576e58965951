/**
 * The native API is exactly what shared/api.ts and the published OpenAPI document say: no key more, none less, on answers
 * made of recorded traffic. And whatever else is asked is refused by name.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import type { z } from 'zod';
import { compareSets } from '#shared/api-compare-sets.ts';
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
  const { spans } = (await served.json(`/api/traces/${traced.traceId}`)) as api.Trace;
  const spanId = spans[0]?.spanId ?? '';
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
    [`/api/compare/sets?${interval}&a=status%3Dfailed`, compareSets, '/api/compare/sets'],
    [`/api/edges/${edge.id}?${interval}`, api.edgeDetail, '/api/edges/{id}'],
    [`/api/nodes/${encodeURIComponent(edge.target)}?${interval}&step=30s`, api.nodeDetail, '/api/nodes/{id}'],
    [`/api/traces?${interval}`, api.traceList, '/api/traces'],
    [`/api/traces/points?${interval}`, api.tracePoints, '/api/traces/points'],
    [`/api/attributes?${interval}`, api.attributeKeys, '/api/attributes'],
    [`/api/attributes/values?${interval}&key=http.status_code`, api.attributeValues, '/api/attributes/values'],
    [`/api/traces/${traced.traceId}`, api.trace, '/api/traces/{id}'],
    [`/api/traces/${traced.traceId}/spans/${spanId}`, api.traceSpan, '/api/traces/{id}/spans/{spanId}'],
    [`/api/critical-path?${interval}`, api.profile, '/api/critical-path'],
    [`/api/critical-path?${interval}&entry=nobody%7Cnothing&trees=false`, api.profile, '/api/critical-path'],
    [`/api/what-if?${interval}&step=frontend%7CGET&faster=50`, api.whatIf, '/api/what-if'],
    [`/api/what-if?${interval}&step=frontend%7CGET&as=v1`, api.whatIf, '/api/what-if'],
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
      post?: { parameters?: { name: string }[] };
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
    Object.entries(document.paths).map(([path, { get, post }]) => [
      path,
      ((post ?? get).parameters ?? []).map(({ name }) => name).join(' '),
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
    '/api/compare/sets': 'a b window from to bfrom bto probes',
    '/api/traces/points': 'window from to q probes',
    '/api/traces/live': 'q probes',
    '/api/attributes': 'window from to prefix limit',
    '/api/attributes/values': 'window from to key prefix limit',
    '/api/traces': 'window from to q service operation minMs maxMs status edge attr probes order limit cursor',
    '/api/traces/{id}': 'id format full',
    '/api/traces/{id}/spans/{spanId}': 'id spanId',
    '/api/traces/open': '',
    '/api/critical-path': 'window from to entry version band probes q trees',
    '/api/what-if': 'window from to entry version band probes q step faster as',
    '/api/status': '',
    '/metrics': '',
  });
  assert.deepEqual(Object.keys(document.components.schemas).sort(), [
    'AttributeKeys',
    'AttributeValues',
    'CompareSets',
    'Comparison',
    'EdgeDetail',
    'Entries',
    'Error',
    'Frames',
    'Graph',
    'Health',
    'LightTrace',
    'NodeDetail',
    'Operations',
    'Profile',
    'Status',
    'Timeline',
    'Trace',
    'TraceList',
    'TracePoints',
    'TraceSpan',
    'WhatIf',
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

test('an unknown parameter is refused by name', async () => {
  for (const path of [
    '/api/graph',
    '/api/graph/live',
    '/api/traces',
    '/api/traces/points',
    '/api/traces/live',
    '/api/attributes',
    '/api/attributes/values',
    '/api/edges/0123456789abcdef',
    '/api/nodes/x',
    '/api/nodes/x/operations',
    '/api/frames',
    '/api/timeline',
    '/api/entries',
    '/api/compare',
    '/api/traces/0af7651916cd43dd8448eb211c80319c',
    '/api/traces/0af7651916cd43dd8448eb211c80319c/spans/0123456789abcdef',
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
    ['/api/traces?q=status%3Dred', /query at 8: “red” is no status/],
    ['/api/traces?q=service%3Da&service=b', /service "b": the query line q has it too/],
    ['/api/traces/points?q=duration%3E5', /query at 10: “5” is no duration/],
    ['/api/traces/live?q=duration', /query at 1: `duration` needs/],
    ['/api/attributes/values', /key "undefined"/],
    ['/api/traces/123', /id "123"/],
    ['/api/traces/0af7651916cd43dd8448eb211c80319c?format=csv', /format "csv"/],
    ['/api/traces/0af7651916cd43dd8448eb211c80319c?full=1', /full "1"/],
    ['/api/traces/0af7651916cd43dd8448eb211c80319c/spans/12', /spanId "12"/],
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
