/** The first start of a trace as an origin: what begins after it is told in ns that doubles hold exactly. */
import type { SpanRows } from './span-rows.ts';

/** Where the times of a trace's spans count from. */
export interface Origin {
  /** Whole epoch seconds, and ns beyond them. */
  second: number;
  restNs: number;
  /** Epoch ns, and the same as words, the low one first. */
  readonly ns: BigUint64Array;
  readonly words: Uint32Array;
}

export function createOrigin(): Origin {
  const words = new Uint32Array(2);
  return { second: 0, restNs: 0, ns: new BigUint64Array(words.buffer), words };
}

/** Makes startNs count from the first start of the rows, which becomes the origin. */
export function countFromFirst({ startWords, startNs }: SpanRows, count: number, origin: Origin): void {
  let low = 0xffffffff;
  let high = 0xffffffff;
  for (let row = 0; row < count; row++) {
    const rowLow = startWords[row * 2]!;
    const rowHigh = startWords[row * 2 + 1]!;
    if (rowHigh < high || (rowHigh === high && rowLow < low)) {
      low = rowLow;
      high = rowHigh;
    }
  }
  for (let row = 0; row < count; row++)
    startNs[row] = (startWords[row * 2 + 1]! - high) * 4294967296 + (startWords[row * 2]! - low);
  // high * 2^32 + low in seconds, by parts that doubles hold exactly: 2^32 ns are 4.294967296 s, 2^48 ns 281474.976710656 s.
  const upper = high >>> 16;
  const restNs = upper * 976_710_656 + (high & 0xffff) * 294_967_296 + low;
  const seconds = Math.floor(restNs / 1e9);
  origin.second = upper * 281_474 + (high & 0xffff) * 4 + seconds;
  origin.restNs = restNs - seconds * 1e9;
  origin.words[0] = low;
  origin.words[1] = high;
}
