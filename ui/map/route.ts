/** An edge's line as it is drawn: what the layouts make (layout/) and the drawing, its labels and its dots go by. */
import type { Point } from './place.ts';

/** SVG path data, and points about evenly apart along it for labels. */
export interface Line {
  readonly d: string;
  readonly points: readonly Point[];
}

/** How far before the card a line ends; the head covers the rest. */
export const arrowInset = 5;

/** The direction in which a line ends, and its arrowhead points: a vector of length 1. */
export function directionOf({ points }: Line): Point {
  const [from, to] = [points.at(-2), points.at(-1)];
  const length = from && to ? Math.hypot(to.x - from.x, to.y - from.y) : 0;
  return from && to && length > 0 ? { x: (to.x - from.x) / length, y: (to.y - from.y) / length } : { x: 1, y: 0 };
}
