/** The load of the benchmark: what it says it sent is what the map shows, whatever the encoding, and no span comes twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { bodiesOf, madeWhenSent, truthOf } from '../fixtures/load.ts';
import { prepareBodies } from '../fixtures/load/prepare.ts';
import { createSending, sendAll } from '../fixtures/load/send.ts';
import { createWave, joinWaves, type Wave } from '../fixtures/load/wave.ts';
import { createTruthCounter } from '../fixtures/truth.ts';
import { readSettledMap } from './map-truth.ts';
import { startCollector } from './run-collector.ts';

test('a wave has about sixteen spans a trace, each of sixteen attributes, of twelve sidecars', () => {
  const { spans, traces, bySender, truth } = createWave({ seed: 1, startMs: Date.now(), traces: 500 });
  assert.equal(bySender.size, 12);
  assert.ok(spans / traces > 14 && spans / traces < 16.5, `${spans / traces} spans a trace`);
  for (const [, own] of bySender) for (const { span } of own) assert.equal(span.attributes?.length, 16);
  const { requests, failed } = truth.edges['frontend -> auth'] ?? { requests: 0, failed: 0 };
  assert.ok(failed > 0 && failed < requests / 10);
});

test('waves of several namespaces are one whose sidecars are all different', () => {
  const one = (namespace: string): Wave => createWave({ seed: 1, startMs: Date.now(), traces: 50, namespace });
  const [a, b] = [one('a'), one('b')];
  const both = joinWaves([a, b]);
  const names = Array.from(both.bySender.keys(), ({ resource }) => JSON.stringify(resource));
  assert.equal(new Set(names).size, 24);
  assert.equal(both.spans, a.spans + b.spans);
  assert.equal(both.truth.edges['users -> gateway']?.requests, 100);
});

test('every turn of a body has new ids and times and the same tree', () => {
  const startMs = Date.now();
  const wave = createWave({ seed: 2, startMs, traces: 40 });
  const [proto = [], json = []] = (['protobuf', 'json'] as const).map((encoding) => {
    const bodies = prepareBodies(wave, encoding, 20);
    return [0, 1].map((turn) =>
      bodies.flatMap((body) => {
        const bytes = body.forTurn(turn, turn * 5000);
        return spansOf(encoding === 'json' ? otlpJsonToProto(bytes.toString()) : bytes);
      }),
    );
  });
  assert.deepEqual(json, proto);
  const [first = [], second = []] = proto;
  const ids = new Set([...first, ...second].map(({ spanId }) => spanId));
  assert.equal(ids.size, wave.spans * 2);
  const placeOf = new Map(first.map(({ spanId }, place) => [spanId, place]));
  const placeLater = new Map(second.map(({ spanId }, place) => [spanId, place]));
  second.forEach(({ parentId, startNs, durationNs }, place) => {
    const before = first[place]!;
    assert.equal(startNs, before.startNs + 5_000_000_000n);
    assert.equal(durationNs, before.durationNs);
    assert.equal(placeLater.get(parentId), placeOf.get(before.parentId));
  });
});

test('a body is not ok when some of its spans were refused, over either door', async (t) => {
  const collector = await startCollector();
  t.after(() => collector.kill());
  const span = (spanId: string): unknown => ({ traceId: 'a1'.repeat(16), spanId, name: 'x' });
  const bodyOf = (...spans: unknown[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const [whole, partly] = [bodyOf(span('b2'.repeat(8))), bodyOf(span('b3'.repeat(8)), span('00'.repeat(8)))];
  for (const [door, encoding] of [
    ['http', 'protobuf'],
    ['http', 'json'],
    ['grpc', 'protobuf'],
  ] as const) {
    const address = door === 'http' ? collector.otlpHttp : collector.otlpGrpc;
    const sending = createSending({ door, address, encoding, gzip: false, connections: 1 });
    const toBytes = (body: string): Uint8Array => (encoding === 'json' ? Buffer.from(body) : otlpJsonToProto(body));
    assert.deepEqual(
      [await sending.send(toBytes(whole)), await sending.send(toBytes(partly))],
      ['ok', 'partial success'],
      `${door}, ${encoding}`,
    );
    sending.close();
  }
});

test('the map of all doors and encodings together is the truth of what was sent', async (t) => {
  const collector = await startCollector(['--settle-after', '3s']);
  t.after(() => collector.kill());
  const { otlpHttp, otlpGrpc } = collector;
  const sum = createTruthCounter();
  for (const [seed, door, encoding, spansPerBody] of [
    [1, 'http', 'protobuf', 100],
    [2, 'http', 'json', 20],
    [3, 'grpc', 'protobuf', 5],
  ] as const) {
    const startMs = Date.now() - 1000;
    const wave = createWave({ seed, startMs, traces: 50 });
    const address = door === 'http' ? otlpHttp : otlpGrpc;
    const sending = createSending({ door, address, encoding, gzip: false, connections: 8 });
    const bodies = prepareBodies(wave, encoding, spansPerBody);
    const ready = bodiesOf(
      (turn) => madeWhenSent(bodies, startMs, turn),
      { waves: 2, maxMs: Infinity },
      () => {},
    );
    const sent = await sendAll(sending, ready);
    sending.close();
    assert.deepEqual(sent.refused, {});
    assert.equal(sent.spans, wave.spans * 2);
    sum.add(truthOf(wave, 2));
  }
  const { edges } = await readSettledMap(collector, sum.read());
  assert.deepEqual(edges, sum.read().edges);
});
