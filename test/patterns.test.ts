/** Spans told by their pattern are stored as they would be without: shapes, rules, limits, redaction, malformed ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultLimits, type SpanCursor } from '../collector/decode/cursor.ts';
import { texts } from '../collector/decode/keys.ts';
import type { OtlpAnyValue, OtlpSpan, OtlpTraces } from '../collector/decode/otlp.ts';
import { type DecodeResult, decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createPatterns } from '../collector/decode/patterns.ts';
import { createNormaliser } from '../collector/normalise/by-pattern.ts';
import { createNormalised, defaultConfig, normalise } from '../collector/normalise/normalise.ts';
import { createRedaction, defaultRedactConfig } from '../collector/normalise/redact.ts';
import { createSpanBlock, type SpanBlock } from '../collector/store/span-block.ts';
import { type StoredSpan, storedSpans } from '../collector/store/stored-span.ts';
import { otlpTraces } from './otlp-arbitrary.ts';
import { keyValues } from './otlp-span.ts';
import { recordedBodies, recordings } from './recordings.ts';

const redaction = createRedaction({ ...defaultRedactConfig, hide: ['user.email'] });

interface Read {
  readonly spans: StoredSpan[];
  readonly results: (Omit<DecodeResult, 'redacted'> | string)[];
  readonly matched: number;
}

/**
 * Reads bodies one by one into a block. How many values were hidden is left out: those of a resource count when it is first seen,
 * by either way.
 */
function readInto(
  block: SpanBlock,
  bodies: readonly Uint8Array[],
  decode: (body: Uint8Array) => DecodeResult,
): Omit<Read, 'matched'> {
  const results = bodies.map((body) => {
    const mark = block.mark();
    try {
      const { redacted: _, ...result } = decode(body);
      return result;
    } catch (error) {
      block.rollback(mark);
      return String(error);
    }
  });
  return { spans: storedSpans(block.seal({ tick: 1, batch: 0 })), results };
}

function readPlain(bodies: readonly Uint8Array[]): Omit<Read, 'matched'> {
  const block = createSpanBlock();
  const normalised = createNormalised();
  const visit = (span: SpanCursor): void => {
    normalise(span, normalised);
    block.append(span, normalised);
  };
  return readInto(block, bodies, (body) => decodeOtlp(body, visit, defaultLimits, redaction));
}

/** A reader that remembers patterns from one call to the next. */
function createReader(): (bodies: readonly Uint8Array[]) => Read {
  const patterns = createPatterns();
  const normaliser = createNormaliser(patterns, defaultConfig);
  const block = createSpanBlock();
  return (bodies) => {
    let matched = 0;
    const visit = (span: SpanCursor): void => {
      if (span.matched) matched++;
      block.append(span, normaliser(span));
    };
    return {
      ...readInto(block, bodies, (body) => decodeOtlp(body, visit, defaultLimits, redaction, patterns)),
      matched,
    };
  };
}

test('recorded spans are the same by their patterns, and from the second time on nearly all have a known one', () => {
  for (const recording of recordings) {
    const bodies = recordedBodies(recording);
    const plain = readPlain(bodies);
    const read = createReader();
    for (const again of [false, true]) {
      const { spans, results, matched } = read(bodies);
      assert.deepEqual(spans, plain.spans);
      assert.deepEqual(results, plain.results);
      if (again) assert.ok(matched > spans.length * 0.5, `${matched} of ${spans.length} in ${recording}`);
    }
  }
});

test('bodies with a byte changed, cut or added are read alike with and without patterns', () => {
  const bodies = recordedBodies('faults').slice(0, 20);
  const read = createReader();
  read(bodies);
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom('set', 'cut', 'add'),
      (b, at, to, how) => {
        const body = bodies[b % bodies.length]!;
        const where = at % body.length;
        const changed =
          how === 'set'
            ? Buffer.concat([body.subarray(0, where), Uint8Array.of(to), body.subarray(where + 1)])
            : how === 'cut'
              ? body.subarray(0, where)
              : Buffer.concat([body.subarray(0, where), Uint8Array.of(to), body.subarray(where)]);
        const { spans, results } = read([changed, body]);
        const plain = readPlain([changed, body]);
        assert.deepEqual(results, plain.results);
        assert.deepEqual(spans, plain.spans);
      },
    ),
    { numRuns: 2000 },
  );
});

/** The same spans with other ids. */
function withIds({ resourceSpans = [] }: OtlpTraces, digit: string): OtlpTraces {
  const other = (span: OtlpSpan): OtlpSpan => ({
    ...span,
    ...(span.spanId && { spanId: digit + span.spanId.slice(1) }),
  });
  return {
    resourceSpans: resourceSpans.map((envelope) => ({
      ...envelope,
      scopeSpans: (envelope.scopeSpans ?? []).map((scope) => ({ ...scope, spans: (scope.spans ?? []).map(other) })),
    })),
  };
}

test('any request, sent again and again under other ids, is stored as without patterns', () => {
  fc.assert(
    fc.property(otlpTraces, (traces) => {
      const bodies = ['1', '2', '3'].map((digit) => writeOtlp(withIds(traces, digit)));
      const { spans, results } = createReader()(bodies);
      const plain = readPlain(bodies);
      assert.deepEqual(results, plain.results);
      assert.deepEqual(spans, plain.spans);
    }),
    { numRuns: 300 },
  );
});

const base = {
  traceId: '0123456789abcdef0123456789abcdef',
  spanId: '0123456789abcdef',
  name: 'GET /',
  kind: 3,
  startTimeUnixNano: '1000',
  endTimeUnixNano: '3000',
};
const bodyOf = (spans: readonly Partial<OtlpSpan>[]): Uint8Array =>
  writeOtlp({ resourceSpans: [{ scopeSpans: [{ spans: spans.map((span) => ({ ...base, ...span })) }] }] });

