/** What moves as one in the layered layout: cards, the frames of boxes, and calls that pass several columns in one line. */
import type { Item, Segment, Token } from './order.ts';

export interface RunsInput {
  readonly columns: readonly (readonly Token[])[];
  readonly items: readonly Item[];
  readonly segments: readonly Segment[];
  readonly boxes: number;
}

export interface Runs {
  readonly count: number;
  /** The run of each item; cards are runs of their own. */
  readonly of: Int32Array;
  /** Runs of a box's top and bottom edge. */
  readonly tops: readonly number[];
  readonly bottoms: readonly number[];
}

/** Joins the places where a call passes columns into straight runs, unless two runs, or a run and a box, would cross. */
export function toRuns({ columns, items, segments, boxes }: RunsInput): Runs {
  const place = new Float64Array(items.length);
  const sides = columns.map((): Map<number, number> => new Map());
  for (const [layer, tokens] of columns.entries()) {
    for (const [i, token] of tokens.entries()) {
      if (token >= 0) place[token] = i;
      else sides[layer]?.set(token, i);
    }
  }
  // straight things between a column and the next: the frames of boxes first
  const straight = columns.map((_, layer) =>
    [...(sides[layer] ?? [])].flatMap(([token, a]) => {
      const b = sides[layer + 1]?.get(token);
      return b === undefined ? [] : [{ a, b }];
    }),
  );
  const of = Int32Array.from(items, (_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (of[at] !== at) at = of[at] ?? at;
    return at;
  };
  const passes = segments.filter(({ a, b }) => (items[a]?.node ?? 0) < 0 && (items[b]?.node ?? 0) < 0);
  const bend = ({ a, b }: Segment) => Math.abs((place[a] ?? 0) - (place[b] ?? 0));
  for (const segment of passes.sort((x, y) => bend(x) - bend(y))) {
    const line = { a: place[segment.a] ?? 0, b: place[segment.b] ?? 0 };
    const others = straight[items[segment.a]?.layer ?? 0];
    if (!others || others.some(({ a, b }) => a < line.a !== b < line.b)) continue;
    others.push(line);
    of[root(segment.b)] = root(segment.a);
  }
  const number = new Map<number, number>();
  for (let i = 0; i < items.length; i++) if (!number.has(root(i))) number.set(root(i), number.size);
  const numbered = Int32Array.from(items, (_, i) => number.get(root(i)) ?? 0);
  const first = number.size;
  return {
    count: first + 2 * boxes,
    of: numbered,
    tops: Array.from({ length: boxes }, (_, box) => first + 2 * box),
    bottoms: Array.from({ length: boxes }, (_, box) => first + 2 * box + 1),
  };
}
