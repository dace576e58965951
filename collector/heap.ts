/**
 * Keeps the heap of a thread small. The engine is told not to mark it for the sake of buffers outside of it (scripts/setup.js),
 * and so collects old objects only when there are hundreds of megabytes of them: after hours of load, for each thread, and
 * the buffers that they refer to with them. Here they are collected when they have grown by some megabytes.
 */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';

export interface HeapOptions {
  /** The first look is for what a start leaves. */
  readonly firstMs?: number;
  readonly everyMs?: number;
  /** A collection takes some 60 ms under load; what was allocated lately moves the size by some megabytes anyway. */
  readonly grownBytes?: number;
}

/** Begins; does not keep the thread alive. Nothing happens without the flag --expose-gc. */
export function keepHeapSmall({
  firstMs = 5_000,
  everyMs = 30_000,
  grownBytes = 8 * 1024 * 1024,
}: HeapOptions = {}): void {
  const { gc } = globalThis;
  if (gc === undefined) return;
  let leastBytes = 0;
  const look = (): void => {
    const bytes = oldBytes();
    leastBytes = Math.min(leastBytes, bytes);
    if (bytes - leastBytes >= grownBytes) {
      void gc();
      leastBytes = oldBytes();
    }
    setTimeout(look, everyMs).unref();
  };
  setTimeout(look, firstMs).unref();
}

/** Bytes of objects that have outlived the young generation, and of buffers outside the heap. */
function oldBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return used - (young?.space_used_size ?? 0) + external;
}
