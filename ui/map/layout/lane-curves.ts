/** Curves through the knots of a lane: as it was led, or the short way, and never over a card. */
import type { Point } from '../place.ts';
import { pointOn, straight, swing, type Curve } from './pen.ts';
import type { Slab } from './slabs.ts';

/** Curves through knots from left to right that stay between the heights of their ends (Fritsch and Carlson 1980). */
export function smooth(knots: readonly Point[]): Curve[] {
  const slope = (i: number) => {
    const [a, b] = [knots[i], knots[i + 1]];
    return a && b && b.x - a.x > 0.01 ? (b.y - a.y) / (b.x - a.x) : 0;
  };
  const tangent = (i: number) => {
    const [before, after] = [slope(i - 1), slope(i)];
    return i === 0 || i === knots.length - 1 || before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  };
  return knots.slice(0, -1).flatMap((from, i): Curve[] => {
    const to = knots[i + 1];
    if (!to) return [];
    const [one, two] = [tangent(i), tangent(i + 1)];
    if (from.y === to.y) return [straight(from, to)];
    if (one === 0 && two === 0) return [swing(from, to)];
    const third = (to.x - from.x) / 3;
    return [[from, { x: from.x + third, y: from.y + one * third }, { x: to.x - third, y: to.y - two * third }, to]];
  });
}

/** The fewest bends that lead through the knots' free room: each knot is joined to the furthest that an S reaches. */
export function short(knots: readonly Point[], slabs: readonly Slab[]): Curve[] {
  const [first, last] = [knots[0], knots.at(-1)];
  const inner = knots.slice(1, -1);
  let at = inner[0];
  if (!first || !last || !at) return [];
  const curves: Curve[] = [straight(first, at)];
  for (let i = 0; i + 1 < inner.length;) {
    let next = i + 1;
    for (let j = inner.length - 1; j > i + 1; j--) {
      const target = inner[j];
      if (!target || !isFree(swing(at, target), slabs)) continue;
      next = j;
      break;
    }
    const target: Point = inner[next] ?? at;
    curves.push(at.y === target.y ? straight(at, target) : swing(at, target));
    at = target;
    i = next;
  }
  curves.push(straight(at, last));
  return curves;
}

/** Whether a curve from left to right keeps off all cards. */
function isFree(curve: Curve, slabs: readonly Slab[]): boolean {
  const steps = Math.ceil(Math.hypot(curve[3].x - curve[0].x, curve[3].y - curve[0].y) / 10);
  let slab = 0;
  for (let s = 0; s <= steps; s++) {
    const { x, y } = pointOn(curve, s / steps);
    while (slab + 1 < slabs.length && x > (slabs[slab]?.to ?? 0)) slab++;
    const here = slabs[slab];
    if (here && x >= here.from && !here.free.some(({ from, to }) => y >= from && y <= to)) return false;
  }
  return true;
}
