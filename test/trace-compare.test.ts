/** Two traces aligned by call path: hand-drawn ones, whose answer can be read off the drawing, and recorded ones. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Trace, TraceList, TraceSpan } from '#shared/api.ts';
import { compareTraces, type AlignedStep } from '#shared/trace-compare.ts';
import { recordedBodies } from './recordings.ts';
import { startServing, storeRecorded } from './serve.ts';

type Drawn = readonly [name: string, from: number, to: number, below?: readonly Drawn[], failed?: boolean];
type Drawing = Pick<Trace, 'spans' | 'criticalPath'>;

/**
 * A trace from a drawing in ms; `service operation` names a span. The path goes to the last child to end, back from the end.
 */
function draw(root: Drawn): Drawing {
  const spans: TraceSpan[] = [];
  const criticalPath: { spanId: string; startNs: number; endNs: number }[] = [];
  const add = (
    [title, from, to, below = [], failed = false]: Drawn,
    parentId: string | null,
    onPath: boolean,
  ): void => {
    const [service = '', ...words] = title.split(' ');
    const spanId = `s${spans.length}`;
    spans.push({
      spanId,
      parentId,
      service,
      name: words.join(' '),
      namespace: 'shop',
      kind: 'INTERNAL',
      startNs: from * 1e6,
      durationNs: (to - from) * 1e6,
      failed,
    } as TraceSpan);
    let end = to;
    const taken = new Set<Drawn>();
    for (const child of [...below].sort((x, y) => y[2] - x[2])) {
      if (!onPath || child[2] > end) continue;
      taken.add(child);
      if (end > child[2]) criticalPath.push({ spanId, startNs: child[2] * 1e6, endNs: end * 1e6 });
      end = child[1];
    }
    if (onPath && end > from) criticalPath.push({ spanId, startNs: from * 1e6, endNs: end * 1e6 });
    for (const child of below) add(child, spanId, taken.has(child));
  };
  add(root, null, true);
  criticalPath.sort((x, y) => x.startNs - y.startNs);
  return { spans, criticalPath };
}

const one = draw(['web GET /', 0, 300, [['product-api list', 10, 290, [['product-api SELECT', 20, 90]]]]]);
const four = draw([
  'web GET /',
  0,
  512,
  [
    [
      'product-api list',
      10,
      500,
      [
        ['product-api SELECT', 20, 85],
        ['product-api SELECT', 85, 150],
        ['product-api SELECT', 150, 215],
        ['product-api SELECT', 215, 280],
      ],
    ],
  ],
]);
const stepNamed = (steps: readonly AlignedStep[], name: string): AlignedStep => {
  const found = steps.filter((step) => step.name === name);
  assert.equal(found.length, 1, `steps named ${name}`);
  return found[0] as AlignedStep;
};
const sumOf = (steps: readonly AlignedStep[]): number => steps.reduce((sum, { pathNs }) => sum + pathNs, 0);

test('a call made four times instead of once is one step with both numbers', () => {
  const { steps, verdict, path } = compareTraces(one, four);
  const select = stepNamed(steps, 'SELECT');
  assert.deepEqual([select.a?.spanIds.length, select.b?.spanIds.length, select.depth], [1, 4, 2]);
  assert.deepEqual(select.changes, ['count', 'slower']);
  assert.equal(select.pathNs, 190e6);
  assert.deepEqual(path[0], select);
  assert.equal(sumOf(path), 212e6);
  assert.equal(
    verdict,
    'b took 212 ms longer (512 ms against 300 ms): 190 ms of it is product-api SELECT, called 4 times instead of once.',
  );
});

test('swapped, every difference turns round', () => {
  const there = compareTraces(one, four);
  const back = compareTraces(four, one);
  assert.deepEqual(
    back.path.map(({ name, pathNs }) => [name, -pathNs]),
    there.path.map(({ name, pathNs }) => [name, pathNs]),
  );
  assert.match(back.verdict, /^b took 212 ms less .*called once instead of 4 times\.$/);
});

test('a trace and itself are the same', () => {
  const { steps, path, verdict } = compareTraces(four, four);
  assert.deepEqual([path, steps.filter(({ differs }) => differs)], [[], []]);
  assert.equal(verdict, 'Both took about as long (512 ms against 512 ms), and did the same.');
});

