/**
 * ClickHouse's Native format: blocks of columns, as it is inserted and as SELECT … FORMAT Native answers. Reading copies as
 * little as possible: numbers become typed arrays over the answer's bytes, strings stay bytes until asked for. The layout was
 * checked against ClickHouse 26.7 (test/native.test.ts). source: https://clickhouse.com/docs/interfaces/formats/Native
 */
import { AppError, quoted } from '#shared/error.ts';

/** A mark U+FEFF in front of a text is part of it. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Array types of the fixed-size numbers. */
const numberArrays = {
  UInt8: Uint8Array,
  UInt16: Uint16Array,
  UInt32: Uint32Array,
  UInt64: BigUint64Array,
  Int8: Int8Array,
  Int16: Int16Array,
  Int32: Int32Array,
  Int64: BigInt64Array,
  Float32: Float32Array,
  Float64: Float64Array,
  Bool: Uint8Array,
  Date: Uint16Array,
  DateTime: Uint32Array,
} as const;
export type NumberColumn =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, at: number, length: number): NumberColumn;
}

/** FixedString(n) and UInt128: row i is bytes[i * width, (i + 1) * width). */
export interface FixedColumn {
  readonly width: number;
  readonly bytes: Uint8Array;
}

/** String: row i is bytes[starts[i], ends[i]). */
export interface StringColumn {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** LowCardinality(String): row i is dictionary[index[i]]. The dictionary may hold entries twice, or that no row uses. */
export interface DictionaryColumn {
  readonly dictionary: readonly string[];
  /** The same entries as bytes. */
  readonly keys: readonly Uint8Array[];
  readonly index: Uint32Array;
}

/** Array(T): row i is values[ends[i - 1] ?? 0, ends[i]); Map(K, V): keys beside values. */
export interface ListColumn {
  readonly ends: Uint32Array;
  readonly keys?: NativeColumn;
  readonly values: NativeColumn;
}

export type NativeColumn = NumberColumn | FixedColumn | StringColumn | DictionaryColumn | ListColumn;

export interface NativeTable {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, NativeColumn>;
}

/** A parsed type name: `Map(String, Float64)` is { name: 'Map', of: [String, Float64] }. */
interface Type {
  readonly name: string;
  readonly of: readonly Type[];
}

/** Parses a type; aggregate and codec wrappers that do not change the bytes are taken off. */
function parseType(text: string): Type {
  const open = text.indexOf('(');
  if (open === -1) return { name: text.trim(), of: [] };
  const name = text.slice(0, open).trim();
  const of = splitArguments(text.slice(open + 1, text.lastIndexOf(')')));
  if (name === 'SimpleAggregateFunction') return parseType(of.at(-1) ?? '');
  if (name === 'DateTime') return { name, of: [] };
  return { name, of: of.map(parseType) };
}

function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === undefined || (c === ',' && depth === 0)) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  return parts;
}

// ---- reading

interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

/**
 * Reads an answer of any number of blocks as one table.
 * errors: AppError('internal') when the bytes are not Native format or hold a type this program never asks for.
 */
export function readNative(bytes: Uint8Array): NativeTable {
  const source: Source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 };
  const pieces = new Map<string, NativeColumn[]>();
  let rows = 0;
  while (source.at < bytes.length) {
    const columns = readLength(source);
    const blockRows = readLength(source);
    rows += blockRows;
    for (let i = 0; i < columns; i++) {
      const name = readShortText(source);
      const type = parseType(readShortText(source));
      if (blockRows > 0) readPrefix(source, type);
      const column = readColumn(source, type, blockRows);
      const others = pieces.get(name);
      if (others === undefined) pieces.set(name, [column]);
      else others.push(column);
    }
  }
  return { rows, columns: new Map(Array.from(pieces, ([name, parts]) => [name, concat(parts)])) };
}

function readLength(source: Source): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = source.bytes[source.at++];
    if (byte === undefined) throw new AppError('internal', 'cannot read Native block: truncated');
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
}

function readShortText(source: Source): string {
  const length = readLength(source);
  source.at += length;
  return decoder.decode(source.bytes.subarray(source.at - length, source.at));
}

function readUint64(source: Source): number {
  source.at += 8;
  return Number(source.view.getBigUint64(source.at - 8, true));
}

/** LowCardinality has a version word, which comes before everything else of the column. */
function readPrefix(source: Source, type: Type): void {
  if (type.name === 'LowCardinality') source.at += 8;
  else for (const inner of type.of) readPrefix(source, inner);
}

function readColumn(source: Source, type: Type, rows: number): NativeColumn {
  switch (type.name) {
    case 'String':
      return readStrings(source, rows);
    case 'FixedString':
      return readFixed(source, Number(type.of[0]!.name), rows);
    case 'UInt128':
      return readFixed(source, 16, rows);
    case 'LowCardinality':
      return readDictionary(source, rows);
    case 'Array': {
      const ends = readEnds(source, rows);
      return { ends, values: readColumn(source, type.of[0]!, ends.at(-1) ?? 0) };
    }
    case 'Map': {
      const ends = readEnds(source, rows);
      const size = ends.at(-1) ?? 0;
      return { ends, keys: readColumn(source, type.of[0]!, size), values: readColumn(source, type.of[1]!, size) };
    }
    default: {
      const array: ArrayType | undefined = numberArrays[type.name as keyof typeof numberArrays];
      if (array === undefined) throw new AppError('internal', `cannot read Native column of type ${quoted(type.name)}`);
      return readNumbers(source, array, rows);
    }
  }
}

