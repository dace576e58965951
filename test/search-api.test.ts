/** The trace search by query line: every term keeps exactly the traces it names, and points, tail and completions agree with the list. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type {
  AttributeKeys,
  AttributeValues,
  Trace,
  TraceList,
  TracePoints,
  TracesSettled,
  TraceSpan,
  TraceSummary,
} from '#shared/api.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { recordedBodies } from './recordings.ts';
import { settle, startServing, storeBodies, storeRecorded } from './serve.ts';

let nowMs = Date.now();
const served = await startServing({ now: () => nowMs });
const { db } = served;
const tick = 1_800_000_000;
let interval = '';
/** Every trace with its spans. */
const whole = new Map<string, { readonly summary: TraceSummary; readonly trace: Trace }>();

/** Spans with attributes of every type, beside the recordings. */
const typed = [
  [{ text: 'a', n: 5, real: 5.5 }, 'v1'],
  [{ text: 'b', n: 500, real: 0.25 }, 'v2'],
  [{ text: '5', n: -3, yes: true, service: 'inner' }, 'v2'],
  [{ 'two words': 'x "y"', n: 5, empty: '' }, 'v1'],
] as const;

before(async () => {
  const { fromMs, toMs } = await storeRecorded(db, recordedBodies('faults'), tick);
  const valueOf = (value: unknown): unknown =>
    typeof value === 'string'
      ? { stringValue: value }
      : typeof value === 'boolean'
        ? { boolValue: value }
        : Number.isInteger(value)
          ? { intValue: String(value) }
          : { doubleValue: value };
  const resourceSpans = typed.map(([attributes, version], i) => ({
    resource: {
      attributes: [
        { key: 'service.name', value: { stringValue: 'typed' } },
        { key: 'service.version', value: { stringValue: version } },
        { key: 'process.pid', value: { intValue: String(100 + i) } },
        { key: 'text', value: { stringValue: 'of the resource' } },
      ],
    },
    scopeSpans: [
      {
        spans: [
          {
            traceId: (i + 1).toString(16).padStart(32, 'f'),
            spanId: (i + 1).toString(16).padStart(16, 'f'),
            name: 'work',
            kind: 2,
            startTimeUnixNano: `${fromMs + i}000000`,
            endTimeUnixNano: `${fromMs + i + 10}000000`,
            attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) })),
          },
        ],
      },
    ],
  }));
  await storeBodies(db, [otlpJsonToProto(JSON.stringify({ resourceSpans }))], tick + 20);
  await settle(db, tick + 20);
  interval = `from=${fromMs}&to=${Math.ceil((fromMs + toMs) / 2)}`;
  const { traces } = (await served.json(`/api/traces?${interval}&limit=500`)) as TraceList;
  for (const summary of traces) {
    const trace = (await served.json(`/api/traces/${summary.traceId}?full=true`)) as Trace;
    whole.set(summary.traceId, { summary, trace });
  }
});

const search = async (line: string, more = ''): Promise<TraceSummary[]> =>
  ((await served.json(`/api/traces?${interval}&limit=500&q=${encodeURIComponent(line)}${more}`)) as TraceList).traces;

/** The line keeps exactly the traces that a person reading them would; and not none, and not all. */
async function keeps(line: string, wanted: (trace: { summary: TraceSummary; trace: Trace }) => boolean): Promise<void> {
  const found = (await search(line)).map(({ traceId }) => traceId);
  const expected = [...whole.values()].filter(wanted).map(({ summary }) => summary.traceId);
  assert.deepEqual(found, expected, line);
  assert.ok(found.length > 0 && found.length < whole.size, `${line} keeps ${found.length} of ${whole.size}`);
}
const someSpan =
  (test_: (get: (key: string) => unknown, span: TraceSpan) => boolean) =>
  ({ trace }: { trace: Trace }): boolean =>
    trace.spans.some((span) => test_((key) => span.attributes[key] ?? span.resource[key], span));

test('the words of the line keep what their names say', async () => {
  await keeps('status = failed', ({ summary }) => summary.failed);
  await keeps('status = ok', ({ summary }) => summary.errorCount === 0);
  await keeps(
    'duration >= 20ms and duration <= 100ms',
    ({ summary: { durationMs } }) => durationMs >= 20 && durationMs <= 100,
  );
  await keeps('service = payment.shop', ({ summary }) => summary.workloads.some((id) => id.endsWith('/shop/payment')));
  const [first] = whole.values();
  const root = `${first?.summary.root.service}|${first?.summary.root.operation}`;
  await keeps(`root = "${root}"`, ({ summary }) => `${summary.root.service}|${summary.root.operation}` === root);
  await keeps(
    `root = ${first?.summary.root.service}`,
    ({ summary }) => summary.root.service === first?.summary.root.service,
  );
  const call = [...whole.values()]
    .flatMap(({ trace }) => trace.calls)
    .find(({ target }) => target.endsWith('/payment'));
  await keeps(`edge = ${call?.edgeId}`, ({ trace }) => trace.calls.some(({ edgeId }) => edgeId === call?.edgeId));
  await keeps('service = typed version = v2', ({ trace }) =>
    trace.spans.some((s) => s.service === 'typed' && s.version === 'v2'),
  );
  await keeps('version = v2', ({ trace }) => trace.spans.some(({ version }) => version === 'v2'));
});