test('what a rule reads of a varying value holds for that span alone', () => {
  const span = (url: string): Partial<OtlpSpan> => ({
    attributes: keyValues({ 'http.url': url, 'http.method': 'GET' }),
  });
  const { spans } = createReader()([bodyOf(['http://a/1', 'http://b/2', 'http://a/3'].map(span))]);
  assert.deepEqual(
    spans.map(({ peer }) => peer),
    ['a', 'b', 'a'],
  );
});

test('sizes are those of each span', () => {
  const span = (size: string): Partial<OtlpSpan> => ({
    attributes: keyValues({ request_size: size, 'peer.service': 'x', response_size: `${size}0` }),
  });
  const { spans, matched } = createReader()([bodyOf(['1', '22', '333'].map(span))]);
  assert.equal(matched, 2);
  assert.deepEqual(
    spans.map(({ requestBytes, responseBytes }) => [requestBytes, responseBytes]),
    [
      [1, 10],
      [22, 220],
      [333, 3330],
    ],
  );
});

test('a secret in a varying URL is hidden in a span of a known pattern', () => {
  const span = (url: string): Partial<OtlpSpan> => ({
    attributes: keyValues({ 'url.full': url, 'peer.service': 'x' }),
  });
  const { spans } = createReader()([
    bodyOf([span('http://a/1'), span('http://a/2')]),
    bodyOf([span('http://a/?token=S3CRET')]),
  ]);
  assert.ok(!JSON.stringify(spans.map(({ attributes }) => attributes)).includes('S3CRET'));
});

test('a secret is hidden where empty values of its key, which came to vary, have a known pattern', () => {
  texts.reset();
  const bits = Array.from({ length: 512 }, (_, i) =>
    keyValues(Object.fromEntries(Array.from({ length: 9 }, (__, b) => [`b${b}`, String((i >> (8 - b)) & 1)]))),
  );
  const withValue = (i: number, key: string, value: OtlpAnyValue): Partial<OtlpSpan> => ({
    attributes: [...bits[i]!, { key, value }],
  });
  const keys = ['session.token', 'user.email'];
  const read = createReader();
  read([bodyOf(bits.map((attributes) => ({ attributes })))]);
  for (const key of keys) read([bodyOf(bits.slice(0, 300).map((_, i) => withValue(i, key, { stringValue: 'x' })))]);
  for (const key of keys) {
    for (const [i, [empty, secret]] of (
      [
        [{ stringValue: '' }, { stringValue: 'S3CRET' }],
        [{ stringValue: '' }, { stringValue: 'Bearer S3CRET '.repeat(10) }],
        [{ bytesValue: '' }, { bytesValue: Buffer.from('S3CRET').toString('base64') }],
      ] as const
    ).entries()) {
      const known = bodyOf([withValue(i, key, empty)]);
      const hidden = bodyOf([withValue(i, key, secret)]);
      read([known]);
      assert.equal(read([known]).matched, 1);
      const { spans } = read([hidden]);
      assert.deepEqual(spans[0]?.attributes.at(-1), { key, type: 's', text: 'REDACTED' });
      assert.deepEqual(spans, readPlain([hidden]).spans);
    }
  }
});

test('an identity in a value that varies is found', () => {
  const span = (value: string): Partial<OtlpSpan> => ({
    attributes: keyValues({ 'peer.service': 'x', 'upstream.peer': value.padEnd(300, '/x') }),
  });
  const { spans } = createReader()([bodyOf([span('one'), span('two'), span('spiffe://a/b')])]);
  assert.deepEqual(
    spans.map(({ principal }) => principal.slice(0, 12)),
    ['', '', 'spiffe://a/b'],
  );
});

test('varying values whose text is longer than their bytes are taken', () => {
  const bytes = (key: string, length: number): NonNullable<OtlpSpan['attributes']>[number] => ({
    key,
    value: { bytesValue: Buffer.alloc(length, key).toString('base64') },
  });
  const span = { attributes: [...keyValues({ 'peer.service': 'x' }), bytes('a', 6000), bytes('b', 300)] };
  const bodies = [bodyOf([span]), bodyOf([span])];
  const { spans, results, matched } = createReader()(bodies);
  const plain = readPlain(bodies);
  assert.deepEqual([spans, results, matched], [plain.spans, plain.results, 1]);
});

test('a key whose values go on to differ is kept apart, whichever way it comes back', () => {
  const order = (i: number): Partial<OtlpSpan> => ({
    spanId: i.toString(16).padStart(16, '1'),
    attributes: [
      ...keyValues({ 'peer.service': 'x', order: `order ${i}` }),
      { key: 'n', value: { intValue: String(i % 2) } },
    ],
  });
  const read = createReader();
  for (let from = 0; from < 4000; from += 1000) {
    const { spans, matched } = read([bodyOf(Array.from({ length: 1000 }, (_, i) => order(from + i)))]);
    assert.deepEqual(
      spans.map(({ attributes }) => attributes[1]?.text).sort(),
      Array.from({ length: 1000 }, (_, i) => `order ${from + i}`).sort(),
    );
    if (from > 0) assert.ok(matched > 990, `${matched} matched`);
  }
});

test('patterns outlive nothing: after the vocabulary began anew they are found again', () => {
  const body = recordedBodies('healthy')[0]!;
  const read = createReader();
  read([body]);
  texts.reset();
  assert.deepEqual(read([body, body]).spans, readPlain([body, body]).spans);
});
