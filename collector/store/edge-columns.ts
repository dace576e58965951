/**
 * Rows of the `edges` table as columns: what a map is read from. A day of two hundred edges has some hundred million sketch
 * buckets; as numbers in typed arrays adding one up takes nanoseconds, as an entry of an object or of the store's own sumMap
 * some hundred times that.
 */
import { frameCounts, noSource, type EdgeFrame, type Exemplars } from '#shared/frame.ts';
import { traceIdHex } from '#shared/span.ts';
import type { Buckets } from '#shared/sketch.ts';
import type { EdgeEnds } from './edges-write.ts';

/** What tells edges apart, and as one text. */
export interface EdgeName {
  readonly ends: Omit<EdgeEnds, 'frame'>;
  readonly key: string;
}

/** In the order of a key's values. */
export const endColumns = [
  'sourceCluster',
  'sourceNamespace',
  'source',
  'sourceVersion',
  'sourceKind',
  'targetCluster',
  'targetNamespace',
  'target',
  'targetVersion',
  'targetKind',
  'protocol',
  'probe',
] as const satisfies readonly (keyof EdgeName['ends'])[];

/** in: those of endColumns. */
export function toEdgeName(values: readonly (string | number)[]): EdgeName {
  const ends = Object.fromEntries(endColumns.map((name, at) => [name, values[at]]));
  return { ends: ends as unknown as EdgeName['ends'], key: JSON.stringify(values) };
}

/** Lists by row: the entries of row r are those from ends[r - 1] to ends[r]. */
export interface Sketches {
  readonly ends: Uint32Array;
  readonly buckets: Int16Array;
  readonly weights: Float64Array;
}

export interface ExemplarLists {
  readonly ends: Uint32Array;
  readonly buckets: Int16Array;
  /** By entry: four words, the highest first. */
  readonly traceIds: Uint32Array;
}

/** Keys are numbers of texts. */
export interface TextLists {
  readonly ends: Uint32Array;
  readonly keys: Uint32Array;
  readonly texts: readonly string[];
  readonly weights: Float64Array;
}

export interface TextExemplars {
  readonly ends: Uint32Array;
  readonly keys: Uint32Array;
  readonly texts: readonly string[];
  readonly traceIds: Uint32Array;
}

/** Behind the counts of a row: totals over all keys that were asked for. */
export const edgeNumbers = [...frameCounts, 'criticalNs', 'rootCount', 'rootNs'] as const;

export interface EdgeSums {
  readonly rows: number;
  /** By row: epoch seconds. */
  readonly frames: Uint32Array;
  /** By row: which of the names. */
  readonly edges: Uint32Array;
  readonly names: readonly EdgeName[];
  /** Those of edgeNumbers, row upon row. */
  readonly numbers: Float64Array;
  readonly clientNs: Sketches;
  readonly serverNs: Sketches;
  readonly networkNs: Sketches;
  readonly exemplars: ExemplarLists;
  readonly errors: TextLists;
  readonly principals: TextLists;
  readonly errorExemplars: TextExemplars;
}

const width = edgeNumbers.length;
const sketchNames = ['clientNs', 'serverNs', 'networkNs'] as const;
const textNames = ['errors', 'principals'] as const;
const exemplarNames = ['exemplars', 'errorExemplars'] as const;

/** Where the list of a row begins. */
export function startOf(ends: Uint32Array, row: number): number {
  return row === 0 ? 0 : ends[row - 1]!;
}

/** The rows from one up to, not with, another, on memory of their own but for names and texts; the same sums when these are all. */
export function sliceEdges(sums: EdgeSums, from: number, to: number): EdgeSums {
  if (from === 0 && to === sums.rows) return sums;
  const cut = <T extends { readonly ends: Uint32Array }>(list: T): [from: number, to: number, ends: Uint32Array] => {
    const first = startOf(list.ends, from);
    const ends = list.ends.slice(from, to);
    for (let row = 0; row < ends.length; row++) ends[row]! -= first;
    return [first, startOf(list.ends, to), ends];
  };
  const sketch = (list: Sketches): Sketches => {
    const [first, end, ends] = cut(list);
    return { ends, buckets: list.buckets.slice(first, end), weights: list.weights.slice(first, end) };
  };
  const text = (list: TextLists): TextLists => {
    const [first, end, ends] = cut(list);
    return { ...list, ends, keys: list.keys.slice(first, end), weights: list.weights.slice(first, end) };
  };
  const { exemplars, errorExemplars } = sums;
  const [first, end, ends] = cut(exemplars);
  const [firstError, endError, errorEnds] = cut(errorExemplars);
  return {
    rows: to - from,
    frames: sums.frames.slice(from, to),
    edges: sums.edges.slice(from, to),
    names: sums.names,
    numbers: sums.numbers.slice(from * width, to * width),
    clientNs: sketch(sums.clientNs),
    serverNs: sketch(sums.serverNs),
    networkNs: sketch(sums.networkNs),
    exemplars: {
      ends,
      buckets: exemplars.buckets.slice(first, end),
      traceIds: exemplars.traceIds.slice(first * 4, end * 4),
    },
    errors: text(sums.errors),
    principals: text(sums.principals),
    errorExemplars: {
      ...errorExemplars,
      ends: errorEnds,
      keys: errorExemplars.keys.slice(firstError, endError),
      traceIds: errorExemplars.traceIds.slice(firstError * 4, endError * 4),
    },
  };
}

