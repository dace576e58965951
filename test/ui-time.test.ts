/** Time on the map without a browser: the player, typed times, the brush's maths, marks, bars and what the strip spans. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timeline } from '#shared/api.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { toGraph } from '#shared/graph.ts';
import { toBars } from '../ui/time/bars.ts';
import { historyFor, historyOf, reachFor, speedsFor } from '../ui/time/history.ts';
import { placeMarks, type Mark } from '../ui/time/marks.ts';
import { parseInterval, parseWhen } from '../ui/time/parse-time.ts';
import { createPlayer, toPlayOptions, type PlayedHistory } from '../ui/time/player.ts';
import { firstOf, keyed, moved, outward, rangeFor, resized, snapped, toSteps } from '../ui/time/stretch.ts';
import { stillAt } from '../ui/time/still.ts';
import { stepWords, stretchWords } from '../ui/time/words.ts';
import { edgeFrame } from './edge-frame.ts';

const minute = 60_000;
const baseSecond = 1_764_000_000;
const baseMs = baseSecond * 1000;

// --- player ----------------------------------------------------------------------------------------------------------

const stepMs = 30_000;
const stepCount = 24;
const history: PlayedHistory = {
  from: baseMs,
  to: baseMs + stepCount * stepMs,
  stepMs,
  generatedAt: baseMs + stepCount * stepMs,
  unsettled: 7,
  thresholds: { warnFailed: 0.002, badFailed: 0.02, badP99Ms: 250 },
  critical: { entry: '', band: 'all', fromMs: 0 },
};

/** Two steps of every three hold a frame of an edge; edges of two versions, two protocols, probes and weights among them. */
function someFrames(): EdgeFrame[] {
  let seed = 7;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const frames: EdgeFrame[] = [];
  for (let step = 0; step < stepCount; step++) {
    for (let edge = 0; edge < 9; edge++) {
      if ((step + edge) % 3 === 0) continue;
      const clientMs = Array.from({ length: 1 + (edge % 4) }, () => 1 + random() * 900);
      const failed = random() < 0.3 ? 1 : 0;
      frames.push(
        edgeFrame(`shop/caller${edge % 4}`, `${edge % 2 === 0 ? 'shop' : 'data'}/callee${edge}`, {
          frame: baseSecond + (step * stepMs) / 1000,
          targetVersion: edge === 5 && step > 12 ? 'v2' : 'v1',
          protocol: edge === 6 && step % 2 === 0 ? 'grpc' : 'http',
          probe: edge === 7 ? 1 : 0,
          clientMs,
          serverMs: clientMs.slice(1),
          networkMs: clientMs.map((value) => value / 10),
          calls: clientMs.length * 2,
          seen: clientMs.length,
          failed,
          errors: failed > 0 ? { '503|UF|proxy': failed } : {},
          criticalNs: { '': 1e6 * edge },
          ...(step === stepCount - 1 ? { provisional: true } : {}),
        }),
        edgeFrame('', `shop/caller${edge % 4}`, {
          frame: baseSecond + (step * stepMs) / 1000,
          rootCount: { '': 1 },
          rootNs: { '': 5e7 },
        }),
      );
    }
  }
  return frames;
}

const frames = someFrames();
const player = createPlayer(history, frames);
const at = (first: number, end: number) => ({ from: baseMs + first * stepMs, to: baseMs + end * stepMs });

for (const [name, params] of [
  ['as it is', {}],
  ['with probes, by version', { probes: 'true', groupBy: 'version' }],
  ['of one namespace', { namespace: 'data' }],
  ['around one workload', { service: 'callee5', hops: '2', direction: 'up' }],
] as const) {
  test(`a played moment is the map of the frames in it: ${name}`, () => {
    for (const [first, end] of [
      [0, 1],
      [3, 13],
      [5, 24],
      [0, 24],
    ] as const) {
      const { from, to } = at(first, end);
      const inside = frames.filter(({ frame }) => frame * 1000 >= from && frame * 1000 < to);
      const { idle: _, ...options } = toPlayOptions(params);
      assert.deepEqual(
        player.graphAt({ from, to }, toPlayOptions(params)),
        toGraph(inside, {
          ...options,
          fromMs: from,
          toMs: to,
          generatedAtMs: history.generatedAt,
          unsettled: end === stepCount ? 7 : 0,
          thresholds: history.thresholds,
          critical: history.critical,
        }),
      );
    }
  });
}

test('adding up a window leaves nothing behind for the next', () => {
  const before = player.graphAt(at(3, 13), {});
  player.graphAt(at(0, 24), {});
  assert.deepEqual(player.graphAt(at(3, 13), {}), before);
});

