/** The page's maths without a browser: where labels and lines go, how names are cut, what sentences say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completeSteps, heatRows } from '../ui/map/chart.ts';
import { hostPort, recipes } from '../ui/map/connect.ts';
import { edgeHealth } from '../ui/map/health.ts';
import { overlaps, placeLabels, pointAt, type Box, type Wish } from '../ui/map/place.ts';
import { edgeWidth, edgeWidths, fitTo, litBy, ringShare } from '../ui/map/scene.ts';
import { troubleTime } from '../ui/map/trouble.ts';
import { beginnings, edgeVerdict } from '../ui/map/verdict.ts';
import { edgeName, pillTexts } from '../ui/map/words.ts';
import { middleEllipsis } from '../ui/part/ellipsis.ts';
import { hueOf, hues } from '../ui/part/hue.ts';
import { parseTraceId } from '../ui/part/trace-id.ts';
import { clock, edge, limits, noLatency as none, step } from './ui-edge.ts';

const ruler = (text: string): number => [...text].length * 7;
const level = (y: number, from = 0, to = 400) =>
  Array.from({ length: 26 }, (_, i) => ({ x: from + ((to - from) * i) / 25, y }));
const wish = (id: string, line: Wish['line'], part: Partial<Wish> = {}): Wish => ({
  id,
  line,
  sizes: [{ width: 60, height: 18 }],
  weight: 1,
  ...part,
});

test('a name is cut in its middle and never wider than its room', () => {
  assert.equal(middleEllipsis('cart', 100, ruler), 'cart');
  assert.equal(middleEllipsis('istio-ingressgateway', 7 * 9, ruler), 'isti…eway');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 7, max: 300 }), (text, width) => {
      const cut = middleEllipsis(text, width, ruler);
      assert.ok(ruler(cut) <= width, `${cut} in ${width}`);
      if (ruler(text) <= width) assert.equal(cut, text);
    }),
  );
});

test('labels never cover a card or each other', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ y: fc.integer({ min: 0, max: 200 }), width: fc.integer({ min: 30, max: 120 }) }), {
        maxLength: 25,
      }),
      fc.array(fc.record({ x: fc.integer({ min: 0, max: 400 }), y: fc.integer({ min: 0, max: 200 }) }), {
        maxLength: 6,
      }),
      (lines, corners) => {
        const cards = corners.map(({ x, y }): Box => ({ x, y, width: 80, height: 40 }));
        const wishes = lines.map(({ y, width }, i) => wish(`${i}`, level(y), { sizes: [{ width, height: 18 }] }));
        const boxes = [...placeLabels(wishes, cards)].map(([id, { x, y }]): Box => {
          const width = lines[Number(id)]?.width ?? 0;
          return { x: x - width / 2, y: y - 9, width, height: 18 };
        });
        for (const [i, box] of boxes.entries()) {
          assert.ok(!cards.some((card) => overlaps(box, card)));
          assert.ok(!boxes.some((other, j) => i !== j && overlaps(box, other)));
        }
      },
    ),
  );
});

test('the failing label gets the room that a healthy one also wants', () => {
  const short = level(50, 0, 70);
  const places = placeLabels([wish('healthy', short, { weight: 9 }), wish('failing', short, { weight: 3_000 })], []);
  assert.deepEqual([...places.keys()], ['failing']);
});

test('a label that is too long for its room gives way to its short form', () => {
  const cards = [
    { x: -100, y: 30, width: 100, height: 40 },
    { x: 90, y: 30, width: 100, height: 40 },
  ];
  const sizes = [
    { width: 110, height: 18 },
    { width: 50, height: 18 },
  ];
  assert.equal(placeLabels([wish('e', level(50, 0, 90), { sizes })], cards).get('e')?.size, 1);
});

test('a point of a line lies at its share of the length', () => {
  assert.deepEqual(
    pointAt(
      [
        { x: 0, y: 0 },
        { x: 10, y: 0 },
        { x: 10, y: 30 },
      ],
      0.5,
    ),
    { x: 10, y: 10 },
  );
  assert.equal(pointAt([], 0.5), undefined);
});

/**
 *   [A]──┐        x 0..100, gap 100..200, B at 200..300
 *        └──[B]
 */
