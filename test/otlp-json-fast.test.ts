/** OTLP/JSON from bytes: what is not parsed into objects gives the same bytes as if it were, and the same refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '#shared/error.ts';
import { transcribeOtlp } from '../collector/decode/json-otlp.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import type { OtlpTraces } from '../collector/decode/otlp.ts';
import { createRandom, type Random } from '../fixtures/mesh/random.ts';
import { prepareBodies } from '../fixtures/load/prepare.ts';
import { createWave } from '../fixtures/load/wave.ts';
import { decodeElsewhere, otlpTraces } from './otlp-arbitrary.ts';
import { requestOf, span, spanId, traceId } from './otlp-span.ts';
import { recordedBodies, recordings } from './recordings.ts';

const decoder = new TextDecoder();

/** Values of fields that no reader knows. */
const strangers = each(
  '0 -0.5e-7 1E400 123456789012345678901234567890 true null "" "\\ud800\\u0000\\/é" {} [] [1,"]}",[{"a":{"spans":[]}}]] {"__proto__":{"name":"x"},"a":1,"a":2}',
  (value) => value,
);
const strangeNames = ['', 'extra', 'nam', 'names', '__proto__', 'trace_id', 'constructor', 'toString'];

/** The bytes, or the refusal. */
function outcome(body: Uint8Array | string): string {
  try {
    return Buffer.from(otlpJsonToProto(body)).toString('hex');
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return `${error.code} ${error.message}`;
  }
}

/** Checks that bytes come to what their text comes to. out: whether they were read without parsing. */
function agrees(body: Uint8Array, what = ''): boolean {
  const copy = Uint8Array.from(body);
  const expected = outcome(decoder.decode(body));
  const fast = transcribeOtlp(body);
  if (fast !== undefined) assert.equal(Buffer.from(fast).toString('hex'), expected, what);
  assert.equal(outcome(body), expected, what);
  assert.deepEqual(copy, Uint8Array.from(body));
  return fast !== undefined;
}

const seeds = fc.integer();

test('any request in any spelling is read without parsing, to the same bytes', () => {
  fc.assert(
    fc.property(otlpTraces, seeds, (traces, seed) => {
      const json = spell(traces, createRandom(seed));
      assert.ok(agrees(Buffer.from(json)), json);
    }),
    { numRuns: 1500 },
  );
});

test('a spelling means what was spelt', () => {
  fc.assert(
    fc.property(otlpTraces, seeds, (traces, seed) => {
      const plain = JSON.stringify(traces, (key, value: unknown) =>
        key === 'doubleValue' && !Number.isFinite(value) ? String(value) : Object.is(value, -0) ? '-0' : value,
      );
      const spelt = otlpJsonToProto(Buffer.from(spell(traces, createRandom(seed))));
      assert.deepEqual(decodeElsewhere(spelt), decodeElsewhere(otlpJsonToProto(plain)));
    }),
  );
});

/** What changes a text into one that is mostly no JSON, or no OTLP. */
const pieces = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '0',
  '-',
  '.',
  'e',
  'null',
  ' ',
  '\u0001',
  '\x7f',
  '1e3',
  '{}',
];
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  remove: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(400), fc.constant(1e9)),
  insert: fc.oneof(fc.constantFrom(...pieces), fc.uint8Array({ maxLength: 3 })),
});

test('a damaged body is refused or taken as its text is', () => {
  let taken = 0;
  fc.assert(
    fc.property(otlpTraces, seeds, fc.array(damage, { minLength: 1, maxLength: 2 }), (traces, seed, damages) => {
      let body: Uint8Array = Buffer.from(spell(traces, createRandom(seed)));
      for (const { at, remove, insert } of damages) {
        const from = Math.floor(at * body.length);
        body = Buffer.concat([body.subarray(0, from), Buffer.from(insert), body.subarray(from + remove)]);
      }
      if (agrees(body, decoder.decode(body))) taken++;
    }),
    { numRuns: 3000 },
  );
  assert.ok(taken > 100, `only ${taken} were taken`);
});

