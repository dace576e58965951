/**
 * Each edge, card and label as it is drawn: plain values that the drawing components only write down. A shape that has not
 * changed stays the same object (`keepSame`), so that of a graph that comes every second only what is new is drawn anew.
 */
import type { GraphEdge, GraphNode, Thresholds } from '#shared/api.ts';
import { pathStrength, pathWidth } from './critical.ts';
import { edgeHealth, nodeHealth, type Health } from './health.ts';
import { pointAt, type Box, type Place } from './place.ts';
import { isProvisional, remarkOn } from './remarks.ts';
import type { Line } from './route.ts';
import { arrowHead, edgeWidth, isEntry, ringShare, throughDots, type Pill } from './scene.ts';
import { cardSubtitle, edgeName, nodeName } from './words.ts';

/** Colour of a thing: its health, or on the critical layer the path's. */
export type Tone = Health | 'path';

/** What colours and widths are about. */
export type Layer = 'health' | 'critical';

/** What the user does to things on the map. */
export interface Marks {
  readonly selectedId: string | undefined;
  /** With a halo: what is hovered or has the keyboard, of a heavy map its neighbours too. */
  readonly lit: ReadonlySet<string> | undefined;
  readonly found: ReadonlySet<string> | undefined;
  /** At full strength; the rest steps back. undefined = everything is. */
  readonly strong: ReadonlySet<string> | undefined;
  /** Where the tab key enters the map. */
  readonly entry: string | undefined;
  readonly hrefOf: (type: 'edge' | 'node', id: string) => string;
}

interface Marked {
  readonly id: string;
  readonly href: string;
  readonly selected: boolean;
  readonly found: boolean;
  readonly dim: boolean;
  readonly tabindex: 0 | -1;
}

export interface EdgeShape extends Marked {
  readonly tone: Tone;
  /** Accessible name, and what to know before trusting it. */
  readonly name: string;
  readonly remark: string;
  /** Path data of the line, of where the pointer can take it, and of the arrowhead ('' = none). */
  readonly d: string;
  readonly reach: string;
  readonly head: string;
  readonly width: string;
  readonly strength: string | undefined;
  readonly lit: boolean;
}

export interface EdgeStyle {
  readonly thresholds: Thresholds;
  readonly layer: Layer;
  readonly maxRate: number;
  /** Thousands of lines cross. */
  readonly crowd: boolean;
  /** Lines grow against the zoom so that traffic stays visible from afar. */
  readonly thicker: number;
  readonly detail: 'card' | 'dot';
  readonly nameOf: ReadonlyMap<string, string>;
}

/** in: its line, the boxes at its ends, where its label lies, whether it is in view (`near`), and its last shape. */
export function toEdgeShape(
  edge: GraphEdge,
  line: Line,
  ends: {
    readonly from: Box | undefined;
    readonly to: Box | undefined;
    readonly label: Box | undefined;
    readonly near: boolean;
    readonly before: EdgeShape | undefined;
  },
  { thresholds, layer, maxRate, crowd, thicker, detail, nameOf }: EdgeStyle,
  marks: Marks,
): EdgeShape {
  const health = edgeHealth(edge, thresholds);
  const critical = layer === 'critical';
  const width = critical ? pathWidth(edge.criticalShare) : edgeWidth(edge.rate, maxRate, health, crowd);
  const whole = detail === 'card' && ends.near;
  return {
    ...toMarked('edge', edge.id, marks),
    tone: critical && health !== 'idle' ? 'path' : health,
    name: nameOfEdge(edge, nameOf),
    remark: remarkOn(edge),
    d: whole ? line.d : dotLine(line, ends.from, ends.to),
    reach: reachOf(line, ends.label),
    head: whole ? arrowHead(line, width * Math.min(1.4, thicker)) : '',
    // out of view it keeps the width it had: a zoom that is not seen redraws nothing
    width: (ends.near ? undefined : ends.before?.width) ?? `${width * thicker}px`,
    strength: critical ? `${pathStrength(edge.criticalShare)}%` : undefined,
    lit: marks.lit?.has(edge.id) ?? false,
  };
}

export interface CardShape extends Marked, Box {
  readonly node: GraphNode['kind'];
  readonly tone: Tone;
  readonly label: string;
  readonly title: string;
  readonly name: string;
  readonly subtitle: string;
  /** Calls a second that come in, that a card of users makes; undefined = none come in. */
  readonly rate: number | undefined;
  readonly entry: boolean;
  readonly idle: boolean;
  readonly dark: boolean;
  readonly unsure: boolean;
  readonly pinned: boolean;
  /** What the button that opens it is called; '' for a workload. */
  readonly expand: string;
  /** Drawn as a dot: from afar, and out of view on a heavy map. */
  readonly dot: boolean;
  /** Share of the ring that is drawn. */
  readonly ring: number;
  readonly strength: string | undefined;
}

export interface CardFacts {
  readonly dark: boolean;
  readonly pinned: boolean;
  readonly expand: string;
  readonly dot: boolean;
  /** Calls a second it makes. */
  readonly outRate: number;
}

