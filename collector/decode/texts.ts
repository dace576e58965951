/**
 * The vocabulary of the decode path: each distinct byte string (attribute key, span name, service, cluster, resource …)
 * has a small number, so that a span is described by numbers and a JS string is made once a distinct text, not once a
 * span. One vocabulary a thread. It is bounded: when `full`, the decoder resets it between two spans; `generation` tells
 * holders of numbers (memos, block dictionaries) that theirs are void. Numbers of `known` texts survive a reset.
 */
import { grown } from '#shared/grown.ts';
import { areEqual } from './equal.ts';

/** A mark U+FEFF in front of a text is part of it. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Entries and bytes after which the vocabulary starts anew. */
const maxCount = 1 << 17;
const maxBytes = 32 << 20;
/** A probe chain longer than this means collisions made on purpose: start anew with another secret. */
const maxProbes = 48;

/** Plain properties, no getters: see shared/pairs.ts. */
export interface Texts {
  /** Grows by one at each reset. */
  generation: number;
  /** True when a reset is due. */
  full: boolean;
  /** The bytes of all texts; `startOf` and `lengthOf` index them. Replaced when it grows. */
  arena: Uint8Array;
  startOf(id: number): number;
  lengthOf(id: number): number;
  /** Number of bytes [at, at + length) of the view's buffer; 0 for the empty text. */
  intern(view: DataView, at: number, length: number): number;
  /** The same when the text is there already, else 0. */
  find(view: DataView, at: number, length: number): number;
  /** Whether the text `id` is exactly these bytes. */
  equals(id: number, view: DataView, at: number, length: number): boolean;
  /** Number of a JS string. */
  of(text: string): number;
  /** The text as a JS string, invalid UTF-8 replaced; the same string object each time. */
  text(id: number): string;
  reset(): void;
}

/** A vocabulary whose first numbers, 1 to known.length, are the known texts in their order. */
export function createTexts(known: readonly string[] = []): Texts {
  let secret = randomSecret();
  let count = 1;
  let used = 0;
  let arena = new Uint8Array(1 << 16);
  let arenaView = new DataView(arena.buffer);
  let starts = new Uint32Array(1 << 10);
  let lengths = new Uint32Array(1 << 10);
  let hashes = new Int32Array(1 << 10);
  let table = new Int32Array(1 << 12);
  let mask = table.length - 1;
  let strings: (string | undefined)[] = [''];

  /** As in shared/keyed-hash.ts: each word is multiplied by the secret before it meets those before it, whose high bits came down. */
  function hashOf(view: DataView, at: number, length: number): number {
    const key = secret;
    let hash = key ^ length;
    if (length >= 4) {
      const last = at + length - 4;
      for (let i = at; i < last; i += 4) {
        hash = Math.imul(hash ^ Math.imul(view.getInt32(i, true), key), 0x85ebca6b);
        hash ^= hash >>> 16;
      }
      hash = Math.imul(hash ^ Math.imul(view.getInt32(last, true), key), 0x85ebca6b);
    } else {
      for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ Math.imul(view.getUint8(i), key), 0x85ebca6b);
    }
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x27d4eb2f);
    return hash ^ (hash >>> 15);
  }

  function equals(id: number, view: DataView, at: number, length: number): boolean {
    return id < count && lengths[id] === length && areEqual(arenaView, starts[id]!, view, at, length);
  }

  function find(view: DataView, at: number, length: number): number {
    if (length === 0) return 0;
    const hash = hashOf(view, at, length);
    let slot = hash & mask;
    for (let id = table[slot]!; id !== 0; id = table[slot]!) {
      if (hashes[id] === hash && equals(id, view, at, length)) return id;
      slot = (slot + 1) & mask;
    }
    return 0;
  }

  function intern(view: DataView, at: number, length: number): number {
    if (length === 0) return 0;
    const hash = hashOf(view, at, length);
    let slot = hash & mask;
    let probes = 0;
    for (let id = table[slot]!; id !== 0; id = table[slot]!) {
      if (hashes[id] === hash && equals(id, view, at, length)) return id;
      slot = (slot + 1) & mask;
      if (++probes === maxProbes) texts.full = true;
    }
    return add(view, at, length, hash, slot);
  }

  function add(view: DataView, at: number, length: number, hash: number, slot: number): number {
    if (used + length > arena.length) {
      arena = grown(arena, Math.max(arena.length * 2, used + length));
      arenaView = new DataView(arena.buffer);
      texts.arena = arena;
    }
    if (count === starts.length) {
      starts = grown(starts, count * 2);
      lengths = grown(lengths, count * 2);
      hashes = grown(hashes, count * 2);
    }
    const id = count++;
    arena.set(new Uint8Array(view.buffer, view.byteOffset + at, length), used);
    starts[id] = used;
    lengths[id] = length;
    hashes[id] = hash;
    used += length;
    table[slot] = id;
    if (count * 2 > table.length) rehash(table.length * 2);
    if (count > maxCount || used > maxBytes) texts.full = true;
    return id;
  }

  function rehash(size: number): void {
    table = new Int32Array(size);
    mask = size - 1;
    for (let id = 1; id < count; id++) {
      let slot = hashes[id]! & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = id;
    }
  }

  function of(text: string): number {
    const bytes = encoder.encode(text);
    return intern(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
  }

  function text(id: number): string {
    let value = strings[id];
    if (value === undefined) {
      const start = starts[id]!;
      value = decoder.decode(arena.subarray(start, start + lengths[id]!));
      strings[id] = value;
    }
    return value;
  }

  function clear(): void {
    count = 1;
    used = 0;
    if (arena.length > 2 * maxBytes) {
      arena = new Uint8Array(1 << 16);
      arenaView = new DataView(arena.buffer);
      texts.arena = arena;
    }
    texts.full = false;
    table.fill(0);
    strings = [''];
    for (const name of known) of(name);
  }

  const texts: Texts = {
    generation: 0,
    full: false,
    arena,
    startOf: (id) => starts[id]!,
    lengthOf: (id) => lengths[id]!,
    intern,
    find,
    equals,
    of,
    text,
    reset() {
      texts.generation++;
      secret = randomSecret();
      clear();
    },
  };
  clear();
  return texts;
}

/** Odd, for multiplying by an even number would lose the highest bits. */
function randomSecret(): number {
  return (Math.random() * 2 ** 32) | 1;
}
