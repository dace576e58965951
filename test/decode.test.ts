/** Decoding: what comes in is what is understood, whatever the bytes; checked against protobufjs as a second decoder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '#shared/error.ts';
import { defaultLimits, type SpanCursor, valueOf } from '../collector/decode/cursor.ts';
import type { OtlpSpan, OtlpTraces } from '../collector/decode/otlp.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { decodeOtlp, type DecodeResult } from '../collector/decode/otlp-proto.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createProtoWriter, lengthAt, skip, varint32, varint64, WireError } from '../collector/decode/protobuf.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { canonical, decodeElsewhere, otlpSpan, otlpTraces } from './otlp-arbitrary.ts';
import { recordedBodies, recordings } from './recordings.ts';

const traceId = '5b8efff798038103d269b633813fc60c';
const spanId = 'eee19b7ec3c1b174';
const span: OtlpSpan = { traceId, spanId, name: 'GET /', kind: 2, startTimeUnixNano: '1000', endTimeUnixNano: '2000' };

function requestOf(...spans: OtlpSpan[]): OtlpTraces {
  return { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans }] }] };
}

/** Attributes, as key, type letter and text, and how the body was taken. */
function attributesOf(body: Uint8Array, limits = defaultLimits): { result: DecodeResult; spans: string[][][] } {
  const spans: string[][][] = [];
  const result = decodeOtlp(
    body,
    (cursor) => {
      spans.push(
        Array.from({ length: cursor.attributeCount }, (_, i) => [
          cursor.texts.text(cursor.keys[i]!),
          String.fromCharCode(cursor.types[i]!),
          textOf(cursor, i),
        ]),
      );
    },
    limits,
  );
  return { result, spans };
}

function textOf(cursor: SpanCursor, i: number): string {
  return cursor.texts.text(valueOf(cursor, i));
}

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

