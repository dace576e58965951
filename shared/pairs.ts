/**
 * Pairs of whole numbers → a number each, in the order in which they were first met: an open-addressing table over typed
 * arrays. What is counted by pair lies in arrays beside it. Pairs nest: a tuple is a pair of a tuple's number and another one.
 */
import { hashOfTwo } from './keyed-hash.ts';

/**
 * Plain properties, no getters: an object that is written with getters is a hash table to the engine, and this one is asked
 * several times a span.
 */
export interface Pairs {
  /** Pairs met so far; their numbers are below it. */
  size: number;
  /** By number: the pair. The array may be another one after `of`. */
  keys: Int32Array;
  /** Number of the pair: `size` as it was before when the pair is a new one. in: 32-bit integers. */
  of(a: number, b: number): number;
  /** Number of the pair, -1 when it was not met. */
  find(a: number, b: number): number;
  /** Forgets all pairs; memory that an unusual load took is given back. */
  clear(): void;
}

/** Pairs that memory is kept for when they are forgotten. */
const keptPairs = 2 ** 18;

export function createPairs(): Pairs {
  let capacity = 0;
  let mask = 0;
  /** Number + 1, 0 = empty; at most half full. */
  let table = new Int32Array(0);

  function allocate(count: number): void {
    capacity = count;
    mask = count * 2 - 1;
    pairs.keys = new Int32Array(count * 2);
    table = new Int32Array(count * 2);
  }

  function slotOf(a: number, b: number): number {
    return hashOfTwo(a, b) & mask;
  }

  function enlarge(): void {
    const old = pairs.keys;
    allocate(capacity * 2);
    const { keys } = pairs;
    keys.set(old);
    for (let number = 0; number < old.length / 2; number++) {
      let slot = slotOf(keys[number * 2]!, keys[number * 2 + 1]!);
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = number + 1;
    }
  }

  const pairs: Pairs = {
    size: 0,
    keys: new Int32Array(0),
    of(a, b) {
      let { keys } = pairs;
      let slot = slotOf(a, b);
      for (let entry = table[slot]!; entry !== 0; entry = table[slot]!) {
        const at = entry * 2 - 2;
        if (keys[at] === a && keys[at + 1] === b) return entry - 1;
        slot = (slot + 1) & mask;
      }
      const number = pairs.size++;
      if (number === capacity) {
        enlarge();
        ({ keys } = pairs);
        slot = slotOf(a, b);
        while (table[slot] !== 0) slot = (slot + 1) & mask;
      }
      keys[number * 2] = a;
      keys[number * 2 + 1] = b;
      table[slot] = number + 1;
      return number;
    },
    find(a, b) {
      const { keys } = pairs;
      let slot = slotOf(a, b);
      for (let entry = table[slot]!; entry !== 0; entry = table[slot]!) {
        const at = entry * 2 - 2;
        if (keys[at] === a && keys[at + 1] === b) return entry - 1;
        slot = (slot + 1) & mask;
      }
      return -1;
    },
    clear() {
      if (capacity > keptPairs) allocate(64);
      else table.fill(0);
      pairs.size = 0;
    },
  };
  allocate(64);
  return pairs;
}
