/** Times of a question as the store's columns hold them: kept within their types, for a question may name any time. */

const lastSecond = 0xffffffff;
const lastNs = 2n ** 64n - 1n;

/** Frames and ticks are UInt32 epoch seconds. */
export function second(value: number): number {
  return Math.min(Math.max(0, Math.floor(value)), lastSecond);
}

/** Starts and durations are UInt64 nanoseconds. in: ms, to the microsecond. */
export function nanosecond(ms: number): bigint {
  const ns = BigInt(Math.round(Math.max(0, ms) * 1000)) * 1000n;
  return ns < lastNs ? ns : lastNs;
}