function take(source: Source, length: number): Uint8Array {
  source.at += length;
  if (source.at > source.bytes.length) throw new AppError('internal', 'cannot read Native block: truncated');
  return source.bytes.subarray(source.at - length, source.at);
}

function readNumbers(source: Source, array: ArrayType, rows: number): NumberColumn {
  const size = array.BYTES_PER_ELEMENT;
  let bytes = take(source, rows * size);
  // A typed array must begin at a multiple of its element size.
  if (bytes.byteOffset % size !== 0) bytes = new Uint8Array(bytes);
  return new array(bytes.buffer, bytes.byteOffset, rows);
}

function readFixed(source: Source, width: number, rows: number): FixedColumn {
  return { width, bytes: take(source, rows * width) };
}

function readEnds(source: Source, rows: number): Uint32Array {
  const bytes = take(source, rows * 8);
  // Their low words: no column of an answer has more entries.
  const words = new Uint32Array(
    bytes.byteOffset % 4 === 0 ? bytes.buffer : bytes.slice().buffer,
    bytes.byteOffset % 4 === 0 ? bytes.byteOffset : 0,
    rows * 2,
  );
  const ends = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) ends[row] = words[row * 2]!;
  return ends;
}

function readStrings(source: Source, rows: number): StringColumn {
  const starts = new Uint32Array(rows);
  const ends = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    const length = readLength(source);
    starts[row] = source.at;
    source.at += length;
    ends[row] = source.at;
  }
  take(source, 0);
  return { bytes: source.bytes, starts, ends };
}

function readDictionary(source: Source, rows: number): DictionaryColumn {
  if (rows === 0) return { dictionary: [], keys: [], index: new Uint32Array(0) };
  const width = readUint64(source) & 0xff;
  const { bytes, starts, ends } = readStrings(source, readUint64(source));
  const keys = Array.from(starts, (start, entry) => bytes.subarray(start, ends[entry]));
  const count = readUint64(source);
  const array: ArrayType = [Uint8Array, Uint16Array, Uint32Array, BigUint64Array][width]!;
  const index = readNumbers(source, array, count);
  return {
    dictionary: keys.map((entry) => decoder.decode(entry)),
    keys,
    index: toUint32(index),
  };
}

/** The same numbers in 32 bits. Uint32Array.from with a function costs 300 ns a row, this next to nothing. */
function toUint32(index: NumberColumn): Uint32Array {
  if (index instanceof Uint32Array) return index;
  if (index instanceof BigUint64Array) return Uint32Array.from(index, Number);
  return new Uint32Array(index as Uint8Array);
}

/** All rows of a String column as text, invalid UTF-8 replaced. */
export function stringsOf({ bytes, starts, ends }: StringColumn): string[] {
  return Array.from(starts, (start, row) => decoder.decode(bytes.subarray(start, ends[row])));
}

function concat(parts: readonly NativeColumn[]): NativeColumn {
  const first = parts[0]!;
  if (parts.length === 1) return first;
  if ('index' in first) return concatDictionaries(parts as DictionaryColumn[]);
  if ('starts' in first) {
    // All blocks lie in the same bytes.
    const strings = parts as StringColumn[];
    return {
      bytes: first.bytes,
      starts: concatNumbers(strings.map(({ starts }) => starts)) as Uint32Array,
      ends: concatNumbers(strings.map(({ ends }) => ends)) as Uint32Array,
    };
  }
  if ('width' in first) {
    return {
      width: first.width,
      bytes: concatNumbers((parts as FixedColumn[]).map(({ bytes }) => bytes)) as Uint8Array,
    };
  }
  if ('ends' in first) return concatLists(parts as ListColumn[]);
  return concatNumbers(parts as NumberColumn[]);
}

function concatNumbers(parts: readonly NumberColumn[]): NumberColumn {
  const first = parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new (first.constructor as new (length: number) => Uint8Array)(length);
  let at = 0;
  for (const part of parts) {
    all.set(part as Uint8Array, at);
    at += part.length;
  }
  return all;
}

function concatDictionaries(parts: readonly DictionaryColumn[]): DictionaryColumn {
  let before = 0;
  const indexes = parts.map(({ dictionary, index }) => {
    const first = before;
    before += dictionary.length;
    return shifted(index, first);
  });
  return {
    dictionary: parts.flatMap(({ dictionary }) => dictionary),
    keys: parts.flatMap(({ keys }) => keys),
    index: concatNumbers(indexes) as Uint32Array,
  };
}

/** The same numbers, each greater by so much. A TypedArray's own map calls a function a row. */
function shifted(numbers: Uint32Array, by: number): Uint32Array {
  const moved = numbers.slice();
  if (by > 0) for (let i = 0; i < moved.length; i++) moved[i]! += by;
  return moved;
}

function concatLists(parts: readonly ListColumn[]): ListColumn {
  let before = 0;
  const ends = parts.map((part) => {
    const moved = shifted(part.ends, before);
    before = moved.at(-1) ?? before;
    return moved;
  });
  const keys = parts.flatMap((part) => part.keys ?? []);
  return {
    ends: concatNumbers(ends) as Uint32Array,
    ...(keys.length > 0 && { keys: concat(keys) }),
    values: concat(parts.map((part) => part.values)),
  };
}
