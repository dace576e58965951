/** Runs of bytes one after another, each of a length its reader knows or after its length: what records of the log are made of. */
import { type ByteBuffer, bytesUnder, copyRange, putBytes, putWord, reserve } from './native-write.ts';

/** Puts the bytes of a buffer from `first` on, after their length. */
export function putSection(to: ByteBuffer, { view, length }: ByteBuffer, first: number): void {
  putWord(to, length - first);
  copyRange(to, view, first, length - first);
}

/** Words that are put one by one: a view of them costs more. */
const fewWords = 256;

/** Puts a run of words without its length. */
export function putWordRange(to: ByteBuffer, words: Uint32Array, first: number, end: number): void {
  if (end - first > fewWords) return putBytes(to, bytesUnder(words.subarray(first, end)));
  reserve(to, (end - first) * 4);
  const { view } = to;
  for (let i = first; i < end; i++, to.length += 4) view.setUint32(to.length, words[i]!, true);
}

export interface SectionReader {
  word(): number;
  /** So many bytes, without a copy. */
  take(length: number): Uint8Array;
  /** A run that was put after its length. */
  section(): Uint8Array;
}

/** errors: each of its functions: RangeError when there are not as many bytes. */
export function createSectionReader(from: Uint8Array): SectionReader {
  const view = new DataView(from.buffer, from.byteOffset, from.byteLength);
  let at = 0;
  function word(): number {
    const value = view.getUint32(at, true);
    at += 4;
    return value;
  }
  function take(length: number): Uint8Array {
    if (at + length > from.length) throw new RangeError('cannot read sections: too few bytes');
    const bytes = from.subarray(at, at + length);
    at += length;
    return bytes;
  }
  return { word, take, section: () => take(word()) };
}
