/** Traces as files of other tools: what is written in a format and opened again is the same trace; bad files are refused in words. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { AttributeValue, Trace, TraceList, TraceSpan } from '#shared/api.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { readTraceFile } from '../collector/store/trace-file.ts';
import { recordedBodies } from './recordings.ts';
import { startServing, storeBodies, storeRecorded } from './serve.ts';
import { openedTraces, refusalOf, type Sent, typedTrace } from './trace-file.ts';

const served = await startServing();
const { db } = served;
const tick = 1_800_000_000;
let ids: string[] = [];
const typed = 'd'.repeat(32);

before(async () => {
  const { interval } = await storeRecorded(db, [...recordedBodies('faults'), ...recordedBodies('mtls')], tick);
  await storeBodies(db, [otlpJsonToProto(JSON.stringify(typedTrace(typed)))], tick);
  const lists = ['&status=failed', '&status=ok', '&order=slowest'].map(
    async (query) => (await served.json(`/api/traces?${interval}${query}&limit=3`)) as TraceList,
  );
  const found = (await Promise.all(lists)).flatMap(({ traces }) => traces.map(({ traceId }) => traceId));
  ids = [typed, ...new Set(found)];
  assert.ok(ids.length > 5);
});

const stored = async (id: string): Promise<Trace> => (await served.json(`/api/traces/${id}`)) as Trace;
const file = async (id: string, format: string): Promise<Sent> =>
  (await served.get(`/api/traces/${id}?format=${format}`)).text();
const open = (body: Sent): Promise<Trace[]> => openedTraces(served, body);

async function opened(id: string, format: string): Promise<Trace> {
  const [trace, ...more] = await open(await file(id, format));
  assert.ok(trace && more.length === 0);
  return trace;
}

/** What the store alone knows, or only it. */
function bare(trace: Trace): Trace {
  return { ...trace, warnings: trace.warnings.filter((text) => !text.startsWith('Not settled')) };
}

test('as OTLP a trace is opened exactly as it is stored', async () => {
  for (const id of ids) assert.deepEqual(await opened(id, 'otlp'), bare(await stored(id)));
});

/** Epoch milliseconds are told to a quarter of a microsecond. */
const resolutionNs = 1_250;

/** Starts and lengths are those of the trace, to the microsecond that the format has. */
function sameTimes(again: Trace, trace: Trace): void {
  for (const span of again.spans) {
    const was = trace.spans.find(({ spanId, kind }) => spanId === span.spanId && kind === span.kind);
    assert.ok(was);
    assert.ok(Math.abs(span.durationNs - was.durationNs) <= 1000);
    assert.ok(Math.abs((again.start - trace.start) * 1e6 + span.startNs - was.startNs) <= resolutionNs);
  }
}

/** What must be the same in every format: the tree and what each span is. */
function outline(trace: Trace, texts = (value: AttributeValue): AttributeValue => value): unknown {
  const about = ({ attributes, resource }: TraceSpan): unknown =>
    Object.entries({ ...resource, ...attributes })
      .map(([key, value]) => [key, texts(value)])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  const byId = (a: { spanId: string }, b: { spanId: string }): number => (a.spanId < b.spanId ? -1 : 1);
  return {
    traceId: trace.traceId,
    spans: trace.spans
      .map((span) => ({
        spanId: span.spanId,
        parentId: span.parentId,
        name: span.name,
        kind: span.kind,
        service: span.service,
        namespace: span.namespace,
        version: span.version,
        status: span.status,
        failed: span.failed,
        retry: span.retry,
        async: span.async,
        scope: span.scope,
        said: about(span),
        events: span.events.map(({ name, attributes }) => [
          name,
          Object.entries(attributes).map(([key, value]) => [key, texts(value)]),
        ]),
        links: span.links.map(({ traceId, spanId }) => [traceId, spanId]),
      }))
      .sort(byId),
    calls: trace.calls
      .map(({ edgeId, failed, error, attempts }) => ({ edgeId, failed, error, attempts }))
      .sort((a, b) => (a.edgeId < b.edgeId ? -1 : 1)),
  };
}

