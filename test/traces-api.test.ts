/** Search and the trace page's answer: every settled trace is found, each once; a broken trace is shown and says how it is broken. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Trace, TraceList, TraceSummary } from '#shared/api.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { recordedBodies } from './recordings.ts';
import { settle, startServing, storeBodies, type Served } from './serve.ts';

let nowMs = Date.now();
const served = await startServing({ now: () => nowMs });
const { db } = served;
const tick = 1_800_000_000;
const bodies = recordedBodies('faults');
let interval = '';

before(async () => {
  await storeBodies(db, bodies, tick);
  await settle(db, tick);
  const [range] = await db.rows<{ least: string; greatest: string }>(
    'SELECT min(startNs) AS least, max(startNs) AS greatest FROM traces',
  );
  interval = `from=${Math.floor(Number(range?.least) / 1e6)}&to=${Math.ceil(Number(range?.greatest) / 1e6) + 1}`;
});

const list = async (query = ''): Promise<TraceList> =>
  (await served.json(`/api/traces?${interval}${query}`)) as TraceList;
const all = async (query = ''): Promise<TraceSummary[]> => (await list(`${query}&limit=500`)).traces;
const traceOf = async (id: string): Promise<Trace> => (await served.json(`/api/traces/${id}`)) as Trace;

test('pages put together are every trace, each once, in order', async () => {
  for (const order of ['recent', 'slowest'] as const) {
    const whole = (await all(`&order=${order}`)).map(({ traceId }) => traceId);
    const paged: string[] = [];
    let cursor = '';
    do {
      const page = await list(`&order=${order}&limit=37${cursor}`);
      paged.push(...page.traces.map(({ traceId }) => traceId));
      cursor = page.next === null ? '' : `&cursor=${page.next}`;
    } while (cursor !== '');
    assert.deepEqual(paged, whole);
    assert.equal(new Set(paged).size, paged.length);
    assert.ok(paged.length > 200);
  }
  const slowest = (await all('&order=slowest')).map(({ durationMs }) => durationMs);
  assert.deepEqual(
    slowest,
    slowest.toSorted((a, b) => b - a),
  );
});

test('a cursor of one order is none of the other', async () => {
  const { next } = await list('&order=slowest&limit=1');
  assert.equal((await served.get(`/api/traces?${interval}&cursor=${next}`)).status, 400);
});

test('each filter keeps exactly the traces it names', async () => {
  const whole = await all();
  const keeps = async (query: string, wanted: (trace: TraceSummary) => boolean): Promise<void> => {
    const got = (await all(query)).map(({ traceId }) => traceId);
    const expected = whole.filter(wanted).map(({ traceId }) => traceId);
    assert.deepEqual(got, expected, query);
    assert.ok(got.length > 0 && got.length < whole.length, `${query} keeps ${got.length} of ${whole.length}`);
  };
  await keeps('&service=payment', ({ workloads }) => workloads.some((id) => id.endsWith('/payment')));
  await keeps('&service=payment.shop', ({ workloads }) => workloads.some((id) => id.endsWith('/shop/payment')));
  const id = whole.flatMap(({ workloads }) => workloads).find((one) => one.endsWith('/payment')) ?? '';
  await keeps(`&service=${encodeURIComponent(id)}`, ({ workloads }) => workloads.includes(id));
  await keeps('&service=api.stripe.example', ({ workloads }) =>
    workloads.some((one) => one.endsWith('/api.stripe.example')),
  );
  await keeps('&minMs=50', ({ durationMs }) => durationMs >= 50);
  await keeps('&maxMs=50', ({ durationMs }) => durationMs <= 50);
  await keeps('&status=error', ({ errorCount }) => errorCount > 0);
  await keeps('&status=ok', ({ errorCount }) => errorCount === 0);
  assert.deepEqual(await all('&service=ayment'), [], 'part of a name is no name');
});

test('an operation is that of the service it is asked with', async () => {
  const found = await all('&service=frontend&operation=GET%20%2F');
  assert.ok(found.length > 0);
  const { spans } = await traceOf(found[0]?.traceId ?? '');
  assert.ok(spans.some(({ service, name }) => service === 'frontend' && name === 'GET /'));
  assert.deepEqual(await all('&service=payment&operation=GET%20%2F'), []);
  assert.ok((await all('&operation=GET%20%2F')).length >= found.length);
});

test('attributes are searched on one span', async () => {
  const refused = await all('&attr=http.status_code%3D503');
  assert.ok(refused.length > 0);
  for (const { traceId } of refused.slice(0, 3)) {
    const { spans } = await traceOf(traceId);
    assert.ok(spans.some(({ attributes }) => attributes['http.status_code'] === '503'));
  }
  const both = await all('&attr=http.status_code%3D503&attr=response_flags%3DUH');
  assert.ok(both.length > 0 && both.length < refused.length);
  assert.deepEqual(await all('&attr=http.status_code%3D503&attr=http.status_code%3D200'), [], 'one span has one value');
  assert.deepEqual(await all('&attr=nothing%3D'), [], 'an attribute that is not there is not an empty one');
  assert.deepEqual(await all(`&attr=${encodeURIComponent(`x'); DROP TABLE spans; --=1`)}`), []);
});

test('the traces of an edge are those with a call of it', async () => {
  const { edges } = (await served.json(`/api/graph?${interval}`)) as { edges: { id: string; target: string }[] };
  const edge = edges.find(({ target }) => target.endsWith('/payment'));
  const traces = await all(`&edge=${edge?.id}`);
  assert.ok(traces.length > 0);
  for (const { traceId } of traces.slice(0, 3)) {
    assert.ok((await traceOf(traceId)).calls.some(({ edgeId }) => edgeId === edge?.id));
  }
});

test('the exemplars of the map open as traces', async () => {
  const { edges } = (await served.json(`/api/graph?${interval}`)) as {
    edges: { id: string; exemplars: { p99: string | null; errors: Record<string, string> } }[];
  };
  for (const { id, exemplars } of edges) {
    for (const [type, traceId] of Object.entries(exemplars.errors).slice(0, 2)) {
      const { calls } = await traceOf(traceId);
      assert.ok(
        calls.some(({ edgeId, error }) => edgeId === id && `${error?.code}|${error?.flag}` === type),
        `${id} ${type}`,
      );
    }
    if (exemplars.p99 !== null) assert.ok((await traceOf(exemplars.p99)).calls.some(({ edgeId }) => edgeId === id));
  }
});

test('the critical path is in time order, inside its spans, and sums to the root', async () => {
  for (const { traceId } of (await all('&order=slowest')).slice(0, 10)) {
    const { spans, criticalPath } = await traceOf(traceId);
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const root = spans[0];
    assert.ok(root);
    let at = root.startNs;
    for (const { spanId, startNs, endNs } of criticalPath) {
      const span = byId.get(spanId);
      assert.ok(span && startNs === at && endNs > startNs);
      assert.ok(startNs >= span.startNs && endNs <= span.startNs + span.durationNs);
      at = endNs;
    }
    assert.equal(at, root.startNs + root.durationNs);
  }
});

test('spans come in tree order, and calls refer to them', async () => {
  for (const { traceId } of (await all()).slice(0, 20)) {
    const { spans, calls } = await traceOf(traceId);
    const seen = new Set<string>();
    const known = new Set(spans.map(({ spanId }) => spanId));
    for (const { spanId, parentId, callId } of spans) {
      if (parentId !== null && known.has(parentId)) assert.ok(seen.has(parentId), 'a parent comes first');
      seen.add(spanId);
      if (callId !== null) assert.ok(calls[callId]);
    }
    for (const { spanId, calleeSpanId } of calls) {
      assert.ok(known.has(spanId) && (calleeSpanId === null || known.has(calleeSpanId)));
    }
  }
});

test('as OTLP a trace is given back with every span, attribute and time it came with', async () => {
  const sent = bodies.flatMap((body) => spansOf(body));
  const { traceId = '' } = sent[0] ?? {};
  const text = await (await served.get(`/api/traces/${traceId}?format=otlp`)).text();
  const back = spansOf(otlpJsonToProto(text));
  const key = ({ spanId, kind }: { spanId: string; kind: number }): string => `${spanId}${kind}`;
  const ofTrace = sent.filter((span) => span.traceId === traceId).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  assert.deepEqual(
    back.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)),
    ofTrace,
  );
});

test('a span is given with all it says, as the trace has it', async () => {
  for (const { traceId } of (await all()).slice(0, 3)) {
    const { spans } = await traceOf(traceId);
    for (const span of spans.filter(({ spanId }, i) => spans.findIndex((one) => one.spanId === spanId) === i)) {
      assert.deepEqual(await served.json(`/api/traces/${traceId}/spans/${span.spanId.toUpperCase()}`), span);
    }
    const absent = await served.get(`/api/traces/${traceId}/spans/${'e'.repeat(16)}`);
    assert.deepEqual([absent.status, (await absent.text()).includes('holds none of that id')], [404, true]);
  }
});

/** Minutes behind the recordings, in a trace of its own. */
let nextTrace = 1;
const startNs = 1_790_000_000_000_000_000n;

