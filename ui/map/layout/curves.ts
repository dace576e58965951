/** Lines of the layouts without columns: curves from the sides of cards that face each other, and loops. */
import type { Box, Point } from '../place.ts';
import type { Line } from '../route.ts';
import { drawBetween, facing, freest, wantPorts, type Bound } from './course.ts';
import { toLine, type Curve } from './pen.ts';
import type { ArrangeEdge } from './picture.ts';
import { createPorts } from './ports.ts';

/** With more edges than this none looks for a way round cards. */
const mostToLead = 400;

/** in: step = how far apart the lines' points lie, px. out: a line for every edge whose cards stand. */
export function toCurves(
  cards: ReadonlyMap<string, Box>,
  edges: readonly ArrangeEdge[],
  step: number,
): Map<string, Line> {
  const lines = new Map<string, Line>();
  const ports = createPorts(cards);
  const all = [...cards.values()];
  const found: Bound[] = [];
  for (const edge of edges) {
    const [from, to] = [cards.get(edge.source), cards.get(edge.target)];
    if (!from || !to) continue;
    if (from === to) lines.set(edge.id, toLine(loopOf(from), step));
    else found.push({ ...edge, from, to, ...(edges.length > mostToLead ? facing(from, to) : freest(from, to, all)) });
  }
  for (const bound of found) wantPorts(ports, bound);
  ports.settle([]);
  for (const bound of found) lines.set(bound.id, toLine(drawBetween(ports, bound), step));
  return lines;
}

/** A small loop at the upper right corner of a card: out at its side, in from above. */
export function loopOf({ x, y, width }: Box): Curve[] {
  const start: Point = { x: x + width, y: y + 11 };
  const end: Point = { x: x + width - 24, y };
  return [[start, { x: start.x + 30, y: start.y - 4 }, { x: end.x, y: end.y - 36 }, end]];
}
