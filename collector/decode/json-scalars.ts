/**
 * JSON scalars -> the protobuf scalars that OTLP writes as them: ids in hex, 64-bit integers as decimal text or numbers,
 * doubles, bytes in base64. A function takes the position of the value, writes at io.to without a tag, and returns the
 * position after the value. What a field does not take throws `unusual`, as does what is rarely written.
 */
import { char, giveUp, io, isWord } from './json-bytes.ts';
import { isDigit, numberEnd, skipWord, words } from './json-skip.ts';
import { hexValues } from './json-strings.ts';

/** The last integer: its magnitude as two halves, and how it was written. */
const integer = { negative: false, quoted: false };
const halves = new Uint32Array(2);

/** Reads an integer of at most 20 digits, a number without fraction and exponent, or a string. out: position after it. */
function readInteger(at: number): number {
  const { bytes } = io;
  const quoted = bytes[at] === char.quote;
  if (quoted) at++;
  const negative = bytes[at] === char.minus;
  if (negative) at++;
  const first = at;
  while (isDigit(bytes[at]!)) at++;
  const count = at - first;
  if (count === 0 || count > 20 || (!quoted && count > 1 && bytes[first] === char.zero)) giveUp();
  const middle = Math.max(first, at - 9);
  let high = 0;
  for (let i = first; i < middle; i++) high = high * 10 + (bytes[i]! - char.zero);
  let low = 0;
  for (let i = middle; i < at; i++) low = low * 10 + (bytes[i]! - char.zero);
  putHalves(high, low);
  integer.negative = negative;
  integer.quoted = quoted;
  if (!quoted) return at;
  if (bytes[at] !== char.quote) giveUp();
  return at + 1;
}

/** high * 10^9 + low as two halves. in: high below 10^11, low below 10^9, so that no step is beyond 2^53. */
function putHalves(high: number, low: number): void {
  const top = Math.floor(high / 2 ** 20);
  const scaledTop = top * 1e9;
  const scaledRest = (high - top * 2 ** 20) * 1e9 + low;
  const carry = Math.floor(scaledRest / 2 ** 32);
  const topHigh = Math.floor(scaledTop / 2 ** 12);
  let lo = scaledRest - carry * 2 ** 32 + (scaledTop - topHigh * 2 ** 12) * 2 ** 20;
  let hi = topHigh + carry;
  if (lo >= 2 ** 32) {
    lo -= 2 ** 32;
    hi++;
  }
  if (hi >= 2 ** 32) giveUp();
  halves[0] = lo;
  halves[1] = hi;
}

/** Reads an unsigned integer of 32 bits. out: position after it; `halves` holds it. */
function readUnsigned32(at: number): number {
  at = readInteger(at);
  if (integer.negative || halves[1] !== 0) giveUp();
  return at;
}

/** Whether a field with the integer just read is left out: 0 as a number is its default, 0 as a string was meant. */
export function isDefault(): boolean {
  return halves[0] === 0 && halves[1] === 0 && !integer.quoted;
}

/** A count or enum as a varint. */
export function putCount(at: number): number {
  at = readUnsigned32(at);
  putVarint(halves[0]!, 0);
  return at;
}

/** 32-bit flags as fixed32. */
export function putFlags(at: number): number {
  at = readUnsigned32(at);
  io.outView.setUint32(io.to, halves[0]!, true);
  io.to += 4;
  return at;
}

/** A time in nanoseconds as fixed64, or nothing when it is 0. */
export function putTime(at: number): number {
  at = readInteger(at);
  if (integer.negative) giveUp();
  if (halves[0] !== 0 || halves[1] !== 0) {
    io.outView.setUint32(io.to, halves[0]!, true);
    io.outView.setUint32(io.to + 4, halves[1]!, true);
    io.to += 8;
  }
  return at;
}

/** An int64 as a varint. */
export function putInt64(at: number): number {
  at = readInteger(at);
  const lo = halves[0]!;
  const hi = halves[1]!;
  if (hi >= 0x80000000 && !(integer.negative && hi === 0x80000000 && lo === 0)) giveUp();
  if (integer.negative) putVarint(-lo >>> 0, (~hi + (lo === 0 ? 1 : 0)) >>> 0);
  else putVarint(lo, hi);
  return at;
}

