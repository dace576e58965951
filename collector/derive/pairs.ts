/**
 * Pairs of whole numbers → a number each, in the order in which they were first met: an open-addressing table over typed
 * arrays, for what the derivation looks up once a call. What is counted by pair lies in arrays beside it.
 */

export interface Pairs {
  /** Pairs met so far; their numbers are below it. */
  readonly size: number;
  /** By number: the pair. The array may be another one after `of`. */
  readonly keys: Int32Array;
  /** Number of the pair: `size` as it was before when the pair is a new one. in: 32-bit integers. */
  of(a: number, b: number): number;
  /** Number of the pair, -1 when it was not met. */
  find(a: number, b: number): number;
  /** Forgets all pairs; memory that an unusual load took is given back. */
  clear(): void;
}

/** Differs from process to process, so that nobody can make pairs that collide. Nothing that is given out depends on it. */
const seed = Math.floor(Math.random() * 2 ** 32) | 1;

/** Pairs that memory is kept for when they are forgotten. */
const keptPairs = 2 ** 18;

export function createPairs(): Pairs {
  let size = 0;
  let capacity = 0;
  let mask = 0;
  let keys = new Int32Array(0);
  /** Number + 1, 0 = empty; at most half full. */
  let table = new Int32Array(0);
  allocate(64);

  function allocate(pairs: number): void {
    capacity = pairs;
    mask = pairs * 2 - 1;
    keys = new Int32Array(pairs * 2);
    table = new Int32Array(pairs * 2);
  }

  function slotOf(a: number, b: number): number {
    const mixed = Math.imul(a ^ seed, 0x9e3779b1) ^ Math.imul(b + seed, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & mask;
  }

  function enlarge(): void {
    const old = keys;
    allocate(capacity * 2);
    keys.set(old);
    for (let number = 0; number < size; number++) {
      let slot = slotOf(keys[number * 2]!, keys[number * 2 + 1]!);
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = number + 1;
    }
  }

  return {
    get size() {
      return size;
    },
    get keys() {
      return keys;
    },
    of(a, b) {
      let slot = slotOf(a, b);
      for (let entry = table[slot]!; entry !== 0; entry = table[slot]!) {
        const at = entry * 2 - 2;
        if (keys[at] === a && keys[at + 1] === b) return entry - 1;
        slot = (slot + 1) & mask;
      }
      if (size === capacity) {
        enlarge();
        slot = slotOf(a, b);
        while (table[slot] !== 0) slot = (slot + 1) & mask;
      }
      keys[size * 2] = a;
      keys[size * 2 + 1] = b;
      table[slot] = ++size;
      return size - 1;
    },
    find(a, b) {
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
      size = 0;
    },
  };
}
