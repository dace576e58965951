/**
 * The edges of a big map as strokes on a canvas: the same lines, widths, colours, halos and arrowheads as EdgeLine draws as
 * elements, without an element each. Takes what has changed since the last picture; runs in the painting worker.
 */
import type { Transform } from '../room.ts';
import type { Tone } from '../shapes.ts';

/** One edge as it is painted. */
export interface EdgePaint {
  readonly id: string;
  /** Path data of the line and the arrowhead ('' = none), map px. */
  readonly d: string;
  readonly head: string;
  /** Of the line, map px. */
  readonly width: number;
  readonly tone: Tone;
  /** Of the critical path's colour, percent. */
  readonly strength: number;
  readonly dim: boolean;
  /** strong: selected or found; faint: lit. */
  readonly halo: 'none' | 'faint' | 'strong';
}

export const inks = ['quiet', 'warn', 'bad', 'line-strong', 'path', 'accent', 'ground'] as const;
/** Colours of the tokens as they are now. */
export type Palette = Readonly<Record<(typeof inks)[number], string>>;

/** What a picture shows: its size in CSS px, its pixels to each of them, and where the map lies on it. */
export interface Paper {
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly transform: Transform;
}

interface Known {
  readonly paint: EdgePaint;
  readonly line: Path2D;
  readonly head: Path2D | undefined;
}

/** Edges that a worker knows, in the order they are painted. */
export interface EdgeBook {
  readonly known: Map<string, Known>;
  order: readonly string[];
}

export function createBook(): EdgeBook {
  return { known: new Map(), order: [] };
}

/** Takes in what has changed. in: order: all ids, when it is another than before. */
export function update(book: EdgeBook, changed: readonly EdgePaint[], order: readonly string[] | undefined): void {
  for (const paint of changed) {
    const before = book.known.get(paint.id);
    const line = before?.paint.d === paint.d ? before.line : new Path2D(paint.d);
    const head = before?.paint.head === paint.head ? before.head : paint.head ? new Path2D(paint.head) : undefined;
    book.known.set(paint.id, { paint, line, head });
  }
  if (!order) return;
  book.order = order;
  const kept = new Set(order);
  for (const id of book.known.keys()) if (!kept.has(id)) book.known.delete(id);
}

const dash = [2, 6];

/** Paints all edges of a book. */
export function paintEdges(
  context: OffscreenCanvasRenderingContext2D,
  { known, order }: EdgeBook,
  palette: Palette,
  { ratio, transform: { k, x, y } }: Paper,
): void {
  context.setTransform(k * ratio, 0, 0, k * ratio, x * ratio, y * ratio);
  context.lineCap = 'round';
  const edges = order.flatMap((id) => known.get(id) ?? []);
  // what the user has chosen lies on top of the rest
  const chosen = edges.filter(({ paint }) => paint.halo !== 'none');
  for (const edge of [...edges.filter(({ paint }) => paint.halo === 'none'), ...chosen]) {
    const { width, tone, strength, dim, halo } = edge.paint;
    const full = dim ? 0.3 : 1;
    if (halo !== 'none') {
      context.globalAlpha = full * (halo === 'strong' ? 0.32 : 0.14);
      context.strokeStyle = palette.accent;
      // from afar it is as wide on the screen
      context.lineWidth = width + Math.max(8, 6 / k);
      context.stroke(edge.line);
    }
    const colour = colourOf(tone, strength, palette);
    context.globalAlpha = full;
    context.strokeStyle = colour;
    context.lineWidth = width;
    if (tone === 'idle') context.setLineDash(dash);
    context.stroke(edge.line);
    if (tone === 'idle') context.setLineDash([]);
    if (!edge.head) continue;
    context.fillStyle = colour;
    context.fill(edge.head);
  }
}

/** Where thousands of lines cross, the healthy ones step back. */
function colourOf(tone: Tone, strength: number, palette: Palette): string {
  switch (tone) {
    case 'ok':
      return `color-mix(in oklab, ${palette.quiet} 65%, ${palette.ground})`;
    case 'idle':
      return palette['line-strong'];
    case 'path':
      return `color-mix(in oklab, ${palette.path} ${strength}%, ${palette['line-strong']})`;
    case 'warn':
    case 'bad':
      return palette[tone];
  }
}