test('the map is shown whole and in the middle', () => {
  const { k, x, y } = fitTo(
    { x: 0, y: 0, width: 1000, height: 200 },
    { width: 560, height: 400 },
    { x: 30, top: 20, bottom: 20 },
  );
  assert.equal(k, 0.5);
  assert.deepEqual([x, y], [30, 150]);
});

test('health follows the thresholds of the legend', () => {
  assert.equal(edgeHealth(edge(), limits), 'ok');
  assert.equal(edgeHealth(edge({ failed: 1 }), limits), 'warn');
  assert.equal(edgeHealth(edge({ failed: 10 }), limits), 'bad');
  assert.equal(edgeHealth(edge({ latencyMs: { p50: 1, p90: 2, p99: 501, n: 1000 } }), limits), 'bad');
  assert.equal(edgeHealth(edge({ latencyMs: { p50: 1, p90: 2, p99: 501, n: 3 } }), limits), 'ok');
  assert.equal(edgeHealth(edge({ calls: 0, latencyMs: none }), limits), 'idle');
});

test('width follows the rate, and a failing edge is never thin', () => {
  assert.equal(edgeWidth(100, 100, 'ok', false), edgeWidths.most);
  assert.ok(edgeWidth(25, 100, 'ok', false) < edgeWidth(50, 100, 'ok', false));
  assert.equal(edgeWidth(0, 0, 'ok', false), edgeWidths.least);
  assert.equal(edgeWidth(0, 100, 'bad', false), edgeWidths.bad);
  assert.equal(edgeWidth(100, 100, 'ok', true), edgeWidths.crowd);
  assert.equal(edgeWidth(100, 100, 'bad', true), edgeWidths.most);
});

test('a degraded ring is open, a healthy one closed', () => {
  assert.equal(ringShare({ calls: 100, failed: 0 }, 'ok'), 1);
  assert.ok(ringShare({ calls: 1000, failed: 2 }, 'warn') < 1);
  assert.ok(ringShare({ calls: 100, failed: 90 }, 'bad') < ringShare({ calls: 100, failed: 5 }, 'bad'));
});

test('hovering lights a workload, its edges and its neighbours only', () => {
  const edges = [
    edge({ id: '1', source: 'a', target: 'b' }),
    edge({ id: '2', source: 'b', target: 'c' }),
    edge({ id: '3', source: 'c', target: 'd' }),
  ];
  assert.deepEqual([...litBy('b', edges)].sort(), ['1', '2', 'a', 'b', 'c']);
  assert.deepEqual([...litBy('3', edges)].sort(), ['3', 'c', 'd']);
});

test('an edge is named with its rate, success and p99', () => {
  const name = edgeName(edge({ calls: 12_300, failed: 98, rate: 41 }), 'frontend', 'auth');
  assert.equal(name, 'frontend to auth: 41 rps, 99.2 % success, p99 16 ms');
  assert.equal(edgeName(edge({ calls: 0, successRate: null, rate: 0, latencyMs: none }), 'a', 'b'), 'a to b: 0 rps');
});

test('a failing edge says its success rate whatever the label', () => {
  const failing = edge({ failed: 32 });
  assert.deepEqual(pillTexts(failing, 'p90', limits), ['96.8 % · 10.4 ms', '96.8 %']);
  assert.deepEqual(pillTexts(failing, 'none', limits), ['96.8 %']);
  assert.deepEqual(pillTexts(failing, 'success', limits), ['96.8 %']);
  assert.deepEqual(pillTexts(edge(), 'p90', limits), ['10.4 ms']);
  assert.deepEqual(pillTexts(edge(), 'none', limits), []);
});

test('the sentence says since when, how much, what and where', () => {
  const failing = edge({
    target: '/shop/reviews',
    failed: 32,
    attempts: 1070,
    errors: [
      { code: '404', flag: '', reason: 'not found', origin: 'app', failed: false, count: 900 },
      { code: '503', flag: 'UF', reason: 'connection refused', origin: 'proxy', failed: true, count: 32 },
    ],
  });
  const { health, text } = edgeVerdict(failing, { source: 'frontend', target: 'reviews' }, limits, {
    series: [step(1, 0), step(2, 4), step(3, 5)],
    clock,
  });
  assert.equal(health, 'bad');
  assert.equal(
    text,
    'Failing since T2. 3.2 % of 1\u202f000 calls never reached reviews: connection refused (503 UF); 1.07 attempts a call.',
  );
});