/** Lists and maps are JSON in a format that has none. */
const nested = (value: AttributeValue): AttributeValue =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : value;

test('as Jaeger JSON a trace is opened with the same spans, tree, statuses, events, links and typed attributes', async () => {
  for (const id of ids) {
    const trace = await stored(id);
    const again = await opened(id, 'jaeger');
    assert.deepEqual(outline(again, nested), outline(trace, nested), id);
    sameTimes(again, trace);
  }
});

test('as Zipkin JSON a trace is opened with the same spans, tree, statuses, events, links, and attributes as text', async () => {
  const texts = (value: AttributeValue): AttributeValue => String(nested(value));
  for (const id of ids) {
    const trace = await stored(id);
    const again = await opened(id, 'zipkin');
    assert.deepEqual(outline(again, texts), outline(trace, texts), id);
    sameTimes(again, trace);
  }
});

test('Jaeger JSON has the fields that its UI reads, with microseconds', async () => {
  const { data, ...rest } = JSON.parse(String(await file(typed, 'jaeger'))) as { data: Record<string, unknown>[] };
  assert.deepEqual(rest, { total: 0, limit: 0, offset: 0, errors: null });
  const [trace] = data;
  assert.deepEqual(Object.keys(trace ?? {}), ['traceID', 'spans', 'processes', 'warnings']);
  const spans = trace?.['spans'] as Record<string, unknown>[];
  const child = spans.find(({ operationName }) => operationName === 'typed');
  assert.deepEqual(Object.keys(child ?? {}), [
    'traceID',
    'spanID',
    'flags',
    'operationName',
    'references',
    'startTime',
    'duration',
    'tags',
    'logs',
    'processID',
    'warnings',
  ]);
  assert.deepEqual(child?.['references'], [
    { refType: 'CHILD_OF', traceID: typed, spanID: '61'.repeat(8) },
    { refType: 'FOLLOWS_FROM', traceID: 'b'.repeat(32), spanID: 'c'.repeat(16) },
  ]);
  assert.equal(child?.['startTime'], 1_790_000_000_000_001);
  assert.equal(child?.['duration'], 2_500);
  assert.ok(trace && child);
  const tags = new Map((child['tags'] as { key: string }[]).map((tag) => [tag.key, tag]));
  assert.deepEqual(tags.get('large'), { key: 'large', type: 'int64', value: '9223372036854775807' });
  assert.deepEqual(tags.get('yes'), { key: 'yes', type: 'bool', value: true });
  assert.deepEqual(tags.get('span.kind'), { key: 'span.kind', type: 'string', value: 'client' });
  assert.deepEqual(tags.get('error'), { key: 'error', type: 'bool', value: true });
  const process = (trace['processes'] as Record<string, { serviceName: string }>)[String(child['processID'])];
  assert.equal(process?.serviceName, 'web');
});

test('Zipkin JSON is a list of v2 spans with text tags and microseconds', async () => {
  const spans = JSON.parse(String(await file(typed, 'zipkin'))) as Record<string, unknown>[];
  const child = spans.find(({ name }) => name === 'typed');
  const { tags, annotations, ...rest } = child ?? {};
  assert.deepEqual(rest, {
    traceId: typed,
    id: '62'.repeat(8),
    parentId: '61'.repeat(8),
    kind: 'CLIENT',
    name: 'typed',
    timestamp: 1_790_000_000_000_001,
    duration: 2_500,
    localEndpoint: { serviceName: 'web' },
    remoteEndpoint: { serviceName: 'db' },
  });
  assert.deepEqual(annotations, [
    { timestamp: 1_790_000_000_000_500, value: 'plain' },
    { timestamp: 1_790_000_000_000_600, value: '"with": {"n":2}' },
  ]);
  assert.ok(Object.values(tags as object).every((value) => typeof value === 'string'));
});

