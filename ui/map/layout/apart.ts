/**
 * Moves things apart that lie on one another, as little as it takes: in turn each overlapping pair along its shorter way,
 * heavy things less than light ones, until none is left.
 */
import type { Box } from '../place.ts';

export interface Body extends Box {
  /** Does not move. */
  readonly fixed?: boolean;
}

const mostRounds = 400;

/** Corners that keep the gap between all of them. in: bodies; room between two, px. out: as many boxes, in their order. */
export function moveApart(bodies: readonly Body[], gap: number): Box[] {
  const boxes = bodies.map(({ x, y, width, height }) => ({ x, y, width, height }));
  for (let round = 0; round < mostRounds; round++) {
    if (!step(bodies, boxes, gap)) return boxes;
  }
  return stack(bodies, boxes, gap);
}

function step(
  bodies: readonly Body[],
  boxes: { x: number; y: number; width: number; height: number }[],
  gap: number,
): boolean {
  let moved = false;
  const order = boxes.map((_, i) => i).sort((a, b) => (boxes[a]?.x ?? 0) - (boxes[b]?.x ?? 0));
  for (let p = 0; p < order.length; p++) {
    const i = order[p] ?? 0;
    const a = boxes[i];
    if (!a) continue;
    for (let q = p + 1; q < order.length; q++) {
      const j = order[q] ?? 0;
      const b = boxes[j];
      if (!b) continue;
      if (b.x > a.x + a.width + gap + widest) break;
      const overX = Math.min(a.x + a.width, b.x + b.width) + gap - Math.max(a.x, b.x);
      const overY = Math.min(a.y + a.height, b.y + b.height) + gap - Math.max(a.y, b.y);
      if (overX <= 0.01 || overY <= 0.01) continue;
      const [fixedA, fixedB] = [bodies[i]?.fixed === true, bodies[j]?.fixed === true];
      if (fixedA && fixedB) continue;
      const areaA = a.width * a.height;
      const areaB = b.width * b.height;
      const shareA = fixedA ? 0 : fixedB ? 1 : areaB / (areaA + areaB);
      if (overX < overY) {
        const sign = a.x + a.width / 2 <= b.x + b.width / 2 ? 1 : -1;
        a.x -= sign * overX * shareA;
        b.x += sign * overX * (1 - shareA);
      } else {
        const sign = a.y + a.height / 2 <= b.y + b.height / 2 ? 1 : -1;
        a.y -= sign * overY * shareA;
        b.y += sign * overY * (1 - shareA);
      }
      moved = true;
    }
  }
  return moved;
}

/** How much things may have moved since they were sorted, px. */
const widest = 400;

/** What will not come to rest goes down until it is free, from the top on. */
function stack(bodies: readonly Body[], boxes: readonly Box[], gap: number): Box[] {
  const placed: Box[] = bodies.flatMap(({ fixed }, i) => (fixed ? (boxes[i] ?? []) : []));
  const done = new Map<number, Box>();
  const order = boxes.map((_, i) => i).sort((a, b) => (boxes[a]?.y ?? 0) - (boxes[b]?.y ?? 0));
  for (const i of order) {
    const box = boxes[i];
    if (!box || bodies[i]?.fixed) continue;
    let y = box.y;
    for (let hit = hitAt(placed, box, y, gap); hit; hit = hitAt(placed, box, y, gap)) y = hit.y + hit.height + gap;
    const free = { ...box, y };
    placed.push(free);
    done.set(i, free);
  }
  return boxes.map((box, i) => done.get(i) ?? box);
}

function hitAt(placed: readonly Box[], box: Box, y: number, gap: number): Box | undefined {
  return placed.find(
    (other) =>
      other.x < box.x + box.width + gap - 0.02 &&
      box.x < other.x + other.width + gap - 0.02 &&
      other.y < y + box.height + gap - 0.02 &&
      y < other.y + other.height + gap - 0.02,
  );
}
