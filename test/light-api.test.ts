/** A trace of very many spans: light unless all is asked for, the same as rows and as columns, each span in full when asked for. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { lightTrace, trace as traceSchema, type LightTrace, type Trace, type TraceSpan } from '#shared/api.ts';
import { unpackTrace } from '#shared/light-trace.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { lightFrom } from '../collector/serve/trace.ts';
import { settle, startServing, storeBodies } from './serve.ts';
import { strict } from './strict.ts';

const served = await startServing();
const startNs = 1_790_000_000_000_000_000n;
const hex = (n: number): string => (n + 1).toString(16).padStart(16, '0');
const big = 'a'.repeat(32);
const small = 'b'.repeat(32);

/** A server that calls one after the other, with a span that came twice and one that says why it failed. */
function bodyOf(traceId: string, count: number): Uint8Array {
  const time = (ms: number): string => (startNs + BigInt(ms) * 1_000_000n).toString();
  const spans = Array.from({ length: count }, (_, n) => ({
    traceId,
    spanId: hex(n),
    ...(n > 0 && { parentSpanId: hex(0) }),
    name: n === 0 ? 'root' : `call ${n % 7}`,
    kind: n === 0 ? 2 : 3,
    startTimeUnixNano: time(n),
    endTimeUnixNano: time(n === 0 ? count : n + 1),
    attributes: [
      { key: 'n', value: { intValue: String(n) } },
      { key: 'peer.service', value: { stringValue: `db${n % 3}` } },
    ],
    events: [{ name: 'said', timeUnixNano: time(n) }],
    ...(n === 5 && { status: { code: 2, message: 'boom' } }),
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'web' } }] };
  const scope = { name: 'lib', version: '1' };
  return otlpJsonToProto(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] }));
}

before(async () => {
  await storeBodies(served.db, [bodyOf(big, lightFrom), bodyOf(small, lightFrom)], 1_800_000_000);
  // One more for the one, delivered later.
  await storeBodies(served.db, [bodyOf(big, lightFrom + 1)], 1_800_000_005);
});

const read = async <T>(path: string): Promise<T> => (await served.json(`/api/traces/${path}`)) as T;

test('up to the bound a trace has everything, in whichever of the two forms it is asked for', async () => {
  const whole = await read<Trace>(small);
  assert.equal(whole.light, false);
  assert.deepEqual(await read<Trace>(`${small}?format=columns`), whole);
  assert.deepEqual(whole.spans[9]?.attributes, { n: 9, 'peer.service': 'db0' });
});

test('beyond it a trace is light: what many attributes would cost is left empty', async () => {
  const trace = await read<Trace>(big);
  assert.ok(strict(traceSchema).safeParse(trace).success);
  assert.deepEqual([trace.light, trace.spans.length, trace.calls.length], [true, lightFrom + 1, lightFrom + 1]);
  const { spanId, attributes, events, links, resource, scope, status, name, service } = trace.spans[5] as TraceSpan;
  assert.deepEqual([spanId, name, service], [hex(5), 'call 5', 'web']);
  assert.deepEqual([attributes, events, links, resource, scope], [{}, [], [], {}, { name: '', version: '' }]);
  assert.deepEqual(status, { code: 'ERROR', message: 'boom' });
});

test('as columns a light trace is the same one', async () => {
  const columns = await read<LightTrace>(`${big}?format=columns`);
  assert.ok(strict(lightTrace).safeParse(columns).success);
  assert.deepEqual(unpackTrace(columns), await read<Trace>(big));
});

test('columns are compressed for who takes that, and plain for others', async () => {
  const lengths = await Promise.all(
    (
      [
        ['gzip, deflate, br, zstd', 'zstd'],
        ['gzip', 'gzip'],
        ['identity', null],
      ] as const
    ).map(async ([accepted, coding]) => {
      const path = `/api/traces/${big}?format=columns`;
      const response = await served.get(path, { headers: { 'accept-encoding': accepted } });
      assert.equal(response.headers.get('content-encoding'), coding);
      return ((await response.json()) as LightTrace).spans.ids.length;
    }),
  );
  const each = 16 * (lightFrom + 1);
  assert.deepEqual(lengths, [each, each, each]);
});

test('all of it is given when asked for, and is what it is light of', async () => {
  const full = await read<Trace>(`${big}?full=true`);
  const light = await read<Trace>(big);
  assert.deepEqual(full.spans[9]?.attributes, { n: 9, 'peer.service': 'db0' });
  const bare = full.spans.map((span) => ({
    ...span,
    attributes: {},
    events: [],
    links: [],
    resource: {},
    scope: { name: '', version: '' },
  }));
  assert.deepEqual({ ...full, light: true, spans: bare }, light);
});

test('one span of a light trace is given with all it says', async () => {
  const { spans } = await read<Trace>(`${big}?full=true`);
  for (const n of [0, 5, lightFrom]) assert.deepEqual(await read(`${big}/spans/${hex(n)}`), spans[n]);
});

test('spans that come later are in it, though it was read before', async () => {
  await storeBodies(served.db, [bodyOf(big, lightFrom + 2)], 1_800_000_009);
  assert.equal((await read<Trace>(big)).spans.length, lightFrom + 2);
  assert.equal((await read<TraceSpan>(`${big}/spans/${hex(lightFrom + 1)}`)).attributes['n'], lightFrom + 1);
});

test('a trace that settled with few spans and got many since is light, and has them all', async () => {
  const grown = 'c'.repeat(32);
  await storeBodies(served.db, [bodyOf(grown, 3)], 1_800_000_020);
  await settle(served.db, 1_800_000_020);
  const few = await read<Trace>(grown);
  assert.deepEqual([few.light, few.spans.length], [false, 3]);
  await storeBodies(served.db, [bodyOf(grown, lightFrom + 1)], 1_800_000_030);
  const many = await read<Trace>(grown);
  assert.deepEqual([many.light, many.spans.length], [true, lightFrom + 1]);
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