interface Sent {
  readonly id: string;
  readonly parent?: string;
  readonly from: number;
  readonly to: number;
  readonly service?: string;
  readonly [more: string]: unknown;
}

/** Stores spans given by short ids and milliseconds. out: the id of their trace. */
async function send(spans: readonly Sent[], at = tick): Promise<string> {
  const traceId = (nextTrace++).toString(16).padStart(32, 'a');
  const spanId = (id: string): string => Buffer.from(id.padStart(8, '_')).toString('hex');
  const time = (ms: number): string => (startNs + BigInt(Math.round(ms * 1e6))).toString();
  const resourceSpans = spans.map(({ id, parent, from, to, service = 'web', ...more }) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [
      {
        scope: { name: 'test', version: '1' },
        spans: [
          {
            traceId,
            spanId: spanId(id),
            ...(parent === undefined ? {} : { parentSpanId: spanId(parent) }),
            name: id,
            kind: 1,
            startTimeUnixNano: time(from),
            endTimeUnixNano: time(to),
            ...more,
          },
        ],
      },
    ],
  }));
  await storeBodies(db, [otlpJsonToProto(JSON.stringify({ resourceSpans }))], at);
  return traceId;
}

test('a trace that has not settled is shown, and says so', async () => {
  const id = await send([{ id: 'a', from: 0, to: 10 }], tick + 10);
  const { spans, warnings } = await traceOf(id);
  assert.equal(spans.length, 1);
  assert.match(warnings.join(), /Not settled yet/);
});

