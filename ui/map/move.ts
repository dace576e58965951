/**
 * A picture with some cards moved by hand: the edges at a moved card become plain curves from side to side, everything else
 * stays. Shown while a card is dragged, and until the layout has found better ways round it.
 */
import type { Picture } from './arrange.ts';
import type { Box, Point } from './place.ts';
import { arrowInset, type Line } from './route.ts';

interface Ends {
  readonly id: string;
  readonly source: string;
  readonly target: string;
}

/** in: corners of the moved cards. out: the same picture when each already stands there. */
export function withMoved(picture: Picture, moved: ReadonlyMap<string, Point>, edges: readonly Ends[]): Picture {
  const away = [...moved].filter(([id, { x, y }]) => {
    const box = picture.nodes.get(id);
    return box && Math.abs(box.x - x) + Math.abs(box.y - y) > 1;
  });
  if (away.length === 0) return picture;
  const nodes = new Map(picture.nodes);
  for (const [id, { x, y }] of away) {
    const box = nodes.get(id);
    if (box) nodes.set(id, { ...box, x, y });
  }
  const ids = new Set(away.map(([id]) => id));
  const lines = new Map(picture.edges);
  for (const { id, source, target } of edges) {
    const [from, to] = [nodes.get(source), nodes.get(target)];
    if (from && to && lines.has(id) && (ids.has(source) || ids.has(target))) lines.set(id, curve(from, to));
  }
  return { ...picture, nodes, edges: lines };
}

const steps = 24;

/** A curve from the right side of one card to the left side of the other; round the outside when it leads back. */
export function curve(from: Box, to: Box): Line {
  const start = { x: from.x + from.width, y: from.y + from.height / 2 };
  const end = { x: to.x - arrowInset, y: to.y + to.height / 2 };
  const gap = end.x - start.x;
  const reach = gap >= 0 ? Math.max(24, gap / 2) : Math.min(260, 60 - gap / 3);
  // leading back, both bends go the same way round, or the line would run through both cards
  const bow = gap >= 0 || Math.abs(start.y - end.y) > 60 ? 0 : -120;
  const a = { x: start.x + reach, y: start.y + bow };
  const b = { x: end.x - reach, y: end.y + bow };
  const text = ({ x, y }: Point) => `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
  return {
    d: `M${text(start)}C${text(a)} ${text(b)} ${text(end)}`,
    points: Array.from({ length: steps + 1 }, (_, i) => bezier(start, a, b, end, i / steps)),
  };
}

function bezier(p: Point, a: Point, b: Point, q: Point, t: number): Point {
  const u = 1 - t;
  const mix = (from: number, x: number, y: number, to: number) =>
    u * u * u * from + 3 * u * u * t * x + 3 * u * t * t * y + t * t * t * to;
  return { x: mix(p.x, a.x, b.x, q.x), y: mix(p.y, a.y, b.y, q.y) };
}