test('attributes compare as texts, numbers as numbers', async () => {
  await keeps(
    'http.status_code = 503',
    someSpan((get) => get('http.status_code') === '503'),
  );
  await keeps(
    'http.status_code >= 500',
    someSpan((get) => Number(get('http.status_code')) >= 500),
  );
  await keeps(
    'http.status_code > 200 http.status_code < 500',
    someSpan((get) => {
      const code = Number(get('http.status_code'));
      return code > 200 && code < 500;
    }),
  );
  await keeps(
    'response_flags exists',
    someSpan((get) => get('response_flags') !== undefined),
  );
  await keeps(
    'http.status_code != 200',
    someSpan((get) => get('http.status_code') !== undefined && get('http.status_code') !== '200'),
  );
  await keeps(
    'n = 5',
    someSpan((get) => get('n') === 5),
  );
  await keeps(
    'n = 5.0',
    someSpan((get) => get('n') === 5),
  );
  await keeps(
    'n != 5',
    someSpan((get) => get('n') !== undefined && get('n') !== 5),
  );
  await keeps(
    'n < 6',
    someSpan((get) => (get('n') as number) < 6),
  );
  await keeps(
    'n <= -3',
    someSpan((get) => (get('n') as number) <= -3),
  );
  await keeps(
    'real > 1',
    someSpan((get) => (get('real') as number) > 1),
  );
  await keeps(
    'real <= 0.25',
    someSpan((get) => (get('real') as number) <= 0.25),
  );
  await keeps(
    'text >= b',
    someSpan((get) => typeof get('text') === 'string' && (get('text') as string) >= 'b'),
  );
  await keeps(
    'text > 4',
    someSpan((get) => Number(get('text')) > 4),
  );
  await keeps(
    'yes = true',
    someSpan((get) => get('yes') === true),
  );
  await keeps(
    'empty = ""',
    someSpan((get) => get('empty') === ''),
  );
  await keeps(
    'attr.service = inner',
    someSpan((get) => get('service') === 'inner'),
  );
  await keeps(
    String.raw`"two words" = 'x "y"'`,
    someSpan((get) => get('two words') === 'x "y"'),
  );
});

test('attributes of resources are found as those of spans, which go before them', async () => {
  await keeps(
    'process.pid > 101 process.pid < 103',
    someSpan((get) => get('process.pid') === 102),
  );
  await keeps(
    'process.pid = 102',
    someSpan((get) => get('process.pid') === 102),
  );
  await keeps(
    'process.pid exists',
    someSpan((get) => typeof get('process.pid') === 'number' && get('process.pid') !== undefined),
  );
  await keeps(
    'text = "of the resource"',
    someSpan((get) => get('text') === 'of the resource'),
  );
  await keeps(
    'text != a process.pid >= 100',
    someSpan((get) => get('text') !== 'a' && (get('process.pid') as number) >= 100 && get('text') !== undefined),
  );
});

test('all attribute terms of a line hold on one span', async () => {
  await keeps(
    'http.status_code = 503 response_flags = UH',
    someSpan((get) => get('http.status_code') === '503' && get('response_flags') === 'UH'),
  );
  assert.deepEqual(await search('http.status_code = 503 http.status_code = 200'), []);
  assert.deepEqual(await search('n = 5 yes = true'), []);
  assert.deepEqual(await search(`"x'); DROP TABLE spans; --" = 1`), []);
});

test('pages of an attribute search put together are the whole, in either order', async () => {
  for (const order of ['recent', 'slowest']) {
    const line = encodeURIComponent('http.status_code >= 400');
    const all = (await search('http.status_code >= 400', `&order=${order}`)).map(({ traceId }) => traceId);
    const paged: string[] = [];
    let cursor = '';
    do {
      const page = (await served.json(
        `/api/traces?${interval}&q=${line}&order=${order}&limit=7${cursor}`,
      )) as TraceList;
      paged.push(...page.traces.map(({ traceId }) => traceId));
      cursor = page.next === null ? '' : `&cursor=${page.next}`;
    } while (cursor !== '');
    assert.deepEqual(paged, all);
    assert.ok(paged.length > 14);
  }
});

const pointsOf = async (line: string): Promise<TracePoints> =>
  (await served.json(`/api/traces/points?${interval}&q=${encodeURIComponent(line)}`)) as TracePoints;

