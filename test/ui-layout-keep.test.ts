/** What stays where it was when the graph changes, and what the user has put somewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noPicture, type Picture } from '../ui/map/layout/picture.ts';
import { toPicture } from '../ui/map/layout/run.ts';
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
  wrongBoxes,
  type Mesh,
} from './meshes.ts';

test('one workload more moves 40 others by less than 8 px on average, and leaves most lines as they were', () => {
  for (let seed = 1; seed <= 8; seed++) {
    const mesh = generate(40, 80, seed);
    const before = toPicture(ask(mesh));
    const caller = mesh.nodes[(seed * 7) % 40]?.id ?? '';
    const more = meshOf([...mesh.edges.map(({ id }) => id), `${caller}>new`]);
    const after = toPicture(ask(more, { before }));
    assert.ok(meanMove(before, after) < 8, `${meanMove(before, after)} px`);
    assert.deepEqual(linesUnderCards(after, more), []);
    assert.deepEqual(cardsOnCards(after), []);
    const same = mesh.edges.filter(({ id }) => before.edges.get(id)?.d === after.edges.get(id)?.d);
    assert.ok(same.length > 0.6 * mesh.edges.length, `${same.length} of ${mesh.edges.length} lines`);
  }
});

test('a new workload stands behind its caller, inside its box', () => {
  const mesh = generate(40, 70, 3, 4);
  const before = toPicture(ask(mesh));
  const caller = mesh.nodes.find(({ box }) => box === 'box0') ?? assert.fail();
  const more: Mesh = {
    ...mesh,
    nodes: [...mesh.nodes, { id: 'new', entry: false, box: 'box0' }],
    edges: [...mesh.edges, { id: 'e', source: caller.id, target: 'new' }],
  };
  const after = toPicture(ask(more, { before }));
  assert.ok(boxAt(after, 'new').x > boxAt(after, caller.id).x);
  assert.deepEqual(wrongBoxes(after, more), []);
  assert.ok(meanMove(before, after) < 8);
});

test('a workload less moves nothing', () => {
  for (const layout of ['layered', 'radial', 'force'] as const) {
    const mesh = generate(40, 80, 9);
    const before = toPicture(ask(mesh, { layout }));
    const gone = mesh.nodes[17]?.id;
    const less = {
      nodes: mesh.nodes.filter(({ id }) => id !== gone),
      edges: mesh.edges.filter(({ source, target }) => source !== gone && target !== gone),
      boxes: [],
    };
    assert.equal(meanMove(before, toPicture(ask(less, { layout, before }))), 0, layout);
  }
});

test('a new layout keeps the order within columns', () => {
  const mesh = generate(40, 80, 2);
  const before = toPicture(ask(mesh));
  const after = toPicture(ask(mesh, { before, fresh: true }));
  const ids = mesh.nodes.map(({ id }) => id);
  for (const a of ids) {
    for (const b of ids) {
      const [wasA, wasB, isA, isB] = [boxAt(before, a), boxAt(before, b), boxAt(after, a), boxAt(after, b)];
      if (middle(wasA).x !== middle(wasB).x || middle(isA).x !== middle(isB).x) continue;
      assert.equal(Math.sign(wasA.y - wasB.y), Math.sign(isA.y - isB.y), `${a} and ${b}`);
    }
  }
});

test('a map that has grown piece by piece is laid out anew before it becomes a bad one', () => {
  const mesh = generate(40, 80, 3);
  let picture = noPicture;
  let anew = 0;
  for (let count = 3; count <= 40; count++) {
    const ids = new Set(mesh.nodes.slice(0, count).map(({ id }) => id));
    const nodes = mesh.nodes.filter(({ id }) => ids.has(id));
    const edges = mesh.edges.filter(({ source, target }) => ids.has(source) && ids.has(target));
    const next = toPicture(ask({ nodes, edges, boxes: [] }, { before: picture }));
    if (picture.nodes.size > 0 && meanMove(picture, next) > 20) anew++;
    picture = next;
    assert.deepEqual(cardsOnCards(picture), []);
  }
  assert.ok(anew < 10, `${anew} times`);
  const best = toPicture(ask(mesh));
  const area = ({ width, height }: Picture) => width * height * Math.min(1, 1180 / width, 680 / height) ** 2;
  assert.ok(area(picture) > area(best) / 2.5);
});

test('a map of which little is left, or of another layout, is laid out anew', () => {
  const before = toPicture(ask(generate(40, 80, 2)));
  assert.deepEqual(toPicture(ask(shop, { before })).nodes.size, shop.nodes.length);
  const radial = toPicture(ask(shop, { layout: 'radial', before: toPicture(ask(shop)) }));
  assert.equal(radial.layout, 'radial');
  assert.notDeepEqual(radial.nodes, toPicture(ask(shop)).nodes);
});

test('a dragged card stays where it was put, and the others make way', () => {
  for (const layout of ['layered', 'radial', 'force'] as const) {
    const before = toPicture(ask(shop, { layout }));
    const at = boxAt(before, 'auth');
    const pinned = new Map([['cart', { x: at.x + 20, y: at.y + 10 }]]);
    const after = toPicture(ask(shop, { layout, before, pinned }));
    assert.deepEqual({ x: boxAt(after, 'cart').x, y: boxAt(after, 'cart').y }, pinned.get('cart'));
    assert.deepEqual(cardsOnCards(after), [], layout);
    assert.ok(meanMove(before, after) < 60, layout);
    if (layout === 'layered') assert.deepEqual(linesUnderCards(after, shop), []);
  }
});

test('a box lets go of a card that was dragged among strangers', () => {
  const before = toPicture(ask(boxedShop));
  const [own, strange] = [before.boxes.get('shop') ?? assert.fail(), before.boxes.get('data') ?? assert.fail()];
  const beyond = strange.y > own.y ? strange.y + strange.height + 60 : strange.y - 110;
  const pinned = new Map([['cart', { x: strange.x + 20, y: beyond }]]);
  const after = toPicture(ask(boxedShop, { before, pinned }));
  const others = { ...boxedShop, nodes: boxedShop.nodes.filter(({ id }) => id !== 'cart') };
  assert.deepEqual(wrongBoxes(after, others), []);
});
