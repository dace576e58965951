/** The drawing of the map without a browser: dots, boxes, the minimap, the walk by keys, cards moved by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noPicture, type Picture } from '../ui/map/arrange.ts';
import { toCardTexts } from '../ui/map/card-texts.ts';
import { pathStrength, pathWidth, pathWidths } from '../ui/map/critical.ts';
import { dotSpeed, dotsAt, mostDots, mostDotsPerSecond, toFlows, toTrack, trackPoint } from '../ui/map/dots.ts';
import { collapseName, expandName, toFrames } from '../ui/map/frames.ts';
import { miniPath, toMapPoint, toMiniScale, viewportOf } from '../ui/map/minimap.ts';
import { curve, withMoved } from '../ui/map/move.ts';
import type { Box } from '../ui/map/place.ts';
import { formatPins, parsePins } from '../ui/map/pins.ts';
import { isProvisional, remarkOn } from '../ui/map/remarks.ts';
import { arrowHead, strongBy, toPills } from '../ui/map/scene.ts';
import { keepSame, toCardShape, toEdgeShape, type EdgeStyle, type Marks } from '../ui/map/shapes.ts';
import { walk, type WalkEdge, type WalkKey } from '../ui/map/walk.ts';
import { edge, limits, node } from './ui-edge.ts';

const ruler = (text: string): number => [...text].length * 7;
const box = (x: number, y: number, width = 172, height = 50): Box => ({ x, y, width, height });

test('an arrowhead points the way its line ends, its tip at the card', () => {
  const ending = (x: number, y: number) =>
    arrowHead(
      {
        d: '',
        points: [
          { x: 0, y: 0 },
          { x, y },
        ],
      },
      0,
    );
  assert.equal(ending(50, 0), 'M55,0L48,-3L48,3z');
  assert.equal(ending(0, 50), 'M0,55L3,48L-3,48z');
  assert.equal(ending(-50, 0), 'M-55,0L-48,3L-48,-3z');
  assert.equal(arrowHead({ d: '', points: [] }, 2), '');
});

test('a dot is as fast as the calls, between none and ten seconds', () => {
  assert.equal(dotSpeed(0), 2);
  assert.equal(dotSpeed(null), 2);
  assert.ok(Math.abs(dotSpeed(5_000) - 1.05) < 1e-9);
  assert.ok(Math.abs(dotSpeed(10_000) - 0.1) < 1e-9);
  assert.equal(dotSpeed(60_000), dotSpeed(10_000));
});

test('one call a second is one dot a second; too many are fewer in the same ratio', () => {
  const calm = toFlows([edge({ id: 'a', rate: 7 }), edge({ id: 'b', rate: 3 }), edge({ id: 'c', calls: 0, rate: 0 })]);
  assert.deepEqual(
    calm.map(({ id, rate }) => [id, rate]),
    [
      ['a', 7],
      ['b', 3],
    ],
  );
  const busy = toFlows([edge({ id: 'a', rate: 600 }), edge({ id: 'b', rate: 20 })]);
  assert.deepEqual(
    busy.map(({ rate }) => rate),
    [mostDotsPerSecond, 1],
  );
});

test('a map of thousands of busy edges has a bounded number of dots', () => {
  const flows = toFlows(Array.from({ length: 2_000 }, (_, i) => edge({ id: `${i}`, rate: 25 })));
  const dots = flows.reduce((sum, flow) => sum + dotsAt(flow, 1_000).length, 0);
  assert.ok(dots > 0 && dots <= mostDots + flows.length, `${dots} dots`);
});

test('in any second an edge sends out as many dots as its rate, and its error share of them failed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 100 }), (rate, percent) => {
      // slow enough that none of a hundred seconds' dots has arrived
      const dots = dotsAt({ rate, speed: 0.01, failed: percent / 100 }, rate * 100);
      assert.ok(Math.abs(dots.length - rate * 100) <= 1, `${dots.length} of ${rate * 100}`);
      const failed = dots.filter((dot) => dot.failed).length;
      assert.ok(Math.abs(failed - (percent / 100) * dots.length) <= 1, `${failed} of ${dots.length} at ${percent} %`);
      assert.ok(dots.every(({ at }) => at >= 0 && at <= 1));
    }),
  );
});

test('a dot keeps its colour and only moves on', () => {
  const flow = { rate: 4, speed: 0.5, failed: 0.3 };
  const [before, after] = [dotsAt(flow, 20), dotsAt(flow, 20.4)];
  assert.ok(before.length >= 7);
  for (const [i, dot] of before.slice(0, 5).entries()) {
    assert.ok(Math.abs((after[i]?.at ?? 0) - dot.at - 0.05) < 1e-9);
    assert.equal(after[i]?.failed, dot.failed);
  }
});

test('a dot lies on its line at its share of the length', () => {
  const track = toTrack([
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 30 },
  ]);
  assert.deepEqual(trackPoint(track, 0), { x: 0, y: 0 });
  assert.deepEqual(trackPoint(track, 0.25), { x: 10, y: 0 });
  assert.deepEqual(trackPoint(track, 0.5), { x: 10, y: 10 });
  assert.deepEqual(trackPoint(track, 1), { x: 10, y: 30 });
  assert.equal(trackPoint(toTrack([]), 0.5), undefined);
});

test('boxes hold the workloads of a namespace, users stand free, and a collapsed box is in no box of its own', () => {
  const nodes = [
    node({ id: 'c/shop/cart' }),
    node({ id: 'c/shop/auth' }),
    node({ id: 'c/data/' }),
    node({ id: '//users' }),
  ];
  const { frames, boxOf } = toFrames(nodes, 'namespace');
  assert.deepEqual(frames, [{ id: 'c/shop/', label: 'shop', kind: 'namespace', count: 2 }]);
  assert.deepEqual([...boxOf.keys()], ['c/shop/cart', 'c/shop/auth']);
  assert.equal(collapseName(frames[0]!), 'Collapse namespace shop: 2 workloads');
  assert.equal(expandName({ name: 'data', namespace: 'data' }), 'Expand namespace data');
  assert.equal(toFrames(nodes, 'none').frames.length, 0);
});

test('namespaces stand in boxes of their clusters only when there are several', () => {
  const nodes = [node({ id: 'east/shop/cart' }), node({ id: 'west/shop/cart' })];
  const { frames } = toFrames(nodes, 'namespace');
  assert.deepEqual(
    frames.map(({ id, parent }) => [id, parent]),
    [
      ['east//', undefined],
      ['east/shop/', 'east//'],
      ['west//', undefined],
      ['west/shop/', 'west//'],
    ],
  );
  const byCluster = toFrames(nodes, 'cluster');
  assert.deepEqual(byCluster.boxOf.get('west/shop/cart'), 'west//');
  assert.equal(byCluster.frames.length, 2);
});

/**
 *   a ──▸ b ──▸ d      rates: a>b 9, a>c 2, b>d 5; x stands alone under c
 *     ╰─▸ c
 *         x
 */
