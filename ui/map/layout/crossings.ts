/** Counts and undoes crossings between columns whose items stand in some order. */
import type { Item, Segment, Token } from './order.ts';

/** What a segment leads to. */
export interface Neighbour {
  readonly item: number;
  readonly weight: number;
}

/** Crossings between two columns, by weight. Barth, Jünger, Mutzel 2002: an accumulator tree over the right ends. */
export function countCrossings(segments: readonly Segment[], index: Int32Array): number {
  const ends = segments
    .map(({ a, b, weight }) => ({ a: index[a] ?? 0, b: index[b] ?? 0, weight }))
    .sort((x, y) => x.a - y.a || x.b - y.b);
  let size = 1;
  for (const { b } of ends) if (b + 1 > size) size = b + 1;
  const tree = new Float64Array(size + 1);
  let total = 0;
  let crossings = 0;
  for (const { b, weight } of ends) {
    let upTo = 0;
    for (let i = b + 1; i > 0; i -= i & -i) upTo += tree[i] ?? 0;
    crossings += weight * (total - upTo);
    for (let i = b + 1; i <= size; i += i & -i) tree[i] = (tree[i] ?? 0) + weight;
    total += weight;
  }
  return crossings;
}

/** Swaps neighbours in their columns as long as that undoes crossings. */
export function swapNeighbours(
  columns: Token[][],
  items: readonly Item[],
  left: readonly Neighbour[][],
  right: readonly Neighbour[][],
  index: Int32Array,
): void {
  const gain = (sides: readonly Neighbour[][], above: number, below: number) => {
    let sum = 0;
    for (const { item: a, weight: wa } of sides[above] ?? []) {
      for (const { item: b, weight: wb } of sides[below] ?? [])
        sum += wa * wb * Math.sign((index[a] ?? 0) - (index[b] ?? 0));
    }
    return sum;
  };
  for (let round = 0, better = true; better && round < 8; round++) {
    better = false;
    for (const column of columns) {
      for (let i = 0; i + 1 < column.length; i++) {
        const [above, below] = [column[i] ?? -1, column[i + 1] ?? -1];
        if (above < 0 || below < 0) continue;
        if (items[above]?.rank !== undefined && items[below]?.rank !== undefined) continue;
        if (gain(left, above, below) + gain(right, above, below) <= 0) continue;
        column[i] = below;
        column[i + 1] = above;
        [index[above], index[below]] = [index[below] ?? 0, index[above] ?? 0];
        better = true;
      }
    }
  }
}