test('JSON and protobuf of one request give the same spans', () => {
  fc.assert(
    fc.property(otlpTraces, (traces) => {
      const json = JSON.stringify(traces, (key, value: unknown) =>
        key === 'doubleValue' && !Number.isFinite(value) ? String(value) : Object.is(value, -0) ? '-0' : value,
      );
      assert.deepEqual(decodeElsewhere(otlpJsonToProto(json)), decodeElsewhere(writeOtlp(traces)));
    }),
  );
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

function fieldsOf(message: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = [];
  for (let at = 0; at < message.length;) {
    const writer = createProtoWriter();
    const tag = varint32(message, at, message.length);
    writer.varint(tag);
    const next = skip(message, tag, at + writer.length, message.length);
    fields.push(message.subarray(at, next));
    at = next;
  }
  return fields;
}

function payloadOf(field: Uint8Array): Uint8Array {
  const length = lengthAt(field, 1, field.length);
  return field.subarray(field.length - length);
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

test('a body cut at any byte is refused or gives the spans before the cut, never anything else', () => {
  const body = recordedBodies('example')[0]!;
  for (let length = 0; length < body.length; length++) {
    refusesOrReads(body.subarray(0, length));
  }
});

function refusesOrReads(body: Uint8Array): void {
  try {
    spansOf(body);
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, 'bad-request');
  }
}

test('changed bytes are refused, rejected or read, never anything else', () => {
  const sources = [
    recordedBodies('faults')[55]!,
    ...fc.sample(otlpTraces, 20).map((traces) => writeOtlp(traces)),
  ].filter((body) => body.length > 0);
  const change = fc.record({ at: fc.nat(), to: fc.constantFrom(0, 1, 2, 8, 10, 18, 127, 128, 255) });
  fc.assert(
    fc.property(fc.constantFrom(...sources), fc.array(change, { minLength: 1, maxLength: 8 }), (source, changes) => {
      const body = Uint8Array.from(source);
      for (const { at, to } of changes) body[at % body.length] = to;
      refusesOrReads(body);
    }),
    { numRuns: 3000 },
  );
});

test('arbitrary bytes are refused, rejected or read, never anything else', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refusesOrReads), { numRuns: 3000 });
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

test('a malformed span rejects itself and leaves the others', () => {
  const writer = createProtoWriter();
  const [good] = fieldsOf(payloadOf(fieldsOf(payloadOf(fieldsOf(writeOtlp(requestOf(span)))[0]!))[1]!));
  const scope = createProtoWriter();
  scope.raw(good!);
  scope.field(2, Uint8Array.of(0x0a, 0x7f, 1, 2));
  scope.raw(good!);
  writer.message(1, () => writer.field(2, scope.bytes));
  const { result } = attributesOf(writer.bytes);
  assert.deepEqual([result.accepted, result.rejected, result.reason], [2, 1, 'length beyond the end']);
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

test('values that nest too deeply reject their span, not the process', () => {
  let value = createProtoWriter();
  value.text(1, 'deep');
  for (let depth = 0; depth < 5000; depth++) {
    const array = createProtoWriter();
    array.message(5, () => array.field(1, value.bytes));
    value = array;
  }
  const writer = createProtoWriter();
  writer.message(1, () =>
    writer.message(2, () =>
      writer.message(2, () => {
        writer.field(1, Buffer.from(traceId, 'hex'));
        writer.field(2, Buffer.from(spanId, 'hex'));
        writer.message(9, () => {
          writer.text(1, 'k');
          writer.field(2, value.bytes);
        });
      }),
    ),
  );
  const { result } = attributesOf(writer.bytes);
  assert.deepEqual([result.rejected, result.reason], [1, 'attribute value nested too deeply']);
});

test('varints of more than ten bytes, lengths beyond the end and deep groups are refused', () => {
  const refused = (read: () => unknown): void => void assert.throws(read, WireError);
  const endless = new Uint8Array(20).fill(0x80);
  refused(() => varint32(endless, 0, 20));
  refused(() => varint64(endless, 0, 20));
  refused(() => lengthAt(endless, 0, 20));
  refused(() => lengthAt(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), 0, 10));
  refused(() => skip(new Uint8Array(100).fill(0x0b), 0x0b, 0, 100));
  refused(() => skip(Uint8Array.of(0x0c), 0x13, 0, 1));
  refused(() => skip(Uint8Array.of(0), 0x07, 0, 1));
  assert.equal(skip(Uint8Array.of(0x08, 0x01, 0x14), 0x13, 0, 3), 3);
});

test('invalid UTF-8 in names, keys and values is no reason to refuse', () => {
  const writer = createProtoWriter();
  const bad = Uint8Array.of(0xff, 0xfe, 0x80);
  writer.message(1, () =>
    writer.message(2, () =>
      writer.message(2, () => {
        writer.field(1, Buffer.from(traceId, 'hex'));
        writer.field(2, Buffer.from(spanId, 'hex'));
        writer.field(5, bad);
        writer.message(9, () => {
          writer.field(1, bad);
          writer.message(2, () => writer.field(1, bad));
        });
      }),
    ),
  );
  assert.deepEqual(attributesOf(writer.bytes).spans, [[['\ufffd\ufffd\ufffd', 's', '\ufffd\ufffd\ufffd']]]);
  assert.equal(spansOf(writer.bytes)[0]?.name, '\ufffd\ufffd\ufffd');
});

test('JSON times are exact as strings, numbers and numbers beyond 2^53', () => {
  const json = (start: string): string =>
    `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${traceId.toUpperCase()}","spanId":"${spanId}",` +
    `"startTimeUnixNano":${start},"endTimeUnixNano":"1795430327325118002","attributes":[{"key":"n","value":{"intValue":-9223372036854775807}}]}]}]}]}`;
  for (const start of ['"1795430327325118001"', '1795430327325118001']) {
    const body = otlpJsonToProto(json(start));
    assert.equal(spansOf(body)[0]?.startNs, 1795430327325118001n);
    assert.equal(spansOf(body)[0]?.traceId, traceId);
    assert.deepEqual(attributesOf(body).spans, [[['n', 'i', '-9223372036854775807']]]);
  }
});

test('JSON that is no OTLP request is refused, a wrong field rejects its span', () => {
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"resourceSpans":{}}',
    '{"resourceSpans":[1]}',
    `${'['.repeat(70)}${']'.repeat(70)}`,
  ]) {
    assert.throws(() => otlpJsonToProto(text), { name: 'AppError', code: 'bad-request' }, text);
  }
  for (const wrong of [
    { name: 5 },
    { kind: 'SPAN_KIND_SERVER' },
    { kind: 1.5 },
    { startTimeUnixNano: '-1' },
    { attributes: {} },
    { events: [1] },
  ]) {
    const body = otlpJsonToProto(JSON.stringify(requestOf(span, { ...span, ...wrong } as unknown as OtlpSpan)));
    const { result } = attributesOf(body);
    assert.deepEqual([result.accepted, result.rejected], [1, 1], JSON.stringify(wrong));
  }
});

test('JSON fields of unknown names, in snake case too, are ignored; null is absent', () => {
  const odd = {
    ...span,
    trace_id: 'zz',
    start_time_unix_nano: 5,
    extra: { deep: [1] },
    attributes: null,
    status: null,
  };
  const body = otlpJsonToProto(JSON.stringify(requestOf(odd as unknown as OtlpSpan)));
  assert.equal(spansOf(body)[0]?.startNs, 1000n);
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

test('a vocabulary that fills up starts anew in the middle of a body', () => {
  const spans = Array.from({ length: 40_000 }, (_, i): OtlpSpan => {
    const attributes = [0, 1, 2, 3].map((n) => ({ key: `key ${i} ${n}`, value: { stringValue: 'v' } }));
    return { ...span, name: `name ${i}`, attributes };
  });
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'churn' } }] };
  const body = writeOtlp({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
  let generation = -1;
  let resets = 0;
  let i = 0;
  decodeOtlp(body, (cursor) => {
    if (cursor.texts.generation !== generation) resets++;
    ({ generation } = cursor.texts);
    assert.equal(cursor.texts.text(cursor.name), `name ${i}`);
    assert.equal(cursor.texts.text(cursor.keys[3]!), `key ${i} 3`);
    assert.equal(cursor.resource.attributes.get('service.name'), 'churn');
    i++;
  });
  assert.equal(i, 40_000);
  assert.ok(resets > 1);
});
