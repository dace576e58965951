/**
 * JSON values that are not wanted, and where a number ends. Skipped text is checked like read text: a body that JSON.parse
 * refuses must not be taken.
 */
import { char, enter, giveUp, io, isWord, leave, token } from './json-bytes.ts';
import { skipString } from './json-strings.ts';

export const words = { t: Buffer.from('true'), f: Buffer.from('false'), n: Buffer.from('null') };

/** Position after the value at `at`. */
export function skipValue(at: number): number {
  switch (io.bytes[at]) {
    case char.quote:
      return skipString(at + 1);
    case char.openObject:
      return skipObject(at);
    case char.openList:
      return skipList(at);
    case 0x74:
      return skipWord(at, words.t);
    case 0x66:
      return skipWord(at, words.f);
    case 0x6e:
      return skipWord(at, words.n);
    default:
      return numberEnd(at);
  }
}

/** Position after the word, which has to be there. */
export function skipWord(at: number, word: Uint8Array): number {
  return isWord(at, word) ? at + word.length : giveUp();
}

function skipObject(at: number): number {
  const { bytes } = io;
  at = enter(at, char.openObject);
  if (bytes[at] !== char.closeObject) {
    for (;;) {
      if (bytes[at] !== char.quote) giveUp();
      at = token(skipString(at + 1));
      if (bytes[at] !== char.colon) giveUp();
      at = token(skipValue(token(at + 1)));
      if (bytes[at] !== char.comma) break;
      at = token(at + 1);
    }
  }
  return leave(at, char.closeObject);
}

function skipList(at: number): number {
  const { bytes } = io;
  at = enter(at, char.openList);
  if (bytes[at] !== char.closeList) {
    for (;;) {
      at = token(skipValue(at));
      if (bytes[at] !== char.comma) break;
      at = token(at + 1);
    }
  }
  return leave(at, char.closeList);
}

export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

/** Position after the number at `at`. */
export function numberEnd(at: number): number {
  const { bytes } = io;
  if (bytes[at] === char.minus) at++;
  at = bytes[at] === char.zero ? at + 1 : digitsEnd(at);
  if (bytes[at] === char.dot) at = digitsEnd(at + 1);
  if ((bytes[at]! | 0x20) === 0x65) {
    at++;
    if (bytes[at] === char.plus || bytes[at] === char.minus) at++;
    at = digitsEnd(at);
  }
  return at;
}

function digitsEnd(at: number): number {
  const { bytes } = io;
  if (!isDigit(bytes[at]!)) giveUp();
  while (isDigit(bytes[++at]!));
  return at;
}
