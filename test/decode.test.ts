/** Decoding: what comes in is what is understood, whatever the bytes; checked against protobufjs as a second decoder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultLimits } from '../collector/decode/cursor.ts';
import type { OtlpSpan } from '../collector/decode/otlp.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createProtoWriter } from '../collector/decode/protobuf.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { canonical, decodeElsewhere, otlpSpan, otlpTraces } from './otlp-arbitrary.ts';
import { recordedBodies, recordings } from './recordings.ts';
import { attributesOf, fieldsOf, payloadOf, requestOf, span, spanId } from './otlp-span.ts';

test('what the writer writes, protobufjs reads back', () => {
  fc.assert(
    fc.property(otlpTraces, (traces) => {
      assert.deepEqual(decodeElsewhere(writeOtlp(traces)), canonical(traces, ''));
    }),
  );
});

test('ids, times, kind, status, name and flags are what protobufjs reads, for every recorded span', () => {
  for (const recording of recordings) {
    for (const body of recordedBodies(recording)) {
      const elsewhere = (decodeElsewhere(body).resourceSpans ?? []).flatMap(({ scopeSpans = [] }) =>
        scopeSpans.flatMap(({ spans = [] }) => spans),
      );
      const ours = spansOf(body);
      assert.equal(ours.length, elsewhere.length);
      ours.forEach((mine, i) => {
        const theirs = elsewhere[i]!;
        assert.equal(mine.traceId, theirs.traceId);
        assert.equal(mine.spanId, theirs.spanId);
        assert.equal(mine.parentId, theirs.parentSpanId ?? '');
        assert.equal(mine.startNs, BigInt(theirs.startTimeUnixNano!));
        assert.equal(mine.durationNs, BigInt(theirs.endTimeUnixNano!) - BigInt(theirs.startTimeUnixNano!));
        assert.equal(mine.kind, theirs.kind);
        assert.equal(mine.name, theirs.name);
        assert.equal(mine.statusCode, theirs.status?.code ?? 0);
      });
    }
  }
});

test('a span reads the same with its fields in any order', () => {
  fc.assert(
    fc.property(otlpSpan, fc.infiniteStream(fc.nat()), (one, random) => {
      const body = writeOtlp(requestOf(one));
      const [resourceSpans] = fieldsOf(body);
      const shuffled = reorder(payloadOf(resourceSpans!), 2, random);
      const again = createProtoWriter();
      again.field(1, shuffled);
      const [a] = spansOf(body);
      const [b] = spansOf(again.bytes);
      assert.deepEqual(withoutRepeats(b!), withoutRepeats(a!));
    }),
  );
});

/** Repeated fields change order with the shuffle, so what depends on which of two equal keys is last is left out. */
function withoutRepeats(one: ReturnType<typeof spansOf>[number]): unknown {
  const { traceId: trace, spanId: id, parentId, startNs, durationNs, kind, statusCode, name, links } = one;
  return { trace, id, parentId, startNs, durationNs, kind, statusCode, name, links: links.length };
}

/** A message's fields, as bytes, in a random order; down to `depth` levels of field 2. */
function reorder(message: Uint8Array, depth: number, random: Iterator<number>): Uint8Array {
  const fields = fieldsOf(message).map((field) => {
    if (depth === 0 || field[0] !== 0x12) return field;
    const writer = createProtoWriter();
    writer.field(2, reorder(payloadOf(field), depth - 1, random));
    return writer.bytes;
  });
  for (let i = fields.length - 1; i > 0; i--) {
    const j = random.next().value! % (i + 1);
    [fields[i], fields[j]] = [fields[j]!, fields[i]!];
  }
  return Buffer.concat(fields);
}

test('a resource and a scope that come after the spans belong to them all the same', () => {
  const writer = createProtoWriter();
  const forward = writeOtlp({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] },
        scopeSpans: [{ scope: { name: 'sdk' }, spans: [span] }],
      },
    ],
  });
  const [resourceSpans] = fieldsOf(forward);
  const [resource, scopeSpans] = fieldsOf(payloadOf(resourceSpans!));
  const backwards = createProtoWriter();
  backwards.field(2, Buffer.concat(fieldsOf(payloadOf(scopeSpans!)).toReversed()));
  writer.field(1, Buffer.concat([backwards.bytes, resource!]));
  assert.equal(spansOf(writer.bytes)[0]?.service, 'cart');
  decodeOtlp(writer.bytes, (cursor) => assert.equal(cursor.scope.attributes.get(''), 'sdk'));
});

