/** Sums of edges' rows: columns (edge-columns.ts) → columns with one row an edge and frame. */
import type { EdgeFrame, Exemplars } from '#shared/frame.ts';
import { createPairs } from '#shared/pairs.ts';
import { gatherBuckets, takeGathered } from '#shared/sketch.ts';
import { isGreaterId } from '#shared/span.ts';
import {
  edgeNumbers,
  startOf,
  toFrames,
  type EdgeName,
  type EdgeSums,
  type ExemplarLists,
  type Sketches,
  type TextExemplars,
  type TextLists,
} from './edge-columns.ts';

const width = edgeNumbers.length;

/** Rows of parts in the order of the rows they add up to. */
interface Plan {
  readonly parts: readonly EdgeSums[];
  /** By row of the sum: where its rows end in the two lists below. */
  readonly ends: Uint32Array;
  readonly part: Uint16Array;
  readonly row: Uint32Array;
  /** By row of the sum. */
  readonly frames: Uint32Array;
  readonly edges: Uint32Array;
  readonly names: readonly EdgeName[];
}

/**
 * One row an edge and frame. in: the frame that a row of a frame goes into; it must rise with it. out: frames ascend; parts are
 * not changed.
 */
export function sumEdges(parts: readonly EdgeSums[], frameOf: (frame: number) => number): EdgeSums {
  const plan = toPlan(parts, frameOf);
  return { ...sumAll(plan), exemplars: greatestExemplars(plan) };
}

/**
 * The same as the map's frames. Example traces stay where they are, for of all of them a map shows three an edge; but not so
 * many that who keeps the frames keeps the parts.
 */
export function sumToFrames(
  parts: readonly EdgeSums[],
  frameOf: (frame: number) => number,
  probes: boolean,
  maxPieceEntries = 400_000,
): EdgeFrame[] {
  const plan = toPlan(parts, frameOf);
  const entries = parts.reduce((sum, { exemplars }) => sum + exemplars.buckets.length, 0);
  const joined = entries > maxPieceEntries ? greatestExemplars(plan) : undefined;
  return toFrames(sumAll(plan), probes, (row) => (joined ? [pieceOf(joined, row)] : exemplarsOf(plan, row)));
}

function sumAll(plan: Plan): Omit<EdgeSums, 'exemplars'> {
  const { frames, edges, names } = plan;
  return {
    rows: frames.length,
    frames,
    edges,
    names,
    numbers: sumNumbers(plan),
    clientNs: sumSketches(plan, 'clientNs'),
    serverNs: sumSketches(plan, 'serverNs'),
    networkNs: sumSketches(plan, 'networkNs'),
    errors: sumTexts(plan, 'errors'),
    principals: sumTexts(plan, 'principals'),
    errorExemplars: greatestTexts(plan),
  };
}

function exemplarsOf({ parts, ends, part, row }: Plan, of: number): Exemplars[] {
  const pieces: Exemplars[] = [];
  for (let at = startOf(ends, of); at < ends[of]!; at++) pieces.push(pieceOf(parts[part[at]!]!.exemplars, row[at]!));
  return pieces;
}

function pieceOf({ ends, buckets, traceIds }: ExemplarLists, row: number): Exemplars {
  return { buckets, traceIds, from: startOf(ends, row), to: ends[row]! };
}

function toPlan(parts: readonly EdgeSums[], frameOf: (frame: number) => number): Plan {
  const names: EdgeName[] = [];
  const numbers = new Map<string, number>();
  const count = parts.reduce((sum, { rows }) => sum + rows, 0);
  const slots = createPairs();
  const slotOfRow = new Uint32Array(count);
  let at = 0;
  for (const { rows, frames, edges, names: own } of parts) {
    const edgeOf = Uint32Array.from(own, (name) => {
      let number = numbers.get(name.key);
      if (number === undefined) {
        number = names.push(name) - 1;
        numbers.set(name.key, number);
      }
      return number;
    });
    for (let row = 0; row < rows; row++) slotOfRow[at++] = slots.of(frameOf(frames[row]!) | 0, edgeOf[edges[row]!]!);
  }
  const { size, keys } = slots;
  const frameAt = (slot: number): number => keys[slot * 2]! >>> 0;
  const order = Array.from({ length: size }, (_, slot) => slot);
  if (order.some((slot) => slot > 0 && frameAt(slot) < frameAt(slot - 1)))
    order.sort((a, b) => frameAt(a) - frameAt(b) || a - b);
  return {
    ...inOrder(parts, slotOfRow, order),
    frames: Uint32Array.from(order, frameAt),
    edges: Uint32Array.from(order, (slot) => keys[slot * 2 + 1]!),
    names,
  };
}