test('OTLP protobuf, gzip, lines of OTLP, a bare Jaeger trace and lists of Zipkin traces are told by what is in them', async () => {
  const [id = ''] = ids.slice(1);
  const trace = bare(await stored(id));
  const otlp = String(await file(id, 'otlp'));
  const { resourceSpans } = JSON.parse(otlp) as { resourceSpans: unknown[] };
  const jaeger = JSON.parse(String(await file(id, 'jaeger'))) as { data: unknown[] };
  const zipkin = String(await file(id, 'zipkin'));
  const ofJaeger = (await open(JSON.stringify(jaeger)))[0];
  const same: readonly (readonly [Sent, unknown])[] = [
    [otlpJsonToProto(otlp), trace],
    [gzipSync(otlp), trace],
    [` \n${otlp}`, trace],
    [`\ufeff${otlp}`, trace],
    [resourceSpans.map((one) => JSON.stringify({ resourceSpans: [one] })).join('\n'), trace],
    [JSON.stringify({ batches: resourceSpans }), trace],
    [JSON.stringify({ result: { resourceSpans } }), trace],
    [JSON.stringify(jaeger.data[0]), ofJaeger],
    [JSON.stringify(jaeger.data), ofJaeger],
    [`[${zipkin}]`, (await open(zipkin))[0]],
  ];
  for (const [body, expected] of same) {
    const [got] = await open(body);
    assert.deepEqual(got?.spans.length, trace.spans.length, String(body).slice(0, 60));
    const order = (one: unknown): unknown => (one as Trace).spans.map(({ spanId }) => spanId).sort();
    assert.deepEqual(order(got), order(expected));
    assert.deepEqual({ ...got, spans: [] }, { ...(expected as Trace), spans: [] });
  }
});

test('several traces of a file come by their start', async () => {
  const [a = '', b = '', c = ''] = ids.slice(1);
  const lists = await Promise.all(
    [a, b, c].map(async (id) => JSON.parse(String(await file(id, 'zipkin'))) as unknown[]),
  );
  const traces = await open(JSON.stringify(lists));
  assert.deepEqual(new Set(traces.map(({ traceId }) => traceId)), new Set([a, b, c]));
  assert.deepEqual(
    traces.map(({ start }) => start),
    traces.map(({ start }) => start).toSorted((x, y) => x - y),
  );
});

test('nothing of an opened file is stored', async () => {
  const [before_] = await db.rows<{ n: string }>('SELECT count() AS n FROM spans');
  await open(String(await file(typed, 'otlp')).replaceAll(typed, 'e'.repeat(32)));
  const [after_] = await db.rows<{ n: string }>('SELECT count() AS n FROM spans');
  assert.deepEqual(after_, before_);
  assert.equal((await served.get(`/api/traces/${'e'.repeat(32)}`)).status, 404);
});

