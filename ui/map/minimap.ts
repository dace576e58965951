/** The minimap in numbers: the whole map in a small room, and where on it the view is. */
import type { Room, Transform } from './room.ts';
import type { Box, Point } from './place.ts';

/** From this many workloads on there is a minimap. */
export const leastForMinimap = 60;

/** From map px to minimap px: `x * k + x0`. */
export interface MiniScale {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

/** Fits the map into the minimap's room, in the middle. */
export function toMiniScale(bounds: Box, room: Room, edge = 4): MiniScale {
  const k = Math.min(
    (room.width - 2 * edge) / Math.max(1, bounds.width),
    (room.height - 2 * edge) / Math.max(1, bounds.height),
  );
  return {
    k,
    x: (room.width - bounds.width * k) / 2 - bounds.x * k,
    y: (room.height - bounds.height * k) / 2 - bounds.y * k,
  };
}

/** What of the minimap is in view, cut to its room. in: the view's transform and room. */
export function viewportOf(mini: MiniScale, miniRoom: Room, view: Transform, room: Room): Box {
  const left = (-view.x / view.k) * mini.k + mini.x;
  const top = (-view.y / view.k) * mini.k + mini.y;
  const right = left + (room.width / view.k) * mini.k;
  const bottom = top + (room.height / view.k) * mini.k;
  // a px inside, so that its outline is seen
  const cut = (at: number, most: number) => Math.min(most - 1, Math.max(1, at));
  const [x, y] = [cut(left, miniRoom.width), cut(top, miniRoom.height)];
  return {
    x,
    y,
    width: Math.max(0, cut(right, miniRoom.width) - x),
    height: Math.max(0, cut(bottom, miniRoom.height) - y),
  };
}

/** The point of the map under a point of the minimap. */
export function toMapPoint(mini: MiniScale, { x, y }: Point): Point {
  return { x: (x - mini.x) / mini.k, y: (y - mini.y) / mini.k };
}

/** Path data of boxes on the minimap, none smaller than can be seen. */
export function miniPath(boxes: Iterable<Box>, { k, x, y }: MiniScale): string {
  let d = '';
  const r = (value: number) => Math.round(value * 10) / 10;
  for (const box of boxes) {
    const [width, height] = [Math.max(2, box.width * k), Math.max(1.5, box.height * k)];
    d += `M${r(box.x * k + x)},${r(box.y * k + y)}h${r(width)}v${r(height)}h${r(-width)}z`;
  }
  return d;
}
