/**
 * Where everything on the map stands: workloads in columns along the traffic (elkjs, layered), edges as flowing lines
 * between them. In: nodes and edges, the shape of the room, the order of the last picture. Out: boxes and lines in map px.
 * The engine is an argument: the page gives one that runs in a worker, a test one that runs in the process.
 */
import type { ELK, ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { Box, Point } from './place.ts';
import { toGaps, toLine, type Line } from './route.ts';
import { arrowInset } from './scene.ts';

/** Size of a workload's card, and of the small one of callers outside the mesh. */
export const cardSize = { width: 172, height: 50 } as const;
export const entrySize = { width: 108, height: 50 } as const;

export interface ArrangeNode {
  readonly id: string;
  /** Stands for callers without spans of their own: a small card, in the first column. */
  readonly entry: boolean;
}

export interface ArrangeEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
}

/** A finished arrangement. */
export interface Picture {
  readonly nodes: ReadonlyMap<string, Box>;
  readonly edges: ReadonlyMap<string, Line>;
  readonly width: number;
  readonly height: number;
}

export const noPicture: Picture = { nodes: new Map(), edges: new Map(), width: 0, height: 0 };

export interface ArrangeInput {
  readonly nodes: readonly ArrangeNode[];
  readonly edges: readonly ArrangeEdge[];
  /** Room on the screen, px: decides how far apart things stand. */
  readonly room: { readonly width: number; readonly height: number };
  /** The picture that is shown now: what it holds keeps its order. */
  readonly before: Picture;
}

interface Spacing {
  readonly column: number;
  readonly row: number;
}

const tight: Spacing = { column: 106, row: 30 };
const loose: Spacing = { column: 190, row: 136 };
/** Rows stand at most so far apart on the screen, px, centre to centre. */
const mostRowPx = 90;
/**
 * Above this many workloads one quick run has to do. 400 workloads, 556 edges, warm, 2026-11: the careful placement takes
 * 2.0 s, the simple one 0.3 s and no more room.
 */
const mostForCare = 100;

/** Arranges the graph. errors: what the engine throws. */
export async function arrange(engine: Pick<ELK, 'layout'>, input: ArrangeInput): Promise<Picture> {
  if (input.nodes.length === 0) return noPicture;
  const first = toPicture(await engine.layout(toElk(input, tight)), input);
  const spacing = spread(first, input.room);
  if (!spacing || input.nodes.length > mostForCare) return first;
  return toPicture(await engine.layout(toElk(input, spacing)), input);
}

/**
 * Spacing that fills the room in the direction that has some left, so that the map is never smaller than its space.
 * out: undefined when the tight picture already fills it.
 */
export function spread(
  picture: Pick<Picture, 'width' | 'height' | 'nodes'>,
  room: { readonly width: number; readonly height: number },
): Spacing | undefined {
  const scale = Math.min(room.width / picture.width, room.height / picture.height, 1);
  if (!(scale > 0)) return undefined;
  const spare = (have: number, size: number) => have / scale - size;
  const boxes = [...picture.nodes.values()];
  const rows = Math.max(1, mostInColumn(boxes) - 1);
  const columns = Math.max(1, new Set(boxes.map(({ x }) => Math.round(x / 40))).size - 1);
  const mostRow = Math.max(loose.row, mostRowPx / scale - cardSize.height);
  const row = Math.min(mostRow, tight.row + (0.8 * spare(room.height, picture.height)) / rows);
  const column = Math.min(loose.column, tight.column + (0.9 * spare(room.width, picture.width)) / columns);
  if (row < tight.row + 4 && column < tight.column + 4) return undefined;
  return { row: Math.max(row, tight.row), column: Math.max(column, tight.column) };
}

