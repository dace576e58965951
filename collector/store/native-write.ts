/**
 * Writing ClickHouse's Native format: the primitives that span-block.ts and traces.ts build their columns from. Layout: see
 * native.ts.
 */
const encoder = new TextEncoder();

/** A growing byte buffer. `bytes` and `length` are open so that a hot loop can write in place after `reserve`. */
export interface ByteBuffer {
  bytes: Uint8Array;
  view: DataView;
  length: number;
}

export function createByteBuffer(size = 1024): ByteBuffer {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer), length: 0 };
}

/** Makes room for so many more bytes. */
export function reserve(buffer: ByteBuffer, more: number): void {
  if (buffer.length + more <= buffer.bytes.length) return;
  const grown = new Uint8Array(Math.max(buffer.bytes.length * 2, buffer.length + more));
  grown.set(buffer.bytes.subarray(0, buffer.length));
  buffer.bytes = grown;
  buffer.view = new DataView(grown.buffer);
}

/** Empties the buffer; one that an unusual load made larger than `mostBytes`, 1 MiB at least, is given back. */
export function emptied(buffer: ByteBuffer, mostBytes = 1 << 26): void {
  buffer.length = 0;
  if (buffer.bytes.length <= mostBytes) return;
  buffer.bytes = new Uint8Array(1 << 20);
  buffer.view = new DataView(buffer.bytes.buffer);
}

export function putVaruint(buffer: ByteBuffer, value: number): void {
  reserve(buffer, 8);
  while (value > 127) {
    buffer.bytes[buffer.length++] = (value & 127) | 128;
    value = Math.floor(value / 128);
  }
  buffer.bytes[buffer.length++] = value;
}

export function putBytes(buffer: ByteBuffer, bytes: Uint8Array): void {
  reserve(buffer, bytes.length);
  buffer.bytes.set(bytes, buffer.length);
  buffer.length += bytes.length;
}

/** A String value: length, then bytes. */
export function putString(buffer: ByteBuffer, value: Uint8Array): void {
  putVaruint(buffer, value.length);
  putBytes(buffer, value);
}

export function putText(buffer: ByteBuffer, value: string): void {
  putString(buffer, encoder.encode(value));
}

/** Puts bytes [at, at + length) of the view as a String. Short ones, nearly all, are copied by words, without a call. */
export function putRange(to: ByteBuffer, from: DataView, at: number, length: number): void {
  if (to.length + length + 12 > to.bytes.length) reserve(to, length + 12);
  const out = to.length + 1;
  if (length === 0) {
    to.bytes[out - 1] = 0;
    to.length = out;
  } else if (length <= 96 && at + length + 3 <= from.byteLength) {
    const { view } = to;
    view.setUint8(out - 1, length);
    // The last word may copy up to three bytes too many, which the next value overwrites.
    for (let i = 0; i < length; i += 4) view.setInt32(out + i, from.getInt32(at + i, true), true);
    to.length = out + length;
  } else {
    putLength(to, length);
    copyRange(to, from, at, length);
  }
}

/** The length of a String whose bytes follow. */
export function putLength(to: ByteBuffer, length: number): void {
  reserve(to, 8);
  let left = length;
  for (; left > 127; left >>>= 7) to.bytes[to.length++] = (left & 127) | 128;
  to.bytes[to.length++] = left;
}

/** Bytes without a length. */
export function copyRange(to: ByteBuffer, from: DataView, at: number, length: number): void {
  if (to.length + length + 3 > to.bytes.length) reserve(to, length + 3);
  const out = to.length;
  if (length <= 512 && at + length + 3 <= from.byteLength) {
    const { view } = to;
    for (let i = 0; i < length; i += 4) view.setInt32(out + i, from.getInt32(at + i, true), true);
  } else {
    to.bytes.set(new Uint8Array(from.buffer, from.byteOffset + at, length), out);
  }
  to.length = out + length;
}

export function putZeros(to: ByteBuffer, count: number): void {
  reserve(to, count);
  to.bytes.fill(0, to.length, to.length + count);
  to.length += count;
}

/** A 32-bit word. */
export function putWord(to: ByteBuffer, value: number): void {
  reserve(to, 4);
  to.view.setUint32(to.length, value, true);
  to.length += 4;
}

/** What was put, without a copy. */
export function bytesOf(buffer: ByteBuffer): Uint8Array {
  return buffer.bytes.subarray(0, buffer.length);
}

/** The bytes under a typed array. */
export function bytesUnder(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** How a block begins. */
export function blockHead(columns: number, rows: number): Uint8Array {
  const head = createByteBuffer(16);
  putVaruint(head, columns);
  putVaruint(head, rows);
  return bytesOf(head);
}

/** How a column begins. */
export function columnHead(name: string, type: string): Uint8Array {
  const head = createByteBuffer(64);
  putText(head, name);
  putText(head, type);
  return bytesOf(head);
}

/** The version word that begins each column that has a LowCardinality somewhere in it. */
export const dictionaryPrefix: Uint8Array = bytesUnder(BigUint64Array.of(1n));

/**
 * Puts what stands before the row indices of a LowCardinality(String) column, prefix apart.
 * in: how many indices follow, one at least. out: bytes of each.
 */
export function dictionaryHead(
  to: ByteBuffer,
  dictionary: { readonly count: number; readonly keys: ByteBuffer },
  rows: number,
): 1 | 2 | 4 {
  const width = widthOf(dictionary.count);
  putBytes(to, keysHead(width, dictionary.count));
  putBytes(to, bytesOf(dictionary.keys));
  putWord(to, rows);
  putWord(to, 0);
  return (1 << width) as 1 | 2 | 4;
}

function widthOf(keys: number): 0 | 1 | 2 {
  return keys <= 0x100 ? 0 : keys <= 0x10000 ? 1 : 2;
}

/** Flags: the keys are given here (bit 9) and are the block's own (bit 10). */
function keysHead(width: number, keys: number): Uint8Array {
  return bytesUnder(BigUint64Array.of(BigInt(width | (1 << 9) | (1 << 10)), BigInt(keys)));
}

/** A LowCardinality(String) without its prefix. in: `keys` keys as Strings in a row; each row's key. */
export function dictionaryBody(keys: number, keyBytes: Uint8Array, index: Uint32Array): Uint8Array[] {
  // Of no rows nothing is written at all (a map without entries in any row).
  if (index.length === 0) return [];
  const width = widthOf(keys);
  const narrow = width === 0 ? new Uint8Array(index) : width === 1 ? new Uint16Array(index) : index;
  return [keysHead(width, keys), keyBytes, bytesUnder(BigUint64Array.of(BigInt(index.length))), bytesUnder(narrow)];
}