test('a step that only one has is added or removed, with all below it, under the step it belongs to', () => {
  const a = draw(['web GET /', 0, 100, [['web cache', 10, 20]]]);
  const b = draw(['web GET /', 0, 180, [['api list', 10, 170, [['db query', 20, 160]]]]]);
  const { steps, verdict } = compareTraces(a, b);
  assert.deepEqual(
    steps.map(({ name, depth, changes, below }) => [name, depth, changes[0], below]),
    [
      ['GET /', 0, 'faster', 3],
      ['list', 1, 'added', 1],
      ['query', 2, 'added', 0],
      ['cache', 1, 'removed', 0],
    ],
  );
  assert.match(verdict, /db query alone took 140 ms more, which a does not have\.$/);
});

test('a step that fails in one of them is named, and so is the failure behind it', () => {
  const a = draw(['web GET /', 0, 100, [['api list', 10, 90]]]);
  const b = draw(['web GET /', 0, 101, [['api list', 10, 90, [], true]], true]);
  const { steps, verdict } = compareTraces(a, b);
  assert.deepEqual(stepNamed(steps, 'list').changes, ['failed']);
  assert.match(verdict, /about as long .* b failed in api list, a did not\.$/);
});

test('what is done off the critical path differs without owning any of the difference', () => {
  const a = draw([
    'web GET /',
    0,
    100,
    [
      ['api slow', 0, 100],
      ['api beside', 0, 20],
    ],
  ]);
  const b = draw([
    'web GET /',
    0,
    100,
    [
      ['api slow', 0, 100],
      ['api beside', 0, 80],
    ],
  ]);
  const { steps, path } = compareTraces(a, b);
  assert.deepEqual(path, []);
  assert.deepEqual(stepNamed(steps, 'beside').changes, ['slower']);
  assert.equal(stepNamed(steps, 'beside').selfNs, 60e6);
});

test('self time is what no child covers, however children overlap', () => {
  const a = draw([
    'web GET /',
    0,
    100,
    [
      ['api one', 10, 60],
      ['api two', 40, 80],
      ['api late', 90, 130],
    ],
  ]);
  assert.equal(compareTraces(a, a).steps[0]?.a?.selfNs, 20e6);
});

test('traces without a step in common are said to have none', () => {
  const { verdict, steps } = compareTraces(draw(['web GET /', 0, 10]), draw(['cron tick', 0, 20]));
  assert.equal(verdict, 'The two have no step in common; b took 20 ms against 10 ms.');
  assert.deepEqual(steps.map(({ changes }) => changes[0]).sort(), ['added', 'removed']);
});

test('a chain of 100,000 spans is compared without running out of stack', () => {
  const spans = Array.from({ length: 100_000 }, (_, i) => ({
    ...(one.spans[0] as TraceSpan),
    spanId: `d${i}`,
    parentId: i === 0 ? null : `d${i - 1}`,
  }));
  const deep = { spans, criticalPath: [{ spanId: 'd99999', startNs: 0, endNs: 300e6 }] };
  assert.equal(compareTraces(deep, deep).steps.at(-1)?.depth, 99_999);
});

const served = await startServing();
let traces: Trace[] = [];

before(async () => {
  const { interval } = await storeRecorded(served.db, recordedBodies('faults'), 1_800_000_000);
  const list = (await served.json(`/api/traces?${interval}&limit=60&order=slowest`)) as TraceList;
  for (const { traceId } of list.traces) traces.push((await served.json(`/api/traces/${traceId}`)) as Trace);
});

test('of recorded traces, every span is in one step, and the differences are those of the totals', () => {
  assert.ok(traces.length >= 50);
  for (let i = 1; i < traces.length; i++) {
    const [a, b] = [traces[i - 1] as Trace, traces[i] as Trace];
    const { steps, path, totalNs, verdict } = compareTraces(a, b);
    const ids = (side: 'a' | 'b') => steps.flatMap((step) => step[side]?.spanIds ?? []).sort();
    assert.deepEqual(ids('a'), a.spans.map(({ spanId }) => spanId).sort());
    assert.deepEqual(ids('b'), b.spans.map(({ spanId }) => spanId).sort());
    assert.equal(sumOf(path), totalNs.b - totalNs.a);
    assert.match(verdict, /\.$/);
    steps.forEach((step, at) => {
      assert.equal(step.index, at);
      assert.ok(step.parent < at);
      if (step.parent >= 0) assert.equal(step.depth, (steps[step.parent]?.depth ?? NaN) + 1);
    });
  }
});