test('what is broken is shown, and named in words', async () => {
  const id = await send([
    { id: 'root', from: 0, to: 100 },
    { id: 'orphan', parent: 'lost', from: 5, to: 10 },
    { id: 'orphan2', parent: 'lost', from: 6, to: 10 },
    { id: 'back', parent: 'root', from: 50, to: 40 },
    { id: 'early', parent: 'root', from: -20, to: 30 },
    { id: 'ring1', parent: 'ring2', from: 1, to: 2 },
    { id: 'ring2', parent: 'ring1', from: 1, to: 2 },
    { id: 'twice', parent: 'root', from: 1, to: 2 },
    { id: 'twice', parent: 'root', from: 1, to: 2 },
  ]);
  const { spans, warnings } = await traceOf(id);
  assert.equal(spans.length, 8);
  for (const says of [
    /never arrived/,
    /have no parent; the critical path is that of web/,
    /One span was delivered more than once/,
    /One parent closed a cycle/,
    /One span ends before it starts/,
    /clocks/,
  ]) {
    assert.match(warnings.join('\n'), says);
  }
  assert.ok(spans.every(({ startNs: start, durationNs }) => start >= 0 && durationNs >= 0));
  const up = new Map(spans.map(({ spanId, parentId }) => [spanId, parentId]));
  for (const { spanId } of spans) {
    let steps = 0;
    for (let at: string | null | undefined = spanId; at; at = up.get(at)) assert.ok((steps += 1) < 20, 'parents end');
  }
});

