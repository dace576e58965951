/** A trace as columns: what is packed and unpacked is the same trace, whatever it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lightTrace, type LightTrace } from '#shared/api.ts';
import { packTrace, unpackTrace } from '#shared/light-trace.ts';
import type { Span } from '#shared/span.ts';
import { attempt, gateway, into, oneHop, out, span } from './span-builder.ts';
import { strict } from './strict.ts';
import { anyTrace } from './trace-arbitrary.ts';
import { shapeOf, toTrace, traceOf } from './trace-of.ts';

const packedOf = (spans: readonly Span[]): LightTrace => {
  const shape = shapeOf(spans);
  return packTrace(shape.head, toTrace(shape).spans, shape.rows);
};

/** Packed, sent and unpacked it is the same. */
function same(spans: readonly Span[]): void {
  const packed = packedOf(spans);
  const wire: unknown = JSON.parse(JSON.stringify(packed));
  assert.ok(strict(lightTrace).safeParse(wire).success, 'it is of the contract');
  assert.deepEqual(unpackTrace(wire as typeof packed), traceOf(spans));
}

test('a trace comes back as it was: tree, calls, errors, marks, orphans', () => {
  same(oneHop());
  same([gateway({ id: 'S', kind: 'server', ms: 60 }), attempt(0, 2, 503), attempt(1, 12, 503), attempt(2, 22, 200)]);
  same([out({ httpCode: 503, responseFlags: 'UF', statusCode: 2 }), into({ at: -400 })]);
  same([span({ id: 'a' }), span({ id: 'o', parent: 'gone', at: 3 }), span({ id: 'p', at: 4, ms: -2 })]);
  same([span({ id: 'only', ms: 0 })]);
});

test('any trace comes back as it was', () => {
  fc.assert(
    fc.property(anyTrace(), (spans) => same(spans)),
    { numRuns: 300 },
  );
});

test('texts are sent once, however many spans have them', () => {
  const spans = Array.from({ length: 500 }, (_, i) =>
    span({ id: `${i}`, parent: i === 0 ? '' : '0', name: 'work', service: 'shop', at: i / 100 }),
  );
  const packed = packedOf(spans);
  assert.equal(packed.texts.filter((text) => text === 'work').length, 1);
  assert.equal(packed.spans.sorts.length, 1);
  assert.ok(JSON.stringify(packed).length < 500 * 60);
});