function inOrder(
  parts: readonly EdgeSums[],
  slotOfRow: Uint32Array,
  order: readonly number[],
): Pick<Plan, 'parts' | 'ends' | 'part' | 'row'> {
  const place = new Uint32Array(order.length);
  order.forEach((slot, at) => {
    place[slot] = at;
  });
  const ends = new Uint32Array(order.length);
  for (const slot of slotOfRow) ends[place[slot]!]! += 1;
  for (let at = 1; at < ends.length; at++) ends[at]! += ends[at - 1]!;
  const next = new Uint32Array(order.length);
  for (let at = 1; at < next.length; at++) next[at] = ends[at - 1]!;
  const part = new Uint16Array(slotOfRow.length);
  const row = new Uint32Array(slotOfRow.length);
  let from = 0;
  parts.forEach(({ rows }, number) => {
    for (let own = 0; own < rows; own++) {
      const to = next[place[slotOfRow[from + own]!]!]!++;
      part[to] = number;
      row[to] = own;
    }
    from += rows;
  });
  return { parts, ends, part, row };
}

function sumNumbers({ parts, ends, part, row }: Plan): Float64Array {
  const sum = new Float64Array(ends.length * width);
  let at = 0;
  for (let to = 0; to < ends.length; to++) {
    for (; at < ends[to]!; at++) {
      const { numbers } = parts[part[at]!]!;
      const from = row[at]! * width;
      for (let number = 0; number < width; number++) sum[to * width + number]! += numbers[from + number]!;
    }
  }
  return sum;
}

let room = { buckets: new Int16Array(0), weights: new Float64Array(0) };

/** Arrays of at least so many entries to put a sum together in, used again: made anew they would be collected by the megabyte. */
function roomFor(entries: number): typeof room {
  if (room.buckets.length < entries)
    room = { buckets: new Int16Array(entries * 2), weights: new Float64Array(entries * 2) };
  return room;
}

function sumSketches({ parts, ends: rowEnds, part, row }: Plan, name: 'clientNs' | 'serverNs' | 'networkNs'): Sketches {
  const lists = parts.map((one) => one[name]);
  const most = lists.reduce((sum, { buckets }) => sum + buckets.length, 0);
  const ends = new Uint32Array(rowEnds.length);
  const { buckets, weights } = roomFor(most);
  let length = 0;
  let at = 0;
  for (let to = 0; to < ends.length; to++) {
    for (; at < rowEnds[to]!; at++) {
      const list = lists[part[at]!]!;
      gatherBuckets(list.buckets, list.weights, startOf(list.ends, row[at]!), list.ends[row[at]!]!);
    }
    length = takeGathered(buckets, weights, length);
    ends[to] = length;
  }
  return { ends, buckets: buckets.slice(0, length), weights: weights.slice(0, length) };
}

