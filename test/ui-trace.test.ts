/** The trace page's maths without a browser: rows, folds, bars, lanes, sums, axis, find, and how the shown time moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toTicks } from '../ui/trace/axis.ts';
import { createFinder } from '../ui/trace/find.ts';
import { durationSide, mergeBars, pathBars, toBar } from '../ui/trace/bars.ts';
import { foldAll, foldLevel, openLevel, openTo, visibleRows } from '../ui/trace/fold.ts';
import { rowAt, rowWindow, toRows } from '../ui/trace/rows.ts';
import { pathShares, traceTitle } from '../ui/trace/words.ts';
import { ms, span, trace } from './ui-trace-made.ts';

test('rows know their depth, what lies below them and what they own of the path', () => {
  const rows = toRows(trace);
  assert.deepEqual([...rows.depth], [0, 1, 2, 1]);
  assert.deepEqual([...rows.below], [3, 1, 0, 0]);
  assert.deepEqual(
    Array.from(rows.pathNs, (ns) => ns / ms),
    [20, 20, 20, 40],
  );
  assert.deepEqual(rows.whole, { startNs: 0, endNs: 100 * ms });
});

test('a missing parent, a parent that comes later and a span delivered twice still make rows', () => {
  const spans = [span('b', 'lost', 0, 1), span('c', 'd', 0, 1), span('d', 'd', 0, 1), span('d', null, 0, 1)];
  const rows = toRows({ spans, criticalPath: [{ spanId: 'd', startNs: 0, endNs: ms }] });
  assert.deepEqual([...rows.depth], [0, 0, 0, 0]);
  assert.deepEqual(
    Array.from(rows.pathNs, (ns) => ns / ms),
    [0, 0, 1, 0],
  );
});

const ids = (rows: ReturnType<typeof toRows>, list: Iterable<number>) =>
  Array.from(list, (row) => rows.spans[row]?.spanId).join('');

test('folding hides what lies below, and only that', () => {
  const rows = toRows(trace);
  const shown = (folded: number[]) => ids(rows, visibleRows(rows, new Set(folded)));
  assert.equal(shown([]), 'abcd');
  assert.equal(shown([1]), 'abd');
  assert.equal(shown([0, 1]), 'a');
});

test('the path alone leaves out spans that decide nothing', () => {
  const rows = toRows({ ...trace, criticalPath: trace.criticalPath.filter(({ spanId }) => spanId !== 'd') });
  assert.equal(ids(rows, visibleRows(rows, new Set(), true)), 'abc');
});

test('a level is folded from the deepest up and opened from the first down', () => {
  const spans = [
    span('a', null, 0, 9),
    span('b', 'a', 0, 8),
    span('c', 'b', 0, 7),
    span('d', 'c', 0, 6),
    span('e', 'a', 8, 1),
  ];
  const rows = toRows({ spans, criticalPath: [] });
  const shown = (folded: ReadonlySet<number>) => ids(rows, visibleRows(rows, folded));
  const one = foldLevel(rows, new Set());
  assert.equal(shown(one), 'abce');
  const two = foldLevel(rows, one);
  assert.equal(shown(two), 'abe');
  assert.equal(shown(foldLevel(rows, two)), 'a');
  assert.equal(shown(openLevel(rows, two)), 'abce');
  assert.equal(shown(foldAll(rows)), 'abe');
  assert.equal(shown(openTo(rows, foldAll(rows), 3)), 'abcde');
  const open = new Set([4]);
  assert.equal(openTo(rows, open, 3), open);
});

test('ten thousand nested spans make rows without recursion', () => {
  const spans = Array.from({ length: 10_000 }, (_, i) => span(`s${i}`, i === 0 ? null : `s${i - 1}`, 0, 1));
  const rows = toRows({ spans, criticalPath: [{ spanId: 's9999', startNs: 0, endNs: ms }] });
  assert.equal(rows.below[0], 9_999);
  assert.equal(rows.leads[0], 1);
  assert.equal(visibleRows(rows, new Set([1])).length, 2);
});

test('a folded row has the path of all that is folded into it', () => {
  const rows = toRows(trace);
  const shown = rows.whole;
  const bars = (row: number, folded: boolean) =>
    pathBars(rows, row, folded, shown, 1_000).map(({ left, width }) => [left, Number((left + width).toFixed(3))]);
  assert.deepEqual(bars(1, false), [[0.1, 0.3]]);
  assert.deepEqual(bars(1, true), [[0.1, 0.5]]);
  assert.deepEqual(bars(0, false), [
    [0, 0.1],
    [0.9, 1],
  ]);
  assert.deepEqual(bars(0, true), [[0, 1]]);
});

test('a path of very many sections is drawn by pixels, and covers what the sections do', () => {
  const count = 2_000;
  const spans = [span('r', null, 0, count), ...Array.from({ length: count }, (_, i) => span(`s${i}`, 'r', i, 0.5))];
  const criticalPath = spans.slice(1).flatMap(({ spanId, startNs }) => [
    { spanId, startNs, endNs: startNs + ms / 2 },
    { spanId: 'r', startNs: startNs + ms / 2, endNs: startNs + ms },
  ]);
  const rows = toRows({ spans, criticalPath });
  assert.deepEqual(pathBars(rows, 0, true, rows.whole, 500), [{ left: 0, width: 1 }]);
  // 10 ms over 1 000 px: each half millisecond is 50 px wide, and as many lie between
  const close = pathBars(rows, 0, false, { startNs: 100 * ms, endNs: 110 * ms }, 1_000);
  assert.equal(close.length, 10);
  assert.ok(close.every(({ width }) => Math.abs(width - 0.05) <= 0.002));
});

test('a bar lies where its time does, cut to what is shown', () => {
  const shown = { startNs: 10, endNs: 20 };
  assert.deepEqual(toBar({ startNs: 12, endNs: 15 }, shown), { left: 0.2, width: 0.3 });
  assert.deepEqual(toBar({ startNs: 0, endNs: 15 }, shown), { left: 0, width: 0.5 });
  assert.equal(toBar({ startNs: 21, endNs: 30 }, shown), undefined);
  assert.equal(toBar({ startNs: 1, endNs: 2 }, { startNs: 0, endNs: 0 }), undefined);
  const { startNs, endNs } = rowAt(toRows({ spans: [span('a', null, 5, -3)], criticalPath: [] }), 0);
  assert.equal(startNs, endNs);
});

test('the duration stands where it covers no bar', () => {
  assert.equal(durationSide({ left: 0, width: 0.2 }, 500, 40), 'after');
  assert.equal(durationSide({ left: 0.8, width: 0.2 }, 500, 40), 'before');
  assert.equal(durationSide({ left: 0, width: 1 }, 500, 40), 'inside');
});

test('slivers closer than a pixel are drawn as one', () => {
  const bars = Array.from({ length: 1_000 }, (_, i) => ({ left: i / 1_000, width: 0.0005 }));
  assert.equal(mergeBars(bars, 1 / 500).length, 1);
  assert.equal(
    mergeBars(
      [
        { left: 0, width: 0.1 },
        { left: 0.5, width: 0.1 },
      ],
      0.01,
    ).length,
    2,
  );
});

test('only rows in view are drawn', () => {
  assert.deepEqual(rowWindow(3_000, 600, 30, 5_000, 8), { first: 92, last: 128 });
  assert.deepEqual(rowWindow(0, 600, 30, 4, 8), { first: 0, last: 4 });
});

test('the axis has round steps in one unit, and no text over its end', () => {
  const ticks = toTicks({ startNs: 0, endNs: 53.8 * ms }, 520);
  assert.deepEqual(
    ticks.map(({ text }) => text),
    ['0 ms', '10 ms', '20 ms', '30 ms', '40 ms', ''],
  );
  assert.deepEqual(toTicks({ startNs: 0, endNs: 0 }, 500), []);
});

test('find wants all words, in names and attributes', () => {
  const find = createFinder([
    span('a', null, 0, 1, { attributes: { 'http.status_code': '503' } }),
    span('b', 'a', 0, 1),
  ]);
  assert.deepEqual(find('status_code=503'), [0]);
  assert.deepEqual(find('FRONTEND op'), [0, 1]);
  assert.deepEqual(find('frontend 503'), [0]);
  assert.deepEqual(find('  '), []);
});

test('shares of the path sum to one, in the order they first decide', () => {
  const shares = pathShares(trace);
  assert.deepEqual(
    shares.map((part) => part.span.spanId),
    ['a', 'b', 'c', 'd'],
  );
  assert.equal(
    shares.reduce((sum, { share }) => sum + share, 0),
    1,
  );
});

test('a trace is called by the first operation an application named', () => {
  assert.equal(traceTitle(trace), 'GET /reviews');
  assert.equal(traceTitle({ spans: trace.spans.slice(0, 1) }), 'frontend.shop:9080/*');
});
