/** The trace page's views without a browser: clocks, minimap, flame lanes, sums by operation, the call, its map, its keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TraceSpan } from '#shared/api.ts';
import { splitCall } from '../ui/trace/call-split.ts';
import { embeddedHref } from '../ui/trace/embed-href.ts';
import { readableText } from '../ui/trace/find.ts';
import { pressOf, traceKeys } from '../ui/trace/keys.ts';
import { rowInLane, toLanes } from '../ui/trace/lanes.ts';
import { clockSentence, marksOf } from '../ui/trace/marks.ts';
import { minimapRuns } from '../ui/trace/minimap-lines.ts';
import { operationsOf, selfTimes, sortOperations } from '../ui/trace/operations.ts';
import { around, moved, parseRange, rangeText, zoomed } from '../ui/trace/range.ts';
import { corrected, rowAt, toRows } from '../ui/trace/rows.ts';
import { spanOfEdge, spanOfNode, toTraceGraph } from '../ui/trace/trace-graph.ts';
import { alongPath, pathShares } from '../ui/trace/words.ts';
import { call, ms, span, trace } from './ui-trace-made.ts';

test('on one clock a span and its part of the path move, and nothing else', () => {
  const spans = trace.spans.map((each) => (each.spanId === 'c' ? { ...each, skewNs: -5 * ms } : each));
  const sent = toRows({ ...trace, spans });
  const rows = corrected(sent);
  assert.deepEqual(
    Array.from(rows.startNs, (ns) => ns / ms),
    [0, 10, 25, 50],
  );
  const at = rows.pathFrom[2] as number;
  assert.deepEqual([rows.pathStartNs[at], rows.pathEndNs[at]], [25 * ms, 45 * ms]);
  assert.equal(sent.startNs[2], 30 * ms, 'what was sent stays');
  assert.equal(rowAt(rows, 2).clockNs, -5 * ms);
  const agreed = toRows(trace);
  assert.equal(corrected(agreed), agreed, 'clocks that agree are left alone');
});

test('what a span is besides is said in words', () => {
  const texts = (part: Partial<TraceSpan>, clockNs = 0) =>
    marksOf(span('a', null, 0, 1, part), clockNs).map(({ text }) => text);
  assert.deepEqual(texts({}), []);
  assert.deepEqual(texts({ retry: 2, async: true }), ['retry 2', 'async']);
  assert.deepEqual(texts({}, -3 * ms), ['clock +3 ms']);
  assert.equal(clockSentence(trace.spans), '');
  assert.equal(
    clockSentence([span('a', null, 0, 1), span('b', 'a', 0, 1, { service: 'auth', skewNs: -3 * ms })]),
    'Clocks differ: auth by 3 ms.',
  );
});

test('the minimap shows the path over failures over the rest, each at least a pixel', () => {
  const spans = [span('a', null, 0, 100), span('b', 'a', 50, 0.001, { failed: true }), span('c', 'a', 60, 40)];
  const rows = toRows({ spans, criticalPath: [{ spanId: 'c', startNs: 60 * ms, endNs: 100 * ms }] });
  const { bars, bad, path } = minimapRuns(rows, rows.whole, 100, 3);
  assert.deepEqual(bars, [
    { line: 0, left: 0, width: 100 },
    { line: 2, left: 60, width: 40 },
  ]);
  assert.deepEqual(bad, [{ line: 1, left: 50, width: 1 }]);
  assert.deepEqual(path, [{ line: 2, left: 60, width: 40 }]);
  assert.equal(minimapRuns(rows, rows.whole, 100, 1).bars.length, 1, 'rows that share a line are one');
});

test('in the flame no span covers another, and a child lies below its parent', () => {
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const spans: TraceSpan[] = [span('s0', null, 0, 1_000)];
  for (let i = 1; i < 400; i++) {
    const up = spans[Math.floor(random() * spans.length)] as TraceSpan;
    const start = up.startNs / ms + random() * 50;
    spans.push(span(`s${i}`, up.spanId, start, random() * 120));
  }
  const rows = toRows({ spans, criticalPath: [] });
  const lanes = toLanes(rows);
  for (let lane = 0; lane < lanes.count; lane++) {
    for (let at = (lanes.from[lane] as number) + 1; at < (lanes.from[lane + 1] as number); at++) {
      const [before, after] = [lanes.rows[at - 1] as number, lanes.rows[at] as number];
      assert.ok((rows.endNs[before] as number) <= (rows.startNs[after] as number), `lane ${lane}`);
    }
  }
  rows.parent.forEach((up, row) => {
    if (up >= 0) assert.ok((lanes.laneOf[row] as number) > (lanes.laneOf[up] as number));
  });
  for (const row of [0, 17, 399]) {
    const middle = ((rows.startNs[row] as number) + (rows.endNs[row] as number)) / 2;
    assert.equal(rowInLane(lanes, rows, lanes.laneOf[row] as number, middle, 0), row);
  }
  assert.equal(rowInLane(lanes, rows, 0, 2_000 * ms, 0), -1);
});

test('a hundred thousand concurrent spans find their lanes at once', () => {
  const spans = [span('r', null, 0, 10), ...Array.from({ length: 100_000 }, (_, i) => span(`s${i}`, 'r', 1, 5))];
  const before = performance.now();
  assert.equal(toLanes(toRows({ spans, criticalPath: [] })).count, 100_001);
  assert.ok(performance.now() - before < 3_000);
});

test('self time leaves out what ran below, overlaps counted once', () => {
  /* r |----------|   a |---|   b   |---|   c outlives r      |---| */
  const spans = [span('r', null, 0, 10), span('a', 'r', 1, 3), span('b', 'r', 3, 3), span('c', 'r', 9, 4)];
  const self = selfTimes(toRows({ spans, criticalPath: [] }));
  assert.deepEqual(
    Array.from(self, (ns) => ns / ms),
    [4, 3, 3, 4],
  );
});

