/** Critical paths by hand: drawn timelines. What other tools get wrong is critical-path-defects.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kind, type Span } from '#shared/span.ts';
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

test('fan-out waits for the straggler, and the next wave begins when it is done', () => {
  timeline(`
    r     |---------------------|
    a r     |---|
    b r     |-------|
    c r     |--|
    d r               |---|
    e r               |------|
    =     rrbbbbbbbbrreeeeeeerrr
  `);
});

test('the time between attempts belongs to who waits to try again', () => {
  timeline(`
    r     |------------------|
    a r    |--|
    b r          |--|
    c r                |-|
    d b           ||
    =     raaarrrbdbrrrccrrrr
  `);
});

test('a hedged request whose winner came first, so that the parent moved on, counts up to where the parent goes on', () => {
  timeline(`
    r     |-------|
    a r    |----|
    b r      |---------|
    =     rrrbbbbb
  `);
});

test('work that a message caused is off the path, what its producer did is on it', () => {
  timeline(
    `
    r     |--------------|
    p r     |---|
    c p        |------------------|
    d c          |--|
    q r          |------|
    =     rrpppprqqqqqqqr
  `,
    { p: 'producer', c: 'consumer' },
  );
});

test('a callee whose clock is behind is on the path as far as it lies within it', () => {
  timeline(
    `
    r         |----------|
    c r         |------|
    s c     |----|
    =         rrsccccccrr
  `,
    { c: 'client', s: 'server' },
  );
});

test('what waits below and goes on above is told a level at a time', () => {
  timeline(`
    r     |----------------|
    a r    |-------------|
    b a     |----|
    c b      |-|
    d a           |----|
    e d             |-|
    =     rabccbbaddeedaarr
  `);
});
