/** Traces as points: what the picture draws of them, which one the pointer means, where the arrow keys lead. Pure. */
import type { TracePoint } from '#shared/api.ts';
import type { Plot } from './plot.ts';

/** Path data of all points of one kind: dots are strokes of no length with round ends, crosses are what failed. */
export function pointPaths(
  points: readonly TracePoint[],
  { x, y }: Plot,
): { readonly dots: string; readonly crosses: string } {
  const arm = 3.2;
  const dots: string[] = [];
  const crosses: string[] = [];
  for (const { start, durationMs, failed } of points) {
    const [px, py] = [x(start), y(durationMs)];
    if (failed) crosses.push(`M${px - arm} ${py - arm}l${2 * arm} ${2 * arm}m0 ${-2 * arm}l${-2 * arm} ${2 * arm}`);
    else dots.push(`M${px} ${py}h0`);
  }
  return { dots: dots.join(''), crosses: crosses.join('') };
}

/** Index of the point next to a place, within reach. Of two equally near ones the failed. */
export function nearestPoint(
  points: readonly TracePoint[],
  { x, y }: Plot,
  px: number,
  py: number,
  reachPx = 14,
): number | undefined {
  let best: number | undefined;
  let least = reachPx ** 2;
  points.forEach(({ start, durationMs, failed }, index) => {
    const away = (x(start) - px) ** 2 + (y(durationMs) - py) ** 2 - (failed ? 4 : 0);
    if (away >= least) return;
    [best, least] = [index, away];
  });
  return best;
}

export const walkKeys = [
  'ArrowLeft',
  'ArrowRight',
  'ArrowUp',
  'ArrowDown',
  'Home',
  'End',
  'PageUp',
  'PageDown',
] as const;
export type WalkKey = (typeof walkKeys)[number];

/** Order of the points by start and by duration, as indexes: what the keys walk along. */
export function walkOrders(points: readonly TracePoint[]): {
  readonly byStart: number[];
  readonly byDuration: number[];
} {
  const indexes = [...points.keys()];
  const by = (value: (point: TracePoint) => number) =>
    indexes.toSorted((a, b) => value(points[a]!) - value(points[b]!) || a - b);
  return { byStart: by(({ start }) => start), byDuration: by(({ durationMs }) => durationMs) };
}

/**
 * The point a key leads to: left and right earlier and later, up and down slower and faster, Home and End the first and the
 * last, PageUp and PageDown the next and the previous that failed (in time). Stays where there is none.
 */
export function walkTo(
  points: readonly TracePoint[],
  { byStart, byDuration }: ReturnType<typeof walkOrders>,
  from: number,
  key: WalkKey,
): number {
  const inTime = byStart.indexOf(from);
  switch (key) {
    case 'ArrowLeft':
      return byStart[inTime - 1] ?? from;
    case 'ArrowRight':
      return byStart[inTime + 1] ?? from;
    case 'ArrowUp':
      return byDuration[byDuration.indexOf(from) + 1] ?? from;
    case 'ArrowDown':
      return byDuration[byDuration.indexOf(from) - 1] ?? from;
    case 'Home':
      return byStart[0] ?? from;
    case 'End':
      return byStart.at(-1) ?? from;
    case 'PageUp':
      return byStart.find((index, place) => place > inTime && points[index]?.failed) ?? from;
    case 'PageDown':
      return byStart.findLast((index, place) => place < inTime && points[index]?.failed) ?? from;
  }
}

/** The root that all have, `service|operation`; undefined when there are several or none. */
export function onlyRoot(traces: readonly Pick<TracePoint, 'root'>[]): string | undefined {
  const first = traces[0]?.root;
  if (first === undefined) return undefined;
  const same = traces.every(({ root }) => root.service === first.service && root.operation === first.operation);
  return same ? `${first.service}|${first.operation}` : undefined;
}