test('attributes keep their types; what JSON cannot hold exactly is text', async () => {
  const attribute = (key: string, value: unknown): unknown => ({ key, value });
  const id = await send([
    {
      id: 'typed',
      from: 0,
      to: 1,
      attributes: [
        attribute('text', { stringValue: '<b>&"\u0000' }),
        attribute('yes', { boolValue: true }),
        attribute('small', { intValue: '-42' }),
        attribute('large', { intValue: '9223372036854775807' }),
        attribute('real', { doubleValue: 0.5 }),
        attribute('nan', { doubleValue: 'NaN' }),
        attribute('bytes', { bytesValue: 'AAEC' }),
        attribute('list', { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'b' }] } }),
        attribute('map', { kvlistValue: { values: [{ key: 'k', value: { boolValue: false } }] } }),
        attribute('empty', {}),
        attribute('__proto__', { stringValue: 'x' }),
      ],
      events: [
        {
          name: 'retry',
          timeUnixNano: (startNs + 500_000n).toString(),
          attributes: [attribute('n', { intValue: '2' })],
        },
      ],
      links: [
        { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), attributes: [attribute('why', { stringValue: 'batch' })] },
      ],
      status: { code: 2, message: 'boom' },
    },
  ]);
  const [span] = (await traceOf(id)).spans;
  assert.deepEqual(
    Object.entries(span?.attributes ?? {}),
    Object.entries({
      text: '<b>&"\u0000',
      yes: true,
      small: -42,
      large: '9223372036854775807',
      real: 0.5,
      nan: 'NaN',
      bytes: 'AAEC',
      list: [1, 'b'],
      map: { k: false },
      empty: null,
      ['__proto__']: 'x',
    }),
  );
  assert.deepEqual(span?.events, [{ name: 'retry', atNs: 500_000, attributes: { n: 2 } }]);
  assert.deepEqual(span?.links, [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), attributes: { why: 'batch' } }]);
  assert.deepEqual(span?.status, { code: 'ERROR', message: 'boom' });
  assert.deepEqual(span?.resource, { 'service.name': 'web' });
});

test('a trace that settles again is listed once, with all its spans', async () => {
  const id = await send([{ id: 'first', from: 0, to: 10 }], tick + 100);
  await settle(db, tick + 100);
  nextTrace -= 1;
  assert.equal(await send([{ id: 'late', parent: 'first', from: 2, to: 4 }], tick + 200), id);
  await settle(db, tick + 200);
  const { traces } = (await served.json(
    `/api/traces?from=${Number(startNs / 1_000_000n)}&to=${Number(startNs / 1_000_000n) + 1}&limit=500`,
  )) as TraceList;
  const found = traces.filter(({ traceId }) => traceId === id);
  assert.deepEqual(
    found.map(({ spanCount }) => spanCount),
    [2],
  );
  const { spans, warnings } = await traceOf(id);
  assert.deepEqual([spans.length, warnings], [2, []]);
});

test('spans that come after the settlement are shown before the next one, which the trace says', async () => {
  const at = tick + 220;
  const id = await send([{ id: 'first', from: 0, to: 10 }], at);
  await settle(db, at);
  nextTrace -= 1;
  await send([{ id: 'late', parent: 'first', from: 2, to: 4 }], at + 5);
  const { spans, warnings } = await traceOf(id);
  assert.equal(spans.length, 2);
  assert.match(warnings.join(), /Not settled yet/);
});

test('a span delivered again does not make its trace unsettled for good', async () => {
  const at = tick + 300;
  const id = await send([{ id: 'a', from: 0, to: 10 }], at);
  await settle(db, at);
  nextTrace -= 1;
  await send([{ id: 'a', from: 0, to: 10 }], at + 100);
  await settle(db, at + 100);
  const twice = 'One span was delivered more than once and is shown once.';
  nowMs = (at + 105) * 1000;
  const early = (await traceOf(id)).warnings;
  assert.deepEqual([early.length, early.at(-1)], [2, twice]);
  nowMs = (at + 120) * 1000;
  assert.deepEqual((await traceOf(id)).warnings, [twice]);
});

test('a trace whose quiet time is over and derived is settled, if the collector was there in it', async () => {
  const at = tick + 500;
  const id = await send([{ id: 'a', from: 0, to: 10 }], at);
  const restarted = await startServing({ db, now: () => nowMs, startedAtMs: (at + 110) * 1000 });
  const warningsOf = async ({ json }: Pick<Served, 'json'>): Promise<string> =>
    ((await json(`/api/traces/${id}`)) as Trace).warnings.join();
  nowMs = (at + 10) * 1000;
  assert.match(await warningsOf(served), /Not settled yet/);
  nowMs = (at + 120) * 1000;
  assert.equal(await warningsOf(served), '');
  assert.match(await warningsOf(restarted), /Not settled yet/);
  nowMs = (at + 130) * 1000;
  assert.equal(await warningsOf(restarted), '');
});

test('an id of 64 bits is the low half of ours, in any case', async () => {
  const [trace] = await all();
  assert.equal((await served.get(`/api/traces/${trace?.traceId.toUpperCase()}`)).status, 200);
  assert.equal((await served.get('/api/traces/00000000000000ff')).status, 404);
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
