/**
 * Lines of the layered layout: from the side of a card that faces the other one, between all other cards, each in a lane
 * of its own. Works on any standing of cards, laid out or dragged. in: cards, edges, and where the layout wants them to
 * pass. A call against the stream leaves at the left and arrives at the right of its callee.
 */
import type { Box, Point } from '../place.ts';
import { arrowInset, type Line } from '../route.ts';
import { drawBetween, freest, wantPorts, type Bound, type Course } from './course.ts';
import { loopOf } from './curves.ts';
import { short, smooth } from './lane-curves.ts';
import { toLine, turned } from './pen.ts';
import type { ArrangeEdge } from './picture.ts';
import { createPorts } from './ports.ts';
import { findWay, toSlabs, type Slab, type Step } from './slabs.ts';

/** Level run from a card before a line may turn, and before the arrowhead, px. */
const takeOff = 6;
const landing = 15;
/** Cards with less room than this between them, side by side, are joined by any free curve, px. */
const leastGap = 36;
/** With more edges than this none looks for short ways. */
const mostToShorten = 400;
/** Then cards above one another are joined round the side. */
const beside: Course = { out: 'right', into: 'right' };
/** Height of a lane, px. */
const laneHeight = 9;

interface Route {
  readonly edge: ArrangeEdge;
  /** The line runs from left to right between these; turned = its call runs the other way. */
  readonly left: Box;
  readonly right: Box;
  readonly turned: boolean;
  readonly way: readonly Step[];
  /** Height in each slab of its way. */
  readonly lanes: number[];
  /** Keeps to its lanes, which the layout has chosen; else it takes the short way wherever that is free. */
  readonly led: boolean;
}

/** in: step = how far apart the lines' points lie, px. out: a line for every edge whose cards stand. */
export function toLines(
  cards: ReadonlyMap<string, Box>,
  edges: readonly ArrangeEdge[],
  passes: ReadonlyMap<string, readonly Point[]>,
  step: number,
): Map<string, Line> {
  const all = [...cards.values()];
  const slabs = toSlabs(all);
  const crowd = createCrowd(slabs);
  const routes: Route[] = [];
  const curves: Bound[] = [];
  const lines = new Map<string, Line>();
  for (const edge of edges) {
    const [from, to] = [cards.get(edge.source), cards.get(edge.target)];
    if (!from || !to) continue;
    if (from === to) {
      lines.set(edge.id, toLine(loopOf(from), step));
      continue;
    }
    const back = from.x > to.x;
    const [left, right] = back ? [to, from] : [from, to];
    const way =
      right.x - left.x - left.width < leastGap ? undefined : wayOf(slabs, left, right, passes.get(edge.id), crowd);
    if (!way) {
      const few = edges.length <= mostToShorten;
      curves.push({ ...edge, from, to, ...(few ? freest(from, to, all) : beside) });
    } else {
      for (const { slab, free } of way) crowd.add(slab, free);
      routes.push({
        edge,
        left,
        right,
        turned: back,
        way,
        lanes: way.map(({ y }) => y),
        led: passes.has(edge.id) || edges.length > mostToShorten,
      });
    }
  }
  separate(slabs, routes);

  const ports = createPorts(cards);
  const bounded = (slab: number) => (slabs[slab]?.free.length ?? 0) > 1;
  for (const { edge, left, right, turned: back, way, lanes } of routes) {
    const [leftId, rightId] = back ? [edge.target, edge.source] : [edge.source, edge.target];
    const first = way.findIndex(({ slab }) => bounded(slab));
    const last = way.findLastIndex(({ slab }) => bounded(slab));
    ports.want(leftId, 'right', edge.id, lanes[first] ?? middle(right), right.x);
    ports.want(rightId, 'left', edge.id, lanes[last] ?? middle(left), -left.x);
  }
  for (const bound of curves) wantPorts(ports, bound);
  ports.settle(routes.filter(({ way }) => way.length <= 1).map(({ edge }) => edge));
  for (const route of routes) lines.set(route.edge.id, draw(route, slabs, ports, step));
  for (const bound of curves) lines.set(bound.id, toLine(drawBetween(ports, bound), step));
  return lines;
}

const middle = ({ y, height }: Box): number => y + height / 2;

function wayOf(
  slabs: readonly Slab[],
  left: Box,
  right: Box,
  passes: readonly Point[] | undefined,
  crowd: ReturnType<typeof createCrowd>,
): Step[] | undefined {
  const [from, to] = [left.x + left.width, right.x];
  const first = slabs.findIndex((slab) => slab.from >= from - 2);
  const last = slabs.findLastIndex((slab) => slab.to <= to + 2);
  if (first < 0 || last < first) return undefined;
  const [start, end] = [middle(left), middle(right)];
  const wish = (slab: number) => {
    const x = ((slabs[slab]?.from ?? 0) + (slabs[slab]?.to ?? 0)) / 2;
    const near = passes?.reduce<Point | undefined>(
      (best, pass) => (!best || Math.abs(pass.x - x) < Math.abs(best.x - x) ? pass : best),
      undefined,
    );
    return near?.y ?? start + ((end - start) * (x - from)) / (to - from);
  };
  return findWay(slabs, first, last, start, end, wish, crowd.cost);
}

