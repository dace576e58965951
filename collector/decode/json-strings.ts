/**
 * JSON strings: copied to the output as UTF-8, or skipped. Text without escapes is already what protobuf wants.
 */
import { char, giveUp, io } from './json-bytes.ts';

/**
 * Copies the string whose text begins at `at` to position `to` of the output, escapes decoded.
 * out: position after the copy; io.at is after the closing quote.
 */
export function copyString(at: number, to: number): number {
  const length = copyPlain(at, to);
  if (io.bytes[at + length] !== char.quote) return copyAny(at + length, to + length);
  io.at = at + length + 1;
  return to + length;
}

/**
 * Copies bytes up to the first that is a quote, a backslash, a control character or not ASCII, four at a time; up to three
 * more bytes are written. out: their number.
 */
export function copyPlain(at: number, to: number): number {
  const { view, outView } = io;
  for (let length = 0; ; length += 4) {
    const word = view.getInt32(at + length, true);
    outView.setInt32(to + length, word, true);
    // The top bit of each byte that is one of these; those above the lowest may be wrong (Hacker's Delight, 6-1).
    const quotes = word ^ 0x22222222;
    const slashes = word ^ 0x5c5c5c5c;
    const special =
      (((quotes - 0x01010101) & ~quotes) | ((slashes - 0x01010101) & ~slashes) | ((word - 0x20202020) & ~word) | word) &
      0x80808080;
    if (special !== 0) return length + ((31 - Math.clz32(special & -special)) >> 3);
  }
}

/** The rest of copyString, byte by byte. */
function copyAny(at: number, to: number): number {
  const { bytes, out } = io;
  for (;;) {
    const c = bytes[at]!;
    if (c === char.quote) {
      io.at = at + 1;
      return to;
    }
    if (c === char.backslash) {
      to = copyEscape(at + 1, to);
      at = io.at;
    } else if (c >= 0x80) {
      const end = at + lengthOfCharacter(at);
      while (at < end) out[to++] = bytes[at++]!;
    } else if (c >= 0x20) {
      out[to++] = c;
      at++;
    } else giveUp();
  }
}

/** Bytes of the UTF-8 character at `at`, which is not ASCII. Invalid ones are not for this reader. */
function lengthOfCharacter(at: number): number {
  const { bytes } = io;
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  if (first < 0xc2 || first > 0xf4 || !isContinuation(second)) giveUp();
  if (first < 0xe0) return 2;
  if (!isContinuation(bytes[at + 2]!)) giveUp();
  if (first < 0xf0) {
    // Neither longer than need be nor a surrogate.
    if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) giveUp();
    return 3;
  }
  if (!isContinuation(bytes[at + 3]!)) giveUp();
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) giveUp();
  return 4;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** What follows a backslash, by its character. */
const escapes = new Uint8Array(256);
for (const [name, meaning] of Object.entries({
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
})) {
  escapes[name.charCodeAt(0)] = meaning.charCodeAt(0);
}

function copyEscape(at: number, to: number): number {
  const { bytes, out } = io;
  const plain = escapes[bytes[at]!]!;
  if (plain !== 0) {
    out[to] = plain;
    io.at = at + 1;
    return to + 1;
  }
  let code = hexWord(at);
  at += 5;
  if (code >= 0xd800 && code < 0xe000) {
    const low = bytes[at] === char.backslash ? hexWord(at + 1) : 0;
    // A surrogate alone is no character.
    if (code >= 0xdc00 || low < 0xdc00 || low >= 0xe000) giveUp();
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    at += 6;
  }
  io.at = at;
  if (code < 0x80) {
    out[to] = code;
    return to + 1;
  }
  let more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  out[to++] = ((0xff00 >> (more + 1)) & 0xff) | (code >> (6 * more));
  while (more-- > 0) out[to++] = 0x80 | ((code >> (6 * more)) & 0x3f);
  return to;
}

/** Values of hex digits; 255 for other bytes. */
export const hexValues = new Uint8Array(256).fill(255);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Value of uXXXX at `at`. */
function hexWord(at: number): number {
  const { bytes } = io;
  if (bytes[at] !== 0x75) giveUp();
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const digit = hexValues[bytes[at + i]!]!;
    if (digit > 15) giveUp();
    value = (value << 4) | digit;
  }
  return value;
}

/** Position after the string whose text begins at `at`. */
export function skipString(at: number): number {
  const { bytes } = io;
  for (;;) {
    const c = bytes[at++]!;
    if (c === char.quote) return at;
    if (c < 0x20) giveUp();
    if (c !== char.backslash) continue;
    if (escapes[bytes[at]!] !== 0) at++;
    else {
      hexWord(at);
      at += 5;
    }
  }
}
