/** What-if on one trace: drawn timelines before and after, and what holds of every replay of random traces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownNs, planReplay, replayNs, replayTimes, slackNs, type ReplayPlan } from '#shared/replay.ts';
import type { kind, Span } from '#shared/span.ts';
import type { TraceTree } from '#shared/trace-tree.ts';
import { span, treeOf } from './span-builder.ts';
import { anyTrace } from './trace-arbitrary.ts';

type Kinds = Record<string, keyof typeof kind>;

interface Line {
  readonly id: string;
  readonly parent: string;
  readonly at: number;
  readonly ms: number;
}

/** A line a span, `name parent |---|`, where a column is a millisecond. Times count from the first line's start. */
function linesOf(drawing: string): Line[] {
  const lines = drawing.split('\n').filter((line) => line.trim() !== '');
  const origin = lines[0]?.indexOf('|') ?? 0;
  return lines.map((line) => {
    const [id = '', parent = ''] = line.slice(0, line.indexOf('|')).trim().split(/\s+/);
    const at = line.indexOf('|');
    return { id, parent, at: at - origin, ms: line.lastIndexOf('|') - at };
  });
}

function drawn(drawing: string, kinds: Kinds = {}): { tree: TraceTree; nameOf: (node: number) => string } {
  const spans = linesOf(drawing).map((line) => span({ ...line, kind: kinds[line.id] ?? 'internal' }));
  const tree = treeOf(spans);
  return { tree, nameOf: (node) => tree.columns.strings[tree.columns.name[tree.row[node] ?? 0] ?? 0] ?? '' };
}

/** Factors by node: those named, else 1. */
function factors(tree: TraceTree, nameOf: (node: number) => string, given: Record<string, number>): Float64Array {
  return Float64Array.from({ length: tree.count }, (_, node) => given[nameOf(node)] ?? 1);
}

/** Checks what becomes of the first drawing when the spans named work so many times as long. */
function becomes(before: string, given: Record<string, number>, after: string, kinds: Kinds = {}): void {
  const { tree, nameOf } = drawn(before, kinds);
  const plan = planReplay(tree);
  const by = factors(tree, nameOf, given);
  const { startNs, endNs } = replayTimes(tree, plan, by);
  const got = Array.from({ length: tree.count }, (_, node) => ({
    id: nameOf(node),
    at: (startNs[node] ?? 0) / 1e6,
    ms: ((endNs[node] ?? 0) - (startNs[node] ?? 0)) / 1e6,
  }));
  const wanted = linesOf(after).map(({ id, at, ms }) => ({ id, at, ms }));
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
  assert.deepEqual(got.sort(byId), wanted.sort(byId));
  assert.equal(replayNs(plan, by) / 1e6, wanted.find(({ id }) => id === 'r')?.ms);
}

test('what comes after moves up, with the same work in between', () => {
  becomes(
    `
    r     |-----------------------|
    a r     |-------|
    b r                |----|
    `,
    { a: 0.5 },
    `
    r     |-------------------|
    a r     |---|
    b r            |----|
    `,
  );
});

test('what ran beside it goes on as it did, and gates once it is the last', () => {
  becomes(
    `
    r     |-------------------|
    a r     |---------------|
    b r       |---------|
    `,
    { a: 0 },
    `
    r     |---------------|
    a r     |
    b r       |---------|
    `,
  );
});

test('a span waits for every sibling that had ended when it began', () => {
  becomes(
    `
    r     |---------------------|
    a r     |---|
    b r     |-------|
    c r              |------|
    `,
    { b: 0 },
    `
    r     |-----------------|
    a r     |---|
    b r     |
    c r          |------|
    `,
  );
});

test('what is below a span moves with it, and its time is not its own', () => {
  becomes(
    `
    r         |-----------------------|
    a r         |------------|
    b a           |--------|
    c r                        |---|
    `,
    { a: 0 },
    `
    r         |-------------------|
    a r         |--------|
    b a         |--------|
    c r                    |---|
    `,
  );
});

test("a parent's own work is scaled in every gap, and nothing else is", () => {
  becomes(
    `
    r     |------------------|
    a r       |----|
    b r                |-|
    `,
    { r: 0.5 },
    `
    r     |------------|
    a r     |----|
    b r            |-|
    `,
  );
});

test('nobody waits for a consumer: it saves nothing and keeps its place', () => {
  const drawing = `
    r     |-------------------|
    a r     |-----|
    q r             |---------------------|
    `;
  becomes(drawing, { q: 0 }, drawing, { q: 'consumer' });
  becomes(
    drawing,
    { r: 0.5 },
    `
    r     |------------|
    a r    |-----|
    q r             |---------------------|
    `,
    { q: 'consumer' },
  );
});

test('a child that outlives its parent gates up to the end of the parent', () => {
  becomes(
    `
    r     |---------|
    a r       |-----------|
    `,
    { a: 0 },
    `
    r     |---|
    a r       |-----|
    `,
  );
});

test('a takeover within clock noise is one after the other', () => {
  const spans = [
    span({ id: 'r', at: 0, ms: 100 }),
    span({ id: 'a', parent: 'r', at: 0, ms: 50.4 }),
    span({ id: 'b', parent: 'r', at: 50, ms: 50 }),
  ];
  const tree = treeOf(spans);
  assert.equal(replayNs(planReplay(tree), [1, 0, 1]) / 1e6, 50);
});