const ids = `"traceId":"${traceId}","spanId":"${spanId}"`;
const ofSpan = (fields: string): string => `{"resourceSpans":[{"scopeSpans":[{"spans":[{${ids},${fields}}]}]}]}`;
const ofValue = (value: string): string => ofSpan(`"attributes":[{"key":"k","value":${value}}]`);
const nested = (depth: number): string =>
  ofValue(`${'{"arrayValue":{"values":['.repeat(depth)}{"boolValue":true}${']}}'.repeat(depth)}`);

/** A body for each of the words. */
function each(words: string, body: (word: string) => string): string[] {
  return words.split(' ').map(body);
}

test('what is unusual is left to the parser', () => {
  for (const json of [
    '',
    ' ',
    ...each(
      '[] null 1 { {}{} {}, {"resourceSpans":[null]} {"resourceSpans":[{}],} {"resourceSpans":[{},]}',
      (json) => json,
    ),
    "{'resourceSpans':[]}",
    '{"resourceSpans":[],"resourceSpans":[{}]}',
    '{"resourceSp\\u0061ns":[{}]}',
    '{"x\\u0061":[{}]}',
    ...each(
      '01 1. .5 - 1e +1 NaN nul nulx trux "\\x" "\\u12g4" " [1,] [1 {"a":1,} {a:1} {"a",1}',
      (extra) => `{"extra":${extra}}`,
    ),
    '{"extra":"\t"}',
    ofValue('{"stringValue":"abc\x00"}'),
    '{"extra":[1 2]}',
    `{"extra":${'['.repeat(64)}${']'.repeat(64)}}`,
    `{"extra":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`,
    '{"extra":1}\u0000',
    '\ufeff{}',
    ofSpan('"name":"a","name":"b"'),
    ofSpan('"name":null,"name":"b"'),
    ...each(
      '"\\ud800" "\\udc00\\ud800" "\\udc00\\udc00" "\\ud800\\ue000" "\\ud800\\u0041" "\\ud800\\\\udc00" "\x1f"',
      (name) => ofSpan(`"name":${name}`),
    ),
    ...each('"SPAN_KIND_SERVER" 1.5 2e0 -1 02 4294967296 "2 "2x [] true', (kind) => ofSpan(`"kind":${kind}`)),
    ...each(`1e20 1e400 ${'1'.repeat(41)}`, (kind) => ofSpan(`"kind":${kind}`)),
    ...each(`1.7e18 1e300 ${'1'.repeat(41)}`, (time) => ofSpan(`"startTimeUnixNano":${time}`)),
    ofSpan('"flags":18446744073709551615'),
    ...each('18446744073709551616 "99999999999999999999" "000000000000000000001" "-1" "1x" "" true', (time) =>
      ofSpan(`"startTimeUnixNano":${time}`),
    ),
    ...each('"abc" "zz" 7 "abx', (id) => ofSpan(`"parentSpanId":${id}`)),
    ...each('"attributes":{} "attributes":[1] "status":[] "events":[[]] "name":5', ofSpan),
    ...each('9223372036854775808 "-9223372036854775809" 1.0 1e18 1e300 - true', (int) =>
      ofValue(`{"intValue":${int}}`),
    ),
    ...each('"" "0x10" "NaNo" NaN true', (double) => ofValue(`{"doubleValue":${double}}`)),
    ...each('"_-8=" "AAA" "A===" "AA==AAAA" 1', (bytes) => ofValue(`{"bytesValue":${bytes}}`)),
    ...each(
      '{"boolValue":"true"} {"boolValue":1} {"boolValue":trux} {"stringValue":1} {"stringValue":"a","intValue":1}',
      ofValue,
    ),
    ...each('{"intValue":1,"stringValue":"a"} {"arrayValue":[]} {"arrayValue":{"values":[1]}}', ofValue),
    ofValue('"x"'),
    nested(40),
  ]) {
    assert.ok(!agrees(Buffer.from(json), json), json);
  }
});

