/**
 * Buffers that bodies of several pieces are put together in, used again and again. Made of fresh memory, every body is garbage
 * outside the engine's heap a few milliseconds later, and pieces that wait for their body to be whole outlive the young
 * generation: 300,000 spans over gRPC, 500 a body, made it mark its whole heap eight times, now not once (2026-11-28).
 */

export interface BodyPool {
  /** A buffer of this length or more with whatever bytes it has; nobody else's until it is given back. */
  take(sizeBytes: number): Buffer;
  /** Gives a buffer back that nothing refers to any more: its bytes may change at once. */
  give(buffer: Buffer): void;
}

/** Sizes are powers of two from here on, */
const leastBytes = 16 << 10;
/** and larger buffers than this are not kept. */
const largestBytes = 4 << 20;

/** in: the most bytes that are kept while nobody uses them. */
export function createBodyPool(mostIdleBytes = 16 << 20): BodyPool {
  const idle = new Map<number, ArrayBuffer[]>();
  let idleBytes = 0;
  return {
    take(sizeBytes) {
      if (sizeBytes > largestBytes) return Buffer.allocUnsafeSlow(sizeBytes);
      const wholeBytes = Math.max(leastBytes, 2 ** Math.ceil(Math.log2(sizeBytes)));
      const kept = idle.get(wholeBytes)?.pop();
      if (kept !== undefined) idleBytes -= wholeBytes;
      return Buffer.from(kept ?? Buffer.allocUnsafeSlow(wholeBytes).buffer);
    },
    give({ buffer }) {
      const { byteLength } = buffer;
      if (byteLength > largestBytes || idleBytes + byteLength > mostIdleBytes) return;
      idleBytes += byteLength;
      const alike = idle.get(byteLength);
      if (alike === undefined) idle.set(byteLength, [buffer as ArrayBuffer]);
      else alike.push(buffer as ArrayBuffer);
    },
  };
}