test('operations add up to the trace: spans, path; and can be sorted', () => {
  const sums = operationsOf(
    toRows({ ...trace, spans: [...trace.spans, span('e', 'a', 60, 5, { name: 'op d', service: 'auth' })] }),
  );
  assert.equal(
    sums.reduce((sum, { count }) => sum + count, 0),
    5,
  );
  assert.equal(sums.reduce((sum, { pathNs }) => sum + pathNs, 0) / ms, 100);
  const auth = sums.find(({ service }) => service === 'auth');
  assert.deepEqual([auth?.count, (auth?.totalNs ?? 0) / ms, auth?.longest], [2, 45, 3]);
  assert.equal(sortOperations(sums, 'pathNs', true)[0]?.service, 'auth');
  assert.equal(sortOperations(sums, 'totalNs', true)[0]?.service, 'frontend');
  assert.equal(sortOperations(sums, 'service', false)[0]?.service, 'auth');
});

test('a call is drawn as its caller saw it: what the callee worked, and the rest on its two sides', () => {
  const client = { startNs: 100, endNs: 200 };
  const numbers = { clientNs: 100, serverNs: 60, networkNs: 40 };
  const seen = splitCall(call(numbers), client, { startNs: 110, endNs: 170 });
  assert.equal(seen.centred, false);
  assert.deepEqual(
    seen.parts.map(({ name, bars }) => [name, bars.map(({ left, width }) => [left, Number(width.toFixed(3))])]),
    [
      ['client', [[0, 1]]],
      ['server', [[0.1, 0.6]]],
      [
        'network and proxies',
        [
          [0, 0.1],
          [0.7, 0.3],
        ],
      ],
    ],
  );
  const skewed = splitCall(call(numbers), client, { startNs: 40, endNs: 100 });
  assert.equal(skewed.centred, true);
  assert.equal(skewed.parts[1]?.bars[0]?.left, 0.2);
  assert.deepEqual(
    splitCall(call({ clientNs: 100 }), client, undefined).parts.map(({ name }) => name),
    ['client'],
  );
});

test('the shown time is zoomed round a place, moved inside the whole, and written in the address', () => {
  const whole = { startNs: 0, endNs: 1_000_000 };
  assert.deepEqual(zoomed(whole, 0.5, 0.25, whole), { startNs: 125_000, endNs: 625_000 });
  assert.equal(zoomed({ startNs: 10, endNs: 600_000 }, 2, 0.5, whole), undefined);
  assert.deepEqual(moved({ startNs: 700_000, endNs: 900_000 }, 1, whole), { startNs: 800_000, endNs: 1_000_000 });
  assert.deepEqual(around({ startNs: 500_000, endNs: 600_000 }, whole), { startNs: 490_000, endNs: 610_000 });
  assert.equal(around(whole, whole), undefined);
  assert.deepEqual(parseRange(rangeText({ startNs: -5, endNs: 20.4 }), whole), { startNs: -5, endNs: 20 });
  assert.equal(parseRange('2000000-3000000', whole), undefined);
  assert.equal(parseRange('nonsense', whole), undefined);
});

