/**
 * Which traces have settled lately: a Bloom filter in two generations of `ticks` each, so that it covers at least that many
 * ticks back. It only ever saves a look-up: a yes is checked against the store, a no is certain within the covered ticks.
 */

export interface SeenTraces {
  /**
   * in: trace ids as four big-endian words each, and which of them; the tick of the settlement, never less than one given
   * before by more than a generation.
   */
  add(ids: Uint32Array, index: number, tick: number): void;
  mayHave(ids: Uint32Array, index: number): boolean;
}

/** 2^26 bits, 8 MB a generation: under 1 % wrong yeses at 5 million traces. */
const words = 2 ** 21;
/** All bits of a trace lie in 512 that are one line of the processor's cache: a look-up waits for memory once, not four times. */
const wordsPerLine = 16;
const lines = words / wordsPerLine;
const hashes = 4;

export function createSeenTraces(ticks: number): SeenTraces {
  let generation = 0;
  let newer = new Int32Array(words);
  let older = new Int32Array(words);

  function isIn(filter: Int32Array, line: number, position: number, step: number): boolean {
    for (let i = 0; i < hashes; i++) {
      const bit = (position + i * step) & 511;
      if ((filter[line + (bit >>> 5)]! & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  return {
    add(ids, index, tick) {
      const current = Math.floor(tick / ticks);
      if (current > generation) {
        [newer, older] = [older, newer];
        newer.fill(0);
        if (current > generation + 1) older.fill(0);
        generation = current;
      }
      const hash = hashOf(ids, index);
      const line = lineOf(hash);
      for (let i = 0; i < hashes; i++) {
        const bit = (hash + i * stepOf(ids, index)) & 511;
        newer[line + (bit >>> 5)]! |= 1 << (bit & 31);
      }
    },
    mayHave(ids, index) {
      const hash = hashOf(ids, index);
      const line = lineOf(hash);
      const step = stepOf(ids, index);
      return isIn(newer, line, hash, step) || isIn(older, line, hash, step);
    },
  };
}

/** Trace ids are random in their last 8 bytes at least; a sender with worse ids only causes look-ups. */
function hashOf(ids: Uint32Array, index: number): number {
  const mixed = Math.imul(ids[index * 4 + 3]!, 0x9e3779b1) ^ Math.imul(ids[index * 4 + 2]!, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
}

/** The line is chosen by other bits of the hash than the places in it. */
function lineOf(hash: number): number {
  return ((hash >>> 12) & (lines - 1)) * wordsPerLine;
}

function stepOf(ids: Uint32Array, index: number): number {
  return (ids[index * 4 + 2]! & 511) | 1;
}