test('what is rare but plain is read without parsing', () => {
  for (const json of [
    '{}',
    '\r\n\t {} ',
    '{"resourceSpans":null}',
    '{"resourceSpans":[{}]}',
    '{"__proto__":{"resourceSpans":[1]},"constructor":{},"":[]}',
    '{"__proto__":{"a":1},"__proto__":2}',
    `{"extra":${'['.repeat(63)}${']'.repeat(63)}}`,
    '{"extra":"\\ud800 \\" \\\\ \\/ \\b"}',
    ofSpan('"name":""'),
    ofSpan('"name":"\x7f\u0080\u07ff\u0800\ud7ff\ue000\uffff\ufeff\u{10000}\u{10ffff}"'),
    ofSpan('"name":"\\u0000\\u007f\\u0080\\u07ff\\u0800\\ud7ff\\uE000\\uffff\\ud83d\\ude00\\"\\\\\\/\\b\\f\\n\\r\\t"'),
    ...each('"kind":0 "kind":"0","flags":"0","droppedLinksCount":"007" "flags":4294967295,"kind":"4294967295"', ofSpan),
    ofSpan('"flags":1,"name":"n","status":{"code":2,"message":"m"},"kind":3'),
    ofSpan('"startTimeUnixNano":18446744073709551615,"endTimeUnixNano":"18446744073709551615"'),
    ofSpan('"startTimeUnixNano":9007199254740993,"endTimeUnixNano":"00000000000000000001"'),
    ofSpan('"startTimeUnixNano":0,"endTimeUnixNano":"0"'),
    ofSpan('"parentSpanId":"","status":{},"traceState":null'),
    ofSpan(`"parentSpanId":"${'ab'.repeat(200)}"`),
    ...each('{} null {"intValue":null,"stringValue":""} {"stringValue":"","other":1}', ofValue),
    ...each('-9223372036854775808 "9223372036854775807" -0 "-4294967296"', (int) => ofValue(`{"intValue":${int}}`)),
    ...each('12345678901234567890 "-Infinity" 1e400 -0 "-0.0" 0.1 1234567.12345678 1.7976931348623157E+308', (double) =>
      ofValue(`{"doubleValue":${double}}`),
    ),
    ...each('"" "/+8=" "/w=="', (bytes) => ofValue(`{"bytesValue":${bytes}}`)),
    nested(8),
  ]) {
    assert.ok(agrees(Buffer.from(json), json), json);
  }
});

test('integers of any size and sign are the same as when they were parsed', () => {
  const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n });
  fc.assert(
    fc.property(integers, fc.integer({ min: 0, max: 63 }), fc.boolean(), (any, bits, quoted) => {
      const value = any / 2n ** BigInt(bits);
      const text = quoted ? `"${value}"` : String(value);
      agrees(Buffer.from(ofValue(`{"intValue":${text}}`)));
      agrees(Buffer.from(ofSpan(`"startTimeUnixNano":${text},"flags":${text},"kind":${text}`)));
    }),
    { numRuns: 500 },
  );
});

test('doubles in any notation are the same as when they were parsed', () => {
  const notations = fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 17 }));
  fc.assert(
    fc.property(notations, ([value, digits]) => {
      for (const text of [String(value), value.toExponential(digits), (value % 1e6).toFixed(digits)]) {
        assert.ok(agrees(Buffer.from(ofValue(`{"doubleValue":${text}}`)), text), text);
      }
    }),
    { numRuns: 500 },
  );
});

