/**
 * Which traces have settled lately: Bloom filters in two generations of `ticks` each, so that they cover at least that many
 * ticks back. They only ever save a look-up: a yes is checked against the store, a no is certain within the covered ticks. A wrong
 * yes costs as much as settling some hundred traces, so among thousands there should be none.
 */
import { giveBack } from '#shared/give-back.ts';

export interface SeenTraces {
  /**
   * in: trace ids as four big-endian words each, and which of them; the tick of the settlement, never less than one given
   * before by more than a generation.
   */
  add(ids: Uint32Array, index: number, tick: number): void;
  mayHave(ids: Uint32Array, index: number): boolean;
}

/** All bits of a trace lie in 512 that are one line of the processor's cache: a look-up waits for memory once a filter. */
const wordsPerLine = 16;
/** Under ten wrong yeses in a million, the lines being unevenly full. */
const tracesPerLine = 12;
const bitsPerTrace = 7;
const leastLines = 2 ** 14;
/** As many as the hash has bits for: 64 MB. */
const mostLines = 2 ** 20;

interface Filter {
  readonly words: Int32Array;
  readonly lines: number;
  traces: number;
}

/** One filter, and more when there are more traces than were expected. */
type Generation = Filter[];

export function createSeenTraces(ticks: number): SeenTraces {
  let number = 0;
  let newer: Generation = [createFilter(0)];
  let older: Generation = [];

  function begin(current: number): void {
    forget(older);
    older = newer;
    if (current > number + 1) forget(older);
    number = current;
    newer = [createFilter(newer.reduce((sum, { traces }) => sum + traces, 0))];
  }

  return {
    add(ids, index, tick) {
      const current = Math.floor(tick / ticks);
      if (current > number) begin(current);
      let filter = newer.at(-1)!;
      if (filter.traces >= filter.lines * tracesPerLine && filter.lines < mostLines) {
        filter = createFilter(filter.traces * 2);
        newer.push(filter);
      }
      filter.traces += 1;
      findBits(ids, index);
      const line = lineOf(filter);
      for (let i = 0; i < bitsPerTrace; i++) filter.words[line + (bits[i]! >>> 5)]! |= 1 << (bits[i]! & 31);
    },
    mayHave(ids, index) {
      findBits(ids, index);
      for (const filter of newer) if (isIn(filter)) return true;
      for (const filter of older) if (isIn(filter)) return true;
      return false;
    },
  };
}

/** in: traces that are expected. */
function createFilter(traces: number): Filter {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, traces / tracesPerLine)));
  const lines = Math.min(mostLines, Math.max(leastLines, wanted));
  return { words: new Int32Array(lines * wordsPerLine), lines, traces: 0 };
}

function forget(generation: Generation): void {
  for (const { words } of generation.splice(0)) giveBack(words);
}

/** Of the trace that was last looked at: which line, and which bits of it. */
let lineHash = 0;
const bits = new Int32Array(bitsPerTrace);

/** Trace ids are random in their last 8 bytes at least; a sender with worse ids only causes look-ups. */
function findBits(ids: Uint32Array, index: number): void {
  const [low, high] = [ids[index * 4 + 3]!, ids[index * 4 + 2]!];
  const mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
  const first = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  const other = Math.imul(low ^ (high >>> 13), 0xc2b2ae35) ^ Math.imul(high ^ (low >>> 16), 0x27d4eb2f);
  const second = Math.imul(other ^ (other >>> 15), 0x297a2d39);
  const third = Math.imul(second ^ (first >>> 11), 0x165667b1);
  lineHash = first >>> 12;
  bits[0] = first & 511;
  for (let i = 0; i < 3; i++) {
    bits[1 + i] = (second >>> (i * 9 + 5)) & 511;
    bits[4 + i] = (third >>> (i * 9 + 5)) & 511;
  }
}

/** The line is chosen by other bits of the hash than the places in it. */
function lineOf({ lines }: Filter): number {
  return (lineHash & (lines - 1)) * wordsPerLine;
}

function isIn(filter: Filter): boolean {
  const line = lineOf(filter);
  for (let i = 0; i < bitsPerTrace; i++) {
    if ((filter.words[line + (bits[i]! >>> 5)]! & (1 << (bits[i]! & 31))) === 0) return false;
  }
  return true;
}
