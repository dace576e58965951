/**
 * The order of things within their columns, for few crossings: sweeps by the mean of the neighbours (barycentre), swaps of
 * neighbours, several starts, the best kept. What lies in a box stays together, and boxes keep one order in all columns,
 * so that their rectangles never overlap. Old workloads keep the order they had.
 * Sugiyama et al. 1981; Gansner et al. 1993, §3; boxes after Sander, "Layout of Compound Directed Graphs", 1996.
 */
import { countCrossings, swapNeighbours, type Neighbour } from './crossings.ts';
import { createRandom } from './random.ts';
import { chainOf, type BoxTree } from './tree.ts';

/** A card in its column, or the place where a call passes a column. */
export interface Item {
  readonly layer: number;
  /** Index of its node; -1 = a call passes here. */
  readonly node: number;
  /** Innermost box it must lie in; -1 = none. */
  readonly box: number;
  /** Room it takes, px. */
  readonly size: number;
  /** Where it stood; undefined = new. */
  readonly rank: number | undefined;
}

/** A stretch of a call between items of neighbouring columns, by their indexes. */
export interface Segment {
  readonly a: number;
  readonly b: number;
  readonly weight: number;
}

/** A column from top to bottom: items (>= 0), and where boxes open and close. */
export type Token = number;
export const opens = (box: number): Token => -2 * box - 1;
export const closes = (box: number): Token => -2 * box - 2;
/** What a token below 0 says. */
export const boxOf = (token: Token): { readonly box: number; readonly open: boolean } => ({
  box: (-token - 1) >> 1,
  open: -token % 2 === 1,
});

/** First and last column of each box. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface OrderInput {
  readonly layers: number;
  readonly items: readonly Item[];
  readonly segments: readonly Segment[];
  readonly tree: BoxTree;
  readonly spans: readonly Span[];
}

/** Room for the frame and label of a box among the things it is sorted with, px. */
const boxRoom = 60;

/** Columns in a good order. out: tokens of each column. */
export function toOrder(input: OrderInput, effort: { readonly starts: number; readonly sweeps: number }): Token[][] {
  const { layers, items, segments } = input;
  const left = items.map((): Neighbour[] => []);
  const right = items.map((): Neighbour[] => []);
  const between = Array.from({ length: layers }, (): Segment[] => []);
  for (const segment of segments) {
    right[segment.a]?.push({ item: segment.b, weight: segment.weight });
    left[segment.b]?.push({ item: segment.a, weight: segment.weight });
    between[items[segment.a]?.layer ?? 0]?.push(segment);
  }
  const shelf = createShelf(input);
  const at = new Float64Array(items.length);
  const index = new Int32Array(items.length);
  let best: Token[][] = [];
  let fewest = Infinity;

  const place = (layer: number, tokens: readonly Token[]) => {
    let y = 0;
    let i = 0;
    for (const token of tokens) {
      const size = token < 0 ? boxRoom / 2 : (items[token]?.size ?? 0);
      if (token >= 0) {
        at[token] = y + size / 2;
        index[token] = i++;
      }
      y += size;
    }
    for (const token of tokens) if (token >= 0) at[token] = (at[token] ?? 0) - y / 2;
  };
  const settle = (columns: Token[][]) => {
    const crossings = between.reduce((sum, some) => sum + countCrossings(some, index), 0);
    if (crossings >= fewest) return;
    fewest = crossings;
    best = columns.map((column) => [...column]);
  };

  for (let start = 0; start < effort.starts && fewest > 0; start++) {
    for (const [i, value] of shelf.beginning(start, left, right).entries()) at[i] = value;
    let columns = Array.from({ length: layers }, (_, layer) => shelf.sort(layer, at, at, shelf.boxKeys(at)));
    for (const [layer, tokens] of columns.entries()) place(layer, tokens);
    settle(columns);
    for (let sweep = 0; sweep < effort.sweeps && fewest > 0; sweep++) {
      const keys = shelf.boxKeys(wishes(at, left, right));
      const next = [...columns];
      const [from, to, step] = sweep % 2 === 0 ? [0, layers, 1] : [layers - 1, -1, -1];
      for (let layer = from; layer !== to; layer += step) {
        const wish = Float64Array.from(at);
        for (const item of shelf.itemsOf(layer)) wish[item] = meanAt(sweep % 2 === 0 ? left : right, item, at);
        next[layer] = shelf.sort(layer, wish, at, keys);
        place(layer, next[layer] ?? []);
      }
      columns = next;
      settle(columns);
    }
    if (items.length < 1500) {
      swapNeighbours(columns, items, left, right, index);
      settle(columns);
    }
  }
  return best;
}

function meanAt(sides: readonly (readonly Neighbour[])[], item: number, at: Float64Array): number {
  let sum = 0;
  let weights = 0;
  for (const { item: other, weight } of sides[item] ?? []) {
    sum += weight * (at[other] ?? 0);
    weights += weight;
  }
  return weights > 0 ? sum / weights : (at[item] ?? 0);
}

/** Where each item would like to be: half its own place, half the mean of all its neighbours. */
function wishes(at: Float64Array, left: readonly Neighbour[][], right: readonly Neighbour[][]): Float64Array {
  return at.map((own, i) => {
    const both = [...(left[i] ?? []), ...(right[i] ?? [])];
    return both.length === 0 ? own : (own + meanAt([both], 0, at)) / 2;
  });
}

