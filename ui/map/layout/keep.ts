/**
 * A picture that changes little: what stood stays where it was, what is new gets free room behind its callers and near
 * them. Gives up, for a new layout, where much has changed or the old picture has become a bad one for the new graph.
 */
import type { Box, Point } from '../place.ts';
import type { Standing } from './layered.ts';
import { sizeOf, type ArrangeInput, type ArrangeNode } from './picture.ts';
import { cardGap, createRoom } from './room.ts';
import { toTree } from './tree.ts';

/** New workloads up to this share of all, and never fewer than that many, are put in between. */
const mostNew = { share: 0.25, count: 2 } as const;
/** Less of the old picture than this makes it worthless. */
const leastKept = 0.6;
/** Room between columns when one is opened, px. */
const columnGap = 120;
/** Cards whose middles are nearer than this stand in one column, px. */
const sameColumn = 60;
/** Free room further away than this is worth pushing others aside, px. */
const farAway = 170;

/** The old picture with the new cards in it. out: undefined when everything should be laid out anew. */
export function toKept(input: ArrangeInput): Standing | undefined {
  const { nodes, boxes, before } = input;
  if (input.fresh || before.layout !== input.layout || !sameBoxes(input)) return undefined;
  if (input.layout === 'radial' && before.centre !== input.centre) return undefined;
  const cards = new Map<string, Box>();
  for (const node of nodes) {
    const old = before.nodes.get(node.id);
    if (old && old.width === sizeOf(node).width) cards.set(node.id, old);
  }
  const fresh = nodes.filter(({ id }) => !cards.has(id));
  if (fresh.length > Math.max(mostNew.count, mostNew.share * nodes.length)) return undefined;
  if (cards.size < leastKept * before.nodes.size || cards.size === 0) return undefined;
  const room = createRoom(nodes, boxes, cards);
  for (const node of byTies(fresh, input, cards)) {
    const wish = input.layout === 'layered' ? wishInColumn(node, input, cards) : wishOutside(node, input, cards);
    const found = room.nearest(node.id, wish);
    const pushed =
      boxes.length === 0 && input.layout === 'layered' && (!found || Math.abs(found.y - wish.y) > farAway)
        ? pushApart(wish, input, cards)
        : undefined;
    if (pushed) for (const [id, box] of pushed) cards.set(id, box);
    if (!pushed && !found) return undefined;
    cards.set(node.id, (pushed ? wish : found) ?? wish);
  }
  return { nodes: cards, passes: sameWays(input, cards) };
}

/** Lines between cards that have not moved go the way they went. */
function sameWays({ edges, before }: ArrangeInput, cards: ReadonlyMap<string, Box>): Standing['passes'] {
  const stays = (id: string) => {
    const [now, old] = [cards.get(id), before.nodes.get(id)];
    return now !== undefined && now.x === old?.x && now.y === old.y;
  };
  return new Map(
    edges.flatMap(({ id, source, target }) => {
      const way = before.passes.get(id);
      return way && stays(source) && stays(target) ? [[id, way] as const] : [];
    }),
  );
}

/** Boxes appear, vanish or change hands: their old rectangles are of no use. */
function sameBoxes({ nodes, boxes, before }: ArrangeInput): boolean {
  const tree = toTree(nodes, boxes);
  if (tree.ids.length !== before.boxes.size || tree.ids.some((id) => !before.boxes.has(id))) return false;
  return nodes.every(({ id, box }) => {
    const card = before.nodes.get(id);
    const frame = before.boxes.get(box ?? '');
    return !card || !frame || (card.y >= frame.y && card.y + card.height <= frame.y + frame.height);
  });
}

/** The new ones, those with the most calls from and to what stands first. */
function byTies(
  fresh: readonly ArrangeNode[],
  { edges }: ArrangeInput,
  cards: ReadonlyMap<string, Box>,
): ArrangeNode[] {
  const ties = ({ id }: ArrangeNode) =>
    edges.filter(
      (edge) => (edge.source === id && cards.has(edge.target)) || (edge.target === id && cards.has(edge.source)),
    ).length;
  return fresh
    .map((node) => ({ node, ties: ties(node) }))
    .sort((a, b) => b.ties - a.ties)
    .map(({ node }) => node);
}

