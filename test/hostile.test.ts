/** Hostile bodies: refused, rejected or read, in bounded time and memory, never anything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '#shared/error.ts';
import { createPairs } from '#shared/pairs.ts';
import { toColumns } from '#shared/span.ts';
import { allocateKept, keepSpans } from '#shared/tree-spans.ts';
import type { OtlpSpan } from '../collector/decode/otlp.ts';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createProtoWriter, lengthAt, skip, varint32, varint64, WireError } from '../collector/decode/protobuf.ts';
import { createNormalised, normalise } from '../collector/normalise/normalise.ts';
import { createTexts } from '../collector/decode/texts.ts';
import { createTraceSlots } from '../collector/derive/trace-slots.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';
import { otlpTraces } from './otlp-arbitrary.ts';
import { recordedBodies } from './recordings.ts';
import { attributesOf, fieldsOf, idFields, payloadOf, requestOf, span, spanId, traceId } from './otlp-span.ts';
import { span as readSpan } from './span-builder.ts';

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

test('a body made to be slow or large to read costs little', () => {
  const size = 4 << 20;
  const repeated = (...bytes: number[]): Uint8Array => new Uint8Array(size).map((_, i) => bytes[i % bytes.length]!);
  const inField = (field: number, payload: Uint8Array): Uint8Array => {
    const writer = createProtoWriter(size + 16);
    writer.field(field, payload);
    return writer.bytes;
  };
  const ids = idFields();
  const inSpanOf = (fields: Uint8Array): Uint8Array => inField(1, inField(2, inField(2, Buffer.concat([ids, fields]))));
  const asValue = (value: Uint8Array): Uint8Array => inSpanOf(inField(9, inField(2, value)));
  const bodies = {
    resourceSpans: repeated(0x0a, 0),
    spans: inField(1, inField(2, repeated(0x12, 0))),
    malformed: inField(1, inField(2, repeated(0x12, 1, 0xff))).subarray(0, -1),
    attributes: inSpanOf(repeated(0x4a, 0)),
    events: inSpanOf(repeated(0x5a, 0)),
    eventAttributes: inSpanOf(inField(11, repeated(0x1a, 0))),
    links: inSpanOf(repeated(0x6a, 0)),
    statuses: inSpanOf(repeated(0x7a, 0)),
    arrays: asValue(repeated(0x2a, 0)),
    array: asValue(inField(5, repeated(0x0a, 0))),
    byteStrings: asValue(repeated(0x3a, 0)),
    resource: inField(1, inField(1, repeated(0x0a, 0))),
    scope: inField(1, inField(2, inField(1, repeated(0x1a, 0)))),
    groups: repeated(0x0b),
  };
  for (const [name, body] of Object.entries(bodies)) {
    const block = createSpanBlock();
    const normalised = createNormalised();
    const before = process.cpuUsage();
    try {
      decodeOtlp(body, (cursor) => {
        normalise(cursor, normalised);
        block.append(cursor, normalised);
      });
    } catch (error) {
      assert.ok(error instanceof AppError, name);
    }
    const { user, system } = process.cpuUsage(before);
    // Linear reading takes 10 to 100 ms; a loop within a loop would take minutes.
    assert.ok(user + system < 3_000_000, `${name} took ${user + system} us`);
    assert.ok(block.bytes < 200_000, `${name} stores ${block.bytes} bytes`);
  }
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

test('a number of a vocabulary that was reset stands for no text until it is given again', () => {
  const vocabulary = createTexts(['known']);
  const bytes = new TextEncoder().encode('text');
  const view = new DataView(bytes.buffer);
  const id = vocabulary.intern(view, 0, 4);
  assert.ok(vocabulary.equals(id, view, 0, 4));
  vocabulary.reset();
  assert.ok(!vocabulary.equals(id, view, 0, 4));
  assert.equal(vocabulary.of('known'), 1);
  assert.equal(vocabulary.intern(view, 0, 4), id);
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

class CountedView extends DataView<ArrayBuffer> {
  reads = 0;
  override getInt32(at: number, littleEndian?: boolean): number {
    this.reads++;
    return super.getInt32(at, littleEndian);
  }
  override getBigInt64(at: number, littleEndian?: boolean): bigint {
    this.reads++;
    return super.getBigInt64(at, littleEndian);
  }
}

/** The column, and how often it was read. */
function counted<T extends Uint32Array | Int32Array>(numbers: T): { column: T; reads: number } {
  const count = { column: numbers, reads: 0 };
  count.column = new Proxy(numbers, {
    get(target, at) {
      count.reads++;
      const value: unknown = Reflect.get(target, at);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return count;
}

test('a name is looked up at once, however its sender made it like others', () => {
  // The highest bit of a word passes through any multiplication, and the next word undoes what a shift by 15 or 16 made of it.
  for (const undoing of [0x80010000, 0x80008000]) {
    const vocabulary = createTexts();
    const words = new Uint32Array(16);
    const view = new CountedView(words.buffer);
    for (let name = 0; name < 30_000; name++) {
      words.fill(0x61616161);
      for (let word = 0; word < 15; word++) {
        if (((name >> word) & 1) === 0) continue;
        words[word]! ^= 0x80000000;
        words[word + 1]! ^= undoing;
      }
      assert.equal(vocabulary.intern(view, 0, 64), name + 1);
      // 16 reads a name for its hash; each name compared with all before it would be half a billion.
      assert.ok(view.reads < 600_000, `${view.reads} reads for ${name} names`);
    }
  }
});

test('an open trace is looked up at once, however its sender made its id like others', () => {
  const makings: ((trace: number) => number[])[] = [
    // A word that undoes a product of another one.
    (trace) => [trace, Math.imul(trace, 0xc2b2ae35), 1, 1],
    // Words of high bits alone, which a multiplication does not bring down.
    (trace) => [0, 4, 8, 12].map((shift) => (trace >> shift) << 28),
  ];
  for (const idOf of makings) {
    const slots = createTraceSlots(() => {});
    const words = new Uint32Array(4);
    const id = counted(words);
    for (let trace = 0; trace < 50_000; trace++) {
      words.set(idOf(trace));
      assert.equal(slots.find(id.column, 0), -1);
      assert.equal(slots.take(id.column, 0), trace);
      assert.ok(id.reads < 2_000_000, `${id.reads} reads for ${trace} traces`);
    }
  }
});

test('a span is found in its trace at once, however its sender made its id like others', () => {
  const count = 1 << 16;
  const byte = (value: number): string => value.toString(16).padStart(2, '0');
  const spans = Array.from({ length: count }, (_, i) =>
    readSpan({ id: 'any', spanId: `${byte(i >> 8)}000000${byte(i & 255)}000000` }),
  );
  const columns = toColumns(spans);
  const ids = counted(columns.spanId);
  const rows = spans.map((_, row) => row);
  assert.equal(keepSpans({ ...columns, spanId: ids.column }, rows, allocateKept(count)), count);
  // Chains of 256 would be eight million.
  assert.ok(ids.reads < 20 * count, `${ids.reads} reads`);
});

test('a pair is looked up at once, however its numbers were made like others', () => {
  const makings: ((pair: number) => [a: number, b: number])[] = [
    // A multiplication that makes numbers whose upper half is their lower half: folded, few places are left.
    (pair) => [3, Math.imul(0xa5cb9243, Math.imul(pair & 0x7fff, 0x20004) + (pair >> 15))],
    // A number that undoes what a shift makes of the other.
    (pair) => [pair << 8, (pair << 8) ^ (pair >> 8)],
  ];
  for (const numbersOf of makings) {
    const pairs = createPairs();
    let keys = counted(pairs.keys);
    let reads = 0;
    Object.defineProperty(pairs, 'keys', {
      get: () => keys.column,
      set(column: Int32Array) {
        reads += keys.reads;
        keys = counted(column);
      },
    });
    for (let pair = 0; pair < 65_536; pair++) {
      assert.equal(pairs.of(...numbersOf(pair)), pair);
      assert.ok(reads + keys.reads < 3_000_000, `${reads + keys.reads} reads for ${pair} pairs`);
    }
  }
});
