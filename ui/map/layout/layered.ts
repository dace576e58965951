/**
 * The layered layout: workloads in columns along the traffic, entries first, in rows with few crossings (layers.ts,
 * order.ts, rows.ts). In: what is asked. Out: corners of cards, and for every edge the heights at which it should pass the
 * columns on its way; lanes.ts draws it from those.
 */
import type { Box, Point } from '../place.ts';
import { toLayers, toLinks, type Link } from './layers.ts';
import { toOrder, type Item, type Segment, type Span, type Token } from './order.ts';
import { boxPad, cardSize, sizeOf, type ArrangeInput, type ArrangeNode, type Picture } from './picture.ts';
import { toRows } from './rows.ts';
import { chainOf, commonBox, toTree, type BoxTree } from './tree.ts';

export interface Spacing {
  readonly column: number;
  readonly row: number;
}

const tight: Spacing = { column: 106, row: 30 };
const loose: Spacing = { column: 190, row: 136 };
/** Rows stand at most so far apart on the screen, px, centre to centre. */
const mostRowPx = 90;
/** Columns are never asked to be shorter than this, cards. */
const leastRows = 12;
/** With more places to pass than this, calls find their own way between the cards, which stand close together. */
const mostPasses = 1200;
/** Height a call needs where it passes a column, px. */
const lane = 8;
/** Room above a card for the loop of its calls to itself, px. */
const loopRoom = 20;

/** Cards, and where calls should pass columns on their way: edge id to points in the middle of the columns. */
export interface Standing {
  readonly nodes: Map<string, Box>;
  readonly passes: ReadonlyMap<string, readonly Point[]>;
}

/** Lays out everything anew; with a picture before, in its order. in: nodes and edges sorted by id. */
export function toLayered(input: ArrangeInput): Standing {
  const { nodes, edges, room, before } = input;
  const index = new Map(nodes.map(({ id }, i) => [id, i]));
  const ends = edges.map(({ source, target }) => [index.get(source) ?? -1, index.get(target) ?? -1] as const);
  const real = ends.flatMap(([source, target], i) => (source >= 0 && target >= 0 && source !== target ? [i] : []));
  const pairs = real.map((i) => ends[i] ?? ([0, 0] as const));
  const links = toLinks(nodes.length, pairs, startsOf(nodes, pairs, before));
  const first = new Set(nodes.flatMap(({ entry }, i) => (entry ? [i] : [])));
  const layers = toLayers(nodes.length, links, first, mostRows(nodes.length, room));
  const mesh = toMesh(input, links, layers);
  const small = nodes.length <= 100;
  const columns = toOrder(mesh, small ? { starts: 5, sweeps: 14 } : { starts: 1, sweeps: 10 });
  const looping = new Set(ends.flatMap(([source, target]) => (source === target ? [source] : [])));
  const place = (spacing: Spacing) => toStanding(input, links, real, mesh, columns, looping, spacing);
  const close = place(tight);
  const spacing = spread(close.nodes.values(), room);
  return spacing ? place(spacing) : close;
}