test('points and heatmap are the traces of the list', async () => {
  for (const line of ['', 'status = failed', 'http.status_code >= 500', 'service = nobody']) {
    const list = await search(line);
    const { total, failed, points, heatmap } = await pointsOf(line);
    assert.equal(total, list.length);
    assert.equal(failed, list.filter((trace) => trace.failed).length);
    assert.deepEqual(
      points?.map(({ traceId, start, durationMs, failed: bad, root }) => [traceId, start, durationMs, bad, root]),
      list.map((t) => [t.traceId, t.start, t.durationMs, t.failed, t.root]).toReversed(),
    );
    const { stepMs, boundsMs, columns } = heatmap;
    columns.forEach(({ at, counts, failed: bad }) => {
      const inColumn = list.filter(({ start }) => start >= at && start < at + stepMs);
      counts.forEach((count, row) => {
        const [low, high] = [boundsMs[row - 1] ?? 0, boundsMs[row] ?? 0];
        const inCell = inColumn.filter(({ durationMs }) => durationMs > low && durationMs <= high);
        assert.deepEqual([count, bad[row]], [inCell.length, inCell.filter((trace) => trace.failed).length]);
      });
    });
    assert.equal(
      columns.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0),
      total,
    );
  }
});

test('names and values of attributes are counted, of resources too', async () => {
  const spans = [...whole.values()].flatMap(({ trace }) => trace.spans);
  const { keys } = (await served.json(`/api/attributes?${interval}&prefix=http.st`)) as AttributeKeys;
  assert.ok(keys.length > 0 && keys.every(({ key }) => key.startsWith('http.st')));
  const codes = ((await served.json(`/api/attributes/values?${interval}&key=http.status_code`)) as AttributeValues)
    .values;
  for (const { value, spans: count } of codes)
    assert.equal(count, spans.filter(({ attributes }) => attributes['http.status_code'] === value).length, value);
  assert.ok(codes.length >= 3);
  const begun = (await served.json(
    `/api/attributes/values?${interval}&key=http.status_code&prefix=50`,
  )) as AttributeValues;
  assert.deepEqual(
    begun.values,
    codes.filter(({ value }) => value.startsWith('50')),
  );
  const resource = (await served.json(`/api/attributes?${interval}&prefix=PROCESS`)) as AttributeKeys;
  assert.deepEqual(
    resource.keys.find(({ key }) => key === 'process.pid'),
    { key: 'process.pid', spans: 4 },
  );
  const pids = (await served.json(`/api/attributes/values?${interval}&key=process.pid`)) as AttributeValues;
  assert.deepEqual(
    pids.values.map(({ value }) => value),
    ['100', '101', '102', '103'],
  );
  assert.deepEqual(((await served.json('/api/attributes?from=1&to=2')) as AttributeKeys).keys, []);
});

/** The events of a stream as they come. */
async function* eventsOf(
  response: Response,
): AsyncGenerator<{ event: string; id: string; data: TracesSettled }, undefined> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = Object.fromEntries(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
      );
      text = text.slice(end + 2);
      if (fields['event'] !== 'heartbeat')
        yield {
          event: fields['event'] ?? '',
          id: fields['id'] ?? '',
          data: JSON.parse(fields['data'] ?? '{}') as TracesSettled,
        };
    }
  }
}

let sent = 0;
/** Stores and settles a trace of one span that says so. out: its id. */
async function send(at: number, colour: string): Promise<string> {
  const traceId = (++sent).toString(16).padStart(32, 'e');
  const span = {
    traceId,
    spanId: (++sent).toString(16).padStart(16, 'e'),
    name: 'tail',
    startTimeUnixNano: '1700000000000000000',
    endTimeUnixNano: '1700000000001000000',
    attributes: [{ key: 'colour', value: { stringValue: colour } }],
  };
  await storeBodies(
    db,
    [otlpJsonToProto(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }))],
    at,
  );
  await settle(db, at);
  return traceId;
}

test('the live tail tells of what settles, only of what matches, and goes on where a client was', async () => {
  const path = `/api/traces/live?q=${encodeURIComponent('colour = red')}`;
  const stop = new AbortController();
  const events = eventsOf(await served.get(path, { signal: stop.signal }));
  const first = (await events.next()).value;
  assert.deepEqual([first?.event, first?.data], ['traces', { traces: [], more: 0 }]);
  await send(tick + 40, 'blue');
  const red = await send(tick + 50, 'red');
  const second = (await events.next()).value;
  assert.deepEqual(
    second?.data.traces.map(({ traceId }) => traceId),
    [red],
  );
  assert.ok(Number(second?.id) > Number(first?.id));
  stop.abort();
  const missed = await send(tick + 60, 'red');
  const again = new AbortController();
  const resumed = eventsOf(
    await served.get(path, { signal: again.signal, headers: { 'last-event-id': second?.id ?? '' } }),
  );
  assert.deepEqual(
    (await resumed.next()).value?.data.traces.map(({ traceId }) => traceId),
    [missed],
  );
  again.abort();
});

test('no question was a bug', () => {
  nowMs = 0;
  assert.deepEqual(served.bugs, []);
});