const ground: { readonly edges: WalkEdge[]; readonly boxes: Map<string, Box> } = {
  // the worst first
  edges: [
    { id: 'a>c', source: 'a', target: 'c', rate: 2 },
    { id: 'a>b', source: 'a', target: 'b', rate: 9 },
    { id: 'b>d', source: 'b', target: 'd', rate: 5 },
  ],
  boxes: new Map([
    ['a', box(0, 0)],
    ['b', box(300, 0)],
    ['c', box(300, 100)],
    ['x', box(300, 200)],
    ['d', box(600, 0)],
  ]),
};
const steps = (from: string, ...keys: WalkKey[]) => {
  let at = { type: from.includes('>') ? ('edge' as const) : ('node' as const), id: from };
  for (const key of keys) at = walk(ground, at, key) ?? { type: 'node', id: '' };
  return at.id;
};

test('right leads to the busiest callee, left back to the caller, up and down by position', () => {
  assert.equal(steps('a', 'ArrowRight'), 'b');
  assert.equal(steps('a', 'ArrowRight', 'ArrowRight'), 'd');
  assert.equal(steps('d', 'ArrowLeft', 'ArrowLeft'), 'a');
  assert.equal(steps('b', 'ArrowDown'), 'c');
  assert.equal(steps('c', 'ArrowDown', 'ArrowUp'), 'c');
  assert.equal(steps('b', 'ArrowUp'), '', 'nothing is above');
});

test('where no edge leads on, the walk goes to the nearest card on that side', () => {
  assert.equal(steps('x', 'ArrowLeft'), 'a');
  assert.equal(steps('c', 'ArrowRight'), 'd');
});

test('e leads from a card to its worst edge, arrows along its siblings and to its ends', () => {
  assert.equal(steps('a', 'e'), 'a>c');
  assert.equal(steps('d', 'e'), 'b>d');
  assert.equal(steps('a>b', 'ArrowDown'), 'a>c');
  assert.equal(steps('a>c', 'ArrowUp'), 'a>b');
  assert.equal(steps('a>c', 'ArrowRight'), 'c');
  assert.equal(steps('a>c', 'ArrowLeft'), 'a');
});