/** The rows whose frames begin within, the same sums when these are all. in: frames ascend; epoch seconds, half open. */
export function withinSeconds(sums: EdgeSums, fromSecond: number, toSecond: number): EdgeSums {
  const firstFrom = (second: number): number => {
    const at = sums.frames.findIndex((frame) => frame >= second);
    return at < 0 ? sums.rows : at;
  };
  const [from, to] = [firstFrom(fromSecond), firstFrom(toSecond)];
  return sliceEdges(sums, from, Math.max(from, to));
}

/** Bytes that the columns take; names and texts are shared, and few. */
export function bytesOfEdges(sums: EdgeSums): number {
  let bytes = sums.frames.byteLength + sums.edges.byteLength + sums.numbers.byteLength;
  for (const name of sketchNames) bytes += sums[name].ends.byteLength + sums[name].weights.byteLength * 1.25;
  for (const name of textNames) bytes += sums[name].ends.byteLength + sums[name].weights.byteLength * 1.5;
  for (const name of exemplarNames) bytes += sums[name].ends.byteLength + sums[name].traceIds.byteLength * 1.25;
  return bytes;
}

/** As the map's frames, pieces of the same columns. in: whether health checks are wanted; the example traces of a row. */
export function toFrames(
  sums: Omit<EdgeSums, 'exemplars'>,
  probes: boolean,
  exemplarsOf: (row: number) => readonly Exemplars[],
): EdgeFrame[] {
  const frames: EdgeFrame[] = [];
  for (let row = 0; row < sums.rows; row++) {
    const { ends } = sums.names[sums.edges[row]!]!;
    if (ends.probe === 0 || probes) frames.push(toFrame(sums, row, ends, exemplarsOf(row)));
  }
  return frames;
}

function toFrame(
  sums: Omit<EdgeSums, 'exemplars'>,
  row: number,
  ends: EdgeName['ends'],
  exemplars: readonly Exemplars[],
): EdgeFrame {
  const number = (at: number): number => sums.numbers[row * width + at]!;
  const total = (at: number): EdgeFrame['criticalNs'] => (number(at) === 0 ? {} : { '': number(at) });
  const sketch = ({ ends: own, buckets, weights }: Sketches): Buckets => ({
    buckets,
    weights,
    from: startOf(own, row),
    to: own[row]!,
  });
  const { errorExemplars } = sums;
  return {
    frame: sums.frames[row]!,
    ...ends,
    calls: number(0),
    failed: number(1),
    clientErrors: number(2),
    attempts: number(3),
    seen: number(4),
    requestBytes: number(5),
    responseBytes: number(6),
    mtlsCalls: number(7),
    clientNs: sketch(sums.clientNs),
    serverNs: sketch(sums.serverNs),
    networkNs: sketch(sums.networkNs),
    errors: textsOf(sums.errors, row, ({ weights }, entry) => weights[entry]!),
    principals: textsOf(sums.principals, row, ({ weights }, entry) => weights[entry]!),
    exemplars,
    errorExemplars: textsOf(errorExemplars, row, ({ traceIds }, entry) => traceIdHex(traceIds, entry)),
    criticalNs: total(8),
    rootCount: ends.sourceKind === noSource ? total(9) : {},
    rootNs: ends.sourceKind === noSource ? total(10) : {},
  };
}

function textsOf<Lists extends TextLists | TextExemplars, Value>(
  lists: Lists,
  row: number,
  valueOf: (lists: Lists, entry: number) => Value,
): Record<string, Value> {
  const entries: [string, Value][] = [];
  for (let entry = startOf(lists.ends, row); entry < lists.ends[row]!; entry++)
    entries.push([lists.texts[lists.keys[entry]!]!, valueOf(lists, entry)]);
  return Object.fromEntries(entries);
}
