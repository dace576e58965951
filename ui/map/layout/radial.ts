/**
 * The radial layout: the entries, or one chosen workload, in the middle, and in a row with them what only leads on from
 * there (a gateway); everything else on rings by its distance, with callees next to their callers. Rings are wide ellipses, because cards are wide and screens are too. Boxes would cut
 * through rings and are not drawn.
 */
import type { Box } from '../place.ts';
import { moveApart } from './apart.ts';
import { sizeOf, type ArrangeInput } from './picture.ts';

/** How much wider than high a ring is. */
const stretch = 1.7;
/** Room between cards, px; between rings, at their tops, px. */
const gap = 30;
const ringGap = 118;
/** So many workloads at most stand in a row in the middle. */
const mostInRow = 3;

/** Corners of cards round (0, 0). in: nodes and edges sorted by id. */
export function toRadial(input: ArrangeInput): Map<string, Box> {
  const { nodes } = input;
  const near = neighbours(input);
  const { rings, parents } = toRings(input, near);
  const angles = toAngles(rings, parents, near);
  const index = new Map(nodes.map((node) => [node.id, node]));
  const row = rings[0] ?? [];
  const boxes: { id: string; box: Box; fixed: boolean }[] = [];
  let radius = 0;
  for (const [ring, ids] of rings.entries()) {
    radius = ring === 0 ? firstRadius(row, parents) : Math.max(radius + ringGap, leastRadius(ids.length));
    for (const id of ids) {
      const node = index.get(id);
      if (!node) continue;
      const { width, height } = sizeOf(node);
      const angle = angles.get(id) ?? 0;
      const inRow = ring === 0 && (row.length === 1 || parents.has(row[1] ?? ''));
      const [x, y] = inRow
        ? [(row.indexOf(id) - (row.length - 1) / 2) * (width + 2 * gap), 0]
        : [Math.cos(angle) * radius * stretch, Math.sin(angle) * radius];
      boxes.push({
        id,
        fixed: ring === 0 && ids.length === 1,
        box: { x: x - width / 2, y: y - height / 2, width, height },
      });
    }
  }
  const apart = moveApart(
    boxes.map(({ box, fixed }) => ({ ...box, fixed })),
    gap,
  );
  return new Map(
    boxes.map(({ id, box }, i) => {
      const { x, y } = apart[i] ?? box;
      return [id, { ...box, x: Math.round(x), y: Math.round(y) }];
    }),
  );
}

function neighbours({ nodes, edges }: ArrangeInput): Map<string, string[]> {
  const near = new Map(nodes.map(({ id }): [string, string[]] => [id, []]));
  for (const { source, target } of edges) {
    if (source === target || !near.has(source) || !near.has(target)) continue;
    near.get(source)?.push(target);
    near.get(target)?.push(source);
  }
  return near;
}

/** Rings from the middle on, and by whom each node was reached. Parts that nothing joins come after the others. */
function toRings({ nodes, edges, centre }: ArrangeInput, near: ReadonlyMap<string, readonly string[]>) {
  const chosen = nodes.some(({ id }) => id === centre) ? [centre ?? ''] : middles(nodes, edges);
  const rings: string[][] = [];
  const parents = new Map<string, string>();
  const seen = new Set<string>();
  const rest = nodes.map(({ id }) => id).sort((a, b) => (near.get(b)?.length ?? 0) - (near.get(a)?.length ?? 0));
  for (let starts = chosen, ring = 0; starts.length > 0; ring = Math.min(1, rings.length)) {
    for (const id of starts) seen.add(id);
    for (let here = starts, r = ring; here.length > 0; r++) {
      (rings[r] ??= []).push(...here);
      here = here.flatMap((id) =>
        (near.get(id) ?? []).filter((next) => {
          if (seen.has(next)) return false;
          seen.add(next);
          parents.set(next, id);
          return true;
        }),
      );
    }
    starts = rest.filter((id) => !seen.has(id)).slice(0, 1);
  }
  // what has one neighbour only, and leads on, stands in a row with it
  while (rings[0] && rings[0].length < mostInRow && rings[1]?.length === 1 && (rings[2]?.length ?? 0) > 0) {
    if (rings[0].length > 1 && !parents.has(rings[0][1] ?? '')) break;
    rings.splice(0, 2, [...rings[0], ...rings[1]]);
  }
  return { rings, parents };
}

function middles(nodes: ArrangeInput['nodes'], edges: ArrangeInput['edges']): string[] {
  const entries = nodes.filter(({ entry }) => entry).map(({ id }) => id);
  if (entries.length > 0) return entries;
  const called = new Set(edges.flatMap(({ source, target }) => (source === target ? [] : [target])));
  const starts = nodes
    .filter(({ id }) => !called.has(id) && edges.some(({ source }) => source === id))
    .map(({ id }) => id);
  return starts.length > 0 ? starts : nodes.slice(0, 1).map(({ id }) => id);
}

/** Angles: every workload gets a sector as wide as its branch, in an order that keeps neighbours together. */
function toAngles(
  rings: readonly (readonly string[])[],
  parents: ReadonlyMap<string, string>,
  near: ReadonlyMap<string, readonly string[]>,
): Map<string, number> {
  const children = Map.groupBy(
    rings.flat().filter((id) => parents.has(id)),
    (id) => parents.get(id) ?? '',
  );
  const weights = new Map<string, number>();
  for (const id of rings.flat().toReversed()) {
    const below = (children.get(id) ?? []).reduce((sum, child) => sum + (weights.get(child) ?? 1), 0);
    weights.set(id, Math.max(1, below));
  }
  const roots = rings.flat().filter((id) => !parents.has(id));
  const angles = new Map<string, number>();
  const lay = (ids: readonly string[], from: number, to: number) => {
    const total = ids.reduce((sum, id) => sum + (weights.get(id) ?? 1), 0);
    let at = from;
    for (const id of ids) {
      const wide = ((to - from) * (weights.get(id) ?? 1)) / total;
      angles.set(id, at + wide / 2);
      lay(sortedByTies(children.get(id) ?? [], angles, near), at, at + wide);
      at += wide;
    }
  };
  for (let round = 0; round < 4; round++) lay(sortedByTies(roots, angles, near), -Math.PI, Math.PI);
  return angles;
}

/** Brothers in the order in which their other neighbours lie round the middle. */
function sortedByTies(
  ids: readonly string[],
  angles: ReadonlyMap<string, number>,
  near: ReadonlyMap<string, readonly string[]>,
): string[] {
  const wish = (id: string) => {
    const others = (near.get(id) ?? []).flatMap((other) => angles.get(other) ?? []);
    if (others.length === 0) return angles.get(id) ?? 0;
    const own = angles.get(id);
    const mean = others.reduce((sum, angle) => sum + angle, 0) / others.length;
    return own === undefined ? mean : (own + mean) / 2;
  };
  return ids
    .map((id, i) => ({ id, i, wish: wish(id) }))
    .sort((a, b) => a.wish - b.wish || a.i - b.i)
    .map(({ id }) => id);
}

function firstRadius(row: readonly string[], parents: ReadonlyMap<string, string>): number {
  if (row.length === 1) return 0;
  return parents.has(row[1] ?? '') ? (row.length - 1) * 30 : leastRadius(row.length);
}

/** Cards on an ellipse need about this radius so that they do not touch. */
function leastRadius(count: number): number {
  return Math.max(70, (count * 150) / (Math.PI * (1 + stretch)));
}
