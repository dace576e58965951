/**
 * The course of one line between cards that stand anywhere: the sides at which it leaves and arrives, and the curve
 * between. The straight way is taken unless cards lie on it.
 */
import type { Box, Point } from '../place.ts';
import { pointOn, straight, type Curve } from './pen.ts';
import type { createPorts, Side } from './ports.ts';

/** How far a curve keeps the direction in which it leaves, as a share of its length, and its bounds, px. */
const stiffness = { share: 0.4, least: 14, most: 150 } as const;
/** Straight run before the arrowhead, px. */
const landing = 9;
/** What a card under a line costs, and what a turn off the straight way does, px of way. */
const underCard = 900;
const turn = 60;

/** A line's ends and its sides there. */
export interface Course {
  readonly out: Side;
  readonly into: Side;
}

/** An edge with its cards and its course. */
export interface Bound extends Course {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly from: Box;
  readonly to: Box;
}

type Ports = ReturnType<typeof createPorts>;

/** Asks for the ports of a line. */
export function wantPorts(ports: Ports, { id, source, target, from, to, out, into }: Bound): void {
  ports.want(source, out, id, along(out, to), 0);
  ports.want(target, into, id, along(into, from), 1);
}

/** The curves of a line whose ports are settled. */
export function drawBetween(ports: Ports, { id, source, target, from, to, out, into }: Bound): Curve[] {
  const start = pointAt(from, out, ports.at(source, out, id));
  const end = pointAt(to, into, ports.at(target, into, id));
  const before = away(end, into, landing);
  return [curve(start, out, before, into), straight(before, end)];
}

const sides: readonly Side[] = ['left', 'right', 'top', 'bottom'];
const along = (side: Side, other: Box): number =>
  side === 'left' || side === 'right' ? middleOf(other).y : middleOf(other).x;

/** Of all pairs of sides, the one whose curve has the fewest cards under it and the shortest way. */
export function freest(from: Box, to: Box, cards: readonly Box[]): Course {
  const plain = facing(from, to);
  let best = { course: plain, cost: Infinity };
  for (const out of sides) {
    for (const into of sides) {
      const start = pointAt(from, out, along(out, from));
      const end = pointAt(to, into, along(into, to));
      const line = curve(start, out, end, into);
      let cost = (out === plain.out ? 0 : turn) + (into === plain.into ? 0 : turn);
      cost += Math.hypot(end.x - start.x, end.y - start.y);
      if (cost >= best.cost) continue;
      for (const card of cards) {
        const own = card === from || card === to;
        if (isUnder(card, line, own)) cost += own ? 2 * underCard : underCard;
      }
      if (cost < best.cost) best = { course: { out, into }, cost };
    }
  }
  return best.course;
}

/** Whether a line runs under a card; of its own cards, only their inside counts. */
function isUnder({ x, y, width, height }: Box, line: Curve, own: boolean): boolean {
  const inset = own ? 3 : -4;
  const [left, right, top, bottom] = [x + inset, x + width - inset, y + inset, y + height - inset];
  if (line.every((p) => p.x < left) || line.every((p) => p.x > right)) return false;
  if (line.every((p) => p.y < top) || line.every((p) => p.y > bottom)) return false;
  const steps = Math.max(8, Math.ceil(Math.hypot(line[3].x - line[0].x, line[3].y - line[0].y) / 16));
  for (let s = 1; s < steps; s++) {
    const p = pointOn(line, s / steps);
    if (p.x > left && p.x < right && p.y > top && p.y < bottom) return true;
  }
  return false;
}

/** Leaves and arrives at right angles to the sides; where two sides face each other closely, with short handles. */
function curve(start: Point, out: Side, end: Point, into: Side): Curve {
  const length = Math.hypot(end.x - start.x, end.y - start.y);
  const reach = Math.min(stiffness.most, Math.max(stiffness.least, stiffness.share * length));
  const level = (side: Side) => side === 'left' || side === 'right';
  const gap = level(out) === level(into) ? Math.abs(level(out) ? end.x - start.x : end.y - start.y) : length;
  // out and in at one side: round in a bow
  const handle = out === into ? Math.max(30, 0.5 * reach) : Math.max(stiffness.least, Math.min(reach, 0.75 * gap));
  return [start, away(start, out, handle), away(end, into, handle), end];
}

const middleOf = ({ x, y, width, height }: Box): Point => ({ x: x + width / 2, y: y + height / 2 });

/** The sides of two cards that face each other, across the wider gap between them. */
export function facing(from: Box, to: Box): Course {
  const gapX = Math.max(to.x - from.x - from.width, from.x - to.x - to.width);
  const gapY = Math.max(to.y - from.y - from.height, from.y - to.y - to.height);
  if (gapX >= gapY)
    return middleOf(from).x <= middleOf(to).x ? { out: 'right', into: 'left' } : { out: 'left', into: 'right' };
  return middleOf(from).y <= middleOf(to).y ? { out: 'bottom', into: 'top' } : { out: 'top', into: 'bottom' };
}

function pointAt({ x, y, width, height }: Box, side: Side, along: number): Point {
  if (side === 'left') return { x, y: along };
  if (side === 'right') return { x: x + width, y: along };
  return { x: along, y: side === 'top' ? y : y + height };
}

function away({ x, y }: Point, side: Side, reach: number): Point {
  if (side === 'left') return { x: x - reach, y };
  if (side === 'right') return { x: x + reach, y };
  return { x, y: side === 'top' ? y - reach : y + reach };
}
