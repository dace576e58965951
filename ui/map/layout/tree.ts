/**
 * The boxes of a layout as a tree by index: who lies in whom, and the columns each spans. Boxes without workloads, and
 * parents that nobody knows, do not appear.
 */
import type { ArrangeBox, ArrangeNode } from './picture.ts';

export interface BoxTree {
  readonly ids: readonly string[];
  /** Parent's index; -1 = outermost. */
  readonly parents: readonly number[];
  /** Innermost box of each node; -1 = none. */
  readonly ofNode: readonly number[];
}

export function toTree(nodes: readonly ArrangeNode[], boxes: readonly ArrangeBox[]): BoxTree {
  const known = new Map(boxes.map((box) => [box.id, box]));
  const used = new Set<string>();
  for (const { box } of nodes) {
    for (let at = known.get(box ?? ''); at && !used.has(at.id); at = known.get(at.parent ?? '')) used.add(at.id);
  }
  const ids = boxes.map(({ id }) => id).filter((id) => used.has(id));
  const index = new Map(ids.map((id, i) => [id, i]));
  return {
    ids,
    parents: withoutCircles(ids.map((id) => index.get(known.get(id)?.parent ?? '') ?? -1)),
    ofNode: nodes.map(({ box }) => index.get(box ?? '') ?? -1),
  };
}

/** A box that would lie in itself lies in none. */
function withoutCircles(parents: number[]): number[] {
  return parents.map((parent, box) => {
    const seen = new Set([box]);
    for (let at = parent; at >= 0; at = parents[at] ?? -1) {
      if (seen.has(at)) return -1;
      seen.add(at);
    }
    return parent;
  });
}

/** A box and all it lies in, innermost first. */
export function chainOf({ parents }: Pick<BoxTree, 'parents'>, box: number): number[] {
  const chain: number[] = [];
  for (let at = box; at >= 0; at = parents[at] ?? -1) chain.push(at);
  return chain;
}

/** The innermost box that holds both; -1 = none. */
export function commonBox(tree: Pick<BoxTree, 'parents'>, a: number, b: number): number {
  const chain = new Set(chainOf(tree, a));
  return chainOf(tree, b).find((box) => chain.has(box)) ?? -1;
}