export function toCardShape(
  node: GraphNode,
  { x, y, width, height }: Box,
  { dark, pinned, expand, dot, outRate }: CardFacts,
  { thresholds, layer }: Pick<EdgeStyle, 'thresholds' | 'layer'>,
  marks: Marks,
): CardShape {
  const entry = isEntry(node);
  const health = nodeHealth(node, thresholds);
  const idle = node.calls === 0 && outRate === 0;
  const critical = layer === 'critical';
  const subtitle = entry ? '' : cardSubtitle(node);
  return {
    ...toMarked('node', node.id, marks),
    x,
    y,
    width,
    height,
    node: node.kind,
    tone: idle ? 'idle' : critical ? 'path' : health === 'idle' ? 'ok' : health,
    ...wordsOf(node, subtitle),
    name: node.name,
    subtitle,
    rate: entry ? outRate : node.calls === 0 ? undefined : node.rate,
    entry,
    idle,
    dark,
    unsure: isProvisional(node),
    pinned,
    expand,
    dot,
    ring: critical ? (node.criticalShare ?? 0) : node.calls === 0 ? 0 : ringShare(node, health),
    strength: critical ? `${pathStrength(node.criticalShare)}%` : undefined,
  };
}

export interface PillShape {
  readonly id: string;
  readonly health: Health;
  readonly provisional: boolean;
  readonly dim: boolean;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The pill in its place. */
export function toPillShape({ id, health, provisional, sizes }: Pill, { size, x, y }: Place, dim: boolean): PillShape {
  const { text = '', width = 0, height = 0 } = sizes[size] ?? {};
  return { id, health, provisional, dim, text, x, y, width, height };
}

/** The new shapes, with the old object where every value is the same. in: the last answer; {} at first. */
export function keepSame<T extends { readonly id: string }>(
  before: ReadonlyMap<string, T>,
  now: readonly T[],
): Map<string, T> {
  return new Map(
    now.map((shape) => {
      const old = before.get(shape.id);
      return [shape.id, old && isSame(old, shape) ? old : shape];
    }),
  );
}

function isSame<T extends object>(a: T, b: T): boolean {
  for (const key in b) if (a[key] !== b[key]) return false;
  return true;
}

function toMarked(type: 'edge' | 'node', id: string, { selectedId, found, strong, entry, hrefOf }: Marks): Marked {
  return {
    id,
    href: hrefOf(type, id),
    selected: selectedId === id,
    found: found?.has(id) ?? false,
    dim: strong !== undefined && !strong.has(id),
    tabindex: entry === id ? 0 : -1,
  };
}

/** Words are dear to form: once for each edge and card of a graph, not with every zoom and hover. */
const edgeNames = new WeakMap<GraphEdge, { readonly nameOf: ReadonlyMap<string, string>; readonly name: string }>();

function nameOfEdge(edge: GraphEdge, nameOf: ReadonlyMap<string, string>): string {
  const known = edgeNames.get(edge);
  if (known?.nameOf === nameOf) return known.name;
  const name = edgeName(edge, nameOf.get(edge.source) ?? edge.source, nameOf.get(edge.target) ?? edge.target);
  edgeNames.set(edge, { nameOf, name });
  return name;
}

const nodeWords = new WeakMap<GraphNode, Pick<CardShape, 'label' | 'title'>>();

function wordsOf(node: GraphNode, subtitle: string): Pick<CardShape, 'label' | 'title'> {
  const known = nodeWords.get(node);
  if (known) return known;
  const title = [node.name, subtitle, remarkOn(node)].filter((text) => text !== '').join(' · ');
  const words = { label: nodeName(node), title };
  nodeWords.set(node, words);
  return words;
}

const dotLines = new WeakMap<Line, string>();

function dotLine(line: Line, from: Box | undefined, to: Box | undefined): string {
  const d = dotLines.get(line) ?? throughDots(line, from, to);
  dotLines.set(line, d);
  return d;
}

const reaches = new WeakMap<Line, { readonly label: string; readonly d: string }>();

/**
 * Where an edge can be taken: its line, and two boxes. A level line has no height: the first box gives it some, and is where
 * its label lies. The second is the middle of the whole control, where tools that act for the user (voice, switches) click.
 */
function reachOf(line: Line, label: Box | undefined): string {
  const key = label ? `${label.x} ${label.y} ${label.width}` : '';
  const known = reaches.get(line);
  if (known?.label === key) return known.d;
  const { x = 0, y = 0 } = pointAt(line.points, 0.5) ?? {};
  const box = label ?? { x: x - 12, y: y - 8, width: 24, height: 16 };
  let [left, top, right, bottom] = [box.x, box.y, box.x + box.width, box.y + box.height];
  for (const point of line.points) {
    left = Math.min(left, point.x);
    top = Math.min(top, point.y);
    right = Math.max(right, point.x);
    bottom = Math.max(bottom, point.y);
  }
  const [midX, midY] = [(left + right) / 2, (top + bottom) / 2];
  const d = `${line.d}M${box.x},${box.y}h${box.width}v${box.height}h${-box.width}zM${midX - 5},${midY - 5}h10v10h-10z`;
  reaches.set(line, { label: key, d });
  return d;
}