test('what is wrong in a file is said, and where', async () => {
  const zipkin = JSON.parse(String(await file(typed, 'zipkin'))) as Record<string, unknown>[];
  const jaeger = JSON.parse(String(await file(typed, 'jaeger'))) as { data: { spans: Record<string, unknown>[] }[] };
  const otlp = String(await file(typed, 'otlp'));
  const alter = (change: (spans: Record<string, unknown>[]) => void, format: 'jaeger' | 'zipkin'): string => {
    const copy = structuredClone(format === 'jaeger' ? jaeger : zipkin) as never;
    change(format === 'jaeger' ? (copy as typeof jaeger).data[0]!.spans : copy);
    return JSON.stringify(copy);
  };
  const ids = `"traceId":"${typed}","spanId":"${'61'.repeat(8)}"`;
  const bad: readonly (readonly [Sent, RegExp])[] = [
    ['', /it is empty/],
    ['   ', /it is empty/],
    ['[]', /holds no spans/],
    ['{"data":[]}', /holds no spans/],
    ['{"resourceSpans":[]}', /holds no spans/],
    ['hello there', /no JSON, and as OTLP protobuf/],
    ['{"data":[{"spans":', /no JSON: .*position|no JSON: .*end/],
    ['{"a":1,"b":2}', /neither OTLP .* nor Jaeger .* nor Zipkin .* keys a, b/],
    ['[1,2]', /neither OTLP/],
    [`${'['.repeat(100_000)}`, /nested deeper/],
    [gzipSync('x').subarray(0, 12), /begins as gzip/],
    ['{"resourceSpans":{}}', /resourceSpans is no array/],
    [otlp.replace(/"spanId":"[0-9a-f]+"/, '"spanId":"xyz"'), /resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]: .*id/],
    [otlp.replace(/"name":"root"/, '"name":7'), /spans\[0\]: name is no string/],
    [
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{${ids},"startTimeUnixNano":1.7e18},{${ids},"kind":1e20}]}]}]}`,
      /spans\[1\]: kind is out of range/,
    ],
    [
      '{"resourceSpans":[{"resource":{"attributes":[{"key":"n","value":{"intValue":1e300}}]}}]}',
      /^cannot open file: .*intValue is out of range/,
    ],
    [
      alter((spans) => (spans[1]!['startTime'] = 'noon'), 'jaeger'),
      /data\[0\]\.spans\[1\]\.startTime must be a number of microseconds, not "noon"/,
    ],
    [
      alter((spans) => delete spans[1]!['startTime'], 'jaeger'),
      /data\[0\]\.spans\[1\]\.startTime must be .* not nothing/,
    ],
    [
      alter((spans) => (spans[0]!['processID'] = 'p9'), 'jaeger'),
      /spans\[0\]\.processID must be one of the processes, not "p9"/,
    ],
    [alter((spans) => (spans[0]!['processID'] = '__proto__'), 'jaeger'), /processID must be one of/],
    [alter((spans) => (spans[0]!['spanID'] = '0000'), 'jaeger'), /spans\[0\]\.spanID must be an id/],
    [alter((spans) => (spans[1]!['references'] = [{ refType: 'CHILD_OF' }]), 'jaeger'), /references\[0\]\.spanID/],
    [alter((spans) => (spans[0]!['tags'] = { a: 1 }), 'jaeger'), /spans\[0\]\.tags must be a list/],
    [alter((spans) => (spans[0]!['duration'] = -1), 'jaeger'), /spans\[0\]\.duration must be a number/],
    [alter((spans) => (spans[1]!['id'] = 'zz'), 'zipkin'), /file\[1\]\.id must be an id of up to 16 hex digits/],
    [alter((spans) => delete spans[1]!['traceId'], 'zipkin'), /file\[1\]\.traceId/],
    [alter((spans) => (spans[0]!['tags'] = { a: 1 }), 'zipkin'), /file\[0\]\.tags\.a must be text, not 1/],
    [alter((spans) => spans.forEach((span) => delete span['timestamp']), 'zipkin'), /file\[0\]\.timestamp/],
    [alter((spans) => (spans[1] = null as never), 'zipkin'), /file\[1\] must be an object, not null/],
  ];
  for (const [body, says] of bad) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    assert.throws(() => readTraceFile(bytes), { name: 'AppError', code: 'bad-request', message: says });
  }
  for (const [body, says] of bad.slice(0, 2)) assert.match(await refusalOf(served, body), says);
});

test('a file that is too large is refused before it is read, a bomb before it is inflated', async () => {
  const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024, 0x20));
  assert.ok(bomb.length < 1_000_000);
  for (const body of [Buffer.alloc(65 * 1024 * 1024, 0x20), bomb]) {
    const response = await served.get('/api/traces/open', { method: 'POST', body });
    assert.equal(response.status, 413);
    assert.match(await response.text(), /too-large/);
  }
});

test('a page of another site may not open files', async () => {
  const body = String(await file(typed, 'otlp'));
  const response = await served.get('/api/traces/open', {
    method: 'POST',
    body,
    headers: { 'sec-fetch-site': 'cross-site' },
  });
  assert.equal(response.status, 403);
});

test('no file was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
