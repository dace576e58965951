/**
 * Columns of spans as the store answers them → as SpanColumns has them: texts by number, ids as words, integers as doubles,
 * links as objects. Whoever reads spans without making an object of each comes here.
 */
import type { SpanLink } from '#shared/span.ts';
import { readHex } from '../decode/otlp-read.ts';
import type { DictionaryColumn, FixedColumn, StringColumn } from './native.ts';

/** Columns of the spans' table that hold texts of few values. */
export const textColumns = [
  'name',
  'service',
  'namespace',
  'cluster',
  'version',
  'peer',
  'peerNamespace',
  'peerVersion',
  'protocol',
  'responseFlags',
  'errorType',
  'principal',
] as const;

/** And those that hold numbers of few values. */
export const numberColumns = [
  'kind',
  'statusCode',
  'peerKind',
  'httpCode',
  'grpcCode',
  'marks',
  'retryCount',
  'weight',
] as const;

/** Text seen so far; entry 0 is ''. */
export interface StringTable {
  readonly values: string[];
  intern(value: string): number;
}

export function createStringTable(): StringTable {
  const values = [''];
  const ids = new Map<string, number>([['', 0]]);
  return {
    values,
    intern(value) {
      let id = ids.get(value);
      if (id === undefined) {
        id = values.push(value) - 1;
        ids.set(value, id);
      }
      return id;
    },
  };
}

/** The number of each row's text. */
export function interned({ dictionary, index }: DictionaryColumn, strings: StringTable): Uint32Array {
  const ids = Uint32Array.from(dictionary, (value) => strings.intern(value));
  const numbers = new Uint32Array(index.length);
  for (let row = 0; row < numbers.length; row++) numbers[row] = ids[index[row]!]!;
  return numbers;
}

/** 64-bit integers as little-endian words, low before high; without a copy. */
export function halvesOf(values: BigUint64Array | BigInt64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** 64-bit integers as doubles: exact below 2^53, which is 104 days in nanoseconds. */
export function toDoubles(values: BigUint64Array | BigInt64Array): Float64Array {
  const words = halvesOf(values);
  const signed = values instanceof BigInt64Array;
  const doubles = new Float64Array(values.length);
  for (let row = 0; row < doubles.length; row++) {
    const high = words[row * 2 + 1] ?? 0;
    doubles[row] = (signed ? high | 0 : high) * 4294967296 + (words[row * 2] ?? 0);
  }
  return doubles;
}

/** Ids as big-endian words. */
export function toWords({ bytes }: FixedColumn): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(bytes.byteLength / 4);
  for (let word = 0; word < words.length; word++) words[word] = view.getUint32(word * 4);
  return words;
}

const linkBytes = 24;

/** Links by row; rows without any are not among them. */
export function toLinks({ bytes, starts, ends }: StringColumn, count: number): Map<number, readonly SpanLink[]> {
  const links = new Map<number, readonly SpanLink[]>();
  for (let row = 0; row < count; row++) {
    const start = starts[row] ?? 0;
    const end = ends[row] ?? 0;
    if (start === end) continue;
    const list: SpanLink[] = [];
    for (let at = start; at + linkBytes <= end; at += linkBytes) {
      list.push({ traceId: readHex(bytes, at, at + 16), spanId: readHex(bytes, at + 16, at + linkBytes) });
    }
    links.set(row, list);
  }
  return links;
}