/** Sorts one column, boxes and all. */
function createShelf({ layers, items, tree, spans }: OrderInput) {
  const boxes = tree.ids.length;
  /** Per layer and container (-1 is index 0): its own items, and its child boxes. */
  const own = Array.from({ length: layers }, () => Array.from({ length: boxes + 1 }, (): number[] => []));
  const inner = Array.from({ length: layers }, () => Array.from({ length: boxes + 1 }, (): number[] => []));
  const all = Array.from({ length: layers }, (): number[] => []);
  for (const [i, { layer, box }] of items.entries()) {
    own[layer]?.[box + 1]?.push(i);
    all[layer]?.push(i);
  }
  for (const [box, { from, to }] of spans.entries()) {
    for (let layer = from; layer <= to; layer++) inner[layer]?.[(tree.parents[box] ?? -1) + 1]?.push(box);
  }
  const boxRanks = tree.ids.map((_, box) => {
    const ranks = items.flatMap(({ rank, box: of }) =>
      rank !== undefined && chainOf(tree, of).includes(box) ? [rank] : [],
    );
    return ranks.length === 0 ? undefined : ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
  });

  const emit = (
    layer: number,
    box: number,
    key: Float64Array,
    at: Float64Array,
    boxKey: readonly number[],
    tokens: Token[],
  ) => {
    const parts = [
      ...(own[layer]?.[box + 1] ?? []).map((item) => ({
        token: item,
        key: key[item] ?? 0,
        at: at[item] ?? 0,
        rank: items[item]?.rank,
      })),
      ...(inner[layer]?.[box + 1] ?? []).map((child) => ({
        token: opens(child),
        key: boxKey[child] ?? 0,
        at: boxKey[child] ?? 0,
        rank: undefined,
      })),
    ].sort((a, b) => a.key - b.key || a.at - b.at || a.token - b.token);
    keepOrder(parts);
    for (const { token } of parts) {
      tokens.push(token);
      if (token >= 0) continue;
      const child = boxOf(token).box;
      emit(layer, child, key, at, boxKey, tokens);
      tokens.push(closes(child));
    }
  };

  return {
    itemsOf: (layer: number): readonly number[] => all[layer] ?? [],
    /** in: keys to sort by, and places that decide between equal ones. */
    sort: (layer: number, key: Float64Array, at: Float64Array, boxKey: readonly number[]): Token[] => {
      const tokens: Token[] = [];
      emit(layer, -1, key, at, boxKey, tokens);
      return tokens;
    },
    /** One key a box: the mean of its members' wishes, the same for every column. */
    boxKeys: (wish: Float64Array): number[] => {
      const sums = Array.from({ length: boxes }, () => 0);
      const counts = Array.from({ length: boxes }, () => 0);
      if (boxes === 0) return sums;
      for (const [i, { box, node }] of items.entries()) {
        if (node < 0) continue;
        for (let of = box; of >= 0; of = tree.parents[of] ?? -1) {
          sums[of] = (sums[of] ?? 0) + (wish[i] ?? 0);
          counts[of] = (counts[of] ?? 0) + 1;
        }
      }
      const keys = sums.map((sum, box) => sum / Math.max(1, counts[box] ?? 0) + box * 1e-6);
      const old = boxRanks.flatMap((rank, box) => (rank === undefined ? [] : [{ box, rank }]));
      const kept = old.map(({ box }) => keys[box] ?? 0).sort((a, b) => a - b);
      for (const [i, { box }] of old.sort((a, b) => a.rank - b.rank).entries()) keys[box] = kept[i] ?? 0;
      return keys;
    },
    /** Keys to start from: where things stood, else the order of a walk along the calls, another one each time. */
    beginning: (start: number, left: readonly Neighbour[][], right: readonly Neighbour[][]): number[] => {
      const found = walk(items, left, right, start);
      const ranked = items.some(({ rank }) => rank !== undefined);
      return items.map(({ rank }, i) => (ranked ? (rank ?? meanRank(items, left, right, i)) : (found[i] ?? 0)));
    },
  };
}

function meanRank(
  items: readonly Item[],
  left: readonly Neighbour[][],
  right: readonly Neighbour[][],
  i: number,
): number {
  const ranks = [...(left[i] ?? []), ...(right[i] ?? [])].flatMap(({ item }) => items[item]?.rank ?? []);
  return ranks.length === 0 ? 0 : ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
}

/** Those that stood on the map keep their order; the new ones stay between them. */
function keepOrder(parts: { token: number; key: number; rank: number | undefined }[]): void {
  const old = parts.filter(({ rank }) => rank !== undefined).sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  let next = 0;
  for (const [i, part] of parts.entries()) {
    const kept = part.rank === undefined ? undefined : old[next++];
    if (kept) parts[i] = kept;
  }
}

/** Numbers of a depth-first walk; each start walks the other way round or begins elsewhere. */
function walk(
  items: readonly Item[],
  left: readonly Neighbour[][],
  right: readonly Neighbour[][],
  start: number,
): number[] {
  const numbers = Array.from({ length: items.length }, () => -1);
  const random = createRandom(start + 1);
  let next = 0;
  const roots = items.map((_, i) => i).sort((a, b) => (items[a]?.layer ?? 0) - (items[b]?.layer ?? 0) || a - b);
  const turn = <T>(list: readonly T[]): readonly T[] => {
    if (start === 0) return list;
    if (start === 1) return list.toReversed();
    return list
      .map((value) => ({ value, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ value }) => value);
  };
  for (const root of start === 1 ? roots : turn(roots)) {
    const stack = [root];
    for (let here = stack.pop(); here !== undefined; here = stack.pop()) {
      if (numbers[here] !== -1) continue;
      numbers[here] = next++;
      for (const { item } of turn([...(right[here] ?? []), ...(left[here] ?? [])]))
        if (numbers[item] === -1) stack.push(item);
    }
  }
  return numbers;
}