test('a moment between two steps is that of the whole steps around it', () => {
  const { from, to } = at(4, 8);
  assert.deepEqual(player.graphAt({ from: from + 1_000, to: to - 1_000 }, {}), player.graphAt({ from, to }, {}));
});

test('the step that is still filling is divided by the time that has passed of it', () => {
  const open = createPlayer({ ...history, to: history.to - 20_000 }, frames);
  const graph = open.graphAt(at(23, 24), {});
  assert.equal(graph.to - graph.from, 10_000);
  assert.equal(graph.edges[0]?.rate, (graph.edges[0]?.calls ?? 0) / 10);
});

test('with idle an edge that was there before stays without calls, one that comes later does not', () => {
  const quiet = createPlayer(history, [
    edgeFrame('a', 'b', { frame: baseSecond, clientMs: [10] }),
    edgeFrame('a', 'c', { frame: baseSecond + 300, clientMs: [10] }),
  ]);
  const edges = (idle: string) =>
    quiet.graphAt(at(4, 6), toPlayOptions({ idle })).edges.map(({ target, calls }) => ({ target, calls }));
  assert.deepEqual(edges('true'), [{ target: '//b', calls: 0 }]);
  assert.deepEqual(edges('false'), []);
});

test('parameters of the API mean to a player what they mean to the server', () => {
  assert.deepEqual(toPlayOptions({ groupBy: 'namespace', collapse: '/shop/,east//', cluster: 'east', hops: '3' }), {
    groupBy: 'namespace',
    collapse: ['/shop/', 'east//'],
    clusters: ['east'],
    namespaces: [],
    probes: false,
    idle: false,
  });
  assert.equal(toPlayOptions({ service: 'a' }).hops, 1);
});

// --- typed times -----------------------------------------------------------------------------------------------------

const now = new Date(2026, 10, 23, 14, 36, 2, 114).getTime();
const local = (...parts: [number, number, number, number, number, number?, number?]): number =>
  new Date(...parts).getTime();

test('a time is read as people write it, in their zone', () => {
  for (const [text, expected] of [
    ['now', now],
    ['now-1h', now - 60 * minute],
    ['now - 1h30m', now - 90 * minute],
    ['-15m', now - 15 * minute],
    ['1764000000000', baseMs],
    ['1764000000', baseMs],
    ['2026-11-23 14:05', local(2026, 10, 23, 14, 5)],
    ['2026-11-23T14:05:06', local(2026, 10, 23, 14, 5, 6)],
    ['2026-11-23 14:05:06.5', local(2026, 10, 23, 14, 5, 6, 500)],
    ['2026-11-23', local(2026, 10, 23, 0, 0)],
    ['9:05', local(2026, 10, 23, 9, 5)],
    [' 14:05:30 ', local(2026, 10, 23, 14, 5, 30)],
    ['2026-11-23T14:05:00Z', Date.UTC(2026, 10, 23, 14, 5)],
    ['2026-11-23 14:05+02:00', Date.UTC(2026, 10, 23, 12, 5)],
  ] as const) {
    assert.deepEqual(parseWhen(text, now), { ok: true, value: expected }, text);
  }
});

test('a time that is none says why', () => {
  for (const [text, why] of [
    ['', /Empty/],
    ['yesterday', /Cannot read “yesterday”/],
    ['now-1x', /“1x” is no duration/],
    ['12345', /5 digits/],
    ['2026-02-30 10:00', /no such time/],
    ['2026-11-23 24:10', /no such time/],
    ['2026-11-23T99:00:00Z', /no such time/],
  ] as const) {
    const parsed = parseWhen(text, now);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.message, why);
  }
});

test('an interval names the field that is wrong; its end may be left out', () => {
  assert.deepEqual(parseInterval('now-1h', '', now), { ok: true, value: { from: now - 60 * minute, to: now } });
  const wrong = (from: string, to: string) => {
    const parsed = parseInterval(from, to, now);
    return parsed.ok ? 'fine' : `${parsed.at}: ${parsed.message}`;
  };
  assert.equal(wrong('now-1h', 'now-2h'), 'to: The end is not after the start');
  assert.equal(wrong('23:00', ''), 'from: The start lies in the future');
  assert.match(wrong('2020-01-01', ''), /^from: Longer than/);
  assert.match(wrong('now-1h', 'soon'), /^to: Cannot read/);
});

// --- brush -----------------------------------------------------------------------------------------------------------

const range = { from: baseMs, to: baseMs + 60 * minute };
const shown = { from: baseMs + 10 * minute, to: baseMs + 15 * minute };

