/**
 * Turns the right-angled routes of the layout into flowing lines. Cards stand in columns; between two columns is a gap
 * without cards, and a route crosses each gap once. So the crossing may be any curve that stays inside the gap: an S with
 * level ends, as wide as the gap, which can never touch a card.
 *
 *   card ──────┐              card ───╮
 *              │       →                ╲
 *              └──── card                 ╰──▸ card
 *
 * Routes that turn back (cycles, calls to itself) keep their right angles, with rounded corners.
 */
import type { Point } from './place.ts';

/** Free stretch of x between two columns. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** An edge's line: SVG path data, and points about evenly apart along it for labels. */
export interface Line {
  readonly d: string;
  readonly points: readonly Point[];
}

/** Level run before the arrowhead, and after the start. */
const landing = 14;
const takeOff = 6;
const cornerRadius = 10;

/** Gaps between columns of boxes. in: the x range of every card. */
export function toGaps(ranges: readonly Gap[]): Gap[] {
  const sorted = [...ranges].sort((a, b) => a.from - b.from);
  const gaps: Gap[] = [];
  let reach = Number.NEGATIVE_INFINITY;
  for (const { from, to } of sorted) {
    if (from > reach && Number.isFinite(reach)) gaps.push({ from: reach, to: from });
    reach = Math.max(reach, to);
  }
  return gaps;
}

/** The flowing line of a right-angled route. in: corners from start to end; the last point is the arrow's tip. */
export function toLine(corners: readonly Point[], gaps: readonly Gap[]): Line {
  const points = withoutRepeats(corners);
  const start = points[0];
  if (!start || points.length < 2) return { d: '', points: [...points] };
  const crossings = points.map((point, i) => crossing(points, i, gaps));
  const used = new Map<Gap, number>();
  for (const found of crossings) if (found) used.set(found.gap, (used.get(found.gap) ?? 0) + 1);
  const pen = createPen(start);
  for (let i = 1; i < points.length; i++) {
    const here = points[i];
    const next = points[i + 1];
    if (!here) break;
    const found = crossings[i];
    if (found && used.get(found.gap) === 1 && next) {
      pen.lineTo({ x: found.from, y: here.y });
      pen.swing({ x: found.to, y: next.y });
      i++;
    } else if (next) {
      pen.corner(here, next);
    } else {
      pen.lineTo(here);
    }
  }
  return pen.line();
}

/** Corner i starts an upright run that goes on to the right: the stretch an S may take instead. */
function crossing(points: readonly Point[], i: number, gaps: readonly Gap[]) {
  const before = points[i - 1];
  const here = points[i];
  const next = points[i + 1];
  const after = points[i + 2];
  if (!before || !here || !next || !after) return undefined;
  if (here.x !== next.x || before.x >= here.x || after.x <= next.x) return undefined;
  const gap = gaps.find(({ from, to }) => from <= here.x && here.x <= to);
  if (!gap) return undefined;
  const first = i === 1;
  const last = i + 2 === points.length - 1;
  const from = Math.max(before.x + (first ? takeOff : 0), gap.from);
  const to = Math.min(after.x - (last ? landing : 0), gap.to);
  return to - from < 8 ? undefined : { gap, from, to };
}

function withoutRepeats(corners: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of corners) {
    const last = kept.at(-1);
    const beforeLast = kept.at(-2);
    if (last && same(last.x, point.x) && same(last.y, point.y)) continue;
    const straight =
      last &&
      beforeLast &&
      ((same(beforeLast.y, last.y) && same(last.y, point.y)) || (same(beforeLast.x, last.x) && same(last.x, point.x)));
    if (straight) kept.pop();
    kept.push({ x: point.x, y: point.y });
  }
  return kept;
}

function same(a: number, b: number): boolean {
  return Math.abs(a - b) < 0.01;
}

/** Writes path data and the points along it. */
function createPen(start: Point) {
  let at = start;
  let d = `M${text(start)}`;
  const points: Point[] = [start];
  const lineTo = (to: Point) => {
    const steps = Math.max(1, Math.round(Math.hypot(to.x - at.x, to.y - at.y) / 16));
    for (let s = 1; s <= steps; s++) points.push(mix(at, to, s / steps));
    d += `L${text(to)}`;
    at = to;
  };
  return {
    lineTo,
    /** An S with level ends. */
    swing(to: Point) {
      const middle = (at.x + to.x) / 2;
      const [a, b] = [
        { x: middle, y: at.y },
        { x: middle, y: to.y },
      ];
      const steps = Math.max(6, Math.round(Math.hypot(to.x - at.x, to.y - at.y) / 12));
      for (let s = 1; s <= steps; s++) points.push(bezier(at, a, b, to, s / steps));
      d += `C${text(a)} ${text(b)} ${text(to)}`;
      at = to;
    },
    /** To a corner and round it. */
    corner(corner: Point, next: Point) {
      const into = Math.hypot(corner.x - at.x, corner.y - at.y);
      const out = Math.hypot(next.x - corner.x, next.y - corner.y);
      const radius = Math.min(cornerRadius, into / 2, out / 2);
      lineTo(mix(corner, at, into === 0 ? 0 : radius / into));
      const end = mix(corner, next, out === 0 ? 0 : radius / out);
      d += `Q${text(corner)} ${text(end)}`;
      points.push(end);
      at = end;
    },
    line: (): Line => ({ d, points }),
  };
}

function mix(a: Point, b: Point, t: number): Point {
  return { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t };
}

function bezier(p: Point, a: Point, b: Point, q: Point, t: number): Point {
  const u = 1 - t;
  const [w0, w1, w2, w3] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: w0 * p.x + w1 * a.x + w2 * b.x + w3 * q.x, y: w0 * p.y + w1 * a.y + w2 * b.y + w3 * q.y };
}

function text({ x, y }: Point): string {
  return `${Math.round(x * 100) / 100},${Math.round(y * 100) / 100}`;
}
