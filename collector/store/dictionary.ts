/**
 * A LowCardinality(String) column while it grows: the distinct texts of the block, already as they will be written, and for
 * each row an index. Texts come as vocabulary numbers, so a known text costs one array look-up.
 */
import { grown } from '#shared/grown.ts';
import type { Texts } from '../decode/texts.ts';
import { type ByteBuffer, createByteBuffer, putBytes, putString } from './native-write.ts';

export interface Dictionary {
  /** By vocabulary number: index + 1, 0 = not in it. */
  indexOf: Uint32Array;
  /** Vocabulary numbers in the order of the keys. */
  ids: Uint32Array;
  count: number;
  readonly keys: ByteBuffer;
  index: Uint32Array;
}

/** An empty dictionary with room for so many rows. */
export function createDictionary(size: number): Dictionary {
  return {
    indexOf: new Uint32Array(1024),
    ids: new Uint32Array(256),
    count: 0,
    keys: createByteBuffer(1024),
    index: new Uint32Array(size),
  };
}

/** Index of the text in the dictionary, put there when it is new. */
export function indexIn(dictionary: Dictionary, texts: Texts, id: number): number {
  const { indexOf } = dictionary;
  if (id < indexOf.length) {
    const known = indexOf[id]!;
    if (known !== 0) return known - 1;
  }
  return addTo(dictionary, texts, id);
}

function addTo(dictionary: Dictionary, texts: Texts, id: number): number {
  if (id >= dictionary.indexOf.length) dictionary.indexOf = grown(dictionary.indexOf, (id + 1) * 2);
  if (dictionary.count === dictionary.ids.length) dictionary.ids = grown(dictionary.ids, dictionary.count * 2);
  const start = texts.startOf(id);
  putString(dictionary.keys, texts.arena.subarray(start, start + texts.lengthOf(id)));
  dictionary.ids[dictionary.count] = id;
  dictionary.indexOf[id] = ++dictionary.count;
  return dictionary.count - 1;
}

/** Adds texts that no vocabulary knows. in: how many, and as they will be written. */
export function addKeys(dictionary: Dictionary, count: number, keys: Uint8Array): void {
  const until = dictionary.count + count;
  if (until > dictionary.ids.length) dictionary.ids = grown(dictionary.ids, until * 2);
  dictionary.ids.fill(0, dictionary.count, until);
  putBytes(dictionary.keys, keys);
  dictionary.count = until;
}

/** Keeps the first `count` keys. Their bytes end where the next key began; found by walking, for this is rare. */
export function cutDictionary(dictionary: Dictionary, count: number): void {
  for (let i = count; i < dictionary.count; i++) dictionary.indexOf[dictionary.ids[i]!] = 0;
  dictionary.count = count;
  let at = 0;
  for (let i = 0; i < count; i++) {
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = dictionary.keys.bytes[at++]!;
      length += (byte & 127) * scale;
      if (byte < 128) break;
    }
    at += length;
  }
  dictionary.keys.length = at;
}