/** Where a new card would stand best: in the column behind its callers or before its callees, at their mean height. */
function wishInColumn(node: ArrangeNode, { edges }: ArrangeInput, cards: ReadonlyMap<string, Box>): Box {
  const size = sizeOf(node);
  const columns = toColumns(cards);
  const of = (box: Box) => columns.findIndex((x) => Math.abs(x - box.x - box.width / 2) < sameColumn);
  const standing = (ids: readonly string[]) => ids.flatMap((id) => cards.get(id) ?? []);
  const callers = standing(edges.flatMap(({ source, target }) => (target === node.id ? [source] : [])));
  const callees = standing(edges.flatMap(({ source, target }) => (source === node.id ? [target] : [])));
  const near = [...callers, ...callees];
  const y =
    near.length === 0 ? lowest(cards) : near.reduce((sum, box) => sum + box.y + box.height / 2, 0) / near.length;
  const column =
    callers.length > 0 ? Math.max(...callers.map(of)) + 1 : callees.length > 0 ? Math.min(...callees.map(of)) - 1 : 0;
  const wide = size.width / 2;
  const left = Math.min(...[...cards.values()].map((box) => box.x));
  const right = Math.max(...[...cards.values()].map((box) => box.x + box.width));
  const middle = columns[column] ?? (column < 0 ? left - columnGap - wide : right + columnGap + wide);
  return { ...size, x: Math.round(middle - wide), y: Math.round(y - size.height / 2) };
}

/** Where a new card would stand best without columns: beyond its neighbours, seen from the middle. */
function wishOutside(node: ArrangeNode, { edges }: ArrangeInput, cards: ReadonlyMap<string, Box>): Box {
  const size = sizeOf(node);
  const near = edges.flatMap(({ source, target }) =>
    source === node.id ? (cards.get(target) ?? []) : target === node.id ? (cards.get(source) ?? []) : [],
  );
  const from = near.length > 0 ? meanOf(near) : { x: 0, y: lowest(cards) };
  const centre = meanOf([...cards.values()]);
  const angle = Math.atan2(from.y - centre.y, from.x - centre.x);
  return {
    ...size,
    x: Math.round(from.x + Math.cos(angle) * (size.width + 50) - size.width / 2),
    y: Math.round(from.y + Math.sin(angle) * (size.height + 50) - size.height / 2),
  };
}

function meanOf(boxes: readonly Box[]): Point {
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0) / Math.max(1, values.length);
  return { x: sum(boxes.map(({ x, width }) => x + width / 2)), y: sum(boxes.map(({ y, height }) => y + height / 2)) };
}

/** Middles of the columns, left to right. */
function toColumns(cards: ReadonlyMap<string, Box>): number[] {
  const columns: number[] = [];
  for (const x of [...cards.values()].map((box) => box.x + box.width / 2).sort((a, b) => a - b)) {
    if (x - (columns.at(-1) ?? -Infinity) >= sameColumn) columns.push(x);
  }
  return columns;
}

function lowest(cards: ReadonlyMap<string, Box>): number {
  return Math.max(...[...cards.values()].map((box) => box.y + box.height)) + cardGap + 25;
}

/** Makes room at a wish: those above go up, those below down, no further than needed. out: undefined over a pinned one. */
function pushApart(wish: Box, { pinned }: ArrangeInput, cards: ReadonlyMap<string, Box>): Map<string, Box> | undefined {
  const moved = new Map<string, Box>();
  const sharing = [...cards].filter(([, box]) => box.x < wish.x + wish.width && wish.x < box.x + box.width);
  const middle = (box: Box) => box.y + box.height / 2;
  const above = sharing.filter(([, box]) => middle(box) <= middle(wish)).sort((a, b) => middle(b[1]) - middle(a[1]));
  const below = sharing.filter(([, box]) => middle(box) > middle(wish)).sort((a, b) => middle(a[1]) - middle(b[1]));
  let reach = wish.y - cardGap;
  for (const [id, box] of above) {
    if (box.y + box.height <= reach) break;
    if (pinned.has(id)) return undefined;
    moved.set(id, { ...box, y: reach - box.height });
    reach -= box.height + cardGap;
  }
  reach = wish.y + wish.height + cardGap;
  for (const [id, box] of below) {
    if (box.y >= reach) break;
    if (pinned.has(id)) return undefined;
    moved.set(id, { ...box, y: reach });
    reach += box.height + cardGap;
  }
  return moved;
}

/** How far calls go in a picture, px, those against the stream counted double: what a good one has little of. */
export function strain({ edges, pinned }: ArrangeInput, cards: ReadonlyMap<string, Box>): number {
  let sum = 0;
  for (const { source, target } of edges) {
    const [from, to] = [cards.get(source), cards.get(target)];
    if (!from || !to || from === to || pinned.has(source) || pinned.has(target)) continue;
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    sum += (dx < 0 ? 2 : 1) * Math.abs(dx) + Math.abs(dy);
  }
  return sum;
}

/** Shift that brings a new picture nearest to the old one: the median of how far cards that are in both have moved. */
export function shiftTo(before: ReadonlyMap<string, Point>, cards: ReadonlyMap<string, Box>): Point {
  const both = [...cards].flatMap(([id, box]) => {
    const old = before.get(id);
    return old ? [{ x: old.x - box.x, y: old.y - box.y }] : [];
  });
  const median = (values: number[]) => Math.round(values.sort((a, b) => a - b)[values.length >> 1] ?? 0);
  return { x: median(both.map(({ x }) => x)), y: median(both.map(({ y }) => y)) };
}
