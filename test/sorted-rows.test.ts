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

test('as many rows as the largest body could hold keep their order, each once', () => {
  const rows = 2 ** 21 + 4;
  const words = new Uint32Array(rows * 4);
  for (let row = 0; row < rows; row++) words[row * 4 + 3] = row % 3;
  const expected = [0, 1, 2].flatMap((id) => [id, id + 3, id + 6]);
  const order = orderByTrace(words, rows);
  const firsts = [0, 1, 2].map((id) => (rows / 3) * id);
  assert.deepEqual(
    firsts.flatMap((at) => [...order.subarray(at, at + 3)]),
    expected,
  );
  assert.equal(new Set(order).size, rows);
});
