/**
 * Which traces have settled lately: a Bloom filter in two generations of `ticks` each, so that it covers at least that many
 * ticks back. It only ever saves a look-up: a yes is checked against the store, a no is certain within the covered ticks.
 */

export interface SeenTraces {
  /** in: the tick of the settlement, never less than one given before by more than a generation. */
  add(traceId: string, tick: number): void;
  mayHave(traceId: string): boolean;
}

/** 2^26 bits, 8 MB a generation: under 1 % wrong yeses at 5 million traces. */
const bits = 2 ** 26;
const hashes = 4;

export function createSeenTraces(ticks: number): SeenTraces {
  let generation = 0;
  let newer = new Uint8Array(bits / 8);
  let older = new Uint8Array(bits / 8);

  function* positions(traceId: string): Iterable<number> {
    // Trace ids are random in their last 8 bytes at least; a sender with worse ids only causes look-ups.
    const low = Number.parseInt(traceId.slice(24), 16);
    const high = Number.parseInt(traceId.slice(16, 24), 16);
    for (let i = 0; i < hashes; i++) yield (low + Math.imul(i, high | 1)) & (bits - 1);
  }

  return {
    add(traceId, tick) {
      const current = Math.floor(tick / ticks);
      if (current > generation) {
        [newer, older] = [older, newer];
        newer.fill(0);
        if (current > generation + 1) older.fill(0);
        generation = current;
      }
      for (const position of positions(traceId))
        newer[position >>> 3] = (newer[position >>> 3] ?? 0) | (1 << (position & 7));
    },
    mayHave(traceId) {
      return [newer, older].some((filter) => {
        for (const position of positions(traceId))
          if (((filter[position >>> 3] ?? 0) & (1 << (position & 7))) === 0) return false;
        return true;
      });
    },
  };
}
