/**
 * Gives the memory of typed arrays back at once; they are empty from then on. For large ones that nobody refers to any more:
 * left to the engine, whose collections take the heap's own size as their measure, tens of megabytes of them wait.
 * Those that share their memory with others, as small buffers of Node do, are left alone.
 */
export function giveBack(...arrays: readonly ArrayBufferView<ArrayBufferLike>[]): void {
  for (const { buffer, byteLength } of arrays) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && byteLength > 0) buffer.transfer(0);
  }
}
