/** shared/compare.ts: a change is named when there is one, and hardly ever when there is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparison as schema, type Comparison } from '#shared/api.ts';
import { compareStretches } from '#shared/compare.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { createRandom, type Random } from '../fixtures/mesh/random.ts';
import { edgeFrame, type FrameText } from './edge-frame.ts';

const startMs = 1_764_000_000_000;
const minute = 60_000;

/** Five minutes against the five after. */
function compare(before: readonly EdgeFrame[], after: readonly EdgeFrame[], afterMs = 5 * minute): Comparison {
  const middle = startMs + 5 * minute;
  const made = compareStretches(
    { fromMs: startMs, toMs: middle, frames: before },
    { fromMs: middle, toMs: middle + afterMs, frames: after },
    {},
  );
  schema.parse(made);
  return made;
}
const changeOf = (before: readonly EdgeFrame[], after: readonly EdgeFrame[], afterMs?: number): string =>
  compare(before, after, afterMs).edges[0]?.change ?? 'none';
const edge = (calls: number, said: FrameText = {}): EdgeFrame[] => [edgeFrame('web', 'auth', { calls, ...said })];

/** Latencies in ms, log-normal round the middle. */
const latencies = (random: Random, calls: number, middleMs: number): number[] =>
  Array.from({ length: calls }, () => random.around(middleMs, 0.6));

test('more failures than chance would do are failing, fewer are recovered', () => {
  assert.equal(changeOf(edge(1000, { failed: 5 }), edge(1000, { failed: 60 })), 'failing');
  assert.equal(changeOf(edge(1000, { failed: 60 }), edge(1000, { failed: 5 })), 'recovered');
  assert.equal(changeOf(edge(1000, { failed: 10 }), edge(1000, { failed: 16 })), 'same');
  assert.equal(changeOf(edge(20, { failed: 0 }), edge(20, { failed: 2 })), 'same', 'two of twenty tell nothing');
  assert.equal(
    changeOf(edge(1e7, { failed: 1000 }), edge(1e7, { failed: 4000 })),
    'same',
    'sure, but too small to care about',
  );
});

test('of sampled calls only those really seen count as evidence', () => {
  const sampled = (failed: number): EdgeFrame[] => edge(1000, { failed, seen: 20 });
  assert.equal(changeOf(sampled(0), sampled(100)), 'same');
  assert.equal(changeOf(edge(1000), edge(1000, { failed: 100 })), 'failing');
});

test('a p90 that moved further than its rank can wander is slower or faster', () => {
  const random = createRandom(3);
  const at = (middleMs: number, calls = 2000): EdgeFrame[] => [
    edgeFrame('web', 'auth', { clientMs: latencies(random, calls, middleMs) }),
  ];
  assert.equal(changeOf(at(20), at(30)), 'slower');
  assert.equal(changeOf(at(30), at(20)), 'faster');
  assert.equal(changeOf(at(20), at(20)), 'same');
  assert.equal(changeOf(at(20, 40), at(30, 40)), 'same', 'too few calls');
  assert.equal(changeOf(at(20, 100_000), at(21, 100_000)), 'same', 'sure, but too small to care about');
  assert.equal(changeOf(at(0.1), at(0.2)), 'same', 'a tenth of a millisecond');
});

test('a p90 is as sure as the calls it is drawn from, not as those that tell no latency', () => {
  const random = createRandom(4);
  const at = (middleMs: number, calls: number): EdgeFrame[] => [
    edgeFrame('web', 'auth', { clientMs: latencies(random, 20, middleMs), calls }),
  ];
  let named = 0;
  for (let round = 0; round < 300; round++) if (changeOf(at(20, 20_000), at(20, 20_000)) !== 'same') named += 1;
  assert.equal(named, 0, 'twenty of twenty thousand calls were seen by the caller');
});

test("one time's latency at callers is not compared with the other's at callees", () => {
  const random = createRandom(6);
  const server = latencies(random, 2000, 5);
  const both = edgeFrame('web', 'auth', { clientMs: latencies(random, 2000, 20), serverMs: server });
  const [told] = compare([both], [edgeFrame('web', 'auth', { calls: 2000, serverMs: server })]).edges;
  assert.equal(told?.change, 'same');
  assert.equal(told?.p90Ms.before, told?.p90Ms.after);
});

