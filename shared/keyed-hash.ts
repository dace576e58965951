/**
 * A hash of 32-bit words for tables whose keys a sender chooses: who does not know the secret cannot make keys that share a
 * place. Secrets are of one process, so nothing that outlives it may depend on the hash; shared/hash.ts is for that.
 */

/** A secret: an odd number, for multiplying by an even one would lose the highest bits. */
export function randomSecret(): number {
  return (Math.random() * 0x100000000) | 1;
}

/**
 * Hash of some words and one more. in: that of the words so far, the secret when there are none.
 * A multiplication leaves a difference in the highest bit as it is, whatever the factor, and the next word could undo it. So
 * high bits are brought down first, and the word that meets them is multiplied by the secret: what undoes them, only that tells.
 */
export function addWord(hash: number, word: number, secret: number): number {
  return Math.imul(hash ^ (hash >>> 16) ^ Math.imul(word, secret), 0x85ebca6b);
}

/** Hash of two words, for tables that take its low bits. */
export function hashOfTwo(a: number, b: number, secret: number): number {
  const hash = addWord(Math.imul(a ^ secret, secret), b, secret);
  return hash ^ (hash >>> 15);
}
