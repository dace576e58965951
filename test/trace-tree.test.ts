import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spanIdHex, toColumns, type Span } from '#shared/span.ts';
import { buildTree, createTreeScratch, nodeFlag, type TraceTree } from '#shared/trace-tree.ts';
import { span, spanId, traceId, treeOf } from './span-builder.ts';
import { anyTrace, shuffled } from './trace-arbitrary.ts';

/** The tree as indented names, with flags: `a`, `  b orphan`. */
function outline(tree: TraceTree): string[] {
  const { columns, parent, row, flags, count } = tree;
  const depth: number[] = [];
  return Array.from({ length: count }, (_, node) => {
    const up = parent[node] ?? -1;
    depth[node] = up < 0 ? 0 : (depth[up] ?? 0) + 1;
    const at = row[node] ?? 0;
    const names = Object.entries(nodeFlag).flatMap(([name, bit]) => (((flags[node] ?? 0) & bit) !== 0 ? [name] : []));
    return ['  '.repeat(depth[node] ?? 0) + columns.strings[columns.name[at] ?? 0], ...names].join(' ');
  });
}

/** Everything of a tree that must not depend on the order of rows. */
function content(tree: TraceTree): unknown {
  const { columns, count, row, parent, firstChild, nextSibling, startNs, endNs, flags, roots } = tree;
  return {
    roots,
    nodes: Array.from({ length: count }, (_, node) => {
      const at = row[node] ?? 0;
      return [
        spanIdHex(columns.spanId, at),
        columns.kind[at],
        columns.strings[columns.service[at] ?? 0],
        columns.strings[columns.name[at] ?? 0],
        parent[node],
        firstChild[node],
        nextSibling[node],
        Number(columns.originNs) + (startNs[node] ?? 0),
        (endNs[node] ?? 0) - (startNs[node] ?? 0),
        flags[node],
      ];
    }),
  };
}

test('nodes are in preorder, siblings by start, then the longest, then id', () => {
  const spans = [
    span({ id: 'd', parent: 'a', at: 1, ms: 2 }),
    span({ id: 'c', parent: 'a', at: 1, ms: 2 }),
    span({ id: 'late', parent: 'a', at: 5, ms: 1 }),
    span({ id: 'long', parent: 'a', at: 1, ms: 3 }),
    span({ id: 'e', parent: 'c', at: 1, ms: 1 }),
    span({ id: 'a' }),
  ];
  assert.deepEqual(outline(treeOf(spans)), ['a', '  long', '  c', '    e', '  d', '  late']);
});

test('links between nodes fit together', () => {
  fc.assert(
    fc.property(anyTrace(), (spans) => {
      const { count, parent, firstChild, nextSibling, roots, startNs, endNs, row } = treeOf(spans);
      assert.equal(new Set(row.subarray(0, count)).size, count);
      const reached = new Set<number>();
      for (let node = 0; node < count; node++) {
        assert.ok((parent[node] ?? 0) < node);
        assert.ok((endNs[node] ?? 0) >= (startNs[node] ?? 0));
        for (let child = firstChild[node] ?? -1; child >= 0; child = nextSibling[child] ?? -1) {
          assert.equal(parent[child], node);
          assert.ok(!reached.has(child));
          reached.add(child);
        }
      }
      for (const root of roots) {
        assert.equal(parent[root], -1);
        reached.add(root);
      }
      assert.equal(reached.size, count);
    }),
  );
});

test('the tree does not depend on the order of arrival, nor on doubles', () => {
  fc.assert(
    fc.property(anyTrace(), fc.nat(), (spans, seed) => {
      const expected = content(treeOf(spans));
      assert.deepEqual(content(treeOf(shuffled(spans, seed))), expected);
    }),
  );
  fc.assert(
    fc.property(anyTrace(), fc.nat(), (spans, seed) => {
      const once = treeOf(spans);
      const twice = treeOf(shuffled([...spans, ...spans], seed));
      for (const tree of [once, twice])
        for (let node = 0; node < tree.count; node++) tree.flags[node]! &= ~nodeFlag.duplicate;
      assert.deepEqual(content(twice), content(once));
    }),
  );
});

