/** collector/derive/seen.ts: what has settled lately is known, and hardly ever what has not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeenTraces } from '../collector/derive/seen.ts';
import { createRandom } from '../fixtures/mesh/random.ts';

/** Random ids, four words each. */
function idsOf(seed: number, count: number): Uint32Array {
  const random = createRandom(seed);
  return Uint32Array.from({ length: count * 4 }, () => random.below(2 ** 32));
}

test('of three million traces of a quarter of an hour all are known, and of others hardly one in 100,000', () => {
  const [count, others] = [3_000_000, 500_000];
  const [ids, unknown] = [idsOf(1, count), idsOf(2, others)];
  const seen = createSeenTraces(900);
  // The first generation is not expected to be that large, the second one is.
  for (const generation of [0, 1]) {
    for (let trace = 0; trace < count; trace++)
      seen.add(ids, trace, generation * 900 + Math.floor((trace * 900) / count));
    let [missed, wrong] = [0, 0];
    for (let trace = 0; trace < count; trace++) if (!seen.mayHave(ids, trace)) missed += 1;
    for (let trace = 0; trace < others; trace++) if (seen.mayHave(unknown, trace)) wrong += 1;
    assert.equal(missed, 0);
    assert.ok(wrong < others / 20_000, `${wrong} of ${others}`);
  }
});

test('a trace is known for as many ticks as are asked for, and forgotten when they have gone by twice', () => {
  const ids = idsOf(3, 4);
  const seen = createSeenTraces(100);
  seen.add(ids, 0, 199);
  seen.add(ids, 1, 200);
  seen.add(ids, 2, 299);
  assert.ok(seen.mayHave(ids, 0) && seen.mayHave(ids, 1));
  seen.add(ids, 2, 300);
  assert.deepEqual([seen.mayHave(ids, 0), seen.mayHave(ids, 1)], [false, true]);
  // After a long rest nothing of before is.
  seen.add(ids, 3, 700);
  assert.deepEqual(
    [0, 1, 2, 3].map((trace) => seen.mayHave(ids, trace)),
    [false, false, false, true],
  );
});
