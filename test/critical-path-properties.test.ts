/** What holds of every critical path, over random traces with every kind of damage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPathScratch, criticalPath } from '#shared/critical-path.ts';
import { toColumns, type Span } from '#shared/span.ts';
import { buildTree, type TraceTree } from '#shared/trace-tree.ts';
import { pathOf, segments } from './path-segments.ts';
import { plainPath } from './plain-path.ts';
import { span, spanId, treeOf } from './span-builder.ts';
import { anyTrace, name, shuffled } from './trace-arbitrary.ts';

function check(property: (spans: Span[], tree: TraceTree) => void, options?: { tidy?: boolean }): void {
  fc.assert(
    fc.property(anyTrace(options), (spans) => property(spans, treeOf(spans))),
    { numRuns: 2000 },
  );
}

test('segments are sorted, contiguous, within their spans and below the root, and sum to its duration exactly', () => {
  check((_, tree) => {
    for (const root of tree.roots) {
      const path = criticalPath(tree, root);
      let at = tree.startNs[root] ?? 0;
      let sum = 0;
      for (let i = 0; i < path.count; i++) {
        const node = path.node[i] ?? -1;
        const from = path.startNs[i] ?? 0;
        const to = path.endNs[i] ?? 0;
        assert.equal(from, at);
        assert.ok(to > from);
        assert.ok(from >= (tree.startNs[node] ?? 0) && to <= (tree.endNs[node] ?? 0));
        let above = node;
        while (above > root) above = tree.parent[above] ?? -1;
        assert.equal(above, root);
        sum += to - from;
        at = to;
      }
      assert.equal(at, tree.endNs[root]);
      assert.equal(sum, (tree.endNs[root] ?? 0) - (tree.startNs[root] ?? 0));
    }
  });
});

test('it is the path that the plain recursive definition gives', () => {
  check((_, tree) => {
    for (const root of tree.roots) assert.deepEqual(segments(tree, root), plainPath(tree, root));
  });
});

test('order of arrival and doubles do not matter', () => {
  fc.assert(
    fc.property(anyTrace(), fc.nat(), (spans, seed) => {
      assert.deepEqual(pathOf(shuffled([...spans, ...spans], seed)), pathOf(spans));
    }),
  );
});

test('ids do not matter, only their order', () => {
  fc.assert(
    fc.property(anyTrace(), fc.integer({ min: 1, max: 70 }), (spans, by) => {
      const rename = (hex: string): string =>
        hex === '' ? '' : spanId(name(Number(Buffer.from(hex, 'hex').toString().replace(/\D/g, '')) * 7 + by));
      const renamed = spans.map((one) => ({ ...one, spanId: rename(one.spanId), parentId: rename(one.parentId) }));
      assert.deepEqual(pathOf(renamed), pathOf(spans));
    }),
  );
});

test('shifting all times shifts the path, scaling them scales it', () => {
  fc.assert(
    fc.property(
      anyTrace(),
      fc.integer({ min: 1, max: 1e9 }),
      fc.integer({ min: 2, max: 9 }),
      (spans, shift, factor) => {
        const expected = pathOf(spans);
        const columns = toColumns(spans);
        for (let row = 0; row < columns.count; row++) columns.startNs[row]! += shift * 1e6;
        const rows = spans.map((_, row) => row);
        assert.deepEqual(
          segments(buildTree(columns, rows)),
          expected.map((s) => ({ ...s, from: s.from + shift, to: s.to + shift })),
        );
        for (let row = 0; row < columns.count; row++) {
          columns.startNs[row] = ((columns.startNs[row] ?? 0) - shift * 1e6) * factor;
          columns.durationNs[row]! *= factor;
        }
        assert.deepEqual(
          segments(buildTree(columns, rows)),
          expected.map((s) => ({ ...s, from: s.from * factor, to: s.to * factor })),
        );
      },
    ),
  );
});

test('a span that nobody waits for leaves the path as it is', () => {
  fc.assert(
    fc.property(anyTrace(), fc.nat(), fc.nat(60), fc.nat(99), (spans, pick, at, ms) => {
      const tree = treeOf(spans);
      const node = pick % tree.count;
      const parentId = spans[tree.row[node] ?? 0]?.spanId ?? '';
      // Of an id with several spans it is not told which of them would be the parent.
      fc.pre(
        new Set(spans.filter((one) => one.spanId === parentId).map((one) => `${one.kind} ${one.service}`)).size === 1,
      );
      const given = { id: 'zz', service: 'a', ms };
      const aside = { ...span({ ...given, at, kind: 'consumer' }), parentId };
      const late = { ...span(given), parentId, startNs: tree.columns.originNs + BigInt(tree.endNs[node] ?? 0) };
      for (const one of [aside, late]) {
        // Times are told from the trace's first start: it must not move.
        if (one.startNs >= tree.columns.originNs) assert.deepEqual(pathOf([...spans, one]), segments(tree));
      }
    }),
    { numRuns: 2000 },
  );
});

test('taking away a leaf that is not on the path leaves the path as it is', () => {
  check(
    (spans, tree) => {
      const expected = segments(tree);
      const on = new Set(expected.map((s) => s.name));
      const leaf = spans.find((one) => {
        const isParent = spans.some((other) => other.parentId === one.spanId);
        const isFirst = spans.every((other) => other === one || other.startNs > one.startNs);
        return one.parentId !== '' && !isParent && !isFirst && !on.has(one.name);
      });
      if (leaf === undefined) return;
      const node = Array.from(tree.row.subarray(0, tree.count)).findIndex((row) => spans[row] === leaf);
      if (node < 0 || (tree.parent[node] ?? -1) < 0) return;
      assert.deepEqual(pathOf(spans.filter((one) => one !== leaf)), expected);
    },
    { tidy: true },
  );
});

test('a trace of one span is one segment, and none when it has no length', () => {
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 1e6 }), fc.nat(1e6), (ms, at) => {
      const expected = ms > 0 ? [{ name: 'one', from: 0, to: ms }] : [];
      assert.deepEqual(pathOf([span({ id: 'one', at, ms })]), expected);
    }),
  );
});

test('each of several roots has its own path, and together they are all the time of the roots', () => {
  check((_, tree) => {
    const own = tree.roots.map((root) => segments(tree, root));
    const lengths = tree.roots.map((root) => ((tree.endNs[root] ?? 0) - (tree.startNs[root] ?? 0)) / 1e6);
    const sums = own.map((path) => path.reduce((sum, { from, to }) => sum + to - from, 0));
    assert.deepEqual(sums, lengths);
  });
});

test('memory that is used again gives the same path', () => {
  const scratch = createPathScratch();
  check((_, tree) => {
    const fresh = criticalPath(tree);
    const again = criticalPath(tree, undefined, scratch);
    assert.deepEqual([...again.node.subarray(0, again.count)], [...fresh.node.subarray(0, fresh.count)]);
    assert.deepEqual([...again.startNs.subarray(0, again.count)], [...fresh.startNs.subarray(0, fresh.count)]);
  });
});
