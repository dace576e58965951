/**
 * From numbers to what is drawn: widths, rings, pills. Pure; the drawing components only place the results.
 */
import type { GraphEdge, GraphNode, Thresholds } from '#shared/api.ts';
import type { LabelChoice } from '../labels.ts';
import { middleEllipsis, type Measure } from '../part/ellipsis.ts';
import type { Picture } from './arrange.ts';
import { edgeHealth, failedShare, healths, nodeHealth, type Health } from './health.ts';
import { overlaps, type Box, type Wish } from './place.ts';
import { arrowInset, directionOf, type Line } from './route.ts';
import { isProvisional, isSampled } from './remarks.ts';
import { pillTexts } from './words.ts';

/** Widths of edges, px: the slightest, the busiest, the busiest healthy one in a crowd, and the least of a failing one. */
export const edgeWidths = { least: 1.5, most: 6, crowd: 2.5, bad: 3 } as const;
/** Half a pill's height and the room at its ends, at text size 1, px. */
const pill = { height: 18, ends: 14 } as const;

/** Widths of texts on the map: names on cards, their second lines, pills. */
export interface Rulers {
  readonly name: Measure;
  readonly sub: Measure;
  readonly pill: Measure;
}

/**
 * Width of an edge: its rate against the busiest, by square root, in quarters of a px so that it rests. Where thousands of
 * lines cross (crowd), the healthy ones are finer, else the map is one grey sheet.
 */
export function edgeWidth(rate: number, maxRate: number, health: Health, crowd: boolean): number {
  const share = maxRate > 0 ? Math.sqrt(Math.max(0, rate) / maxRate) : 0;
  const most = crowd && health === 'ok' ? edgeWidths.crowd : edgeWidths.most;
  const width = edgeWidths.least + (most - edgeWidths.least) * Math.min(1, share);
  return Math.max(health === 'bad' ? edgeWidths.bad : 0, Math.round(width * 4) / 4);
}

/** How much of a ring is drawn: whole when well, open when degraded, more open the more fails. */
export function ringShare(node: Pick<GraphNode, 'calls' | 'failed'>, health: Health): number {
  if (health === 'ok' || health === 'idle') return 1;
  const failed = failedShare(node);
  return health === 'warn' ? 0.88 : Math.max(0.08, Math.min(0.74, 1 - failed));
}

/** A workload whose own spans nobody has seen: all that is known of it comes from its callers. */
export function isDark(node: GraphNode, inbound: readonly GraphEdge[]): boolean {
  if (node.kind === 'database' || node.kind === 'external' || node.kind === 'messaging') return true;
  return inbound.some(({ calls }) => calls > 0) && inbound.every(({ serverLatencyMs }) => serverLatencyMs.n === 0);
}

/** A small card at the entry: callers outside the mesh. */
export function isEntry({ kind }: Pick<GraphNode, 'kind'>): boolean {
  return kind === 'users' || kind === 'unknown';
}

/** Side of a dot and the room it keeps, map px. */
const dotSize = 48;

/** The box of the dot that stands for a card. */
export function dotBox({ x, y, width, height }: Box): Box {
  return { x: x + width / 2 - dotSize / 2, y: y + height / 2 - dotSize / 2, width: dotSize, height: dotSize };
}

/** Path data of an edge among dots: from centre to centre, by its own line. */
export function throughDots({ d }: Line, from: Box | undefined, to: Box | undefined): string {
  const centre = ({ x, y, width, height }: Box) => `${x + width / 2},${y + height / 2}`;
  return `${from ? `M${centre(from)}L` : 'M'}${d.slice(1)}${to ? `L${centre(to)}` : ''}`;
}

/** A name under a dot: what of it fits, its baseline, and its scale against 11 px. */
export interface DotName {
  readonly text: string;
  readonly y: number;
  readonly scale: number;
  readonly box: Box;
}

/**
 * Names under dots, as many as fit, the important ones first: failing, degraded, then the busiest.
 * in: the map's scale, which the text makes up for; measure for 11 px text.
 */
export function toDotNames(
  nodes: readonly GraphNode[],
  picture: Picture,
  scale: number,
  measure: Measure,
  limits: Thresholds,
): Map<string, DotName> {
  const size = 1 / scale;
  const most = 92;
  const weight = (node: GraphNode) => healths.indexOf(nodeHealth(node, limits)) * 1e9 + node.rate;
  const names = new Map<string, DotName>();
  const taken: Box[] = nodes.flatMap(({ id }) => {
    const box = picture.nodes.get(id);
    return box ? [dotBox(box)] : [];
  });
  for (const node of [...nodes].sort((a, b) => weight(b) - weight(a)).slice(0, 120)) {
    const card = picture.nodes.get(node.id);
    if (!card) continue;
    const text = middleEllipsis(node.name, most, measure);
    const width = (measure(text) + 6) * size;
    const top = card.y + card.height / 2 + dotSize / 2;
    const box = { x: card.x + card.width / 2 - width / 2, y: top, width, height: 14 * size };
    if (taken.some((other) => overlaps(box, other))) continue;
    taken.push(box);
    names.set(node.id, { text, y: top + 10 * size, scale: size, box });
  }
  return names;
}

