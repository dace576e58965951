/** Where things stand on the map: the rules of every layout, on generated meshes and on one of the demo's shape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arrange } from '../ui/map/arrange.ts';
import { moveApart } from '../ui/map/layout/apart.ts';
import { spaced, toLines } from '../ui/map/layout/lanes.ts';
import { toLayers, toLinks } from '../ui/map/layout/layers.ts';
import { noPicture } from '../ui/map/layout/picture.ts';
import { toPicture } from '../ui/map/layout/run.ts';
import { overlaps, type Box } from '../ui/map/place.ts';
import { directionOf } from '../ui/map/route.ts';
import {
  ask,
  boxAt,
  boxedShop,
  cardsOnCards,
  generate,
  linesUnderCards,
  meanMove,
  meshOf,
  middle,
  shop,
  shopCalls,
  wrongBoxes,
  type Mesh,
} from './meshes.ts';

test('an empty graph is an empty picture, and arrange works without a worker too', async () => {
  assert.equal(await arrange(ask({ nodes: [], edges: [], boxes: [] })), noPicture);
  const picture = await arrange(ask(shop));
  assert.equal(picture.nodes.size, shop.nodes.length);
  assert.equal(picture.edges.size, shop.edges.length);
});

test('in columns, no line runs under a card and no card lies on another', () => {
  for (const mesh of [shop, boxedShop, ...[1, 2, 3].map((seed) => generate(60, 150, seed))]) {
    const picture = toPicture(ask(mesh));
    assert.deepEqual(linesUnderCards(picture, mesh), []);
    assert.deepEqual(cardsOnCards(picture), []);
  }
});

test('traffic runs from left to right, entries first', () => {
  const picture = toPicture(ask(shop));
  for (const { source, target } of shop.edges) {
    const [from, to] = [boxAt(picture, source), boxAt(picture, target)];
    assert.ok(from.x + from.width < to.x, `${source} before ${target}`);
  }
  const left = Math.min(...[...picture.nodes.values()].map(({ x }) => x));
  assert.equal(boxAt(picture, 'users').x, left);
});

test('calls in a circle are arranged, one of them against the stream', () => {
  const mesh = meshOf(['users>a', 'a>b', 'b>c', 'c>a']);
  const picture = toPicture(ask(mesh));
  assert.deepEqual(linesUnderCards(picture, mesh), []);
  const back = picture.edges.get('c>a') ?? assert.fail();
  assert.ok(boxAt(picture, 'a').x < boxAt(picture, 'b').x && boxAt(picture, 'b').x < boxAt(picture, 'c').x);
  assert.deepEqual(directionOf(back), { x: -1, y: 0 });
});

test('no two lines share a stub, and every line ends at its card', () => {
  for (const layout of ['layered', 'radial', 'force'] as const) {
    const mesh = generate(30, 60, 4);
    const picture = toPicture(ask(mesh, { layout }));
    const ends = mesh.edges.flatMap(({ id }) => {
      const points = picture.edges.get(id)?.points ?? [];
      return [points.at(0), points.at(-1)].map((point) => `${point?.x.toFixed(1)},${point?.y.toFixed(1)}`);
    });
    assert.equal(new Set(ends).size, ends.length, layout);
    for (const { id, target } of mesh.edges) {
      const line = picture.edges.get(id) ?? assert.fail(id);
      const [end, way] = [line.points.at(-1) ?? assert.fail(id), directionOf(line)];
      const tip = { x: end.x + 6 * way.x, y: end.y + 6 * way.y, width: 0, height: 0 };
      assert.ok(overlaps(boxAt(picture, target), tip, 0.5), `${id} misses its card (${layout})`);
    }
  }
});

test('a call to oneself is a small loop at the card', () => {
  const mesh = meshOf([...shopCalls, 'cart>cart']);
  for (const layout of ['layered', 'radial', 'force'] as const) {
    const picture = toPicture(ask(mesh, { layout }));
    const card = boxAt(picture, 'cart');
    const { points } = picture.edges.get('cart>cart') ?? assert.fail();
    assert.ok(points.length > 4);
    for (const { x, y } of points) {
      assert.ok(x > card.x + card.width - 60 && x < card.x + card.width + 40 && y > card.y - 40 && y < card.y + 25);
    }
  }
});

test('a loop keeps off the card above it', () => {
  const calls = Array.from({ length: 30 }, (_, i) => `w${i}>w${i}`);
  const picture = toPicture(ask(meshOf(calls)));
  for (const id of picture.nodes.keys()) {
    for (const { x, y } of picture.edges.get(`${id}>${id}`)?.points ?? []) {
      for (const [other, box] of picture.nodes) {
        if (other !== id) assert.ok(!overlaps(box, { x, y, width: 0, height: 0 }, 20), `${id} near ${other}`);
      }
    }
  }
});

test('lines find their way between cards that stand anywhere', () => {
  const cards = new Map(
    Array.from({ length: 25 }, (_, i): [string, Box] => [
      `c${i}`,
      { x: 300 * (i % 5) + (i % 3) * 12, y: 70 * Math.floor(i / 5) + (i % 4) * 6, width: 172, height: 50 },
    ]),
  );
  const edges = Array.from({ length: 25 }, (_, i) => ({
    id: `e${i}`,
    source: `c${i}`,
    target: `c${(i * 7 + 4) % 25}`,
  })).filter(({ source, target }) => source !== target);
  const nodes = [...cards.keys()].map((id) => ({ id, entry: false }));
  const lines = toLines(cards, edges, new Map(), 14);
  assert.equal(lines.size, edges.length);
  assert.deepEqual(linesUnderCards({ ...noPicture, nodes: cards, edges: lines }, { nodes, edges, boxes: [] }), []);
});

test('boxes hold their own and nobody else, and never lie on one another', () => {
  for (const layout of ['layered', 'force'] as const) {
    for (const mesh of [boxedShop, ...[1, 2, 3].map((seed) => generate(60, 120, seed, 6))]) {
      const picture = toPicture(ask(mesh, { layout }));
      assert.equal(picture.boxes.size, new Set(mesh.nodes.flatMap(({ box }) => box ?? [])).size);
      assert.deepEqual(wrongBoxes(picture, mesh), [], layout);
      assert.deepEqual(cardsOnCards(picture), [], layout);
    }
  }
});

test('boxes in boxes: a cluster holds its namespaces', () => {
  const { nodes, edges, boxes } = generate(30, 50, 5, 4);
  const clusters = ['east', 'west'].map((id) => ({ id, label: id }));
  const mesh = {
    nodes,
    edges,
    boxes: [...boxes.map((box, i) => ({ ...box, parent: i % 2 ? 'east' : 'west' })), ...clusters],
  };
  for (const layout of ['layered', 'force'] as const) {
    const picture = toPicture(ask(mesh, { layout }));
    assert.equal(picture.boxes.get('east')?.depth, 0);
    assert.equal(picture.boxes.get(boxes[0]?.id ?? '')?.depth, 1);
    assert.deepEqual(wrongBoxes(picture, mesh), [], layout);
  }
});

test('the same map is arranged the same way, in whatever order its lists come', () => {
  for (const layout of ['layered', 'radial', 'force'] as const) {
    const mesh = generate(45, 100, 6, 3);
    const turned = { nodes: mesh.nodes.toReversed(), edges: mesh.edges.toReversed(), boxes: mesh.boxes.toReversed() };
    assert.deepEqual(toPicture(ask(mesh, { layout })), toPicture(ask(turned, { layout })), layout);
  }
});

test('rings: the entry in the middle, further away with every call, no card on another, no boxes', () => {
  const star = meshOf(['users>a', 'users>b', 'users>c', 'a>d', 'b>e', 'c>f', 'f>g']);
  const picture = toPicture(ask(star, { layout: 'radial' }));
  const centre = middle(boxAt(picture, 'users'));
  const far = (id: string) => {
    const { x, y } = middle(boxAt(picture, id));
    return Math.hypot((x - centre.x) / 1.7, y - centre.y);
  };
  for (const [inner, outer] of ['ad', 'be', 'cf', 'fg'])
    assert.ok(far(inner ?? '') < far(outer ?? ''), `${inner}${outer}`);
  const chosen = toPicture(ask(star, { layout: 'radial', centre: 'f', before: picture }));
  const around = [...chosen.nodes.values()].map(middle);
  const mean = around.reduce((sum, { y }) => sum + y, 0) / around.length;
  assert.ok(Math.abs(middle(boxAt(chosen, 'f')).y - mean) < 150);
  for (const mesh of [boxedShop, generate(60, 110, 1), generate(60, 110, 2, 4)]) {
    const ring = toPicture(ask(mesh, { layout: 'radial' }));
    assert.deepEqual(cardsOnCards(ring), []);
    assert.equal(ring.boxes.size, 0);
  }
});

test('forces: no card on another, and the next picture starts from this one', () => {
  const mesh = generate(60, 110, 3);
  const picture = toPicture(ask(mesh, { layout: 'force' }));
  assert.deepEqual(cardsOnCards(picture), []);
  const again = toPicture(ask(mesh, { layout: 'force', before: picture, fresh: true }));
  const cold = toPicture(ask(mesh, { layout: 'force', before: toPicture(ask(mesh)), fresh: true }));
  assert.ok(meanMove(picture, again) < meanMove(picture, cold));
});

test('columns are as short as the room asks, and workloads without calls fill the shortest', () => {
  const ends = Array.from({ length: 40 }, (_, i) => [0, i + 1] as const);
  const links = toLinks(
    44,
    ends,
    Array.from({ length: 44 }, (_, i) => i),
  );
  const layers = toLayers(44, links, new Set([0]), 12);
  const counts = Map.groupBy(layers, (layer) => layer);
  assert.equal(layers[0], 0);
  assert.ok([...counts.values()].every(({ length }) => length <= 12));
  for (const { from, to } of links) assert.ok((layers[from] ?? 0) < (layers[to] ?? 0));
});

test('heights are spaced within bounds, and move only where they must', () => {
  assert.deepEqual(spaced([10, 40, 90], 9, 0, 100), [10, 40, 90]);
  assert.deepEqual(spaced([50, 50], 10, 0, 100), [45, 55]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 150 }), { maxLength: 10 }), (wished) => {
      const heights = spaced(
        wished.toSorted((a, b) => a - b),
        10,
        0,
        100,
      );
      for (const [i, y] of heights.entries()) {
        assert.ok(y >= -1e-6 && y <= 100 + 1e-6);
        assert.ok(y - (heights[i - 1] ?? -Infinity) >= 10 - 1e-6);
      }
    }),
  );
});

test('what lies on one another is moved apart, whatever it is', () => {
  const size = fc.record({
    x: fc.integer({ min: 0, max: 300 }),
    y: fc.integer({ min: 0, max: 300 }),
    width: fc.integer({ min: 10, max: 300 }),
    height: fc.integer({ min: 10, max: 300 }),
  });
  fc.assert(
    fc.property(fc.array(size, { maxLength: 12 }), (boxes) => {
      const apart = moveApart(boxes, 10);
      for (const [i, box] of apart.entries()) {
        assert.ok(!apart.some((other, j) => j !== i && overlaps(box, other, 9)));
      }
    }),
    { numRuns: 60 },
  );
});

test('500 workloads with 2 000 calls are arranged in under 1.5 s of processor time, 60 in under 150 ms', () => {
  const spent = (mesh: Mesh): number => {
    const start = process.cpuUsage();
    toPicture(ask(mesh));
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  const [small, big] = [generate(60, 150, 1), generate(500, 2000, 1)];
  assert.ok(Math.min(spent(big), spent(big)) < 1500);
  assert.ok(Math.min(spent(small), spent(small), spent(small)) < 150);
  const picture = toPicture(ask(big));
  assert.deepEqual(cardsOnCards(picture), []);
  assert.ok(linesUnderCards(picture, big).length < 0.01 * big.edges.length);
});
