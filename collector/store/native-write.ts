/**
 * Writing ClickHouse's Native format: the primitives span-block.ts builds its hot columns from, and encodeBlock for rows
 * given as objects (edges, traces, paths: hundreds of rows, not hundreds of thousands). Layout: see native.ts.
 */
import { AppError, quoted } from '#shared/error.ts';

const encoder = new TextEncoder();

/** A growing byte buffer. `bytes` and `length` are open so that a hot loop can write in place after `reserve`. */
export interface ByteBuffer {
  bytes: Uint8Array;
  length: number;
}

export function createByteBuffer(size = 1024): ByteBuffer {
  return { bytes: new Uint8Array(size), length: 0 };
}

/** Makes room for so many more bytes. */
export function reserve(buffer: ByteBuffer, more: number): void {
  if (buffer.length + more <= buffer.bytes.length) return;
  const grown = new Uint8Array(Math.max(buffer.bytes.length * 2, buffer.length + more));
  grown.set(buffer.bytes.subarray(0, buffer.length));
  buffer.bytes = grown;
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

export function putUint64(buffer: ByteBuffer, value: number | bigint): void {
  const word = new DataView(new ArrayBuffer(8));
  word.setBigUint64(0, BigInt(value), true);
  putBytes(buffer, new Uint8Array(word.buffer));
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

/** A LowCardinality(String) without its prefix. in: `keys` keys as Strings in a row; each row's key. */
export function dictionaryBody(keys: number, keyBytes: Uint8Array, index: Uint32Array): Uint8Array[] {
  // Of no rows nothing is written at all (a map without entries in any row).
  if (index.length === 0) return [];
  const width = keys <= 0x100 ? 0 : keys <= 0x10000 ? 1 : 2;
  const narrow = width === 0 ? Uint8Array.from(index) : width === 1 ? Uint16Array.from(index) : index;
  // Flags: the keys are given here (bit 9) and are the block's own (bit 10).
  const head = BigUint64Array.of(BigInt(width | (1 << 9) | (1 << 10)), BigInt(keys));
  return [bytesUnder(head), keyBytes, bytesUnder(BigUint64Array.of(BigInt(index.length))), bytesUnder(narrow)];
}

/**
 * One block from rows as objects.
 * in: type by column name, in the table's order; rows with those properties: numbers and bigints, text for String,
 * FixedString (as hex) and LowCardinality(String), arrays for Array, Maps or plain objects for Map.
 * errors: AppError('internal') for a type or value it cannot write.
 */
export function encodeBlock(types: Readonly<Record<string, string>>, rows: readonly object[]): Uint8Array[] {
  const chunks = [blockHead(Object.keys(types).length, rows.length)];
  for (const [name, type] of Object.entries(types)) {
    chunks.push(columnHead(name, type));
    const values = rows.map((row) => (row as Record<string, unknown>)[name]);
    if (rows.length > 0) chunks.push(...encodeColumn(innermost(type), values));
  }
  return chunks;
}

/** SimpleAggregateFunction(f, T) is stored as T. */
function innermost(type: string): string {
  const simple = /^SimpleAggregateFunction\(\w+, (.*)\)$/.exec(type);
  return simple?.[1] ?? type;
}

function encodeColumn(type: string, values: readonly unknown[]): Uint8Array[] {
  return type.includes('LowCardinality') ? [dictionaryPrefix, ...encodeValues(type, values)] : encodeValues(type, values);
}

function encodeValues(type: string, values: readonly unknown[]): Uint8Array[] {
  const array = /^Array\((.*)\)$/.exec(type)?.[1];
  if (array !== undefined) {
    const lists = values as readonly (readonly unknown[])[];
    return [ends(lists.map((list) => list.length)), ...encodeValues(array, lists.flat())];
  }
  const map = /^Map\((LowCardinality\(String\)|\w+), (.*)\)$/.exec(type);
  if (map !== null) {
    const lists = values.map((value) => [...(value instanceof Map ? value : Object.entries(value as object))]);
    const entries = lists.flat();
    return [
      ends(lists.map((list) => list.length)),
      ...encodeValues(map[1]!, entries.map(([key]) => key)),
      ...encodeValues(map[2]!, entries.map(([, value]) => value)),
    ];
  }
  if (type === 'LowCardinality(String)') return encodeDictionary(values as readonly string[]);
  const fixed = /^FixedString\((\d+)\)$/.exec(type)?.[1];
  const out = createByteBuffer(values.length * 8 + 16);
  for (const value of values) {
    if (type === 'String') putText(out, value as string);
    else if (fixed !== undefined) putFixed(out, value as string, Number(fixed));
    else putNumber(out, type, value as number | bigint | string);
  }
  return [bytesOf(out)];
}

function ends(lengths: readonly number[]): Uint8Array {
  let end = 0;
  return bytesUnder(BigUint64Array.from(lengths, (length) => BigInt((end += length))));
}

function encodeDictionary(values: readonly string[]): Uint8Array[] {
  const ids = new Map<string, number>();
  const keys = createByteBuffer();
  const index = Uint32Array.from(values, (value) => {
    let id = ids.get(value);
    if (id === undefined) {
      id = ids.size;
      ids.set(value, id);
      putText(keys, value);
    }
    return id;
  });
  return dictionaryBody(ids.size, bytesOf(keys), index);
}

function putFixed(out: ByteBuffer, hex: string, width: number): void {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length !== width) throw new AppError('internal', `cannot write FixedString(${width}) ${quoted(hex)}`);
  putBytes(out, bytes);
}

const wide = new DataView(new ArrayBuffer(16));

function putNumber(out: ByteBuffer, type: string, value: number | bigint | string): void {
  switch (type) {
    case 'UInt8':
      wide.setUint8(0, Number(value));
      break;
    case 'UInt16':
      wide.setUint16(0, Number(value), true);
      break;
    case 'Int16':
      wide.setInt16(0, Number(value), true);
      break;
    case 'UInt32':
      wide.setUint32(0, Number(value), true);
      break;
    case 'UInt64':
    case 'Int64':
      wide.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
      break;
    case 'UInt128':
      wide.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
      wide.setBigUint64(8, BigInt.asUintN(64, BigInt(value) >> 64n), true);
      break;
    case 'Float64':
      wide.setFloat64(0, Number(value), true);
      break;
    default:
      throw new AppError('internal', `cannot write Native column of type ${quoted(type)}`);
  }
  const width = type === 'UInt128' ? 16 : type === 'Float64' ? 8 : Number(type.replace(/\D/g, '')) / 8;
  putBytes(out, new Uint8Array(wide.buffer, 0, width));
}
