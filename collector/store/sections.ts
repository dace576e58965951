/** Runs of bytes one after another, each of a length its reader knows or after its length: what records of the log are made of. */
import { type ByteBuffer, putBytes, putWord } from './native-write.ts';

/** Puts a run after its length. */
export function putSection(to: ByteBuffer, bytes: Uint8Array): void {
  putWord(to, bytes.length);
  putBytes(to, bytes);
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
