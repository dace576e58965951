/**
 * The small colour square of a workload: a function of its name, so it is the same on every page and for everyone.
 * The colours are sixteen tokens (tokens.css, --hue-0 …), far enough apart, none of them a health colour.
 */

export const hues = 16;

/** Index of a name's colour, 0 to hues - 1: FNV-1a with its bits stirred once more, since names share their ends. */
export function hueOf(name: string): number {
  let hash = 5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (hash >>> 0) % hues;
}
