import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPathScratch, criticalPath } from '#shared/critical-path.ts';
import { kind, toColumns, type Span } from '#shared/span.ts';
import { buildTree, nodeFlag, type TraceTree } from '#shared/trace-tree.ts';
import { span, spanId, treeOf } from './span-builder.ts';
import { anyTrace, name, shuffled } from './trace-arbitrary.ts';

interface Segment {
  name: string;
  from: number;
  to: number;
}

/** Segments with span names and times in ms since the origin of the columns. */
function segments(tree: TraceTree, root?: number): Segment[] {
  const { columns, row } = tree;
  const path = criticalPath(tree, root);
  return Array.from({ length: path.count }, (_, i) => ({
    name: columns.strings[columns.name[row[path.node[i] ?? 0] ?? 0] ?? 0] ?? '',
    from: (path.startNs[i] ?? 0) / 1e6,
    to: (path.endNs[i] ?? 0) / 1e6,
  }));
}

function pathOf(spans: readonly Span[]): Segment[] {
  return segments(treeOf(spans));
}

/** Names along the path. */
function namesOf(spans: readonly Span[]): string[] {
  return pathOf(spans).map((segment) => segment.name);
}

/**
 * Checks a drawing: a line a span, `name parent |---|`, where a column is a millisecond; below them, behind `=`, the span that
 * is on the critical path in each millisecond of the first one.
 */
function timeline(drawing: string, kinds: Record<string, keyof typeof kind> = {}): void {
  const lines = drawing.split('\n').filter((line) => line.trim() !== '');
  const spans = lines.slice(0, -1).map((line) => {
    const [id = '', parent = ''] = line.slice(0, line.indexOf('|')).trim().split(/\s+/);
    const at = line.indexOf('|');
    return span({ id, parent, at, ms: line.lastIndexOf('|') - at, kind: kinds[id] ?? 'internal' });
  });
  const letters = pathOf(spans).map((segment) => segment.name.repeat(segment.to - segment.from));
  assert.equal(letters.join(''), lines.at(-1)?.replace('=', '').trim());
}

test('the child that ended last is on the path, then the one that ended last before it started', () => {
  timeline(`
    r     |-------------------|
    a r     |----|
    b r       |-----|
    c r               |-----|
    =     rrrrbbbbbbrrccccccrr
  `);
});

test('a leaf is its own path, a root of no length has none', () => {
  timeline(`
    r     |-----|
    =     rrrrrr
  `);
  assert.deepEqual(pathOf([span({ id: 'r', ms: 0 })]), []);
  assert.deepEqual(pathOf([span({ id: 'r', ms: -3 })]), []);
  assert.deepEqual(pathOf([]), []);
});

test('what is below a child is on the path below it', () => {
  timeline(`
    r     |------------|
    a r     |-------|
    b a       |---|
    =     rraabbbbaarrr
  `);
});

test('a child that outlives its parent counts up to the end of the parent', () => {
  timeline(`
    r     |------|
    a r     |--------|
    b a        |-------|
    =     rraaabb
  `);
});

test('a child that starts before its parent counts from the start of the parent', () => {
  timeline(`
    r         |------|
    a r     |----|
    =         aaarrrr
  `);
});

test('an overlap within 1 % of the time of the parent is clock noise, a real one is not', () => {
  const spans = (overlap: number) => [
    span({ id: 'r', ms: 200 }),
    span({ id: 'a', parent: 'r', at: 0, ms: 100 + overlap }),
    span({ id: 'b', parent: 'r', at: 100, ms: 100 }),
  ];
  for (const overlap of [0, 1, 2]) assert.deepEqual(namesOf(spans(overlap)), ['a', 'b'], `${overlap} ms`);
  for (const overlap of [3, 20]) assert.deepEqual(namesOf(spans(overlap)), ['r', 'b'], `${overlap} ms`);
});

test('attempts one after the other are all on the path', () => {
  timeline(`
    r     |---------------|
    a r     |--|
    b r          |--|
    c r               |-|
    =     rraaarrbbbrrccrr
  `);
});

test('of hedged requests the one that ended last counts', () => {
  timeline(`
    r     |----------|
    a r    |------|
    b r      |------|
    =     rrrbbbbbbbr
  `);
});

test('nobody waits for a consumer, nor for what a producer caused, nor for what only a link joins', () => {
  const drawing = `
    r     |----------|
    a r     |-------|
  `;
  timeline(`${drawing} = rraaaaaaaar`);
  timeline(`${drawing} = rrrrrrrrrrr`, { a: 'consumer' });
  timeline(`${drawing} = rrrrrrrrrrr`, { r: 'producer' });
  assert.deepEqual(namesOf([span({ id: 'r', ms: 9 }), span({ id: 'a', at: 1, ms: 5, links: ['r'] })]), ['r']);
});