function putVarint(lo: number, hi: number): void {
  const { out } = io;
  while (hi !== 0 || lo > 127) {
    out[io.to++] = (lo & 127) | 128;
    lo = ((lo >>> 7) | (hi << 25)) >>> 0;
    hi >>>= 7;
  }
  out[io.to++] = lo;
}

export function putBool(at: number): number {
  const isTrue = io.bytes[at] === 0x74;
  io.out[io.to++] = isTrue ? 1 : 0;
  return skipWord(at, isTrue ? words.t : words.f);
}

const decoder = new TextDecoder();
const notFinite = ['NaN', 'Infinity', '-Infinity'].map((text) => ({ text: Buffer.from(text), value: Number(text) }));

/** A double: a number, or a string of one or of a value that JSON has no number for. */
export function putDouble(at: number): number {
  const { bytes, outView } = io;
  const quoted = bytes[at] === char.quote;
  if (quoted) at++;
  const special = quoted ? notFinite.find(({ text }) => isWord(at, text)) : undefined;
  const end = special ? at + special.text.length : numberEnd(at);
  outView.setFloat64(io.to, special ? special.value : doubleOf(at, end), true);
  io.to += 8;
  if (!quoted) return end;
  if (bytes[end] !== char.quote) giveUp();
  return end + 1;
}

const powersOfTen = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/** Value of the number in [at, end), rounded as JSON.parse does. */
function doubleOf(at: number, end: number): number {
  const { bytes } = io;
  // Fifteen digits and their power of ten are exact doubles, so their quotient is rounded once.
  if (end - at <= 15) {
    const negative = bytes[at] === char.minus;
    let digits = 0;
    let dot = end - 1;
    let i = negative ? at + 1 : at;
    for (; i < end; i++) {
      const c = bytes[i]!;
      if (isDigit(c)) digits = digits * 10 + (c - char.zero);
      else if (c === char.dot) dot = i;
      else break;
    }
    if (i === end) return (negative ? -digits : digits) / powersOfTen[end - 1 - dot]!;
  }
  return Number(decoder.decode(bytes.subarray(at, end)));
}

/** The bytes of an id, none when the string is empty. */
export function putHex(at: number): number {
  const { bytes, out } = io;
  if (bytes[at++] !== char.quote) giveUp();
  let { to } = io;
  for (;;) {
    const high = hexValues[bytes[at]!]!;
    const low = hexValues[bytes[at + 1]!]!;
    if ((high | low) > 15) break;
    out[to++] = (high << 4) | low;
    at += 2;
  }
  io.to = to;
  if (bytes[at] !== char.quote) giveUp();
  return at + 1;
}

/** Values of base64 digits; 255 for other bytes. */
const base64Values = new Uint8Array(256).fill(255);
Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/').forEach((digit, value) => {
  base64Values[digit] = value;
});

/** Bytes in base64 with padding. */
export function putBase64(at: number): number {
  const { bytes, out } = io;
  if (bytes[at++] !== char.quote) giveUp();
  let { to } = io;
  while (bytes[at] !== char.quote) {
    const a = base64Values[bytes[at]!]!;
    const b = base64Values[bytes[at + 1]!]!;
    let c = base64Values[bytes[at + 2]!]!;
    let d = base64Values[bytes[at + 3]!]!;
    let length = 3;
    if (bytes[at + 3] === char.equals && bytes[at + 4] === char.quote) {
      d = 0;
      length = 2;
      if (bytes[at + 2] === char.equals) {
        c = 0;
        length = 1;
      }
    }
    if ((a | b | c | d) > 63) giveUp();
    const word = (a << 18) | (b << 12) | (c << 6) | d;
    out[to] = word >> 16;
    out[to + 1] = word >> 8;
    out[to + 2] = word;
    to += length;
    at += 4;
  }
  io.to = to;
  return at + 1;
}