test('the path is walked in the order its spans first decide, from anywhere', () => {
  const shares = pathShares(trace);
  const [a, b, , d] = trace.spans;
  assert.equal(alongPath(shares, undefined, 1), a);
  assert.equal(alongPath(shares, a, 1), b);
  assert.equal(alongPath(shares, a, -1), a);
  assert.equal(alongPath(shares, d, 1), d);
  const off = span('x', 'a', 20, 1);
  assert.equal(alongPath(shares, off, 1)?.spanId, 'c');
  assert.equal(alongPath(shares, off, -1)?.spanId, 'b');
});

test('the map of a trace counts its calls, and shares of the path are of this trace', () => {
  const calls = [
    call({
      spanId: 'a',
      calleeSpanId: 'a',
      source: '//users',
      target: '/shop/frontend',
      edgeId: 'in',
      clientNs: 100 * ms,
    }),
    call({
      spanId: 'b',
      calleeSpanId: 'c',
      clientNs: 40 * ms,
      serverNs: 20 * ms,
      attempts: 2,
      failed: true,
      edgeId: 'out',
    }),
    call({ spanId: 'd', target: '/data/db', protocol: 'postgresql', clientNs: 40 * ms, edgeId: 'db' }),
  ];
  const callOf: Record<string, number> = { a: 0, b: 1, c: 1, d: 2 };
  const spans = trace.spans.map((each) => ({ ...each, callId: callOf[each.spanId] ?? null }));
  const graph = toTraceGraph({ ...trace, spans, calls });
  const edge = (target: string) => graph.edges.find((each) => each.target === target);
  assert.deepEqual([edge('/shop/reviews')?.criticalShare, edge('/data/db')?.criticalShare], [0.4, 0.4]);
  assert.deepEqual([edge('/shop/reviews')?.attempts, edge('/shop/reviews')?.failed], [2, 1]);
  const kinds = Object.fromEntries(graph.nodes.map(({ name, kind }) => [name, kind]));
  assert.deepEqual(kinds, { users: 'users', frontend: 'service', reviews: 'service', db: 'database' });
  assert.equal(spanOfEdge({ calls }, 'out'), 'b');
  assert.equal(spanOfNode({ spans, calls }, '/shop/frontend'), 'a');
  assert.equal(spanOfNode({ spans, calls }, '/data/db'), 'd');
  assert.equal(spanOfNode({ spans, calls }, 'something else'), undefined);
});

test('nested values can be read, also when sent as JSON in a text', () => {
  assert.equal(readableText({ a: [1] }), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(readableText('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(readableText('[not json'), '[not json');
  assert.equal(readableText(5), '5');
});

test('every key of the page is listed, and does what the list says', () => {
  const listed = new Set(traceKeys.flatMap(({ keys }) => keys));
  for (const key of ['f', '[', ']', 'o', 'p', ',', '.', '/']) {
    assert.ok(pressOf({ key, ctrlKey: false, metaKey: false }), key);
    assert.ok(listed.has(key), key);
  }
  for (const key of ['w', 'a', 's', 'd']) assert.ok(listed.has(key), key);
  assert.equal(pressOf({ key: 'b', ctrlKey: true, metaKey: false }), 'find');
  assert.equal(pressOf({ key: 'f', ctrlKey: true, metaKey: false }), undefined);
});

test('an embedded trace leads to the product with the same view', () => {
  const query = new URLSearchParams('view=flame&theme=dark&span=b&kiosk=');
  assert.equal(embeddedHref('abc', query), '/trace/abc?view=flame&span=b');
  assert.equal(embeddedHref('abc', query, { span: 'c' }), '/trace/abc?view=flame&span=c');
  assert.equal(embeddedHref('abc', new URLSearchParams('theme=dark')), '/trace/abc');
});
