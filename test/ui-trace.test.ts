/** The trace page's maths without a browser: rows, folds, bars, axis, find, and the sentence a trace opens with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trace, TraceCall, TraceSpan } from '#shared/api.ts';
import { toTicks } from '../ui/trace/axis.ts';
import { createFinder } from '../ui/trace/find.ts';
import { durationSide, mergeBars, rowWindow, stretchOf, toBar, toRows, visibleRows } from '../ui/trace/rows.ts';
import { pathShares, traceSentence, traceTitle } from '../ui/trace/words.ts';

const ms = 1e6;

function span(
  spanId: string,
  parentId: string | null,
  startMs: number,
  durationMs: number,
  part: Partial<TraceSpan> = {},
): TraceSpan {
  return {
    spanId,
    parentId,
    service: 'frontend',
    namespace: 'shop',
    version: 'v1',
    name: `op ${spanId}`,
    kind: 'SERVER',
    startNs: startMs * ms,
    durationNs: durationMs * ms,
    status: { code: 'UNSET', message: '' },
    attributes: {},
    events: [],
    links: [],
    resource: {},
    scope: { name: '', version: '' },
    failed: false,
    callId: null,
    ...part,
  };
}

function call(part: Partial<TraceCall>): TraceCall {
  return {
    edgeId: 'e',
    source: '/shop/frontend',
    target: '/shop/reviews',
    sourceVersion: '',
    targetVersion: '',
    protocol: 'http',
    spanId: 'b',
    calleeSpanId: null,
    failed: false,
    clientError: false,
    error: null,
    attempts: 1,
    clientNs: null,
    serverNs: null,
    networkNs: null,
    probe: false,
    ...part,
  };
}

/**
 *   a ├────────────────────┤ 0..100   path 0..10 and 90..100
 *   b   ├──────┤             10..50   path 10..30
 *   c     ├──┤               30..50   path 30..50
 *   d            ├─────┤     50..90   path 50..90
 */
const trace: Trace = {
  traceId: '1'.repeat(32),
  start: 0,
  durationMs: 100,
  spans: [
    span('a', null, 0, 100, { name: 'frontend.shop.svc.cluster.local:9080/*' }),
    span('b', 'a', 10, 40, { service: 'reviews', kind: 'CLIENT' }),
    span('c', 'b', 30, 20, { service: 'reviews', name: 'GET /reviews' }),
    span('d', 'a', 50, 40, { service: 'auth' }),
  ],
  criticalPath: [
    { spanId: 'a', startNs: 0, endNs: 10 * ms },
    { spanId: 'b', startNs: 10 * ms, endNs: 30 * ms },
    { spanId: 'c', startNs: 30 * ms, endNs: 50 * ms },
    { spanId: 'd', startNs: 50 * ms, endNs: 90 * ms },
    { spanId: 'a', startNs: 90 * ms, endNs: 100 * ms },
  ],
  calls: [],
  warnings: [],
};

test('rows know their depth, what lies below them and what they own of the path', () => {
  const rows = toRows(trace);
  assert.deepEqual(
    rows.map(({ depth }) => depth),
    [0, 1, 2, 1],
  );
  assert.deepEqual(
    rows.map(({ below }) => below),
    [3, 1, 0, 0],
  );
  assert.deepEqual(
    rows.map(({ pathNs }) => pathNs / ms),
    [20, 20, 20, 40],
  );
});

test('a missing parent, a parent that comes later and a span delivered twice still make rows', () => {
  const spans = [span('b', 'lost', 0, 1), span('c', 'd', 0, 1), span('d', 'd', 0, 1), span('d', null, 0, 1)];
  const rows = toRows({ spans, criticalPath: [{ spanId: 'd', startNs: 0, endNs: ms }] });
  assert.deepEqual(
    rows.map(({ depth }) => depth),
    [0, 0, 0, 0],
  );
  assert.deepEqual(
    rows.map(({ pathNs }) => pathNs / ms),
    [0, 0, 1, 0],
  );
});

