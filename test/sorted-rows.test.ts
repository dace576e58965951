import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { orderByTrace } from '../collector/store/sorted-rows.ts';

/** Ids that share beginnings of any length, and whole ids. */
const ids = fc
  .array(fc.tuple(fc.constantFrom('', '00000000', 'ffffffff', '65536a01'), fc.integer({ min: 0, max: 12 })), {
    maxLength: 200,
  })
  .map((parts) =>
    parts.map(([start, n]) => {
      const tail = ((n * 0x9e3779b9) >>> 0).toString(16);
      return n % 2 === 0 ? (start + tail).padEnd(32, '0') : start.padEnd(8, '8') + tail.padStart(24, '0');
    }),
  );

test('rows are in the order of their trace ids as bytes, those of one trace as they came', () => {
  fc.assert(
    fc.property(ids, (texts) => {
      const bytes = Buffer.concat(texts.map((text) => Buffer.from(text, 'hex')));
      const words = Uint32Array.from({ length: texts.length * 4 }, (_, i) => bytes.readUInt32LE(i * 4));
      const expected = texts
        .map((text, row) => ({ text, row }))
        .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.row - b.row))
        .map(({ row }) => row);
      assert.deepEqual([...orderByTrace(words, texts.length)], expected);
    }),
    { numRuns: 500 },
  );
});
