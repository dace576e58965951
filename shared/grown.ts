/** A longer typed array with the same beginning. in: its length, at least that of the given one. */
export function grown<T extends Uint8Array | Uint16Array | Int16Array | Int32Array | Uint32Array | Float64Array>(
  from: T,
  length: number,
): T {
  const to = new (from.constructor as new (length: number) => T)(length);
  to.set(from as never);
  return to;
}
