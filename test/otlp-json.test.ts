/** OTLP/JSON: the same spans as protobuf, exact numbers, and refusals that name what is wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OtlpSpan } from '../collector/decode/otlp.ts';
import { otlpJsonToProto } from '../collector/decode/otlp-json.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { decodeElsewhere, otlpTraces } from './otlp-arbitrary.ts';
import { attributesOf, requestOf, span, spanId, traceId } from './otlp-span.ts';

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

test('a JSON integer in exponent form, or of many digits, is taken where it fits and rejects its span alone where not', () => {
  const digits = '1'.repeat(41);
  const attribute = (value: string): string => `"attributes":[{"key":"n","value":{${value}}}]`;
  for (const [fields, rejected] of [
    ['"startTimeUnixNano":1.7e18', 0],
    [`"startTimeUnixNano":1.7e18,${attribute('"doubleValue":1e300')}`, 0],
    [attribute('"intValue":-4.5e18'), 0],
    ['"kind":1e20', 1],
    ['"kind":1e400', 1],
    [`"startTimeUnixNano":${digits}`, 1],
    [`"flags":${digits}`, 1],
    [attribute('"intValue":1e300'), 1],
    [attribute(`"intValue":${digits}`), 1],
  ] as const) {
    const second = `{"traceId":"${traceId}","spanId":"${spanId}",${fields}}`;
    const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[${JSON.stringify(span)},${second}]}]}]}`;
    for (const body of [text, Buffer.from(text)]) {
      const { result, spans } = attributesOf(otlpJsonToProto(body));
      assert.deepEqual([result.accepted, result.rejected], [2 - rejected, rejected], fields);
      if (fields.includes('1.7e18'))
        assert.equal(spansOf(otlpJsonToProto(body))[1]?.startNs, 1_700_000_000_000_000_000n);
      if (fields.includes('doubleValue')) assert.deepEqual(spans[1], [['n', 'd', '1e+300']]);
      if (fields.includes('4.5e18')) assert.deepEqual(spans[1], [['n', 'i', '-4500000000000000000']]);
    }
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

test('JSON of millions of objects is refused before they are made', () => {
  const text = `{"resourceSpans":[${'{},'.repeat(4_000_000)}{}]}`;
  assert.throws(() => otlpJsonToProto(text), { name: 'AppError', code: 'too-large' });
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
