/** Many pieces to a file, in as few calls as the system allows. */
import { writevSync } from 'node:fs';

/** Pieces that one writev takes. */
const mostPieces = 1000;

/** in: an open file, and where in it the first byte goes. errors: what the file system says; a part may be written then. */
export function writeAll(descriptor: number, pieces: readonly Uint8Array[], position: number): void {
  for (let at = 0; at < pieces.length; at += mostPieces) {
    let rest = pieces.slice(at, at + mostPieces);
    while (rest.length > 0) {
      let written = writevSync(descriptor, rest, position);
      position += written;
      let whole = 0;
      while (whole < rest.length && written >= (rest[whole] as Uint8Array).byteLength) {
        written -= (rest[whole++] as Uint8Array).byteLength;
      }
      rest = rest.slice(whole);
      if (rest[0] && written > 0) rest[0] = rest[0].subarray(written);
    }
  }
}
