/**
 * The force layout: calls pull, cards push one another off, boxes hold their own together; run until it rests. Starts from
 * the picture before, so that little moves. In the end cards, then boxes, are moved apart until nothing overlaps.
 */
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationNodeDatum } from 'd3';
import type { Box } from '../place.ts';
import { moveApart } from './apart.ts';
import { toFrames } from './frames.ts';
import { sizeOf, type ArrangeInput } from './picture.ts';
import { createRandom } from './random.ts';
import { chainOf, toTree, type BoxTree } from './tree.ts';

interface Body extends SimulationNodeDatum {
  readonly id: string;
  x: number;
  y: number;
  readonly width: number;
  readonly height: number;
  readonly box: number;
}

/** Room between cards and between boxes, px. */
const cardGap = 28;
const frameGap = 22;
/** Cards are wide: heights are laid out in this scale and set back at the end. */
const flat = 0.62;

/** Corners of cards. in: nodes and edges sorted by id. */
export function toForce(input: ArrangeInput): Map<string, Box> {
  const { nodes, edges, boxes, before, pinned } = input;
  const tree = toTree(nodes, boxes);
  const random = createRandom(7);
  const old = nodes.flatMap(({ id }) => before.nodes.get(id) ?? []);
  const bodies = nodes.map((node, i): Body => {
    const size = sizeOf(node);
    const stood = pinned.get(node.id) ?? before.nodes.get(node.id);
    const near = stood ?? startOf(node.id, i, input);
    const pin = pinned.get(node.id);
    const at = { x: near.x + size.width / 2, y: (near.y + size.height / 2) / flat };
    return { id: node.id, ...size, ...at, box: tree.ofNode[i] ?? -1, ...(pin ? { fx: at.x, fy: at.y } : {}) };
  });
  const known = new Set(nodes.map(({ id }) => id));
  const links = edges
    .filter(({ source, target }) => source !== target && known.has(source) && known.has(target))
    .map(({ source, target }) => ({ source, target }));
  const warm = old.length > 0.6 * nodes.length && before.layout === 'force';
  const simulation = forceSimulation(bodies)
    .randomSource(random)
    .force(
      'link',
      forceLink<Body, (typeof links)[number]>(links)
        .id(({ id }) => id)
        .distance(260)
        .iterations(2),
    )
    .force('charge', forceManyBody<Body>().strength(-900).distanceMax(1400).theta(1))
    .force('collide', forceCollide<Body>(110).strength(0.8))
    .force('x', forceX<Body>(0).strength(0.035))
    .force('y', forceY<Body>(0).strength(0.05))
    .force('boxes', holdTogether(bodies, tree))
    .alpha(warm ? 0.08 : 1)
    .alphaDecay(nodes.length > 150 ? 0.045 : 0.025)
    .stop();
  while (simulation.alpha() > simulation.alphaMin()) simulation.tick();
  return settle(input, bodies, tree);
}

/** A first place: beside a neighbour that stood, or on a spiral. */
function startOf(id: string, i: number, { edges, before }: ArrangeInput): { readonly x: number; readonly y: number } {
  const edge = edges.find(
    ({ source, target }) => (source === id && before.nodes.has(target)) || (target === id && before.nodes.has(source)),
  );
  const beside = edge && before.nodes.get(edge.source === id ? edge.target : edge.source);
  if (beside) return { x: beside.x + (edge.source === id ? -200 : 200), y: beside.y + 30 };
  const [radius, angle] = [60 * Math.sqrt(i + 0.5), i * Math.PI * (3 - Math.sqrt(5))];
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
}

/** A force towards the middle of one's box. */
function holdTogether(bodies: readonly Body[], tree: BoxTree) {
  const groups = tree.ids.map((_, box) => bodies.filter((body) => chainOf(tree, body.box).includes(box)));
  return (alpha: number) => {
    for (const group of groups) {
      const x = group.reduce((sum, body) => sum + body.x, 0) / group.length;
      const y = group.reduce((sum, body) => sum + body.y, 0) / group.length;
      for (const body of group) {
        body.vx = (body.vx ?? 0) + (x - body.x) * alpha * 0.5;
        body.vy = (body.vy ?? 0) + (y - body.y) * alpha * 0.5;
      }
    }
  };
}

/** Cards of one box are moved apart first; then whole boxes and what has none, from the inside out. */
function settle(
  { nodes, boxes: asked, pinned: fixed }: ArrangeInput,
  bodies: readonly Body[],
  tree: BoxTree,
): Map<string, Box> {
  const cards = new Map<string, Box>();
  for (const { id, x, y, width, height } of bodies)
    cards.set(id, { x: x - width / 2, y: y * flat - height / 2, width, height });
  const inside = (box: number) => bodies.filter((body) => chainOf(tree, body.box).includes(box)).map(({ id }) => id);
  const boxes = tree.ids.map((_, box) => box).sort((a, b) => chainOf(tree, b).length - chainOf(tree, a).length);
  for (const box of [...boxes, -1]) {
    const childBoxes = boxes.filter((child) => tree.parents[child] === box);
    const children = childBoxes.map((child) => inside(child));
    const own = bodies.filter((body) => body.box === box).map(({ id }) => [id]);
    const groups = [...own, ...children];
    const frames = toFrames(nodes, asked, cards);
    const framed = groups.map((group, i) => {
      const frame =
        i < own.length ? cards.get(group[0] ?? '') : frames.get(tree.ids[childBoxes[i - own.length] ?? -1] ?? '');
      return { ...(frame ?? { x: 0, y: 0, width: 0, height: 0 }), fixed: group.some((id) => fixed.has(id)) };
    });
    const apart = moveApart(framed, children.length > 0 ? frameGap : cardGap);
    for (const [i, group] of groups.entries()) {
      const [dx, dy] = [(apart[i]?.x ?? 0) - (framed[i]?.x ?? 0), (apart[i]?.y ?? 0) - (framed[i]?.y ?? 0)];
      for (const id of group) {
        const card = cards.get(id);
        if (card) cards.set(id, { ...card, x: card.x + dx, y: card.y + dy });
      }
    }
  }
  return new Map(
    [...cards].map(([id, card]) => [
      id,
      fixed.has(id) ? card : { ...card, x: Math.round(card.x), y: Math.round(card.y) },
    ]),
  );
}