/** Where the traffic may start, likeliest first: entries, what stood left, what nobody calls, what calls most. */
function startsOf(
  nodes: readonly ArrangeNode[],
  pairs: readonly (readonly [number, number])[],
  before: Picture,
): number[] {
  const ins = new Int32Array(nodes.length);
  const outs = new Int32Array(nodes.length);
  for (const [source, target] of pairs) {
    outs[source] = (outs[source] ?? 0) + 1;
    ins[target] = (ins[target] ?? 0) + 1;
  }
  const kind = (i: number) => (nodes[i]?.entry ? 0 : ins[i] === 0 ? 1 : 2);
  const stood = (i: number) => before.nodes.get(nodes[i]?.id ?? '')?.x ?? Infinity;
  const excess = (i: number) => (outs[i] ?? 0) - (ins[i] ?? 0);
  return nodes
    .map((_, i) => i)
    .sort((a, b) => kind(a) - kind(b) || compare(stood(a), stood(b)) || excess(b) - excess(a) || a - b);
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** How many cards a column may hold so that the map has about the shape of the room. */
function mostRows(count: number, room: ArrangeInput['room']): number {
  const [wide, high] = [cardSize.width + tight.column, cardSize.height + tight.row];
  return Math.max(leastRows, Math.ceil(Math.sqrt((count * wide * room.height) / (high * Math.max(1, room.width)))));
}

interface Mesh {
  readonly layers: number;
  readonly items: readonly Item[];
  readonly segments: readonly Segment[];
  readonly tree: BoxTree;
  readonly spans: readonly Span[];
  /** Items where each link passes a column, by link. */
  readonly passing: readonly (readonly number[])[];
}

/** Items and segments: a card each, and a place in every column that a link passes. */
function toMesh({ nodes, boxes, before }: ArrangeInput, links: readonly Link[], layers: readonly number[]): Mesh {
  const tree = toTree(nodes, boxes);
  const spans = tree.ids.map(() => ({ from: Infinity, to: -Infinity }));
  for (const [node, layer] of layers.entries()) {
    for (const box of chainOf(tree, tree.ofNode[node] ?? -1)) {
      const span = spans[box];
      if (span) spans[box] = { from: Math.min(span.from, layer), to: Math.max(span.to, layer) };
    }
  }
  const items: Item[] = nodes.map((node, i) => {
    const box = before.nodes.get(node.id);
    return {
      layer: layers[i] ?? 0,
      node: i,
      box: tree.ofNode[i] ?? -1,
      size: sizeOf(node).height,
      rank: box && box.y + box.height / 2,
    };
  });
  const segments: Segment[] = [];
  const span = ({ from, to }: Link) => (layers[to] ?? 0) - (layers[from] ?? 0);
  const direct = links.reduce((sum, link) => sum + Math.max(0, span(link) - 1), 0) > mostPasses;
  const passing = links.map(({ from, to, edges }): number[] => {
    const box = commonBox(tree, tree.ofNode[from] ?? -1, tree.ofNode[to] ?? -1);
    const weight = 1 + 0.25 * (edges.length - 1);
    const mine: number[] = [];
    let at = from;
    for (let layer = (layers[from] ?? 0) + 1; !direct && layer < (layers[to] ?? 0); layer++) {
      mine.push(items.length);
      segments.push({ a: at, b: items.length, weight });
      at = items.length;
      items.push({ layer, node: -1, box, size: lane * edges.length, rank: undefined });
    }
    if (layers[from] !== layers[to]) segments.push({ a: at, b: to, weight });
    return mine;
  });
  return { layers: Math.max(0, ...layers) + 1, items, segments, tree, spans, passing };
}

function toStanding(
  { nodes, edges }: ArrangeInput,
  links: readonly Link[],
  real: readonly number[],
  { layers, items, segments, tree, passing }: Mesh,
  columns: readonly (readonly Token[])[],
  looping: ReadonlySet<number>,
  { column, row }: Spacing,
): Standing {
  const above = (item: number) => (looping.has(item) ? loopRoom : 0);
  const y = toRows({ columns, items, segments, boxes: tree.ids.length, row, above });
  const widths = Array.from({ length: layers }, () => 0);
  for (const [i, node] of nodes.entries()) {
    const layer = items[i]?.layer ?? 0;
    widths[layer] = Math.max(widths[layer] ?? 0, sizeOf(node).width);
  }
  const gaps = toGapWidths(
    layers,
    items,
    segments,
    y,
    column + (tree.ids.length > 0 ? boxPad.side / 2 : 0),
    column > tight.column ? 110 : 40,
  );
  const lefts: number[] = [];
  let x = 0;
  for (let layer = 0; layer < layers; layer++) {
    lefts.push(x);
    x += (widths[layer] ?? 0) + (gaps[layer] ?? 0);
  }
  const placed = new Map<string, Box>();
  for (const [i, node] of nodes.entries()) {
    const layer = items[i]?.layer ?? 0;
    const { width, height } = sizeOf(node);
    // a narrow card stands at the side to which its calls leave
    placed.set(node.id, {
      x: Math.round((lefts[layer] ?? 0) + (widths[layer] ?? 0) - width),
      y: Math.round((y[i] ?? 0) - height / 2),
      width,
      height,
    });
  }
  const passes = new Map<string, Point[]>();
  for (const [l, link] of links.entries()) {
    for (const [k, edge] of link.edges.entries()) {
      const off = lane * (k - (link.edges.length - 1) / 2);
      const at = (passing[l] ?? []).map((item) => {
        const layer = items[item]?.layer ?? 0;
        return { x: (lefts[layer] ?? 0) + (widths[layer] ?? 0) / 2, y: (y[item] ?? 0) + off };
      });
      const id = edges[real[edge] ?? -1]?.id;
      if (id !== undefined && at.length > 0) passes.set(id, at);
    }
  }
  return { nodes: placed, passes };
}

/** Room between columns: more where calls have far to go up or down, up to `most` px more. */
function toGapWidths(
  layers: number,
  items: readonly Item[],
  segments: readonly Segment[],
  y: Float64Array,
  column: number,
  most: number,
): number[] {
  const climbs = Array.from({ length: layers }, (): number[] => []);
  for (const { a, b } of segments) climbs[items[a]?.layer ?? 0]?.push(Math.abs((y[a] ?? 0) - (y[b] ?? 0)));
  return climbs.map((some) => {
    const steep = some.sort((a, b) => a - b)[Math.floor(some.length * 0.9)] ?? 0;
    return Math.round(column + Math.min(most, Math.max(0, steep - 200) * 0.16));
  });
}

/**
 * Spacing that fills the room in the direction that has some left, so that the map is never smaller than its space.
 * out: undefined when the tight picture already fills it.
 */
export function spread(nodes: Iterable<Box>, room: ArrangeInput['room']): Spacing | undefined {
  const boxes = [...nodes];
  const width = Math.max(...boxes.map((box) => box.x + box.width)) - Math.min(...boxes.map(({ x }) => x));
  const height = Math.max(...boxes.map((box) => box.y + box.height)) - Math.min(...boxes.map(({ y }) => y));
  const scale = Math.min(room.width / width, room.height / height, 1);
  if (!(scale > 0)) return undefined;
  const spare = (have: number, size: number) => have / scale - size;
  const counts = new Map<number, number>();
  for (const { x } of boxes) counts.set(Math.round(x / 40), (counts.get(Math.round(x / 40)) ?? 0) + 1);
  const rows = Math.max(1, Math.max(...counts.values()) - 1);
  const mostRow = Math.max(loose.row, mostRowPx / scale - cardSize.height);
  const row = Math.min(mostRow, tight.row + (0.8 * spare(room.height, height)) / rows);
  const column = Math.min(loose.column, tight.column + (0.9 * spare(room.width, width)) / Math.max(1, counts.size - 1));
  if (row < tight.row + 4 && column < tight.column + 4) return undefined;
  return { row: Math.max(row, tight.row), column: Math.max(column, tight.column) };
}
