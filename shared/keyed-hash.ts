/**
 * A hash of numbers for tables whose keys a sender chooses: who does not know the secret cannot make keys that share a place.
 * The secret is the process's own, so nothing that outlives it may depend on the hash; shared/hash.ts is for that.
 */

/** Odd, for multiplying by an even number would lose the highest bits. */
const secret = (Math.random() * 2 ** 32) | 1;

/**
 * Hash of two 32-bit words. Longer keys are hashes of hashes.
 * A multiplication leaves a difference in the highest bit as it is, whatever the factor, and the other word could undo it. So
 * high bits are brought down before the words meet, and both are multiplied by the secret: what undoes them, only that tells.
 */
export function hashOfTwo(a: number, b: number): number {
  const first = Math.imul(a ^ secret, secret);
  const both = Math.imul(first ^ (first >>> 16) ^ Math.imul(b, secret), 0x85ebca6b);
  return both ^ (both >>> 15);
}
