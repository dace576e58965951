/**
 * The rows of a block in the order of their trace ids, and columns written in such an order. A table ordered by trace id
 * within a commit takes sorted rows as they are; sorting them itself costs it more than all the rest of the insert.
 */
import type { Dictionary } from './dictionary.ts';
import { type ByteBuffer, copyRange, dictionaryHead, putBytes, reserve } from './native-write.ts';

/** Row numbers that fit beside a word of an id in a double; more rows are compared, which takes some times as long. */
const mostRows = 2 ** 21;

/**
 * Rows in the order of their trace ids as bytes; of one trace, in the order they came.
 * in: four 32-bit words an id, each little-endian.
 */
export function orderByTrace(traceId: Uint32Array, rows: number): Uint32Array {
  if (rows > mostRows) {
    return Uint32Array.from({ length: rows }, (_, row) => row).sort((a, b) => compareIds(traceId, a, b) || a - b);
  }
  const keys = new Float64Array(rows);
  for (let row = 0; row < rows; row++) keys[row] = swapped(traceId[row * 4]!) * mostRows + row;
  keys.sort();
  const order = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) order[i] = keys[i]! % mostRows;
  // Ids whose first words are alike: of one trace mostly, but some senders begin all ids with a time or with zeros.
  for (let from = 0; from < rows;) {
    const first = order[from]!;
    let to = from + 1;
    let mixed = false;
    for (; to < rows && traceId[order[to]! * 4] === traceId[first * 4]; to++) {
      mixed ||= compareIds(traceId, first, order[to]!) !== 0;
    }
    if (mixed) order.subarray(from, to).sort((a, b) => compareIds(traceId, a, b) || a - b);
    from = to;
  }
  return order;
}

function compareIds(traceId: Uint32Array, a: number, b: number): number {
  for (let w = 0; w < 4; w++) {
    const difference = swapped(traceId[a * 4 + w]!) - swapped(traceId[b * 4 + w]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The word whose bytes are in the other order. */
export function swapped(word: number): number {
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word & 0xff00) << 8) | (word << 24)) >>> 0;
}

/** A column of one or more 32-bit words a row. */
export function putWords(to: ByteBuffer, from: Uint32Array, words: number, order: Uint32Array): void {
  reserve(to, order.length * words * 4);
  const { view } = to;
  let at = to.length;
  for (let i = 0; i < order.length; i++) {
    const first = order[i]! * words;
    for (let w = 0; w < words; w++, at += 4) view.setUint32(at, from[first + w]!, true);
  }
  to.length = at;
}

export function putDoubles(to: ByteBuffer, from: Float64Array, order: Uint32Array): void {
  reserve(to, order.length * 8);
  const { view } = to;
  let at = to.length;
  for (let i = 0; i < order.length; i++, at += 8) view.setFloat64(at, from[order[i]!]!, true);
  to.length = at;
}

export function putShorts(to: ByteBuffer, from: Uint16Array | Int16Array, order: Uint32Array): void {
  reserve(to, order.length * 2);
  const { view } = to;
  let at = to.length;
  for (let i = 0; i < order.length; i++, at += 2) view.setUint16(at, from[order[i]!]!, true);
  to.length = at;
}

export function putOctets(to: ByteBuffer, from: Uint8Array, order: Uint32Array): void {
  reserve(to, order.length);
  const { bytes } = to;
  let at = to.length;
  for (let i = 0; i < order.length; i++) bytes[at++] = from[order[i]!]!;
  to.length = at;
}

/** A String column. in: the values of all rows, in the order of the rows, each with its length. */
export function putStrings(to: ByteBuffer, from: ByteBuffer, order: Uint32Array): void {
  // Empty values alone, as most columns hold them, are the same in any order.
  if (from.length === order.length) return putBytes(to, from.bytes.subarray(0, from.length));
  const starts = new Uint32Array(order.length + 1);
  for (let row = 0; row < order.length; row++) starts[row + 1] = stringEnd(from.bytes, starts[row]!);
  putRanges(to, from, starts, order);
}

function stringEnd(bytes: Uint8Array, at: number): number {
  let length = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++]!;
    length += (byte & 127) * scale;
    if (byte < 128) return at + length;
  }
}

/** in: where the bytes of each row begin, and after the last one where they end. */
export function putRanges(to: ByteBuffer, from: ByteBuffer, starts: Uint32Array, order: Uint32Array): void {
  reserve(to, from.length + 4);
  const { view } = from;
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    copyRange(to, view, starts[row]!, starts[row + 1]! - starts[row]!);
  }
}

/** A LowCardinality(String) column without its prefix, one value a row. */
export function putDictionary(to: ByteBuffer, dictionary: Dictionary, order: Uint32Array): void {
  const width = dictionaryHead(to, dictionary, order.length);
  const { index } = dictionary;
  if (width === 4) return putWords(to, index, 1, order);
  reserve(to, order.length * width);
  const { view } = to;
  let at = to.length;
  for (let i = 0; i < order.length; i++, at += width) {
    if (width === 1) view.setUint8(at, index[order[i]!]!);
    else view.setUint16(at, index[order[i]!]!, true);
  }
  to.length = at;
}

/**
 * Where the values of each row of an Array column end, which is what comes before the values.
 * in: how many values there are before each row, and after the last one in all.
 */
export function putEnds(to: ByteBuffer, counts: Uint32Array, order: Uint32Array): void {
  reserve(to, order.length * 8);
  const { view } = to;
  let at = to.length;
  let end = 0;
  for (let i = 0; i < order.length; i++, at += 8) {
    const row = order[i]!;
    end += counts[row + 1]! - counts[row]!;
    view.setUint32(at, end, true);
    view.setUint32(at + 4, 0, true);
  }
  to.length = at;
}