function mostInColumn(boxes: readonly Box[]): number {
  const counts = new Map<number, number>();
  for (const { x } of boxes) counts.set(Math.round(x / 40), (counts.get(Math.round(x / 40)) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

function toElk({ nodes, edges, room, before }: ArrangeInput, { column, row }: Spacing): ElkNode {
  const called = new Set(edges.map(({ target }) => target));
  const rank = ({ id }: ArrangeNode) => before.nodes.get(id)?.y ?? Number.POSITIVE_INFINITY;
  const ordered = [...nodes].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
  const kept = before.nodes.size > 0;
  const careful = nodes.length <= mostForCare;
  return {
    id: 'map',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'RIGHT',
      'elk.edgeRouting': 'ORTHOGONAL',
      'elk.aspectRatio': String(Math.max(0.5, room.width / Math.max(1, room.height))),
      'elk.spacing.nodeNode': String(row),
      'elk.spacing.edgeNode': '22',
      'elk.spacing.edgeEdge': '14',
      'elk.spacing.componentComponent': String(row + 20),
      'elk.spacing.portPort': '9',
      'elk.layered.spacing.nodeNodeBetweenLayers': String(column),
      'elk.layered.spacing.edgeNodeBetweenLayers': '24',
      'elk.layered.spacing.edgeEdgeBetweenLayers': '2',
      'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
      'elk.layered.nodePlacement.strategy': careful ? 'NETWORK_SIMPLEX' : 'SIMPLE',
      'elk.layered.considerModelOrder.strategy': kept ? 'NODES_AND_EDGES' : 'NONE',
      'elk.layered.thoroughness': careful ? '12' : '2',
      ...(careful ? {} : layerBound(nodes.length, room)),
      'elk.randomSeed': '1',
    },
    children: ordered.map((node) => ({
      id: node.id,
      ...(node.entry ? entrySize : cardSize),
      layoutOptions: {
        'elk.portConstraints': 'FIXED_SIDE',
        'elk.portAlignment.default': 'CENTER',
        'elk.spacing.portsSurrounding': '[top=8,left=0,bottom=8,right=0]',
        ...(node.entry && !called.has(node.id) ? { 'elk.layered.layering.layerConstraint': 'FIRST' } : {}),
      },
      ports: [
        ...edges.filter(({ source }) => source === node.id).map(({ id }) => port(`out:${id}`, 'EAST')),
        ...edges.filter(({ target }) => target === node.id).map(({ id }) => port(`in:${id}`, 'WEST')),
      ],
    })),
    edges: edges.map(({ id }) => ({ id, sources: [`out:${id}`], targets: [`in:${id}`] })),
  };
}

/**
 * Keeps the columns of a big mesh short enough for the room: left to themselves, most workloads of a mesh stand in two or
 * three columns, and the map becomes a needle.
 */
function layerBound(count: number, room: ArrangeInput['room']): Record<string, string> {
  const [wide, high] = [cardSize.width + tight.column, cardSize.height + tight.row];
  const rows = Math.sqrt((count * wide * room.height) / (high * Math.max(1, room.width)));
  return {
    'elk.layered.layering.strategy': 'COFFMAN_GRAHAM',
    'elk.layered.layering.coffmanGraham.layerBound': String(Math.max(12, Math.ceil(rows))),
  };
}

function port(id: string, side: 'EAST' | 'WEST') {
  return { id, width: 0, height: 0, layoutOptions: { 'elk.port.side': side } };
}

function toPicture(laid: ElkNode, { edges }: ArrangeInput): Picture {
  const nodes = new Map<string, Box>(
    (laid.children ?? []).map(({ id, x = 0, y = 0, width = 0, height = 0 }) => [id, { x, y, width, height }]),
  );
  const gaps = toGaps([...nodes.values()].map(({ x, width }) => ({ from: x, to: x + width })));
  const laidEdges = (laid.edges ?? []) as readonly ElkExtendedEdge[];
  const known = new Set(edges.map(({ id }) => id));
  const lines = new Map<string, Line>();
  for (const { id, sections } of laidEdges) {
    const section = sections?.[0];
    if (!section || !known.has(id)) continue;
    const corners: Point[] = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
    const end = corners.pop();
    if (end) corners.push({ x: end.x - arrowInset, y: end.y });
    lines.set(id, toLine(corners, gaps));
  }
  return { nodes, edges: lines, width: laid.width ?? 0, height: laid.height ?? 0 };
}