test('each root has a path of its own', () => {
  const tree = treeOf([
    span({ id: 'r', ms: 10 }),
    span({ id: 'a', parent: 'r', at: 2, ms: 3 }),
    span({ id: 'o', parent: 'gone', at: 5, ms: 20 }),
    span({ id: 'b', parent: 'o', at: 6, ms: 2 }),
  ]);
  assert.deepEqual(
    tree.roots.map((root) =>
      segments(tree, root)
        .map((s) => s.name)
        .join(''),
    ),
    ['rar', 'obo'],
  );
});

// What Jaeger's critical path gets wrong, as measured: each must be right here.

test('defect 1: a sibling that ends exactly when the next starts is on the path', () => {
  const spans = [
    span({ id: 'R', at: 100, ms: 100 }),
    span({ id: 'A', parent: 'R', at: 110, ms: 40 }),
    span({ id: 'B', parent: 'R', at: 150, ms: 40 }),
  ];
  assert.deepEqual(
    pathOf(spans).map((s) => [s.name, s.to - s.from]),
    [
      ['R', 10],
      ['A', 40],
      ['B', 40],
      ['R', 10],
    ],
  );
});

test('defect 2: an overlap of one unit does not drop the earlier sibling', () => {
  const spans = [
    span({ id: 'R', at: 100, ms: 100 }),
    span({ id: 'A', parent: 'R', at: 110, ms: 41 }),
    span({ id: 'B', parent: 'R', at: 150, ms: 40 }),
  ];
  assert.deepEqual(
    pathOf(spans).map((s) => [s.name, s.to - s.from]),
    [
      ['R', 10],
      ['A', 40],
      ['B', 40],
      ['R', 10],
    ],
  );
});

test('defect 3: a root whose parent is not in the trace has a path', () => {
  assert.deepEqual(namesOf([span({ id: 'r', parent: 'gone' }), span({ id: 'a', parent: 'r', at: 1, ms: 5 })]), [
    'r',
    'a',
    'r',
  ]);
});

test('defect 4: a child of no length does not hide a sibling that ends with it', () => {
  const spans = [
    span({ id: 'r', ms: 10 }),
    span({ id: 'a', parent: 'r', at: 2, ms: 6 }),
    span({ id: 'z', parent: 'r', at: 8, ms: 0 }),
  ];
  assert.deepEqual(namesOf(spans), ['r', 'a', 'r']);
});

test('defect 5: negative durations and a start at 0 end', () => {
  const spans = [
    span({ id: 'r', ms: 10 }),
    span({ id: 'a', parent: 'r', at: 4, ms: -3 }),
    span({ id: 'b', parent: 'a', at: 2, ms: 4 }),
    span({ id: 'c', parent: 'r', at: 0, ms: 3 }),
  ];
  assert.equal(toColumns(spans).startNs[0], 0);
  assert.deepEqual(namesOf(spans), ['c', 'r']);
});

test('defect 6: 100,000 serial children and a chain of 100,000 take less than a second each', () => {
  const n = 100_000;
  const spans = [span({ id: '0', ms: n + 1 })];
  for (let i = 1; i <= n; i++) spans.push(span({ id: `${i}`, parent: '0', at: i, ms: 1 }));
  const columns = toColumns(spans);
  const rows = Uint32Array.from(spans, (_, row) => row);
  const timed = (): { took: number; count: number } => {
    const started = performance.now();
    const { count } = criticalPath(buildTree(columns, rows));
    return { took: performance.now() - started, count };
  };
  const serial = timed();
  assert.equal(serial.count, n + 1);
  assert.ok(serial.took < 1000, `serial: ${serial.took} ms`);
  // All begin together and end in the worst order.
  for (let i = 1; i <= n; i++) {
    columns.startNs[i] = 0;
    columns.durationNs[i] = ((i * 7919) % n) * 1000;
  }
  const parallel = timed();
  assert.equal(parallel.count, 2);
  assert.ok(parallel.took < 1000, `parallel: ${parallel.took} ms`);
  for (let i = 1; i <= n; i++) {
    columns.startNs[i] = i * 1000;
    columns.durationNs[i] = (2 * n - 2 * i + 1) * 1000;
    columns.parentId[i * 2] = columns.spanId[(i - 1) * 2] ?? 0;
    columns.parentId[i * 2 + 1] = columns.spanId[(i - 1) * 2 + 1] ?? 0;
  }
  columns.durationNs[0] = 2 * n * 1000 + 1000;
  const chain = timed();
  assert.equal(chain.count, 2 * n + 1);
  assert.ok(chain.took < 1000, `chain: ${chain.took} ms`);
});