test('folding hides what lies below, and only that', () => {
  const rows = toRows(trace);
  const ids = (closed: string[], leadOnly = false) =>
    visibleRows(rows, new Set(closed), leadOnly).map((row) => row.span.spanId);
  assert.deepEqual(ids([]), ['a', 'b', 'c', 'd']);
  assert.deepEqual(ids(['b']), ['a', 'b', 'd']);
  assert.deepEqual(ids(['a', 'b']), ['a']);
});

test('the path alone leaves out spans that decide nothing', () => {
  const rows = toRows({ ...trace, criticalPath: trace.criticalPath.filter(({ spanId }) => spanId !== 'd') });
  assert.deepEqual(
    visibleRows(rows, new Set(), true).map((row) => row.span.spanId),
    ['a', 'b', 'c'],
  );
});

test('ten thousand nested spans make rows without recursion', () => {
  const spans = Array.from({ length: 10_000 }, (_, i) => span(`s${i}`, i === 0 ? null : `s${i - 1}`, 0, 1));
  const rows = toRows({ spans, criticalPath: [{ spanId: 's9999', startNs: 0, endNs: ms }] });
  assert.equal(rows[0]?.below, 9_999);
  assert.equal(rows[0]?.leads, true);
  assert.equal(visibleRows(rows, new Set(['s1'])).length, 2);
});

test('a bar lies where its time does, cut to what is shown', () => {
  const shown = { startNs: 10, endNs: 20 };
  assert.deepEqual(toBar({ startNs: 12, endNs: 15 }, shown), { left: 0.2, width: 0.3 });
  assert.deepEqual(toBar({ startNs: 0, endNs: 15 }, shown), { left: 0, width: 0.5 });
  assert.equal(toBar({ startNs: 21, endNs: 30 }, shown), undefined);
  assert.equal(toBar({ startNs: 1, endNs: 2 }, { startNs: 0, endNs: 0 }), undefined);
  assert.deepEqual(stretchOf({ startNs: 5, durationNs: -3 }), { startNs: 5, endNs: 5 });
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
  assert.deepEqual(find('status_code=503'), ['a']);
  assert.deepEqual(find('FRONTEND op'), ['a', 'b']);
  assert.deepEqual(find('frontend 503'), ['a']);
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

test('the sentence names who decides the time and says that nothing failed', () => {
  assert.equal(
    traceSentence(trace),
    "40 % of the time is reviews's own work, the longest part op b (20 ms); 40 ms belong to auth. Nothing failed, nothing was retried.",
  );
});

test('spans that outlive the answer are told of', () => {
  assert.match(
    traceSentence({ ...trace, durationMs: 150 }),
    /^Answered after 100 ms; the last span ends at 150 ms\. 40 % /,
  );
});

test('time of a call whose callee sends no spans is waiting for it', () => {
  const spans = [span('a', null, 0, 100), span('q', 'a', 0, 90, { kind: 'CLIENT', name: 'SELECT', callId: 0 })];
  const criticalPath = [
    { spanId: 'q', startNs: 0, endNs: 90 * ms },
    { spanId: 'a', startNs: 90 * ms, endNs: 100 * ms },
  ];
  const calls = [call({ spanId: 'q', target: '/data/inventory-db' })];
  assert.match(
    traceSentence({ ...trace, spans, criticalPath, calls }),
    /^90 % of the time is waiting for inventory-db \(SELECT, 90 ms\); 10 ms belong to frontend\./,
  );
});

test('the deepest failed call is the one that is told', () => {
  const error = { code: '503', flag: 'UF', reason: 'connection refused', origin: 'proxy' as const };
  const calls = [
    call({
      spanId: 'a',
      source: '//users',
      target: '/shop/frontend',
      failed: true,
      error: { ...error, flag: '', origin: 'app' },
    }),
    call({ spanId: 'b', failed: true, attempts: 3, error }),
  ];
  const text = traceSentence({ ...trace, calls });
  assert.match(
    text,
    /frontend → reviews never got through: connection refused \(503 UF\)\. 1 more call failed with it\./,
  );
  assert.match(text, /frontend tried reviews 3 times/);
});

test('a trace is called by the first operation an application named', () => {
  assert.equal(traceTitle(trace), 'GET /reviews');
  assert.equal(traceTitle({ spans: trace.spans.slice(0, 1) }), 'frontend.shop:9080/*');
});