function sumTexts({ parts, ends: rowEnds, part, row }: Plan, name: 'errors' | 'principals'): TextLists {
  const lists = parts.map((one) => one[name]);
  const { texts, numbers } = joinTexts(lists);
  const sums = new Float64Array(texts.length);
  const ends = new Uint32Array(rowEnds.length);
  const keys: number[] = [];
  const weights: number[] = [];
  let at = 0;
  for (let to = 0; to < ends.length; to++) {
    const met: number[] = [];
    for (; at < rowEnds[to]!; at++) {
      const list = lists[part[at]!]!;
      for (let entry = startOf(list.ends, row[at]!); entry < list.ends[row[at]!]!; entry++) {
        const key = numbers[part[at]!]![list.keys[entry]!]!;
        if (sums[key] === 0) met.push(key);
        sums[key]! += list.weights[entry]!;
      }
    }
    for (const key of met) {
      if (sums[key] === 0) continue;
      keys.push(key);
      weights.push(sums[key]!);
      sums[key] = 0;
    }
    ends[to] = keys.length;
  }
  return { ends, keys: Uint32Array.from(keys), texts, weights: Float64Array.from(weights) };
}

/** All texts of lists, each once, and what each list's own are among them. */
function joinTexts(lists: readonly { readonly texts: readonly string[] }[]): {
  readonly texts: readonly string[];
  readonly numbers: readonly Uint32Array[];
} {
  const known = new Map<string, number>();
  const numbers = lists.map(({ texts }) =>
    Uint32Array.from(texts, (text) => {
      const number = known.get(text) ?? known.size;
      known.set(text, number);
      return number;
    }),
  );
  return { texts: [...known.keys()], numbers };
}

/** Of each key the greatest trace id, as the store's maxMap. */
interface Greatest {
  readonly ends: Uint32Array;
  readonly keys: Uint32Array;
  readonly traceIds: Uint32Array;
}

/** in: what an entry's key is, a small whole number. */
function greatest(
  { ends: rowEnds, part, row }: Plan,
  lists: readonly { readonly ends: Uint32Array; readonly traceIds: Uint32Array }[],
  keyOf: (part: number, entry: number) => number,
  maxKey: number,
): Greatest {
  const ends = new Uint32Array(rowEnds.length);
  const most = lists.reduce((sum, { traceIds }) => sum + traceIds.length, 0);
  const keys = new Uint32Array(most / 4);
  const ids = new Uint32Array(most);
  /** By key: one more than the entry of this row that has it. */
  const held = new Uint32Array(maxKey + 1);
  let length = 0;
  let at = 0;
  for (let to = 0; to < ends.length; to++) {
    const first = length;
    for (; at < rowEnds[to]!; at++) {
      const { ends: own, traceIds } = lists[part[at]!]!;
      for (let entry = startOf(own, row[at]!); entry < own[row[at]!]!; entry++) {
        const key = keyOf(part[at]!, entry);
        let into = held[key]! - 1;
        if (into < 0) {
          into = length++;
          keys[into] = key;
          held[key] = length;
        } else if (!isGreaterId(traceIds, entry, ids, into)) continue;
        for (let word = 0; word < 4; word++) ids[into * 4 + word] = traceIds[entry * 4 + word]!;
      }
    }
    for (let entry = first; entry < length; entry++) held[keys[entry]!] = 0;
    ends[to] = length;
  }
  return { ends, keys: keys.slice(0, length), traceIds: ids.slice(0, length * 4) };
}

const maxBucketKey = 0xfff;

function greatestExemplars(plan: Plan): ExemplarLists {
  const lists = plan.parts.map(({ exemplars }) => exemplars);
  // Moved up by one for the bucket of zero.
  const keyOf = (part: number, entry: number): number => (lists[part]!.buckets[entry]! + 1) & maxBucketKey;
  const { ends, keys, traceIds } = greatest(plan, lists, keyOf, maxBucketKey);
  const buckets = new Int16Array(keys.length);
  for (let entry = 0; entry < keys.length; entry++) buckets[entry] = keys[entry]! - 1;
  return { ends, buckets, traceIds };
}

function greatestTexts(plan: Plan): TextExemplars {
  const lists = plan.parts.map(({ errorExemplars }) => errorExemplars);
  const { texts, numbers } = joinTexts(lists);
  const keyOf = (part: number, entry: number): number => numbers[part]![lists[part]!.keys[entry]!]!;
  const { ends, keys, traceIds } = greatest(plan, lists, keyOf, texts.length);
  return { ends, keys, texts, traceIds };
}
