/** Clocks that differ: what is moved for display, by how much, and what is left alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findSkew } from '#shared/skew.ts';
import type { Span } from '#shared/span.ts';
import { span, treeOf } from './span-builder.ts';
import { anyTrace } from './trace-arbitrary.ts';

/** What each span is moved by, ms, by its name. */
function moved(spans: readonly Span[], gaveUp: readonly string[] = []): Record<string, number> {
  const tree = treeOf(spans);
  const nameOf = (node: number): string => tree.columns.strings[tree.columns.name[tree.row[node] ?? 0] ?? 0] ?? '';
  const { ns } = findSkew(tree, (node) => gaveUp.includes(nameOf(node)));
  const found = Array.from(ns, (by, node) => [nameOf(node), by / 1e6] as const);
  return Object.fromEntries(found.filter(([, by]) => by !== 0));
}

/** A client of 100 ms, and a server below it with a span of its own. */
const hop = (at: number, ms: number): Span[] => [
  span({ id: 'c', kind: 'client', at: 1000, ms: 100 }),
  span({ id: 's', parent: 'c', kind: 'server', at, ms }),
  span({ id: 'w', parent: 's', at: at + 1, ms: ms / 2 }),
];

test('a server within its client is not moved, wherever it lies', () => {
  for (const at of [1000, 1001, 1040]) assert.deepEqual(moved(hop(at, 60)), {}, `${at}`);
});

test('a server that starts before its client is moved to the middle of it, and all below with it', () => {
  assert.deepEqual(moved(hop(500, 60)), { s: 520, w: 520 });
  assert.deepEqual(moved(hop(999, 60)), { s: 21, w: 21 });
});

test('a server that ends after its client is moved to the middle', () => {
  assert.deepEqual(moved(hop(1070, 60)), { s: -50, w: -50 });
});

test('a server longer than its client is moved only so far that it does not start before it', () => {
  assert.deepEqual(moved(hop(990, 200)), { s: 10, w: 10 });
  assert.deepEqual(moved(hop(1010, 200)), {});
});

test('a server that goes on after its caller gave up is no matter of clocks', () => {
  assert.deepEqual(moved(hop(1070, 60), ['c']), {});
  assert.deepEqual(moved(hop(500, 60), ['c']), { s: 520, w: 520 }, 'but nobody is called before the call');
});

test('an end a little after the answer is not corrected, nor a microsecond before the start', () => {
  assert.deepEqual(moved(hop(1040.9, 60)), {});
  assert.deepEqual(moved(hop(1042, 60)), { s: -22, w: -22 });
  assert.deepEqual(moved(hop(999.999, 60)), {});
});

test('only a request over the network is corrected', () => {
  for (const [parent, child] of [
    ['internal', 'internal'],
    ['server', 'internal'],
    ['server', 'server'],
    ['client', 'client'],
    ['client', 'internal'],
    ['producer', 'consumer'],
  ] as const) {
    const spans = [
      span({ id: 'p', kind: parent, at: 1000, ms: 100 }),
      span({ id: 'k', parent: 'p', kind: child, at: 500, ms: 10 }),
    ];
    assert.deepEqual(moved(spans), {}, `${parent} ${child}`);
  }
});

test('a call back to the first clock is put right against the clock that made it', () => {
  const spans = [
    span({ id: 'c1', kind: 'client', at: 1000, ms: 100 }),
    span({ id: 's1', parent: 'c1', kind: 'server', at: 510, ms: 80 }),
    span({ id: 'c2', parent: 's1', kind: 'client', at: 530, ms: 40 }),
    span({ id: 's2', parent: 'c2', kind: 'server', at: 1040, ms: 20 }),
  ];
  assert.deepEqual(moved(spans), { s1: 500, c2: 500 });
});

test('clocks a minute apart are not believed', () => {
  assert.deepEqual(moved(hop(1000 - 59_000, 60)), { s: 59_020, w: 59_020 });
  assert.deepEqual(moved(hop(1000 - 61_000, 60)), {});
});

test('moved or not, a server that fits lies in its client, and what fitted before is where it was', () => {
  fc.assert(
    fc.property(anyTrace(), (spans) => {
      const tree = treeOf(spans);
      const { ns, hops } = findSkew(tree, () => false);
      const own = new Map(hops.map((one) => [one.node, one.ns]));
      for (let node = 0; node < tree.count; node++) {
        const up = tree.parent[node] ?? -1;
        const above = up < 0 ? 0 : (ns[up] ?? 0);
        assert.equal(ns[node], above + (own.get(node) ?? 0));
        if (!own.has(node)) continue;
        const start = (tree.startNs[node] ?? 0) + (ns[node] ?? 0);
        const end = (tree.endNs[node] ?? 0) + (ns[node] ?? 0);
        assert.ok(start >= (tree.startNs[up] ?? 0) + above - 1);
        if (end - start <= (tree.endNs[up] ?? 0) - (tree.startNs[up] ?? 0))
          assert.ok(end <= (tree.endNs[up] ?? 0) + above + 1);
      }
    }),
    { numRuns: 500 },
  );
});