test('a moved window keeps its length and stays in the range', () => {
  assert.deepEqual(moved(shown, minute, range), { from: shown.from + minute, to: shown.to + minute });
  assert.deepEqual(moved(shown, -99 * minute, range), { from: range.from, to: range.from + 5 * minute });
  assert.deepEqual(moved(shown, 99 * minute, range), { from: range.to - 5 * minute, to: range.to });
});

test('an end of the window stops a step before the other', () => {
  assert.equal(resized(shown, 'from', shown.to + minute, range, stepMs).from, shown.to - stepMs);
  assert.equal(resized(shown, 'to', range.from, range, stepMs).to, shown.from + stepMs);
  assert.equal(resized(shown, 'from', 0, range, stepMs).from, range.from);
});

test('what is dragged lies on whole steps, but reaches the very end of a range that ends within one', () => {
  const open = { from: baseMs + 7_000, to: baseMs + 60 * minute + 7_000 };
  const loose = { from: shown.from + 4_000, to: shown.to + 4_000 };
  assert.deepEqual(snapped(loose, 'window', open, stepMs), shown);
  assert.deepEqual(snapped({ ...loose, to: open.to }, 'to', open, stepMs).to, open.to);
  assert.equal(snapped(loose, 'from', open, stepMs).from, shown.from);
});

test('keys move a step, ten with Shift, and to the ends', () => {
  const press = (key: string, shiftKey = false) => keyed({ key, shiftKey }, shown, 'window', range, stepMs);
  assert.equal(press('ArrowLeft')?.to, shown.to - stepMs);
  assert.equal(press('ArrowRight', true)?.to, shown.to + 10 * stepMs);
  assert.equal(press('Home')?.from, range.from);
  assert.equal(press('End')?.to, range.to);
  assert.equal(press('a'), undefined);
  assert.equal(keyed({ key: 'ArrowUp', shiftKey: false }, shown, 'from', range, stepMs)?.from, shown.from + stepMs);
});

test('the first key from between two steps goes to the next one, not past it', () => {
  const loose = { from: shown.from + 7_000, to: shown.to + 7_000 };
  assert.equal(keyed({ key: 'ArrowLeft', shiftKey: false }, loose, 'window', range, stepMs)?.to, shown.to);
  assert.equal(keyed({ key: 'ArrowRight', shiftKey: false }, loose, 'window', range, stepMs)?.to, shown.to + stepMs);
});

test('a stretch outwards is whole steps, one at least', () => {
  assert.deepEqual(outward({ from: 31, to: 59 }, 30), { from: 30, to: 60 });
  assert.deepEqual(outward({ from: 30, to: 30 }, 30), { from: 30, to: 60 });
});

test('a played window keeps its length in whole steps, and begins inside the range', () => {
  assert.deepEqual(toSteps({ from: 31, to: 89 }, 30), { from: 30, to: 90 });
  assert.deepEqual(toSteps({ from: 44, to: 45 }, 30), { from: 30, to: 60 });
  assert.deepEqual(firstOf({ from: 31, to: 900 }, 300, 30), { from: 60, to: 360 });
});

test('the range stands still while it holds what is shown, else ends now or has it in its middle', () => {
  const nowMs = range.to;
  assert.deepEqual(rangeFor(shown, undefined, 60 * minute, nowMs), range);
  assert.equal(rangeFor(shown, range, 60 * minute, nowMs + 9 * minute), range);
  const stepBefore = { from: range.from - 20_000, to: range.from + 5 * minute };
  assert.equal(rangeFor(stepBefore, range, 60 * minute, nowMs), range);
  const longAgo = { from: baseMs - 500 * minute, to: baseMs - 490 * minute };
  assert.deepEqual(rangeFor(longAgo, range, 60 * minute, nowMs), {
    from: longAgo.from - 25 * minute,
    to: longAgo.to + 25 * minute,
  });
});

// --- strip -----------------------------------------------------------------------------------------------------------

test('the history suits the window, and is never shorter than what is shown', () => {
  assert.deepEqual(['1m', '5m', '15m', '1h', '6h', '7d'].map(historyFor), ['1h', '1h', '6h', '6h', '7d', '7d']);
  assert.equal(historyOf('15m', '5m', 5 * minute), '15m');
  assert.equal(historyOf('1h', '5m', 120 * minute), '6h');
  assert.equal(historyOf('2y', '5m', 5 * minute), '1h');
  assert.deepEqual(speedsFor(60 * minute), [1, 10, 30, 60]);
});

