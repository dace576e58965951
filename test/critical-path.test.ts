/** Critical paths by hand: drawn timelines, and what other tools get wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { criticalPath } from '#shared/critical-path.ts';
import { kind, toColumns, type Span } from '#shared/span.ts';
import { buildTree } from '#shared/trace-tree.ts';
import { pathOf, segments } from './path-segments.ts';
import { span, treeOf } from './span-builder.ts';

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