test('of a mesh of two hundred unchanged edges hardly one is named, and one twice as slow is', () => {
  const random = createRandom(8);
  const stretch = (slow: number): EdgeFrame[] =>
    Array.from({ length: 200 }, (_, edge) =>
      edgeFrame('web', `w${edge}`, { clientMs: latencies(random, 500, edge === 7 ? slow : 15) }),
    );
  const { edges } = compare(stretch(15), stretch(30));
  assert.deepEqual([edges[0]?.target, edges[0]?.change], ['//w7', 'slower']);
  assert.equal(edges.filter(({ change }) => change !== 'same').length, 1);
});

test('traffic is busier or quieter by the second, whatever the lengths', () => {
  assert.equal(changeOf(edge(600), edge(1200)), 'busier');
  assert.equal(changeOf(edge(1200), edge(600)), 'quieter');
  assert.equal(changeOf(edge(600), edge(1200), 10 * minute), 'same', 'twice as long');
  assert.equal(changeOf(edge(4), edge(8)), 'same', 'chance');
  assert.equal(changeOf(edge(60_000), edge(70_000)), 'same', 'sure, but too small to care about');
});

test('an edge is new or gone when chance would not leave the other time empty', () => {
  assert.equal(changeOf([], edge(30)), 'new');
  assert.equal(changeOf(edge(30), []), 'gone');
  assert.equal(changeOf([], edge(3)), 'same');
  assert.equal(changeOf(edge(3), []), 'same');
  const [gone] = compare(edge(30), []).edges;
  assert.deepEqual(
    [gone?.calls, gone?.successRate],
    [
      { before: 30, after: 0 },
      { before: 1, after: null },
    ],
  );
});

test('what matters most comes first: failing, then new and gone, then slower', () => {
  const random = createRandom(5);
  const fast = latencies(random, 3000, 10);
  const before = [
    edgeFrame('web', 'a', { clientMs: fast }),
    edgeFrame('web', 'b', { clientMs: fast }),
    edgeFrame('web', 'c', { clientMs: fast }),
    edgeFrame('web', 'd', { clientMs: fast }),
    edgeFrame('web', 'same', { clientMs: fast }),
  ];
  const after = [
    edgeFrame('web', 'a', { clientMs: fast.slice(0, 1000) }),
    edgeFrame('web', 'b', { clientMs: fast.map((ms) => ms * 8) }),
    edgeFrame('web', 'c', { clientMs: fast, failed: 900 }),
    edgeFrame('web', 'new', { clientMs: fast }),
    edgeFrame('web', 'same', { clientMs: fast }),
  ];
  const { edges } = compare(before, after);
  assert.deepEqual(
    edges.map(({ target, change }) => `${target} ${change}`),
    ['//c failing', '//new new', '//d gone', '//b slower', '//a quieter', '//same same'],
  );
  assert.ok(edges.every(({ score }) => score >= 0 && score <= 1));
  assert.equal(edges.at(-1)?.score, 0);
});

test('the same trouble on a busy edge comes before that on a quiet one', () => {
  const pair = (target: string, calls: number, share: number): EdgeFrame =>
    edgeFrame('web', target, { calls, failed: calls * share });
  const { edges } = compare(
    [pair('quiet', 500, 0), pair('busy', 50_000, 0)],
    [pair('quiet', 500, 0.1), pair('busy', 50_000, 0.1)],
  );
  assert.deepEqual(
    edges.map(({ target }) => target),
    ['//busy', '//quiet'],
  );
});

test('critical shares are told of both times', () => {
  const path = (ns: number): EdgeFrame[] => [
    edgeFrame('web', 'auth', { calls: 100, criticalNs: { k: ns } }),
    edgeFrame('', 'web', { rootNs: { k: 100 } }),
  ];
  assert.deepEqual(compare(path(20), path(60)).edges[0]?.criticalShare, { before: 0.2, after: 0.6 });
});

test('ordinary noise is the same: of two thousand unchanged edges hardly one is named', () => {
  const random = createRandom(11);
  let named = 0;
  for (let round = 0; round < 2000; round++) {
    const wanted = 20 + random.below(800);
    const share = random.next() * 0.05;
    const stretch = (): EdgeFrame[] => {
      let calls = 0;
      // A Poisson count, by its gaps.
      for (let at = 0; at < wanted; at -= Math.log(1 - random.next())) calls += 1;
      const clientMs = latencies(random, calls, 15);
      return [edgeFrame('web', 'auth', { clientMs, failed: clientMs.filter(() => random.next() < share).length })];
    };
    if (changeOf(stretch(), stretch()) !== 'same') named += 1;
  }
  assert.ok(named <= 2, `${named} of 2000`);
});