test('the strip of a young store is as long as what it holds, and twice what is shown', () => {
  const hour = 60 * minute;
  assert.equal(reachFor(hour, undefined, 5 * minute), hour);
  assert.equal(reachFor(hour, 2 * minute, 5 * minute), 10 * minute);
  assert.equal(reachFor(hour, 11 * minute, minute), 15 * minute);
  assert.equal(reachFor(hour, 300 * minute, minute), hour);
  assert.equal(reachFor(168 * hour, 100 * hour, hour), 168 * hour);
});

const mark = (atMinute: number, name: string): Mark => ({
  at: baseMs + atMinute * minute,
  nodeId: `//${name}`,
  name,
  version: 'v2',
});
const place = (...marks: Mark[]) =>
  placeMarks(
    marks,
    600,
    (atMs) => (atMs - baseMs) / 6_000,
    (text) => text.length * 6,
  );

test('marks that lie on each other are one with all their names', () => {
  const [only, ...others] = place(mark(10, 'a'), mark(10.2, 'b'));
  assert.equal(others.length, 0);
  assert.equal(only?.label, 'a v2 +1 first seen');
  assert.deepEqual(
    only?.marks.map(({ name }) => name),
    ['a', 'b'],
  );
});

test('of labels that would collide the newest keeps the most, and every mark keeps its line', () => {
  const placed = place(mark(2, 'first'), mark(4, 'reviews'), mark(6, 'ratings'));
  assert.deepEqual(
    placed.map(({ x }) => x),
    [20, 40, 60],
  );
  assert.deepEqual(
    placed.map(({ label }) => label),
    [undefined, undefined, 'ratings v2 first seen'],
  );
});

test('a label stands left of its line where the strip ends, and no mark lies outside it', () => {
  const placed = place(mark(-5, 'gone'), mark(58, 'late'), mark(70, 'later'));
  assert.deepEqual(
    placed.map(({ label, side }) => ({ label, side })),
    [{ label: 'late v2 first seen', side: 'left' }],
  );
});

const timeline = (...points: [calls: number, failed: number][]): Timeline => ({
  from: baseMs,
  to: baseMs + points.length * stepMs,
  stepMs,
  points: points.map(([calls, failed], i) => ({ at: baseMs + i * stepMs, calls, failed })),
  marks: [],
});
const heights = (path: string): number[] => [...path.matchAll(/v-(\d+(?:\.\d+)?)/g)].map(([, px]) => Number(px));

test('bars are as high as the rate, and red from the share on that the map calls degraded', () => {
  const bars = toBars(timeline([100, 0], [50, 25], [100, 0.05], [0, 0]), at(0, 4), 400, 40, 0.001);
  assert.deepEqual(heights(bars.calls), [40, 20, 40]);
  assert.deepEqual(heights(bars.failed), [14.1]);
  assert.equal(bars.tops.match(/M/g)?.length, 3);
});

test('a step that is still filling does not look like a fall', () => {
  const filling = { ...timeline([100, 0], [50, 0]), to: baseMs + stepMs * 1.5 };
  assert.deepEqual(heights(toBars(filling, at(0, 2), 200, 40, 0.001).calls), [40, 40]);
});

test('a map that is said to be still so is of now, one that has just come of its own time', () => {
  const made = baseMs + 3_210;
  const map = toGraph([], { fromMs: baseMs - 5 * minute, toMs: made, generatedAtMs: made, unsettled: 0 });
  const later = made + 10 * 60 * minute;
  const still = stillAt(map, 5 * minute, later);
  assert.deepEqual(still, { ...map, from: later - 3_210 - 5 * minute, to: later, generatedAt: later });
  assert.equal(stillAt(still, 5 * minute, later + 5_000).from, still.from, 'whole frames, as the collector counts');
  assert.equal(stillAt(map, 5 * minute, made + 1_000), map);
  assert.equal(stillAt(map, 5 * minute, Number.NaN), map);
});

test('times are said with the day when it is another, with seconds when they are not whole minutes', () => {
  assert.equal(
    stretchWords({ from: local(2026, 10, 23, 14, 5), to: local(2026, 10, 23, 14, 10) }, now),
    '14:05 – 14:10',
  );
  assert.equal(
    stretchWords({ from: local(2026, 10, 22, 23, 50), to: local(2026, 10, 23, 0, 10, 30) }, now),
    '22 Nov 23:50:00 – 00:10:30',
  );
  assert.equal(
    stepWords({ at: local(2026, 10, 23, 14, 5, 30), calls: 1024, failed: 12 }, stepMs, now),
    '14:05:30 · 1\u202f024 requests · 12 failed, 1.2 %',
  );
});