test('every card and edge of a connected map can be reached by keys', () => {
  const reached = new Set(['a']);
  const queue = ['a'];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const key of ['ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown', 'e'] as const) {
      const next = steps(at, key);
      if (next !== '' && !reached.has(next)) queue.push(next);
      reached.add(next);
    }
  }
  reached.delete('');
  assert.equal(reached.size, ground.edges.length + ground.boxes.size);
});

test('a point pressed on the minimap is the point of the map under it', () => {
  const room = { width: 168, height: 112 };
  const mini = toMiniScale(box(-500, 0, 4_000, 3_000), room);
  const at = { x: 1_234, y: 567 };
  const { x, y } = toMapPoint(mini, { x: at.x * mini.k + mini.x, y: at.y * mini.k + mini.y });
  assert.ok(Math.abs(x - at.x) < 1e-6 && Math.abs(y - at.y) < 1e-6);
});

test('the minimap marks the part of the map that is in view, and never runs out of its room', () => {
  const mini = { k: 0.1, x: 0, y: 0 };
  const small = { width: 160, height: 100 };
  const part = viewportOf(mini, small, { k: 2, x: -400, y: -200 }, { width: 1_000, height: 600 });
  assert.deepEqual(part, { x: 20, y: 10, width: 50, height: 30 });
  const whole = viewportOf(mini, small, { k: 0.1, x: 500, y: 500 }, { width: 1_000, height: 600 });
  assert.ok(whole.x >= 0 && whole.y >= 0 && whole.x + whole.width <= 160 && whole.y + whole.height <= 100);
  assert.equal(miniPath([box(0, 0, 10, 10)], mini), 'M0,0h2v1.5h-2z');
});

const picture: Picture = {
  ...noPicture,
  nodes: new Map([
    ['a', box(0, 0)],
    ['b', box(300, 0)],
    ['c', box(600, 0)],
  ]),
  edges: new Map([
    ['a>b', { d: 'M172,25L300,25', points: [{ x: 172, y: 25 }] }],
    ['b>c', { d: 'M472,25L600,25', points: [{ x: 472, y: 25 }] }],
  ]),
};
const ends = [
  { id: 'a>b', source: 'a', target: 'b' },
  { id: 'b>c', source: 'b', target: 'c' },
];

test('a moved card takes its edges along and leaves all others', () => {
  const moved = withMoved(picture, new Map([['a', { x: 10, y: 200 }]]), ends);
  assert.deepEqual(moved.nodes.get('a'), box(10, 200));
  assert.deepEqual(moved.edges.get('a>b')?.points[0], { x: 182, y: 225 });
  assert.equal(moved.edges.get('b>c'), picture.edges.get('b>c'));
  assert.equal(withMoved(picture, new Map([['a', { x: 0, y: 0 }]]), ends), picture);
  assert.equal(withMoved(picture, new Map([['gone', { x: 9, y: 9 }]]), ends), picture);
});

test('a moved edge ends at the sides of its cards', () => {
  fc.assert(
    fc.property(fc.integer({ min: -900, max: 900 }), fc.integer({ min: -900, max: 900 }), (x, y) => {
      const { points } = curve(box(0, 0), box(x, y));
      assert.deepEqual(points[0], { x: 172, y: 25 });
      assert.ok(Math.abs((points.at(-1)?.x ?? 0) - x) <= 6 && Math.abs((points.at(-1)?.y ?? 0) - y - 25) < 1e-6);
    }),
  );
});

test('kept positions are read as they were written; what cannot be read is none', () => {
  const pins = new Map([['c/shop/cart', { x: -4, y: 17 }]]);
  assert.deepEqual(parsePins(formatPins(pins)), pins);
  assert.deepEqual(parsePins('{"a":[1,2],"b":"x","c":[1]}'), new Map([['a', { x: 1, y: 2 }]]));
  for (const text of [null, '', '[', 'null', '7']) assert.equal(parsePins(text).size, 0);
});

test('on the critical layer width and violet grow with the share; off the path there is none', () => {
  assert.equal(pathStrength(0), 0);
  assert.equal(pathStrength(null), 0);
  assert.ok(pathStrength(0.001) > 0 && pathStrength(0.01) < pathStrength(0.2));
  assert.equal(pathStrength(1), 100);
  assert.equal(pathWidth(null), pathWidths.off);
  assert.ok(pathWidth(0.01) > pathWidths.off && pathWidth(0.01) < pathWidth(0.5));
  assert.equal(pathWidth(1), pathWidths.most);
});

