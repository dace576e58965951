/** Where the charts of the panels put things: time along x, values along y, percentiles over a heatmap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linear, lowerBound, niceTop, rowsUp, stepAt, successFloor, toPath, xOf, type Axis } from '../ui/map/chart.ts';

const axis: Axis = { from: 0, stepMs: 10, count: 30, left: 40, width: 340 };

test('a place on the time axis leads back to its step', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 100, max: 700 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (count, width, within) => {
        const one = { ...axis, count, width };
        const index = Math.floor(within * count);
        // x is rounded to a tenth of a px: steps narrower than that cannot be told apart
        if ((width - one.left) / count > 0.2) assert.equal(stepAt(one, xOf(one, index + 0.5)), index);
      },
    ),
  );
  assert.equal(stepAt(axis, 39), undefined);
  assert.equal(stepAt(axis, 341), undefined);
});

test('a line breaks where nothing was measured, and a lone sample stays visible', () => {
  const y = linear([0, 10], [100, 0]);
  const path = (values: (number | undefined)[]) =>
    toPath(
      values.map((value, at) => ({ at, value })),
      axis,
      y,
    );
  assert.equal(path([1, 2, undefined, 3, 4]).match(/M/g)?.length, 2);
  assert.match(path([undefined, 5, undefined]), /h\d/);
  assert.doesNotMatch(path([1, 5, 1]), /h\d/);
  assert.equal(path([]), '');
});

test('axes end at round numbers', () => {
  for (const [value, top] of [
    [0, 1],
    [0.3, 0.5],
    [1, 1],
    [7, 10],
    [21, 50],
    [1900, 2000],
  ] as const)
    assert.equal(niceTop(value), top);
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (value) => niceTop(value) >= value * 0.999999),
  );
  assert.equal(successFloor(1), 0.99);
  assert.equal(successFloor(0.968), 0.95);
  assert.equal(successFloor(0), 0);
});

test('a percentile lies in the row of the heatmap whose band holds it', () => {
  const boundsMs = Array.from({ length: 20 }, (_, i) => 10 * 1.2 ** i);
  const rows = boundsMs.map((_, i) => i);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 19 }), fc.double({ min: 0.05, max: 0.95, noNaN: true }), (row, within) => {
      const low = lowerBound({ boundsMs }, row);
      const high = boundsMs[row] ?? 0;
      assert.equal(Math.floor(rowsUp({ boundsMs }, rows, low + within * (high - low))), row);
    }),
  );
  assert.equal(rowsUp({ boundsMs }, rows, 1e9), 20);
  assert.equal(rowsUp({ boundsMs }, rows, 1e-9), 0);
});
