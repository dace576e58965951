/**
 * Open traces by id: a hash table over typed arrays. A slot is a trace's number as long as it is open; a million open traces
 * are no work for the garbage collector.
 */
import { hashOfTwo } from '#shared/keyed-hash.ts';

/** Plain properties, no getters: see shared/pairs.ts. */
export interface TraceSlots {
  /** Slots in use. */
  size: number;
  /** Slots are below this. */
  end: number;
  /** By slot: the trace id as four big-endian words. The array may be another one after `take`. */
  ids: Uint32Array;
  /** Slot of the id at row `row` of a column, -1 when there is none. */
  find(column: Uint32Array, row: number): number;
  /** Gives an id that has no slot one. */
  take(column: Uint32Array, row: number): number;
  /** Takes a slot's id out of the table; its number is used again after `free`. */
  remove(slot: number): void;
  free(slot: number): void;
}

/** in: told when slots need more room than before. */
export function createTraceSlots(grow: (capacity: number) => void): TraceSlots {
  let capacity = 1024;
  /** Slot + 1, 0 = empty; at most half full. */
  let table = new Int32Array(capacity * 2);
  let mask = table.length - 1;
  const unused: number[] = [];

  const homeOf = (words: Uint32Array, index: number): number => {
    const at = index * 4;
    const high = hashOfTwo(words[at] as number, words[at + 1] as number);
    const low = hashOfTwo(words[at + 2] as number, words[at + 3] as number);
    return hashOfTwo(high, low) & mask;
  };

  function put(slot: number): void {
    let at = homeOf(slots.ids, slot);
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = slot + 1;
  }

  function enlarge(): void {
    const inUse = table.filter((entry) => entry !== 0);
    capacity *= 2;
    const larger = new Uint32Array(capacity * 4);
    larger.set(slots.ids);
    slots.ids = larger;
    table = new Int32Array(capacity * 2);
    mask = table.length - 1;
    for (const entry of inUse) put(entry - 1);
    grow(capacity);
  }

  const slots: TraceSlots = {
    size: 0,
    end: 0,
    ids: new Uint32Array(capacity * 4),
    find(column, row) {
      for (let at = homeOf(column, row); ; at = (at + 1) & mask) {
        const slot = (table[at] as number) - 1;
        if (slot < 0 || sameId(slots.ids, slot, column, row)) return slot;
      }
    },
    take(column, row) {
      let slot = unused.pop();
      if (slot === undefined) {
        if (slots.end === capacity) enlarge();
        slot = slots.end++;
      }
      for (let word = 0; word < 4; word++) slots.ids[slot * 4 + word] = column[row * 4 + word] as number;
      put(slot);
      slots.size += 1;
      return slot;
    },
    remove(slot) {
      let at = homeOf(slots.ids, slot);
      while (table[at] !== slot + 1) at = (at + 1) & mask;
      // Those that stand further on because this place was taken move up.
      for (let next = (at + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
        const home = homeOf(slots.ids, (table[next] as number) - 1);
        if (((next - home) & mask) < ((next - at) & mask)) continue;
        table[at] = table[next] as number;
        at = next;
      }
      table[at] = 0;
      slots.size -= 1;
    },
    free(slot) {
      unused.push(slot);
    },
  };
  grow(capacity);
  return slots;
}

export function sameId(a: Uint32Array, index: number, b: Uint32Array, other: number): boolean {
  const i = index * 4;
  const j = other * 4;
  return a[i + 3] === b[j + 3] && a[i + 2] === b[j + 2] && a[i + 1] === b[j + 1] && a[i] === b[j];
}