test('memory that is used again gives the same tree', () => {
  const scratch = createTreeScratch();
  fc.assert(
    fc.property(anyTrace(), (spans) => {
      const columns = toColumns(spans);
      const rows = spans.map((_, row) => row);
      assert.deepEqual(content(buildTree(columns, rows, scratch)), content(buildTree(columns, rows)));
    }),
  );
});

test('rows of one trace are picked out of columns of many', () => {
  const columns = toColumns(['x', 'a', 'y', 'b'].map((id, at) => span({ id, parent: id === 'b' ? 'a' : '', at })));
  assert.deepEqual(outline(buildTree(columns, Uint32Array.of(3, 1))), ['a', '  b']);
  assert.equal(buildTree(columns, []).count, 0);
});

test('a span delivered twice counts once, the longest copy is kept, and its first tick', () => {
  const spans = [
    span({ id: 'a', ms: 10 }),
    span({ id: 'b', parent: 'a', ms: 4, tick: 7 }),
    span({ id: 'b', parent: 'a', ms: 6, tick: 9 }),
    span({ id: 'b', parent: 'a', ms: 5, tick: 5 }),
  ];
  for (const order of [spans, spans.toReversed()]) {
    const tree = treeOf(order);
    assert.deepEqual(outline(tree), ['a', '  b duplicate']);
    assert.equal((tree.endNs[1] ?? 0) - (tree.startNs[1] ?? 0), 6e6);
    assert.equal(tree.tick[1], 5);
  }
});

test('one id with two kinds, or of two services, is two spans', () => {
  const spans = [
    span({ id: 'a', name: 'one', service: 'x' }),
    span({ id: 'a', name: 'two', service: 'y' }),
    span({ id: 'a', name: 'three', service: 'x', kind: 'client' }),
  ];
  assert.equal(treeOf(spans).count, 3);
});

test('an id shared by client and server makes the server the child of the client', () => {
  const spans = [
    span({ id: 'root', service: 'a', kind: 'server' }),
    span({ id: 'x', parent: 'root', name: 'client', service: 'a', kind: 'client' }),
    span({ id: 'x', parent: 'root', name: 'server', service: 'b', kind: 'server' }),
    span({ id: 'ofB', parent: 'x', service: 'b' }),
    span({ id: 'ofA', parent: 'x', service: 'a' }),
    span({ id: 'ofC', parent: 'x', service: 'c' }),
  ];
  for (const order of [spans, spans.toReversed()]) {
    assert.deepEqual(outline(treeOf(order)), ['root', '  client', '    server', '      ofB', '      ofC', '    ofA']);
  }
});

test('a span whose parent is absent or is itself is a root', () => {
  const spans = [
    span({ id: 'a', at: 2 }),
    span({ id: 'b', parent: 'gone', at: 1 }),
    span({ id: 'c', parent: 'c', at: 3 }),
    span({ id: 'd', parent: 'c', at: 4 }),
  ];
  assert.deepEqual(outline(treeOf(spans)), ['b orphan', 'a', 'c orphan cycle', '  d']);
});

test('several roots come by start, then the longest, then id', () => {
  const spans = [
    span({ id: 'late', at: 5 }),
    span({ id: 'z', ms: 1 }),
    span({ id: 'b', ms: 1 }),
    span({ id: 'long', ms: 9 }),
  ];
  assert.deepEqual(outline(treeOf(spans)), ['long', 'b', 'z', 'late']);
});

test('a cycle is cut at its smallest id', () => {
  const spans = [
    span({ id: 'b', parent: 'c' }),
    span({ id: 'c', parent: 'a' }),
    span({ id: 'a', parent: 'b' }),
    span({ id: 'd', parent: 'c' }),
    span({ id: 'root', at: 1 }),
  ];
  for (const order of [spans, spans.toReversed()]) {
    assert.deepEqual(outline(treeOf(order)), ['a orphan cycle', '  c', '    b', '    d', 'root']);
  }
});

