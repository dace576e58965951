/** Differences of two samples: intervals as the textbooks have them, and chance told from a difference for any sizes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanDifference, namedBelow, shareDifference, toldApart, wilson, type Sample } from '#shared/two-samples.ts';

const near = (actual: number | null, expected: number, within = 1e-4): void =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);

const sampleOf = (values: readonly number[]): Sample => ({
  n: values.length,
  sum: values.reduce((sum, value) => sum + value, 0),
  sumSquares: values.reduce((sum, value) => sum + value * value, 0),
  max: Math.max(0, ...values),
});

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("a share's interval is Wilson's, a difference's is Newcombe's (his own example, 56/70 and 48/80)", () => {
  const [low, high] = wilson(81, 263);
  near(low, 0.2553);
  near(high, 0.3662);
  const difference = shareDifference(56, 70, 48, 80);
  near(difference.value, 0.2);
  near(difference.low, 0.0524);
  near(difference.high, 0.3339);
});

test('the chance of a share is that of the exact test, small counts and large', () => {
  // 3 of 4 against 1 of 4: the tail is (16 + 1) / 70, doubled
  near(shareDifference(3, 4, 1, 4).chance, 34 / 70, 1e-9);
  // all of two marked ones among thirty drawn out of 2,030
  near(shareDifference(2, 30, 0, 2000).chance, (2 * (30 * 29)) / (2030 * 2029), 1e-9);
  assert.equal(shareDifference(500, 1000, 500, 1000).chance, 1);
  assert.ok(shareDifference(200_000, 500_000, 202_000, 500_000).chance < 1e-4);
  assert.ok(shareDifference(0, 10, 10, 10).chance < 2e-5);
});

test("an interval of means is Welch's", () => {
  const a = sampleOf([27.5, 21, 19, 23.6, 17, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19, 21.7, 21.4]);
  const b = sampleOf([27.1, 22, 20.8, 23.4, 23.4, 23.5, 25.8, 22, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.3]);
  const { value, low, high } = meanDifference(a, b);
  near(value, -2.8267, 1e-3);
  near(low, -4.8, 0.1);
  near(high, -0.85, 0.1);
  assert.deepEqual(meanDifference(sampleOf([1]), sampleOf([2, 3])).low, null);
});

test('one slow trace among thirty is chance, thirty slow ones are not', () => {
  const many = { n: 100_000, sum: 1e6, sumSquares: 1e9, max: 10_000 };
  const few = Array.from({ length: 29 }, () => 10);
  assert.ok(meanDifference(sampleOf([...few, 10_000]), many).chance > 1e-3);
  assert.ok(meanDifference(sampleOf(few.map(() => 2_000)), many).chance < 1e-6);
});

test('random halves of long-tailed values are hardly ever named, whatever the sizes', () => {
  const next = random(7);
  const draw = (): number => (next() < 0.02 ? 1000 * next() ** -0.7 : next() < 0.3 ? 0 : 10 * next());
  let named = 0;
  for (let round = 0; round < 4000; round++) {
    const size = [10, 30, 200, 1000][round % 4] ?? 10;
    const a = sampleOf(Array.from({ length: size }, draw));
    const b = sampleOf(Array.from({ length: 300 }, draw));
    if (meanDifference(a, b).chance < namedBelow(1)) named += 1;
  }
  assert.ok(named <= 1, `${named} of 4000 were named`);
});

test('values that do not differ at all differ by nothing', () => {
  const { value, chance } = meanDifference(sampleOf([5, 5, 5, 5]), sampleOf([5, 5, 5]));
  assert.deepEqual([value, chance], [0, 1]);
  assert.equal(meanDifference(sampleOf([]), sampleOf([1, 2])).chance, 1);
  assert.equal(shareDifference(0, 0, 1, 2).chance, 1);
});

test('the more are looked at, the less chance is left to each', () => {
  assert.ok(namedBelow(1) === namedBelow(100));
  assert.equal(namedBelow(10_000), 1e-6);
});

test('a property that one set has and the other has not tells all, one as frequent in both tells nothing', () => {
  assert.equal(toldApart(1, 0), 1);
  assert.equal(toldApart(0.3, 0.3), 0);
  assert.ok(toldApart(0.9, 0.1) > toldApart(0.6, 0.4));
});
