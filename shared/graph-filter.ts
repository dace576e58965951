/**
 * Which of the map's nodes and edges are asked for (clusters, namespaces, a focus and its surroundings), and the fold of
 * what does not fit its bounds. Numbers stay those of the whole map.
 */
import { mergeSum } from './edge-sum.ts';
import { otherEnd, type End } from './graph-ends.ts';
import { edgeAt, nodeAt, type EdgeSums, type NodeSums, type Sums } from './graph-sums.ts';

export const directions = ['both', 'up', 'down'] as const;
/** Which way a focus looks: up to callers, down to callees, or both. */
export type Direction = (typeof directions)[number];

export interface FilterOptions {
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly service?: string;
  /** How many edges around `service` are kept; 1 when absent. */
  readonly hops?: number;
  readonly direction?: Direction;
}

/** Keeps the edges the options ask for, their ends, and matching nodes without edges. */
export function filter(sums: Sums, options: FilterOptions): Sums {
  const { clusters = [], namespaces = [], service, hops = 1, direction = 'both' } = options;
  let kept = sums;
  if (clusters.length > 0 || namespaces.length > 0) {
    const edges = new Map([...kept.edges].filter(([, edge]) => edge.inScope));
    kept = restrict(kept, edges, (node) => node.inScope);
  }
  if (service !== undefined) {
    const near = neighbourhood(kept, hops, direction);
    const edges = new Map([...kept.edges].filter(([, edge]) => isNear(edge, near, hops, direction)));
    kept = restrict(kept, edges, (node) => near.has(node.end.id));
  }
  return kept;
}

function restrict(sums: Sums, edges: Map<string, EdgeSums>, keep: (node: NodeSums) => boolean): Sums {
  const touched = new Set<string>();
  for (const { source, target } of edges.values()) touched.add(source.id).add(target.id);
  return { ...sums, edges, nodes: new Map([...sums.nodes].filter(([id, node]) => touched.has(id) || keep(node))) };
}

/** Ids within `hops` edges of the focus, walked in the direction, with how many edges away each is. */
function neighbourhood(sums: Sums, hops: number, direction: Direction): Map<string, number> {
  const neighbours = new Map<string, string[]>();
  const join = (a: string, b: string): void => {
    const list = neighbours.get(a);
    if (list) list.push(b);
    else neighbours.set(a, [b]);
  };
  for (const { source, target } of sums.edges.values()) {
    if (direction !== 'up') join(source.id, target.id);
    if (direction !== 'down') join(target.id, source.id);
  }
  const near = new Map<string, number>();
  for (const { end, inFocus } of sums.nodes.values()) if (inFocus) near.set(end.id, 0);
  let frontier = [...near.keys()];
  for (let hop = 1; hop <= hops && frontier.length > 0; hop++) {
    const next: string[] = [];
    for (const id of frontier) {
      for (const neighbour of neighbours.get(id) ?? []) {
        if (near.has(neighbour)) continue;
        near.set(neighbour, hop);
        next.push(neighbour);
      }
    }
    frontier = next;
  }
  return near;
}

/** Both ways: edges between near nodes. One way: edges that the walk took. */
function isNear(
  { source, target }: EdgeSums,
  near: ReadonlyMap<string, number>,
  hops: number,
  direction: Direction,
): boolean {
  const from = near.get(source.id);
  const to = near.get(target.id);
  if (from === undefined || to === undefined) return false;
  return direction === 'both' || (direction === 'down' ? from : to) < hops;
}

/** Folds the nodes and edges with the fewest calls into `other` when there are more than fit. Totals stay. */
export function fold(sums: Sums, maxNodes: number, maxEdges: number): Sums {
  let folded = sums;
  if (folded.nodes.size > maxNodes) {
    const byVolume = [...folded.nodes.values()].sort((a, b) => b.volume - a.volume || compare(a.end.id, b.end.id));
    const fits = new Set(byVolume.slice(0, maxNodes - 1).map(({ end }) => end.id));
    fits.delete(otherEnd.id);
    folded = rejoin(folded, (end) => (fits.has(end.id) ? end : otherEnd), undefined);
  }
  if (folded.edges.size > maxEdges) {
    const byCalls = [...folded.edges].sort(([a, x], [b, y]) => y.sum.calls - x.sum.calls || compare(a, b));
    const fits = new Set(byCalls.slice(0, maxEdges - 1).map(([key]) => key));
    folded = rejoin(folded, undefined, fits);
  }
  return folded;
}

/** The sums with ends replaced, or with all but the fitting edges joined into one from `other` to `other`. */
function rejoin(sums: Sums, place: ((end: End) => End) | undefined, fits: ReadonlySet<string> | undefined): Sums {
  const joined: Sums = { ...sums, edges: new Map(), nodes: new Map() };
  for (const node of sums.nodes.values()) {
    const end = place?.(node.end) ?? node.end;
    const target = nodeAt(joined, end);
    mergeSum(target.sum, node.sum);
    target.volume += node.volume;
    if (end !== otherEnd) for (const [version, held] of node.versions) target.versions.set(version, held);
  }
  for (const [key, edge] of sums.edges) {
    const fitting = fits === undefined || fits.has(key);
    const source = fitting ? (place?.(edge.source) ?? edge.source) : otherEnd;
    const target = fitting ? (place?.(edge.target) ?? edge.target) : otherEnd;
    const versions = source === otherEnd || target === otherEnd ? noVersions : edge;
    mergeSum(edgeAt(joined, nodeAt(joined, source).end, nodeAt(joined, target).end, versions).sum, edge.sum);
  }
  return joined;
}

const noVersions = { sourceVersion: '', targetVersion: '' };

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