/** How many lines pass each free stretch. */
function createCrowd(slabs: readonly Slab[]) {
  const counts = slabs.map(({ free }) => new Float64Array(free.length));
  return {
    add: (slab: number, free: number) => {
      const own = counts[slab];
      if (own) own[free] = (own[free] ?? 0) + 1;
    },
    cost: (slab: number, free: number) => {
      const stretch = slabs[slab]?.free[free];
      const room = stretch ? stretch.to - stretch.from : 0;
      return room === Infinity ? 0 : 60 * Math.max(0, (counts[slab]?.[free] ?? 0) + 1 - room / laneHeight);
    },
  };
}

/** Gives lines that pass the same stretch a lane each, in the order of their wishes. */
function separate(slabs: readonly Slab[], routes: readonly Route[]): void {
  const users = new Map<string, { route: Route; step: number; slope: number }[]>();
  for (const route of routes) {
    const ends = middle(route.left) + middle(route.right);
    for (const [step, { slab, free }] of route.way.entries()) {
      if ((slabs[slab]?.free.length ?? 0) < 2) continue;
      const key = `${slab}/${free}`;
      const use = { route, step, slope: ends };
      const known = users.get(key);
      if (known) known.push(use);
      else users.set(key, [use]);
    }
  }
  for (const some of users.values()) {
    const { slab, free } = some[0]?.route.way[some[0].step] ?? { slab: 0, free: 0 };
    const stretch = slabs[slab]?.free[free];
    if (!stretch) continue;
    some.sort((a, b) => (a.route.lanes[a.step] ?? 0) - (b.route.lanes[b.step] ?? 0) || a.slope - b.slope);
    const apart = Math.min(laneHeight, (stretch.to - stretch.from) / (some.length + 1));
    const heights = spaced(
      some.map(({ route, step }) => route.lanes[step] ?? 0),
      apart,
      stretch.from + Math.min(apart, 4),
      stretch.to - Math.min(apart, 4),
    );
    for (const [i, { route, step }] of some.entries()) route.lanes[step] = heights[i] ?? 0;
  }
}

/**
 * Sorted heights, moved as little as it takes to be so far apart and within bounds. in: bounds that hold them all.
 * Down once, up once, the mean of the two; then the bounds have the last word.
 */
export function spaced(wished: readonly number[], apart: number, least: number, most: number): number[] {
  const pushed = (heights: readonly number[], from: number) => {
    const down: number[] = [];
    for (const y of heights) down.push(Math.max(y, from, (down.at(-1) ?? -Infinity) + apart));
    return down;
  };
  const pulled = (heights: readonly number[], to: number) =>
    pushed(
      heights.toReversed().map((y) => -y),
      -to,
    )
      .map((y) => -y)
      .reverse();
  const [down, up] = [pushed(wished, -Infinity), pulled(wished, Infinity)];
  return pulled(
    pushed(
      down.map((y, i) => (y + (up[i] ?? y)) / 2),
      least,
    ),
    most,
  );
}

/** Knots at the sides of slabs, joined by curves that never turn back. */
function draw(
  { edge, left, right, turned: back, way, lanes, led }: Route,
  slabs: readonly Slab[],
  ports: ReturnType<typeof createPorts>,
  step: number,
): Line {
  const [leftId, rightId] = back ? [edge.target, edge.source] : [edge.source, edge.target];
  const start: Point = { x: left.x + left.width, y: ports.at(leftId, 'right', edge.id) };
  const end: Point = { x: right.x, y: ports.at(rightId, 'left', edge.id) };
  // a card that was dragged close leaves less room for the level runs
  const [firstSlab, lastSlab] = [slabs[way[0]?.slab ?? 0], slabs[way.at(-1)?.slab ?? 0]];
  const off = levelRun(back ? landing : takeOff, firstSlab && firstSlab.to - start.x);
  const on = levelRun(back ? takeOff : landing, lastSlab && end.x - lastSlab.from);
  const knots: Point[] = [start, { x: start.x + off, y: start.y }];
  for (let i = 0; i + 1 < way.length; i++) {
    const here = slabs[way[i]?.slab ?? 0];
    const next = slabs[way[i + 1]?.slab ?? 0];
    if (!here || !next) continue;
    const y = between(here, next, way[i]?.free ?? 0, way[i + 1]?.free ?? 0, lanes[i] ?? 0, lanes[i + 1] ?? 0);
    knots.push({ x: Math.min(end.x - on, Math.max(start.x + off, here.to)), y });
  }
  knots.push({ x: end.x - on, y: end.y }, end);
  const curves = led ? smooth(knots) : short(knots, slabs);
  return toLine(back ? turned(curves) : curves, step);
}

function levelRun(wished: number, room = Infinity): number {
  return Math.max(arrowInset + 1, Math.min(wished, room - 10));
}

/** The height at the side between two slabs: that of the narrower one's lane, within both. */
function between(here: Slab, next: Slab, a: number, b: number, hereY: number, nextY: number): number {
  const [one, two] = [here.free[a], next.free[b]];
  if (!one || !two) return hereY;
  if (one.to === Infinity && one.from === -Infinity) return nextY;
  if (two.to === Infinity && two.from === -Infinity) return hereY;
  const [least, most] = [Math.max(one.from, two.from), Math.min(one.to, two.to)];
  return Math.min(most, Math.max(least, (hereY + nextY) / 2));
}