test('defect 7: the path of the first root has no sections of other roots', () => {
  const spans = [
    span({ id: 'r', ms: 10 }),
    span({ id: 'o', at: 2, ms: 20 }),
    span({ id: 'a', parent: 'o', at: 3, ms: 4 }),
  ];
  assert.deepEqual(namesOf(spans), ['r']);
});

// Properties, over random traces with every kind of damage.

function check(property: (spans: Span[], tree: TraceTree) => void, options?: { tidy?: boolean }): void {
  fc.assert(
    fc.property(anyTrace(options), (spans) => property(spans, treeOf(spans))),
    { numRuns: 2000 },
  );
}

test('property: segments are sorted, contiguous, within their spans and below the root, and sum to its duration exactly', () => {
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

test('property: it is the path that the plain recursive definition gives', () => {
  check((_, tree) => {
    for (const root of tree.roots) assert.deepEqual(segments(tree, root), plainPath(tree, root));
  });
});

test('property: order of arrival and doubles do not matter', () => {
  fc.assert(
    fc.property(anyTrace(), fc.nat(), (spans, seed) => {
      assert.deepEqual(pathOf(shuffled([...spans, ...spans], seed)), pathOf(spans));
    }),
  );
});

test('property: ids do not matter, only their order', () => {
  fc.assert(
    fc.property(anyTrace(), fc.integer({ min: 1, max: 70 }), (spans, by) => {
      const rename = (hex: string): string =>
        hex === '' ? '' : spanId(name(Number(Buffer.from(hex, 'hex').toString().replace(/\D/g, '')) * 7 + by));
      const renamed = spans.map((one) => ({ ...one, spanId: rename(one.spanId), parentId: rename(one.parentId) }));
      assert.deepEqual(pathOf(renamed), pathOf(spans));
    }),
  );
});

test('property: shifting all times shifts the path, scaling them scales it', () => {
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

test('property: a span that nobody waits for leaves the path as it is', () => {
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

test('property: taking away a leaf that is not on the path leaves the path as it is', () => {
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

test('property: memory that is used again gives the same path', () => {
  const scratch = createPathScratch();
  check((_, tree) => {
    const fresh = criticalPath(tree);
    const again = criticalPath(tree, undefined, scratch);
    assert.deepEqual([...again.node.subarray(0, again.count)], [...fresh.node.subarray(0, fresh.count)]);
    assert.deepEqual([...again.startNs.subarray(0, again.count)], [...fresh.startNs.subarray(0, fresh.count)]);
  });
});

/** The definition, written for reading: recursive, quadratic, on objects. */
function plainPath(tree: TraceTree, root: number): Segment[] {
  const { columns, row, startNs, endNs } = tree;
  const kindAt = (node: number) => columns.kind[row[node] ?? 0];
  const found: Segment[] = [];
  const emit = (node: number, from: number, to: number): void => {
    const label = columns.strings[columns.name[row[node] ?? 0] ?? 0] ?? '';
    if (to > from) found.push({ name: label, from: from / 1e6, to: to / 1e6 });
  };
  const visit = (node: number, lo: number, hi: number): void => {
    const kids = [];
    for (let child = 0; child < tree.count; child++) {
      if (tree.parent[child] !== node || kindAt(node) === kind.producer || kindAt(child) === kind.consumer) continue;
      if (((tree.flags[child] ?? 0) & nodeFlag.linked) !== 0) continue;
      const kid = { node: child, lo: Math.max(startNs[child] ?? 0, lo), hi: Math.min(endNs[child] ?? 0, hi) };
      if (kid.hi > kid.lo) kids.push(kid);
    }
    kids.sort((a, b) => b.hi - a.hi || b.lo - a.lo || a.node - b.node);
    let t = hi;
    for (const kid of kids) {
      if (kid.lo >= t) continue;
      if (kid.hi > t && kid.hi - t > Math.min((hi - lo) * 0.01, (kid.hi - kid.lo) / 2)) continue;
      const end = Math.min(kid.hi, t);
      emit(node, end, t);
      visit(kid.node, kid.lo, end);
      t = kid.lo;
    }
    emit(node, lo, t);
  };
  visit(root, startNs[root] ?? 0, endNs[root] ?? 0);
  return found.sort((a, b) => a.from - b.from);
}