test('attributes of all lengths keep key and text', () => {
  const lengths = [0, 1, 3, 4, 100, 110, 115, 119, 120, 121, 122, 123, 125, 126, 127, 128, 129, 16_380, 16_384, 70_000];
  for (const keyLength of lengths) {
    for (const textLength of lengths) {
      for (const last of ['', 'é']) {
        const attribute = { key: 'k'.repeat(keyLength), value: { stringValue: 'v'.repeat(textLength) + last } };
        const json = JSON.stringify(requestOf({ ...span, attributes: [attribute, attribute] }));
        assert.ok(agrees(Buffer.from(json)), `${keyLength} ${textLength}${last}`);
      }
    }
  }
});

test('invalid UTF-8 is replaced where it is read', () => {
  const invalid = ['80', 'c0af', 'c3', 'e08080', 'e282', 'eda080', 'f0808080', 'f09f98', 'f4908080', 'f8888080', 'ff'];
  for (const hex of invalid) {
    for (const [before, after] of [
      ['{"resourceSpans":[{"schemaUrl":"a', 'b"}]}'],
      ['{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"stringValue":"', '"}}]}}]}'],
      ['{"resourceSpans":[{"resource":{"attributes":[{"key":"', '","value":{"stringValue":"v"}}]}}]}'],
    ] as const) {
      const body = Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)]);
      assert.ok(!agrees(body, hex), hex);
      assert.match(Buffer.from(otlpJsonToProto(body)).toString(), /\ufffd/);
    }
    agrees(Buffer.concat([Buffer.from('{"extra":"'), Buffer.from(hex, 'hex'), Buffer.from('","a":1}')]), hex);
  }
});

test('bytes of one body stay as they are when the next is read', () => {
  const bodies = ['first', 'second one'].map((name) => Buffer.from(ofSpan(`"name":"${name}"`)));
  const first = otlpJsonToProto(bodies[0]!);
  const before = Buffer.from(first).toString('hex');
  otlpJsonToProto(bodies[1]!);
  assert.throws(() => otlpJsonToProto(Buffer.from('{"resourceSpans":[{"schemaUrl":"x"},')));
  assert.equal(Buffer.from(first).toString('hex'), before);
});

test('bodies of all sizes are read, and a view into a larger buffer', () => {
  for (const spans of [0, 1, 100, 1000, 30_000, 1]) {
    const json = Buffer.from(JSON.stringify(requestOf(...Array.from({ length: spans }, () => span))));
    const larger = Buffer.concat([Buffer.from('{{'), json, Buffer.from('"}')]);
    assert.ok(agrees(larger.subarray(2, 2 + json.length)), String(spans));
  }
  // The resource is written behind the spans and then moved before them.
  const named = JSON.stringify({ ...span, name: 'n'.repeat(2000) });
  const late = `{"resourceSpans":[{"scopeSpans":[{"spans":[${`${named},`.repeat(3000)}${named}]}],"resource":{}}]}`;
  assert.ok(agrees(Buffer.from(late)));
  // After a body of megabytes the buffers have 64 KiB again, and zeros have to fit behind the text.
  for (const size of [65_472, 65_473, 65_536, 65_600]) {
    assert.ok(agrees(Buffer.from(late)));
    assert.ok(agrees(Buffer.from(ofSpan(`"name":"${'n'.repeat(size - ofSpan('"name":""').length)}"`))), String(size));
  }
});

test('millions of objects are refused from bytes too', () => {
  // Around the span and in it are 11 objects and arrays.
  const attributes = '"attributes":[{"key":"k","value":{"stringValue":"v"}}],"extra":[';
  for (const [more, isTaken] of [
    [3_999_989, true],
    [3_999_990, false],
  ] as const) {
    const body = Buffer.from(ofSpan(`${attributes}${'{},'.repeat(more - 1)}{}]`));
    if (isTaken) assert.equal(agrees(body), true);
    else assert.throws(() => otlpJsonToProto(body), { name: 'AppError', code: 'too-large' });
  }
});

