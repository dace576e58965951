/** Meshes to lay out, and what can be wrong with a picture of them. */
import assert from 'node:assert/strict';
import { noPicture, type ArrangeInput, type ArrangeNode, type Picture } from '../ui/map/layout/picture.ts';
import { createRandom } from '../ui/map/layout/random.ts';
import { overlaps, type Box } from '../ui/map/place.ts';

export type Mesh = Pick<ArrangeInput, 'nodes' | 'edges' | 'boxes'>;

/** in: "a>b" for each call; the node `users` is the entry. */
export function meshOf(calls: readonly string[], boxOf: Readonly<Record<string, string>> = {}): Mesh {
  const edges = calls.map((id) => {
    const [source = '', target = ''] = id.split('>');
    return { id, source, target };
  });
  const ids = [...new Set(edges.flatMap(({ source, target }) => [source, target]))];
  const nodes = ids.map((id): ArrangeNode => ({ id, entry: id === 'users', box: boxOf[id] }));
  const boxes = [...new Set(Object.values(boxOf))].map((id) => ({ id, label: id }));
  return { nodes, edges, boxes };
}

export const shopCalls = (
  'users>gateway gateway>frontend frontend>cart frontend>checkout frontend>recommendations frontend>auth ' +
  'frontend>ads frontend>legacy frontend>reviews frontend>products recommendations>products auth>products ' +
  'checkout>cart checkout>currency checkout>orders checkout>payment checkout>shipping checkout>products ' +
  'orders>analytics orders>fulfilment payment>stripe products>inventory-db reviews>reviews-db ' +
  'analytics>orders-db fulfilment>orders-db fulfilment>shipping'
).split(' ');
export const shop = meshOf(shopCalls);
export const boxedShop = meshOf(shopCalls, {
  gateway: 'edge',
  ...Object.fromEntries(
    'frontend cart checkout recommendations auth ads legacy reviews products currency payment shipping analytics fulfilment'
      .split(' ')
      .map((id) => [id, 'shop']),
  ),
  'inventory-db': 'data',
  'reviews-db': 'data',
  'orders-db': 'data',
});

/** A mesh of tiers with a few hubs and some calls against the stream. */
export function generate(count: number, calls: number, seed: number, boxes = 0): Mesh {
  const random = createRandom(seed);
  const tier = (i: number) => (i === 0 ? 0 : i < count * 0.1 ? 1 : i < count * 0.45 ? 2 : i < count * 0.75 ? 3 : 4);
  const found = new Set<string>();
  for (let i = 1; i < count; i++) {
    let from = Math.floor(random() * i);
    while (tier(i) - tier(from) > 1 || (tier(from) === tier(i) && random() < 0.7)) from = Math.floor(random() * i);
    found.add(`${from}>${i}`);
  }
  while (found.size < calls) {
    const [a, b] = [Math.floor(random() * count), Math.floor(random() * count)];
    const [from, to] = random() < 0.96 && a > b ? [b, a] : [a, b];
    if (a !== b && (tier(to) - tier(from) < 2 || random() < 0.4)) found.add(`${from}>${to}`);
  }
  const name = (i: string) => (i === '0' ? 'users' : `w${i.padStart(3, '0')}`);
  const named = [...found].map((text) => text.split('>').map(name).join('>'));
  const boxOf = Object.fromEntries(
    boxes === 0
      ? []
      : Array.from({ length: count - 1 }, (_, i) => [
          name(`${i + 1}`),
          `box${Math.floor(random() * random() * boxes)}`,
        ]),
  );
  return meshOf(named, boxOf);
}

export const ask = (mesh: Mesh, more: Partial<ArrangeInput> = {}): ArrangeInput => ({
  ...mesh,
  layout: 'layered',
  room: { width: 1180, height: 680 },
  before: noPicture,
  pinned: new Map(),
  ...more,
});

export const boxAt = (picture: Picture, id: string): Box =>
  picture.nodes.get(id) ?? assert.fail(`${id} does not stand`);
export const middle = ({ x, y, width, height }: Box) => ({ x: x + width / 2, y: y + height / 2 });

/** Lines under cards that are not their own. */
export function linesUnderCards(picture: Picture, { edges }: Mesh): string[] {
  return edges.flatMap(({ id, source, target }) =>
    [...picture.nodes].flatMap(([card, { x, y, width, height }]) => {
      if (card === source || card === target) return [];
      const inner = { x: x + 1, y: y + 1, width: width - 2, height: height - 2 };
      const hit = picture.edges.get(id)?.points.some((point) => overlaps(inner, { ...point, width: 0, height: 0 }));
      return hit ? [`${id} under ${card}`] : [];
    }),
  );
}

export function cardsOnCards(picture: Picture): string[] {
  const cards = [...picture.nodes];
  return cards.flatMap(([a, box], i) =>
    cards.slice(i + 1).flatMap(([b, other]) => (overlaps(box, other) ? [`${a} on ${b}`] : [])),
  );
}

/** What is wrong with boxes: strangers in them, members out of them, one on another. */
export function wrongBoxes(picture: Picture, { nodes, boxes }: Mesh): string[] {
  const parents = new Map(boxes.map(({ id, parent }) => [id, parent]));
  const within = (id: string | undefined, box: string): boolean =>
    id !== undefined && (id === box || within(parents.get(id), box));
  return [...picture.boxes].flatMap(([id, frame]) => [
    ...nodes.flatMap(({ id: card, box }) => {
      const stands = boxAt(picture, card);
      if (!within(box, id)) return overlaps(frame, stands) ? [`${card} in ${id}`] : [];
      const inside =
        stands.x >= frame.x &&
        stands.x + stands.width <= frame.x + frame.width &&
        stands.y >= frame.y + 24 &&
        stands.y + stands.height <= frame.y + frame.height;
      return inside ? [] : [`${card} out of ${id}`];
    }),
    ...[...picture.boxes].flatMap(([other, box]) =>
      other < id && !within(id, other) && !within(other, id) && overlaps(frame, box) ? [`${id} on ${other}`] : [],
    ),
  ]);
}

/** How far cards that are in both have moved, px, on average. */
export function meanMove(before: Picture, after: Picture): number {
  const moves = [...before.nodes].flatMap(([id, { x, y }]) => {
    const now = after.nodes.get(id);
    return now ? [Math.hypot(now.x - x, now.y - y)] : [];
  });
  return moves.reduce((sum, move) => sum + move, 0) / moves.length;
}