test('slack: how much longer a span may take before the root does', () => {
  const { tree, nameOf } = drawn(`
    r       |-----------------------|
    a r       |-----|
    b r       |---------|
    c r                    |------|
    d b         |---|
    e b           |---|
    f r       |------------------|
    q r         |--|
  `);
  const slack = slackNs(planReplay(tree));
  assert.deepEqual(
    Object.fromEntries(Array.from(slack.subarray(0, tree.count), (ns, node) => [nameOf(node), ns / 1e6])),
    { r: 0, a: 4, b: 0, c: 0, d: 2, e: 0, f: 1, q: 5 },
  );
});

test('own time is what no child covers, however they overlap', () => {
  const { tree, nameOf } = drawn(`
    r       |---------------|
    a r       |----|
    b r          |----|
    c r               |--|
  `);
  const own = ownNs(planReplay(tree));
  assert.deepEqual(Object.fromEntries(Array.from(own, (ns, node) => [nameOf(node), ns / 1e6])), {
    r: 5,
    a: 5,
    b: 5,
    c: 3,
  });
});

// ---- what holds of every replay

function check(property: (tree: TraceTree, plan: ReplayPlan, given: readonly number[]) => void): void {
  const factor = fc.oneof(
    fc.constant(1),
    fc.constant(0),
    fc.integer({ min: 0, max: 16 }).map((n) => n / 16),
  );
  fc.assert(
    fc.property(
      fc.boolean().chain((tidy) => anyTrace({ tidy })),
      fc.array(factor, { minLength: 24, maxLength: 24 }),
      (spans: Span[], given) => {
        const tree = treeOf(spans);
        property(tree, planReplay(tree), given);
      },
    ),
    { numRuns: 2000 },
  );
}

const every = (factor: number, count = 64): Float64Array => new Float64Array(count).fill(factor);
const ones = every(1);
const rootNs = (tree: TraceTree): number => {
  const root = tree.roots[0] ?? 0;
  return (tree.endNs[root] ?? 0) - (tree.startNs[root] ?? 0);
};

test('with nothing changed every span is where it was recorded, to the nanosecond', () => {
  check((tree, plan) => {
    assert.equal(replayNs(plan, ones), rootNs(tree));
    const { startNs, endNs } = replayTimes(tree, plan, ones);
    assert.deepEqual([...startNs], [...tree.startNs.subarray(0, tree.count)]);
    assert.deepEqual([...endNs], [...tree.endNs.subarray(0, tree.count)]);
  });
});

test('shortening saves, never lengthens, and no more than was taken off the critical path', () => {
  check((tree, plan, given) => {
    const after = replayNs(plan, given);
    let takenOff = 0;
    for (let node = 0; node < tree.count; node++) takenOff += (1 - (given[node] ?? 1)) * (plan.pathNs[node] ?? 0);
    assert.ok(after <= rootNs(tree));
    assert.ok(rootNs(tree) - after <= takenOff);
    // By the order of work alone, too: without clock noise the bound takes nothing.
    const { startNs, endNs } = replayTimes(tree, plan, given);
    const root = tree.roots[0] ?? 0;
    assert.equal((endNs[root] ?? 0) - (startNs[root] ?? 0), after);
  });
});

test('the more is shortened the more is saved', () => {
  check((_, plan, given) => {
    const less = given.map((factor) => (1 + factor) / 2);
    assert.ok(replayNs(plan, given) <= replayNs(plan, less));
  });
});

test('without own work anywhere, nothing is left', () => {
  check((_, plan) => {
    assert.equal(replayNs(plan, every(0)), 0);
  });
});

test('with all work scaled alike, all of it is', () => {
  check((tree, plan) => {
    assert.equal(replayNs(plan, every(0.5)), rootNs(tree) / 2);
  });
});

test('a leaf may grow by its slack and no more', () => {
  check((tree, plan) => {
    const slack = slackNs(plan);
    for (let node = plan.root; node < plan.end; node++) {
      const own = plan.tailNs[node] ?? 0;
      const free = slack[node] ?? 0;
      if (plan.waited[node] !== 1 || plan.kidsFrom[node] !== plan.kidsTo[node] || own === 0) continue;
      assert.ok(free >= 0);
      const grown = (by: number): number =>
        replayNs(
          plan,
          ones.map((one, at) => (at === node ? 1 + by / own : one)),
        );
      assert.ok(Math.abs(grown(free) - rootNs(tree)) < 1e-3);
      assert.ok(grown(free + 1000) > rootNs(tree) + 500);
    }
  });
});

test('a hundred thousand spans in one chain or one row are replayed', () => {
  const count = 100_000;
  for (const chain of [true, false]) {
    const spans = Array.from({ length: count }, (_, i) =>
      span({
        id: `s${i}`,
        parent: i === 0 ? '' : chain ? `s${i - 1}` : 's0',
        at: chain || i === 0 ? 0 : i,
        ms: i === 0 ? count + 1 : chain ? count - i : 1,
      }),
    );
    const plan = planReplay(treeOf(spans));
    assert.equal(replayNs(plan, every(1, count)), (count + 1) * 1e6);
    assert.equal(slackNs(plan)[1], 0);
  }
});
