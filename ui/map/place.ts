/**
 * Where label pills sit: on the free stretches of their edges, never over a card or another pill, the failing ones first.
 * A pill without room is left out until the map is zoomed; the weightier ones have chosen before it.
 */
import { toTrack, trackPoint, type Track } from './dots.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle by its corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A pill that wants a place: its sizes, its edge as points about evenly apart, and how much it matters. */
export interface Wish {
  readonly id: string;
  /** What it may look like, the fullest first; the next is tried when there is no room. */
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
  readonly line: readonly Point[];
  /** Greater is placed earlier. */
  readonly weight: number;
}

/** Stretches of the line that are tried, best first, as shares of its length. */
const stops = [0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8, 0.46, 0.54, 0.38, 0.62, 0.14, 0.86];
/** Room kept round a pill, in map px. */
const margin = 3;

export function overlaps(a: Box, b: Box, gap = 0): boolean {
  return (
    a.x < b.x + b.width + gap && b.x < a.x + a.width + gap && a.y < b.y + b.height + gap && b.y < a.y + a.height + gap
  );
}

/** Where a pill lies, and which of its sizes it has. */
export interface Place extends Point {
  readonly size: number;
}

/**
 * Centres of the pills that found a place.
 * in: wishes in any order; cards that must stay free. out: id to place; absent = left out.
 */
export function placeLabels(wishes: readonly Wish[], cards: readonly Box[]): Map<string, Place> {
  const placed = new Map<string, Place>();
  const cardGrid = createGrid(cards);
  const pillGrid = createGrid<Box>([]);
  const lines = createLineGrid(wishes);
  const order = [...wishes].sort((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1));
  for (const wish of order) {
    let best: { box: Box; place: Place; cost: number } | undefined;
    for (const [size, { width, height }] of wish.sizes.entries()) {
      for (const [rank, stop] of stops.entries()) {
        if (best && rank >= best.cost) break;
        const centre = pointAt(wish.line, stop);
        if (!centre) continue;
        const box = { x: centre.x - width / 2, y: centre.y - height / 2, width, height };
        if (cardGrid.hits(box, margin)) continue;
        if (pillGrid.hits(box, margin)) continue;
        const cost = rank + 3 * lines.foreign(box, wish.id);
        if (!best || cost < best.cost) best = { box, place: { ...centre, size }, cost };
      }
      if (best) break;
    }
    if (!best) continue;
    placed.set(wish.id, best.place);
    pillGrid.add(best.box);
  }
  return placed;
}

/** Every wish asks for many points of the same line. */
const tracks = new WeakMap<readonly Point[], Track>();

/** The point at a share of a line's length. in: 0 to 1. out: undefined for an empty line. */
export function pointAt(line: readonly Point[], share: number): Point | undefined {
  let track = tracks.get(line);
  if (!track) tracks.set(line, (track = toTrack(line)));
  return trackPoint(track, share);
}

function holds(box: Box, { x, y }: Point): boolean {
  return x > box.x && y > box.y && x < box.x + box.width && y < box.y + box.height;
}

const cell = 96;

/** Cells as numbers: columns lie far apart. */
const column = 1e6;

function cellsOf(box: Box, gap: number): number[] {
  const keys: number[] = [];
  for (let cx = Math.floor((box.x - gap) / cell); cx <= Math.floor((box.x + box.width + gap) / cell); cx++) {
    for (let cy = Math.floor((box.y - gap) / cell); cy <= Math.floor((box.y + box.height + gap) / cell); cy++) {
      keys.push(cx * column + cy);
    }
  }
  return keys;
}

/** Boxes in cells of a grid, so that hundreds of pills stay a matter of milliseconds. */
function createGrid<T extends Box>(boxes: readonly T[]) {
  const cells = new Map<number, T[]>();
  const add = (box: T) => {
    for (const key of cellsOf(box, 0)) {
      const held = cells.get(key);
      if (held) held.push(box);
      else cells.set(key, [box]);
    }
  };
  boxes.forEach(add);
  return {
    add,
    hits: (box: Box, gap: number) =>
      cellsOf(box, gap).some((key) => cells.get(key)?.some((other) => overlaps(box, other, gap))),
  };
}

/** Points of all lines in a grid: how many other edges run under a box. */
function createLineGrid(wishes: readonly Wish[]) {
  const cells = new Map<number, { id: string; point: Point }[]>();
  for (const { id, line } of wishes) {
    for (const point of line) {
      const key = Math.floor(point.x / cell) * column + Math.floor(point.y / cell);
      const held = cells.get(key);
      if (held) held.push({ id, point });
      else cells.set(key, [{ id, point }]);
    }
  }
  return {
    foreign: (box: Box, own: string) => {
      const met = new Set<string>();
      for (const key of cellsOf(box, 0)) {
        for (const { id, point } of cells.get(key) ?? []) {
          if (id !== own && holds(box, point)) met.add(id);
        }
      }
      return met.size;
    },
  };
}
