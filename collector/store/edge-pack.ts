/**
 * Sums of edges as bytes and back: what is said once as JSON, then the columns as they lie in memory, each at a multiple of
 * eight bytes. Little endian, as are all machines this runs on.
 */
import type { EdgeName, EdgeSums, ExemplarLists, Sketches, TextExemplars, TextLists } from './edge-columns.ts';

/** Of this layout; what has another one is made anew. */
const version = 1;

interface Head {
  readonly version: number;
  readonly rows: number;
  readonly names: readonly EdgeName[];
  readonly errors: readonly string[];
  readonly principals: readonly string[];
  readonly errorExemplars: readonly string[];
  /** Of the columns, in their order. */
  readonly lengths: readonly number[];
}

type Column = Uint32Array | Int16Array | Float64Array;
type ColumnType = new (buffer: ArrayBufferLike, at: number, length: number) => Column;

const sketchTypes: readonly ColumnType[] = [Uint32Array, Int16Array, Float64Array];
const textTypes: readonly ColumnType[] = [Uint32Array, Uint32Array, Float64Array];
/** In the order of columnsOf. */
const types: readonly ColumnType[] = [
  Uint32Array,
  Uint32Array,
  Float64Array,
  ...sketchTypes,
  ...sketchTypes,
  ...sketchTypes,
  Uint32Array,
  Int16Array,
  Uint32Array,
  ...textTypes,
  ...textTypes,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

function columnsOf(sums: EdgeSums): Column[] {
  const sketch = ({ ends, buckets, weights }: Sketches): Column[] => [ends, buckets, weights];
  const texts = ({ ends, keys, weights }: TextLists): Column[] => [ends, keys, weights];
  const { exemplars, errorExemplars } = sums;
  return [
    sums.frames,
    sums.edges,
    sums.numbers,
    ...sketch(sums.clientNs),
    ...sketch(sums.serverNs),
    ...sketch(sums.networkNs),
    exemplars.ends,
    exemplars.buckets,
    exemplars.traceIds,
    ...texts(sums.errors),
    ...texts(sums.principals),
    errorExemplars.ends,
    errorExemplars.keys,
    errorExemplars.traceIds,
  ];
}

/** The bytes, in pieces. */
export function packEdges(sums: EdgeSums): Uint8Array[] {
  const columns = columnsOf(sums);
  const head: Head = {
    version,
    rows: sums.rows,
    names: sums.names,
    errors: sums.errors.texts,
    principals: sums.principals.texts,
    errorExemplars: sums.errorExemplars.texts,
    lengths: columns.map(({ length }) => length),
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const pieces = [new Uint8Array(Uint32Array.of(text.length, 0).buffer), text, padding(text.length)];
  for (const { buffer, byteOffset, byteLength } of columns)
    pieces.push(new Uint8Array(buffer, byteOffset, byteLength), padding(byteLength));
  return pieces;
}

/** Sums on memory of their own. out: undefined when the bytes have another layout, or are cut. */
export function unpackEdges(packed: Uint8Array): EdgeSums | undefined {
  const { buffer } = Uint8Array.from(packed);
  if (buffer.byteLength < 8) return undefined;
  const [length = 0] = new Uint32Array(buffer, 0, 1);
  const text = new TextDecoder().decode(new Uint8Array(buffer, 8, Math.min(length, buffer.byteLength - 8)));
  const head = JSON.parse(text) as Head;
  if (head.version !== version) return undefined;
  let at = 8 + length + padding(length).length;
  const columns = types.map((Type, index) => {
    const column = new Type(buffer, at, head.lengths[index]!);
    at += column.byteLength + padding(column.byteLength).length;
    return column;
  });
  const take = <T extends Column>(index: number): T => columns[index] as T;
  const sketch = (first: number): Sketches => ({
    ends: take(first),
    buckets: take(first + 1),
    weights: take(first + 2),
  });
  const texts = (first: number, list: readonly string[]): TextLists => ({
    ends: take(first),
    keys: take(first + 1),
    texts: list,
    weights: take(first + 2),
  });
  return {
    rows: head.rows,
    frames: take(0),
    edges: take(1),
    names: head.names,
    numbers: take(2),
    clientNs: sketch(3),
    serverNs: sketch(6),
    networkNs: sketch(9),
    exemplars: { ends: take(12), buckets: take(13), traceIds: take(14) } satisfies ExemplarLists,
    errors: texts(15, head.errors),
    principals: texts(18, head.principals),
    errorExemplars: {
      ends: take(21),
      keys: take(22),
      texts: head.errorExemplars,
      traceIds: take(23),
    } satisfies TextExemplars,
  };
}

function padding(length: number): Uint8Array {
  return new Uint8Array((8 - (length % 8)) % 8);
}
