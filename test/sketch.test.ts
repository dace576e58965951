import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as sketch from '#shared/sketch.ts';

const durations = fc.array(fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 1, max: 1e14, noNaN: true })), {
  minLength: 1,
  maxLength: 300,
});

function of(values: readonly number[], weight = 1): sketch.Sketch {
  const made = sketch.createSketch();
  for (const value of values) sketch.add(made, value, weight);
  return made;
}

function exact(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(q * sorted.length - 1e-9));
  return sorted[rank - 1] ?? Number.NaN;
}

test('a quantile is within 1 % of the exact nearest rank', () => {
  fc.assert(
    fc.property(durations, fc.constantFrom(0, 0.01, 0.07, 0.5, 0.9, 0.99, 0.999, 1), (values, q) => {
      const wanted = exact(values, q);
      const got = sketch.quantile(of(values), q) ?? Number.NaN;
      assert.ok(Math.abs(got - wanted) <= wanted * 0.01, `p${q * 100} of ${values.length}: ${got}, exactly ${wanted}`);
    }),
  );
});

test('merging is exact, in any order and grouping', () => {
  fc.assert(
    fc.property(durations, durations, durations, (a, b, c) => {
      const whole = sketch.toMap(of([...a, ...b, ...c]));
      const left = of(a);
      sketch.merge(left, of(b));
      sketch.merge(left, of(c));
      const inner = of(b);
      sketch.merge(inner, of(a));
      const right = of(c);
      sketch.merge(right, inner);
      assert.deepEqual(sketch.toMap(left), whole);
      assert.deepEqual(sketch.toMap(right), whole);
    }),
  );
});

test('a weight counts as so many durations', () => {
  fc.assert(
    fc.property(durations, fc.integer({ min: 1, max: 9 }), (values, weight) => {
      const repeated = of(values.flatMap((value) => Array.from({ length: weight }, () => value)));
      assert.deepEqual(sketch.toMap(of(values, weight)), sketch.toMap(repeated));
      assert.equal(sketch.count(of(values, weight)), values.length * weight);
    }),
  );
  const weighted = of([1000], 90);
  sketch.add(weighted, 1e6, 10);
  assert.ok(Math.abs((sketch.quantile(weighted, 0.9) ?? 0) - 1000) <= 10);
  assert.ok(Math.abs((sketch.quantile(weighted, 0.901) ?? 0) - 1e6) <= 1e4);
});

test('buckets fit Int16, whatever comes in', () => {
  for (const value of [Number.NaN, -1, 0, -Infinity]) assert.equal(sketch.bucketOf(value), -1);
  for (const value of [1e-9, 0.5, 1]) assert.equal(sketch.bucketOf(value), 0);
  for (const value of [1e300, Infinity]) assert.ok(sketch.bucketOf(value) < 32768);
  assert.equal(sketch.valueOf(-1), 0);
  assert.ok(sketch.bucketOf(24 * 3600e9) > sketch.bucketOf(1));
});

test('durations of zero and below are counted, as 0', () => {
  const made = of([0, -5, 0, 100]);
  assert.equal(sketch.quantile(made, 0.5), 0);
  assert.equal(sketch.count(made), 4);
  assert.ok((sketch.quantile(made, 1) ?? 0) > 98);
});

test('an empty sketch has no quantile', () => {
  assert.equal(sketch.quantile(sketch.createSketch(), 0.5), undefined);
  assert.deepEqual(sketch.quantiles(sketch.createSketch(), [0.5, 0.9]), [undefined, undefined]);
  assert.equal(sketch.count(sketch.createSketch()), 0);
});

test('the stored form gives the same sketch back and drops what is no number', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const made = of(values);
      assert.deepEqual(sketch.toMap(sketch.fromMap(sketch.toMap(made))), sketch.toMap(made));
    }),
  );
  assert.deepEqual(sketch.toMap(sketch.fromMap({ '3': 2, x: 1, '4.5': 1, '7': Number.NaN })), { 3: 2 });
});

test('a duration band is 10 to 20 % wide and bands follow each other', () => {
  fc.assert(
    fc.property(fc.double({ min: 2, max: 1e14, noNaN: true }), (ns) => {
      const band = sketch.durationBand(ns);
      assert.ok(sketch.bandStart(band) <= ns * (1 + 1e-12) && ns < sketch.bandStart(band + 1) * (1 + 1e-12));
    }),
  );
  const width = sketch.bandStart(101) / sketch.bandStart(100);
  assert.ok(width > 1.1 && width < 1.2);
  assert.equal(sketch.durationBand(0), -1);
});