test('the sentence names a client error where it counts as failed', () => {
  const strict = edge({
    failed: 32,
    errors: [{ code: '404', flag: '', reason: 'not found', origin: 'app', failed: true, count: 32 }],
  });
  assert.match(
    edgeVerdict(strict, { source: 'frontend', target: 'reviews' }, limits).text,
    /3\.2 % of .* calls failed in reviews: not found \(404\)\./,
  );
});

test('a slow edge says whether the callee or the way is to blame', () => {
  const slow = edge({
    latencyMs: { p50: 9, p90: 400, p99: 900, n: 1000 },
    networkMs: { p50: 1, p90: 390, p99: 880, n: 1000 },
  });
  assert.match(edgeVerdict(slow, { source: 'a', target: 'b' }, limits).text, /on the way, in network and proxies/);
  assert.match(
    edgeVerdict({ ...slow, networkMs: edge().networkMs }, { source: 'a', target: 'b' }, limits).text,
    /most of it in b/,
  );
});

test('trouble has a start only when it was well before, and an end only when it stays well', () => {
  assert.deepEqual(troubleTime([step(1, 9), step(2, 9)], limits), {});
  assert.deepEqual(troubleTime([step(1, 0), step(2, 9), step(3, 0, 0), step(4, 9), step(5, 0)], limits), { since: 2 });
  assert.deepEqual(troubleTime([step(1, 0), step(2, 9), step(3, 0), step(4, 0), step(5, 0)], limits), {
    since: 2,
    until: 3,
  });
  assert.deepEqual(troubleTime([step(1, 0)], limits), {});
});

test('the trouble begins where nothing behind it fails', () => {
  const bad = [edge({ id: '1', source: 'u', target: 'f' }), edge({ id: '2', source: 'f', target: 'r' })];
  assert.deepEqual(
    beginnings(bad).map(({ id }) => id),
    ['2'],
  );
  const circle = [edge({ id: '1', source: 'a', target: 'b' }), edge({ id: '2', source: 'b', target: 'a' })];
  assert.equal(beginnings(circle).length, 2);
});

test('a series loses the step under way and the empty ones that have not settled', () => {
  const series = [step(0, 0), step(10, 0), step(20, 0, 0), step(30, 0, 0), step(40, 0)];
  assert.deepEqual(
    completeSteps({ series, stepMs: 10, to: 45 }).map(({ at }) => at),
    [0, 10],
  );
});

test('a heatmap shows the rows that hold calls, with one of air', () => {
  const heat = { boundsMs: [1, 2, 4, 8, 16], columns: [{ at: 0, counts: [0, 0, 3, 1, 0] }] };
  assert.deepEqual(heatRows(heat), { rows: [1, 2, 3, 4], most: 3 });
  assert.deepEqual(heatRows({ boundsMs: [1], columns: [] }).rows, []);
});

test('a trace ID is taken as people paste it, and what is wrong is said', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  assert.deepEqual(parseTraceId(` "${id.toUpperCase()}" `), { id });
  assert.deepEqual(parseTraceId(`00-${id}-00f067aa0ba902b7-01`), { id });
  for (const [text, says] of [
    ['', /32 hex/],
    ['xyz', /“x”/],
    [id.slice(1), /this one has 31/],
    ['0'.repeat(32), /zeros/],
  ] as const) {
    const parsed = parseTraceId(text);
    assert.ok('problem' in parsed);
    assert.match(parsed.problem, says);
  }
});

test('the colour of a workload is a function of its name', () => {
  assert.equal(hueOf('frontend'), hueOf('frontend'));
  fc.assert(fc.property(fc.string(), (name) => hueOf(name) >= 0 && hueOf(name) < hues));
  assert.equal(new Set(['frontend', 'auth', 'cart', 'reviews', 'product-api', 'payment'].map(hueOf)).size, 6);
});

test('the recipes name the address that the sender can reach', () => {
  assert.deepEqual(hostPort('http://127.0.0.1:4318/v1'), { host: '127.0.0.1', port: '4318' });
  assert.deepEqual(hostPort('[::1]:4317'), { host: '[::1]', port: '4317' });
  const texts = recipes({ otlpHttp: '0.0.0.0:14318', otlpGrpc: '0.0.0.0:14317' }, 'collector.lan').map(
    ({ text }) => text,
  );
  assert.match(texts[0] ?? '', /http:\/\/collector\.lan:14318/);
  assert.match(texts[1] ?? '', /address: collector\.lan, port_value: 14317/);
});
