/** Draws a line of curves: SVG path data, and points about evenly apart along it for labels and traffic. */
import type { Point } from '../place.ts';
import { arrowInset, type Line } from '../route.ts';

/** A cubic curve: start, two handles, end. */
export type Curve = readonly [Point, Point, Point, Point];

/** A straight stretch as a curve. */
export function straight(from: Point, to: Point): Curve {
  return [from, mix(from, to, 1 / 3), mix(from, to, 2 / 3), to];
}

/** Two points joined by an S with level ends. */
export function swing(from: Point, to: Point): Curve {
  const middle = (from.x + to.x) / 2;
  return [from, { x: middle, y: from.y }, { x: middle, y: to.y }, to];
}

export function turned(curves: readonly Curve[]): Curve[] {
  return curves.toReversed().map(([a, b, c, d]) => [d, c, b, a]);
}

/**
 * The drawn line. It ends a little before its end, where the arrowhead takes over; its last two points give the direction
 * of the head. in: curves that join; step = how far apart points lie, px.
 */
export function toLine(curves: readonly Curve[], step = 14): Line {
  const cut = cutEnd(curves.filter(([a, , , d]) => Math.hypot(a.x - d.x, a.y - d.y) > 0.01));
  const start = cut[0]?.[0];
  if (!start) return { d: '', points: [] };
  let d = `M${text(start)}`;
  const points: Point[] = [start];
  for (const curve of cut) {
    const [a, b, c, e] = curve;
    const length = Math.hypot(e.x - a.x, e.y - a.y);
    if (isStraight(curve)) {
      d += `L${text(e)}`;
      const steps = Math.max(1, Math.round(length / step));
      for (let s = 1; s <= steps; s++) points.push(mix(a, e, s / steps));
    } else {
      d += `C${text(b)} ${text(c)} ${text(e)}`;
      const steps = Math.max(5, Math.round((length * 1.15) / step));
      for (let s = 1; s <= steps; s++) points.push(pointOn(curve, s / steps));
    }
  }
  return { d, points };
}

/** Takes the length of the arrowhead's inset off the last curve, by moving its end back along its direction. */
function cutEnd(curves: readonly Curve[]): Curve[] {
  const last = curves.at(-1);
  if (!last) return [];
  const [a, b, c, d] = last;
  const from = Math.hypot(d.x - c.x, d.y - c.y) > 0.01 ? c : a;
  const length = Math.hypot(d.x - from.x, d.y - from.y);
  const back = Math.min(1, arrowInset / Math.max(1, length));
  const end = mix(d, from, back);
  const shift = { x: end.x - d.x, y: end.y - d.y };
  return [...curves.slice(0, -1), [a, b, { x: c.x + shift.x, y: c.y + shift.y }, end]];
}

function isStraight([a, b, c, d]: Curve): boolean {
  const length = Math.max(0.01, Math.hypot(d.x - a.x, d.y - a.y));
  const off = (p: Point) => Math.abs((p.x - a.x) * (d.y - a.y) - (p.y - a.y) * (d.x - a.x)) / length;
  return off(b) < 0.05 && off(c) < 0.05;
}

/** The point of a curve. in: t from 0 to 1. */
export function pointOn([a, b, c, d]: Curve, t: number): Point {
  const u = 1 - t;
  const [w0, w1, w2, w3] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: w0 * a.x + w1 * b.x + w2 * c.x + w3 * d.x, y: w0 * a.y + w1 * b.y + w2 * c.y + w3 * d.y };
}

function mix(a: Point, b: Point, t: number): Point {
  return { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t };
}

function text({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
}