test('brackets nest as deep as for the parser', () => {
  for (let lists = 0; lists <= 18; lists++) {
    for (let maps = 0; lists * 3 + maps * 4 <= 56; maps++) {
      const opening = '{"arrayValue":{"values":['.repeat(lists) + '{"kvlistValue":{"values":[{"value":'.repeat(maps);
      const closing = '}]}}'.repeat(maps) + ']}}'.repeat(lists);
      for (const inner of [
        '{}',
        '{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}',
        '{"extra":[[]]}',
      ]) {
        agrees(Buffer.from(ofValue(opening + inner + closing)), `${lists} ${maps} ${inner}`);
      }
    }
  }
});

test('recorded spans and those of the benchmark are read without parsing', () => {
  for (const recording of recordings) {
    for (const body of recordedBodies(recording)) {
      assert.ok(agrees(Buffer.from(JSON.stringify(decodeElsewhere(body)))), recording);
    }
  }
  for (const body of prepareBodies(createWave({ seed: 1, startMs: 1.7e12, traces: 20 }), 'json', 500)) {
    assert.ok(agrees(body.forTurn(1, 5)));
  }
});

/** One spelling of a request, as the random numbers decide; every one means the same. */
function spell(traces: OtlpTraces, random: Random): string {
  const spaced = random.chance(0.3);
  const shuffled = random.chance(0.5);
  const escaped = random.chance(0.3) ? random.next() : 0;
  const strange = random.chance(0.3) ? 0.2 : 0;

  const space = (): string => (spaced && random.chance(0.3) ? [' ', '\n', '\r\n', '\t', '    '][random.below(5)]! : '');

  function string(text: string, mayEscape: boolean): string {
    const plain = JSON.stringify(text);
    if (!mayEscape || escaped === 0) return plain;
    let out = '';
    // By UTF-16 units, so that a pair of surrogates is escaped as one or not at all.
    for (const character of text) {
      if (!random.chance(escaped)) out += JSON.stringify(character).slice(1, -1);
      else if (character === '/') out += '\\/';
      else {
        for (let i = 0; i < character.length; i++) {
          const hex = character.charCodeAt(i).toString(16).padStart(4, '0');
          out += `\\u${random.chance(0.5) ? hex : hex.toUpperCase()}`;
        }
      }
    }
    return `"${out}"`;
  }

  function scalar(value: unknown, name: string): string {
    if (typeof value === 'string') {
      const isInteger = name === 'intValue' || name.endsWith('UnixNano');
      if (isInteger && random.chance(0.3)) return value;
      if (/[iI]d$/.test(name)) return `"${random.chance(0.2) ? value.toUpperCase() : value}"`;
      return string(value, !isInteger && name !== 'bytesValue');
    }
    if (typeof value === 'number' && name === 'doubleValue') {
      const text = Object.is(value, -0) ? '-0' : String(value);
      return Number.isFinite(value) && random.chance(0.8) ? text : `"${text}"`;
    }
    // 0 as text is written, as a number it is left out: not the same bytes.
    if (typeof value === 'number' && value > 0 && random.chance(0.1)) return `"${value}"`;
    return JSON.stringify(value);
  }

  function any(value: unknown, name: string): string {
    if (Array.isArray(value)) {
      const items = value.map((item) => `${space()}${any(item, '')}${space()}`);
      return `[${items.join(',') || space()}]`;
    }
    if (typeof value !== 'object' || value === null) return scalar(value, name);
    const fields = Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, any(inner, key)] as const);
    for (const key of strangeNames) {
      if (random.chance(strange / 2)) fields.push([key, strangers[random.below(strangers.length)]!]);
    }
    if (random.chance(strange) && !('schemaUrl' in value)) fields.push(['schemaUrl', 'null']);
    if (shuffled) {
      for (let i = fields.length - 1; i > 0; i--) {
        const j = random.below(i + 1);
        [fields[i], fields[j]] = [fields[j]!, fields[i]!];
      }
    }
    const texts = fields.map(([key, text]) => `${space()}"${key}"${space()}:${space()}${text}${space()}`);
    return `{${texts.join(',') || space()}}`;
  }

  return `${space()}${any(traces, '')}${space()}`;
}