test('a link joins a span without parent to a span of its trace', () => {
  const producer = span({ id: 'p', kind: 'producer' });
  const consumer = span({ id: 'c', kind: 'consumer', at: 20, links: ['gone', 'p'] });
  assert.deepEqual(outline(treeOf([consumer, producer])), ['p', '  c linked']);
  const elsewhere: Span = { ...consumer, links: [{ traceId: traceId.replace('0', '1'), spanId: spanId('p') }] };
  assert.deepEqual(outline(treeOf([elsewhere, producer])), ['p', 'c']);
  const lost = span({ id: 'c', kind: 'consumer', at: 20, parent: 'gone', links: ['p'] });
  assert.deepEqual(outline(treeOf([lost, producer])), ['p', '  c linked']);
});

test('a link that would close a cycle is cut first', () => {
  const spans = [span({ id: 'z', links: ['a'] }), span({ id: 'a', parent: 'z' })];
  assert.deepEqual(outline(treeOf(spans)), ['z cycle', '  a']);
});

test('a negative duration is no length, and flagged', () => {
  const tree = treeOf([span({ id: 'a' }), span({ id: 'b', parent: 'a', at: 3, ms: -2 })]);
  assert.deepEqual(outline(tree), ['a', '  b negative']);
  assert.equal(tree.endNs[1], tree.startNs[1]);
});

test('a child that starts before its parent is flagged as skew and left where it is', () => {
  const tree = treeOf([
    span({ id: 'a', at: 1 }),
    span({ id: 'b', parent: 'a', at: 0.5 }),
    span({ id: 'c', parent: 'a', at: 1 }),
  ]);
  assert.deepEqual(outline(tree), ['a', '  b skew', '  c']);
  assert.equal(tree.startNs[1], 0);
});

test('one id given to countless services, kinds and durations is no way to slow it down', () => {
  const copies = Array.from({ length: 20_000 }, (_, i) =>
    span({ id: 'a', service: `s${i}`, ms: i % 50, name: `n${i}` }),
  );
  const columns = toColumns(copies);
  const started = performance.now();
  const tree = buildTree(
    columns,
    copies.map((_, row) => row),
  );
  assert.ok(performance.now() - started < 1000);
  assert.equal(tree.count, 1);
  const again = treeOf(copies.toReversed());
  assert.deepEqual(content(again), content(tree));
});

test('100,000 spans below each other, beside each other or in a cycle take less than a second', () => {
  const n = 100_000;
  const spans = Array.from({ length: n }, (_, i) => span({ id: `${i}`, at: (n - i) / 1000, ms: 1 }));
  const columns = toColumns(spans);
  const rows = Uint32Array.from(spans, (_, row) => row);
  const shapes: Record<string, (i: number) => number> = {
    deep: (i) => i - 1,
    wide: (i) => (i === 0 ? -1 : 0),
    cycle: (i) => (i + n - 1) % n,
    reversed: (i) => (i === n - 1 ? -1 : n - 1),
  };
  for (const [name, parentOf] of Object.entries(shapes)) {
    for (let i = 0; i < n; i++) {
      const parent = parentOf(i);
      columns.parentId[i * 2] = parent < 0 ? 0 : (columns.spanId[parent * 2] ?? 0);
      columns.parentId[i * 2 + 1] = parent < 0 ? 0 : (columns.spanId[parent * 2 + 1] ?? 0);
    }
    const started = performance.now();
    const tree = buildTree(columns, rows);
    const took = performance.now() - started;
    assert.equal(tree.count, n, name);
    assert.equal(tree.roots.length, 1, name);
    assert.ok(took < 1000, `${name} took ${took} ms`);
  }
});