test('invalid ids reject their span with a reason and leave the others', () => {
  const bad: OtlpSpan[] = [
    { ...span, traceId: '' },
    { ...span, traceId: '00'.repeat(16) },
    { ...span, traceId: 'abcd' },
    { ...span, traceId: 'no hex' },
    { ...span, spanId: '0000000000000000' },
    { ...span, spanId: `${spanId}00` },
    { ...span, parentSpanId: 'ab' },
  ];
  for (const one of bad) {
    for (const body of [
      writeOtlp(requestOf(span, one, span)),
      otlpJsonToProto(JSON.stringify(requestOf(span, one, span))),
    ]) {
      const { result } = attributesOf(body);
      assert.equal(result.accepted, 2);
      assert.equal(result.rejected, 1);
      assert.match(result.reason, /id is not \d+ bytes/);
    }
  }
});

test('a parent id of zeros is no parent', () => {
  assert.equal(spansOf(writeOtlp(requestOf({ ...span, parentSpanId: '0'.repeat(16) })))[0]?.parentId, '');
});

test('values that are no strings become text with a letter for their type', () => {
  const attributes = [
    { key: 's', value: { stringValue: 'x' } },
    { key: 'b', value: { boolValue: false } },
    { key: 'i', value: { intValue: '-9223372036854775808' } },
    { key: 'port', value: { intValue: 9080 } },
    { key: 'd', value: { doubleValue: 0.1 } },
    { key: 'nan', value: { doubleValue: 'NaN' } },
    { key: 'x', value: { bytesValue: '3q2+7w==' } },
    { key: 'a', value: { arrayValue: { values: [{ intValue: '1' }] } } },
    { key: 'k', value: { kvlistValue: { values: [{ key: 'y', value: {} }] } } },
    { key: 'n', value: {} },
  ];
  const { spans } = attributesOf(writeOtlp(requestOf({ ...span, attributes })));
  assert.deepEqual(spans, [
    [
      ['s', 's', 'x'],
      ['b', 'b', 'false'],
      ['i', 'i', '-9223372036854775808'],
      ['port', 'i', '9080'],
      ['d', 'd', '0.1'],
      ['nan', 'd', 'NaN'],
      ['x', 'x', '3q2+7w=='],
      ['a', 'a', '[{"intValue":"1"}]'],
      ['k', 'k', '[{"key":"y","value":{}}]'],
      ['n', 'n', ''],
    ],
  ]);
});

test('limits cut keys, values, attributes, events and spans, and count what they cut', () => {
  const limits = {
    ...defaultLimits,
    spansPerBody: 2,
    attributes: 3,
    keyBytes: 4,
    valueBytes: 10,
    events: 1,
    nameBytes: 5,
  };
  const attributes = ['keykey', 'b', 'c', 'd', 'e'].map((key) => ({ key, value: { stringValue: 'é'.repeat(6) } }));
  const one: OtlpSpan = { ...span, name: 'operation', attributes, events: [{ name: 'first' }, { name: 'second' }] };
  const { result, spans } = attributesOf(writeOtlp(requestOf(one, span, span, span)), limits);
  assert.deepEqual(spans[0], [
    ['keyk', 's', 'ééééé'],
    ['b', 's', 'ééééé'],
    ['c', 's', 'ééééé'],
  ]);
  assert.deepEqual([result.accepted, result.rejected], [2, 2]);
  assert.match(result.reason, /more than 2 spans/);
  // A key, three values, two attributes, one event, and the name of each span.
  assert.equal(result.truncated, 1 + 3 + 2 + 1 + 1);
});

test('an empty body is an empty request', () => {
  assert.deepEqual(attributesOf(new Uint8Array(0)).result, {
    accepted: 0,
    rejected: 0,
    reason: '',
    truncated: 0,
    redacted: 0,
  });
  assert.equal(otlpJsonToProto('{}').length, 0);
});