test('numbers of traces still open and of samples say so', () => {
  assert.equal(isProvisional({ calls: 10, provisional: 5 }), false);
  assert.equal(isProvisional({ calls: 10, provisional: 6 }), true);
  assert.equal(isProvisional({ calls: 0, provisional: 0 }), false);
  assert.equal(remarkOn(edge()), '');
  assert.match(remarkOn(edge({ calls: 10, provisional: 6 })), /^Provisional: 6 of 10 calls/);
  assert.match(remarkOn(edge({ weight: 4.2 })), /≈ 4.2/);
  const [sampled, open] = toPills(
    [edge({ id: 's', weight: 4.2 }), edge({ id: 'o', provisional: 900 })],
    'p90',
    1,
    ruler,
    limits,
  );
  assert.equal(sampled?.sizes[0]?.text, '≈\u202f10.4 ms');
  assert.equal(sampled?.provisional, false);
  assert.equal(open?.provisional, true);
});

test('found things stay at full strength, with the ends of found edges', () => {
  const edges = [edge({ id: '1', source: 'a', target: 'b' }), edge({ id: '2', source: 'b', target: 'c' })];
  assert.deepEqual([...strongBy(new Set(['2']), edges)].sort(), ['2', 'b', 'c']);
  assert.deepEqual([...strongBy(new Set(['a']), edges)], ['a']);
});

const style: EdgeStyle = {
  thresholds: limits,
  layer: 'health',
  maxRate: 10,
  crowd: false,
  thicker: 1,
  detail: 'card',
  nameOf: new Map([['/shop/frontend', 'frontend']]),
};
const marks: Marks = {
  selectedId: undefined,
  lit: undefined,
  found: undefined,
  strong: undefined,
  entry: undefined,
  hrefOf: (type, id) => `?select=${type}:${id}`,
};
const line = {
  d: 'M0,0L100,0',
  points: [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
  ],
};
const noEnds = { from: undefined, to: undefined, label: undefined, near: true, before: undefined };

test('of a new graph only what has changed is drawn anew', () => {
  const shapes = (rate: number) => [
    toEdgeShape(edge({ id: '1', rate }), line, noEnds, style, marks),
    toEdgeShape(edge({ id: '2', rate: 5 }), { ...line }, noEnds, style, marks),
  ];
  const first = keepSame(new Map(), shapes(4));
  const second = keepSame(first, shapes(9));
  assert.notEqual(second.get('1'), first.get('1'));
  assert.equal(second.get('2'), first.get('2'));
});

test('the critical layer colours by the path, and what had no calls stays pale', () => {
  const critical = { ...style, layer: 'critical' as const };
  assert.equal(toEdgeShape(edge({ failed: 500 }), line, noEnds, style, marks).tone, 'bad');
  assert.equal(toEdgeShape(edge({ failed: 500, criticalShare: 0.2 }), line, noEnds, critical, marks).tone, 'path');
  assert.equal(toEdgeShape(edge({ calls: 0 }), line, noEnds, critical, marks).tone, 'idle');
});

const facts = { dark: false, pinned: false, expand: '', dot: false, outRate: 0 };

test('a workload without calls is pale unless it makes some', () => {
  const quiet = node({ id: 'c/shop/cart', calls: 0 });
  assert.equal(toCardShape(quiet, box(0, 0), facts, style, marks).tone, 'idle');
  assert.equal(toCardShape(quiet, box(0, 0), { ...facts, outRate: 2 }, style, marks).tone, 'ok');
});

test('the rate stands on a card where name or second line leave room, and no text runs out of it', () => {
  const rulers = { name: ruler, sub: ruler, pill: ruler };
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40 }), fc.string({ maxLength: 30 }), (name, version) => {
      const card = { name, subtitle: version, rate: 12.3, entry: false, width: 172, height: 50 };
      const texts = toCardTexts(card, 1, rulers);
      for (const { text, x, size } of [texts.name, ...(texts.subtitle ? [texts.subtitle] : [])]) {
        assert.ok(x + ruler(text) * size <= 172 - 9, text);
        if (
          texts.rate &&
          (texts.subtitle ?? texts.name).y === texts.rate.y &&
          text === (texts.subtitle ?? texts.name).text
        )
          assert.ok(x + ruler(text) * size <= texts.rate.x - ruler(texts.rate.text) * texts.rate.size, text);
      }
    }),
  );
  const short = { name: 'cart', subtitle: 'shop · v1', rate: 12.3, entry: false, width: 172, height: 50 };
  assert.equal(
    toCardTexts(short, 1, { name: (t) => t.length * 5, sub: (t) => t.length * 4, pill: ruler }).rate?.text,
    '12.3 rps',
  );
  assert.equal(toCardTexts({ ...short, name: 'x'.repeat(30), subtitle: 'y'.repeat(30) }, 1, rulers).rate, undefined);
});
