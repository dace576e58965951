/**
 * Which thing on the map an arrow key leads to. From a card: right to the callee with the most traffic, left to the caller
 * with the most, up and down to the next card by position; where no edge leads on, to the nearest card on that side. From an
 * edge: right and left to its ends, up and down along the edges of the same caller. `e` leads from a card to its edges.
 */
import type { Box } from './place.ts';

export interface WalkEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly rate: number;
}

/** What is walked on: edges in the order of their trouble, the worst first, and where the cards stand. */
export interface WalkGround {
  readonly edges: readonly WalkEdge[];
  readonly boxes: ReadonlyMap<string, Box>;
}

export const walkKeys = ['ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown', 'e'] as const;
export type WalkKey = (typeof walkKeys)[number];

export interface Stop {
  readonly type: 'node' | 'edge';
  readonly id: string;
}

/** out: where the key leads; undefined when there is nothing on that side. */
export function walk(ground: WalkGround, from: Stop, key: WalkKey): Stop | undefined {
  return from.type === 'node' ? fromNode(ground, from.id, key) : fromEdge(ground, from.id, key);
}

function fromNode({ edges, boxes }: WalkGround, id: string, key: WalkKey): Stop | undefined {
  if (key === 'e') {
    const own = edges.find(({ source }) => source === id) ?? edges.find(({ target }) => target === id);
    return own && { type: 'edge', id: own.id };
  }
  const busiest = (ends: readonly WalkEdge[]) =>
    ends.reduce<WalkEdge | undefined>((most, edge) => (!most || edge.rate > most.rate ? edge : most), undefined);
  const along =
    key === 'ArrowRight'
      ? busiest(edges.filter(({ source, target }) => source === id && target !== id))?.target
      : key === 'ArrowLeft'
        ? busiest(edges.filter(({ source, target }) => target === id && source !== id))?.source
        : undefined;
  const next = along ?? nearest(boxes, id, key);
  return next === undefined ? undefined : { type: 'node', id: next };
}

function fromEdge({ edges, boxes }: WalkGround, id: string, key: WalkKey): Stop | undefined {
  const edge = edges.find((each) => each.id === id);
  if (!edge) return undefined;
  if (key === 'ArrowRight') return { type: 'node', id: edge.target };
  if (key === 'ArrowLeft') return { type: 'node', id: edge.source };
  if (key === 'e') return undefined;
  const height = ({ target }: WalkEdge) => middle(boxes.get(target)).y;
  const siblings = edges
    .filter(({ source }) => source === edge.source)
    .sort((a, b) => height(a) - height(b) || (a.id < b.id ? -1 : 1));
  const next = siblings[siblings.indexOf(edge) + (key === 'ArrowDown' ? 1 : -1)];
  return next && { type: 'edge', id: next.id };
}

/** The nearest card on a side; what lies straight ahead counts as nearer than what lies aslant. */
function nearest(boxes: ReadonlyMap<string, Box>, id: string, key: WalkKey): string | undefined {
  const here = boxes.get(id);
  if (!here) return undefined;
  const from = middle(here);
  let best: { readonly id: string; readonly cost: number } | undefined;
  for (const [other, box] of boxes) {
    const to = middle(box);
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const upright = key === 'ArrowUp' || key === 'ArrowDown';
    const ahead = (upright ? dy : dx) * (key === 'ArrowUp' || key === 'ArrowLeft' ? -1 : 1);
    if (other === id || ahead < 1) continue;
    const cost = ahead + 3 * Math.abs(upright ? dx : dy);
    if (!best || cost < best.cost || (cost === best.cost && other < best.id)) best = { id: other, cost };
  }
  return best?.id;
}

function middle(box: Box | undefined): { readonly x: number; readonly y: number } {
  return box ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : { x: 0, y: 0 };
}