/** How far the text is blown up when the map is zoomed out, in twentieths, so that it stays legible. */
export function textBoost(scale: number): number {
  // among dots there is room beside them, and text keeps its size on the screen, in steps of a sixth
  if (detailAt(scale) === 'dot') return 0.9 / 2 ** (Math.floor(Math.log2(scale) * 6) / 6);
  return Math.round(Math.min(1.5, Math.max(1, 0.9 / scale)) * 20) / 20;
}

/** Detail at a scale: whole cards, or dots with rings and the names of the important ones. */
export function detailAt(scale: number): 'card' | 'dot' {
  return scale < 0.46 ? 'dot' : 'card';
}

/** A pill: what it may say, the fullest first, and how large each is, map px. */
export interface Pill {
  readonly id: string;
  readonly health: Health;
  /** Of traces still open for the most part: drawn as not yet sure. */
  readonly provisional: boolean;
  readonly sizes: readonly { readonly text: string; readonly width: number; readonly height: number }[];
}

/** Pills that want a place. in: boost as in textBoost; measure for 11 px text. */
export function toPills(
  edges: readonly GraphEdge[],
  choice: LabelChoice,
  boost: number,
  measure: Measure,
  limits: Thresholds,
): Pill[] {
  return edges.flatMap((edge) => {
    const mark = isSampled(edge) ? '≈\u202f' : '';
    const sizes = pillTexts(edge, choice, limits).map((text) => ({
      text: mark + text,
      // in steps, so that a digit more or less does not move a pill
      width: Math.ceil((measure(mark + text) + pill.ends) / 6) * 6 * boost,
      height: pill.height * boost,
    }));
    if (sizes.length === 0) return [];
    return [{ id: edge.id, health: edgeHealth(edge, limits), provisional: isProvisional(edge), sizes }];
  });
}

/** Wishes of the pills: failing first, then degraded, then by rate in powers of two. */
export function toWishes(pills: readonly Pill[], edges: readonly GraphEdge[], picture: Picture): Wish[] {
  const rates = new Map(edges.map(({ id, rate }) => [id, rate]));
  return pills.flatMap(({ id, sizes, health }) => {
    const line = picture.edges.get(id)?.points;
    if (!line) return [];
    const rate = Math.round(Math.log2((rates.get(id) ?? 0) + 1e-6));
    return [{ id, sizes, line, weight: healths.indexOf(health) * 1_000 + rate }];
  });
}

/** The box round everything. */
export function boundsOf(boxes: Iterable<Box>): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, width, height } of boxes) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return left > right
    ? { x: 0, y: 0, width: 0, height: 0 }
    : { x: left, y: top, width: right - left, height: bottom - top };
}

/** Scale and shift that show a box whole and centred. in: room in px, margins round it. */
export function fitTo(
  bounds: Box,
  room: { readonly width: number; readonly height: number },
  margin: { readonly x: number; readonly top: number; readonly bottom: number },
  mostScale = 1.15,
): { readonly k: number; readonly x: number; readonly y: number } {
  const width = Math.max(40, room.width - 2 * margin.x);
  const height = Math.max(40, room.height - margin.top - margin.bottom);
  const k = Math.min(mostScale, width / Math.max(1, bounds.width), height / Math.max(1, bounds.height));
  return {
    k,
    x: margin.x + (width - bounds.width * k) / 2 - bounds.x * k,
    y: margin.top + (height - bounds.height * k) / 2 - bounds.y * k,
  };
}

/** Ids that stay at full strength when one is hovered: itself, its neighbours, the edges between. */
export function litBy(hovered: string, edges: readonly GraphEdge[]): Set<string> {
  const lit = new Set([hovered]);
  for (const { id, source, target } of edges) {
    if (id !== hovered && source !== hovered && target !== hovered) continue;
    lit.add(id).add(source).add(target);
  }
  return lit;
}

/** Ids that stay at full strength when some are found: those, and the ends of found edges. */
export function strongBy(found: ReadonlySet<string>, edges: readonly GraphEdge[]): Set<string> {
  const strong = new Set(found);
  for (const { id, source, target } of edges) if (found.has(id)) strong.add(source).add(target);
  return strong;
}

/** The part of the map that can be seen, and a quarter as much again on every side; map px. */
export function seenBox(
  { k, x, y }: { readonly k: number; readonly x: number; readonly y: number },
  room: { readonly width: number; readonly height: number },
): Box {
  const [width, height] = [room.width / k, room.height / k];
  return { x: -x / k - width / 4, y: -y / k - height / 4, width: 1.5 * width, height: 1.5 * height };
}

/** Whether a line comes through a box. */
export function passes({ points }: Line, box: Box): boolean {
  return points.some(({ x, y }) => x >= box.x && y >= box.y && x <= box.x + box.width && y <= box.y + box.height);
}

/** Path data of an arrowhead at the end of a line, whose tip touches the card. in: the line, and its width. */
export function arrowHead(line: Line, width: number): string {
  const end = line.points.at(-1);
  if (!end) return '';
  const { x, y } = directionOf(line);
  const length = 7 + width * 0.7;
  const half = 3 + width * 0.62;
  const tip = { x: end.x + x * arrowInset, y: end.y + y * arrowInset };
  const base = { x: tip.x - x * length, y: tip.y - y * length };
  const at = (px: number, py: number) => `${Math.round(px * 100) / 100},${Math.round(py * 100) / 100}`;
  return `M${at(tip.x, tip.y)}L${at(base.x + y * half, base.y - x * half)}L${at(base.x - y * half, base.y + x * half)}z`;
}
