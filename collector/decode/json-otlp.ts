/**
 * The bytes of an OTLP/JSON body -> the bytes that otlp-write.ts makes of its objects, without making objects or strings.
 * Bodies as exporters write them pass; anything unusual (a field twice, a wrong type, an escape in a field's name, invalid
 * UTF-8, what is no JSON) is given up, and the caller parses the text: only there it is decided what to refuse.
 *
 * A message is written behind room for its length, which is corrected when it was wrong. Fields come in any order and are
 * put into that of their numbers. Names are first compared with the name that followed the previous one last time.
 */
import { char, enter, giveUp, io, isWord, leave, maxDepth, reserveOut, token, transcribe } from './json-bytes.ts';
import {
  isDefault,
  putBase64,
  putBool,
  putCount,
  putDouble,
  putFlags,
  putHex,
  putInt64,
  putTime,
} from './json-scalars.ts';
import { as, type Field, keyValue, type Shape, traces } from './json-shapes.ts';
import { skipValue, skipWord, words } from './json-skip.ts';
import { copyPlain, copyString, skipString } from './json-strings.ts';

/** Protobuf of an OTLP/JSON body as otlp-write.ts writes it, byte for byte; undefined when the body is to be parsed. */
export function transcribeOtlp(body: Uint8Array): Uint8Array | undefined {
  return transcribe(body, putTraces);
}

function putTraces(): void {
  piecesEnd = 0;
  putFields(traces);
}

/** Number and position of the fields written so far, of each open message. */
const pieces = new Int32Array(2 * 16 * (maxDepth + 1));
let piecesEnd = 0;

/** Writes the fields of the object at io.at. */
function putFields(shape: Shape): void {
  const { bytes } = io;
  const { fields, followers } = shape;
  const firstPiece = piecesEnd;
  let at = enter(io.at, char.openObject);
  let previous = followers.length - 1;
  let seen = 0;
  let last = 0;
  let sorted = true;
  if (bytes[at] !== char.closeObject) {
    for (;;) {
      if (bytes[at++] !== char.quote) giveUp();
      const index = find(shape, at, previous);
      at = token(index === -1 ? nameEnd(at) : at + fields[index]!.name.length);
      if (bytes[at] !== char.colon) giveUp();
      at = token(at + 1);
      if (index === -1) at = skipValue(at);
      else {
        const field = fields[index]!;
        if ((seen & (1 << index)) !== 0) giveUp();
        seen |= 1 << index;
        followers[previous] = index;
        previous = index;
        if (bytes[at] === 0x6e) at = skipWord(at, words.n);
        else {
          const start = io.to;
          at = putField(field, at);
          if (io.to > start) {
            // A second one of `one…` fields would have to be weighed against the first.
            if (field.kind >= as.oneText && last !== 0) giveUp();
            if (field.number < last) sorted = false;
            last = field.number;
            pieces[piecesEnd++] = last;
            pieces[piecesEnd++] = start;
          }
        }
      }
      at = token(at);
      if (bytes[at] !== char.comma) break;
      at = token(at + 1);
    }
  }
  if (!sorted) sortPieces(firstPiece);
  piecesEnd = firstPiece;
  io.at = leave(at, char.closeObject);
}

/** Index of the field whose name is at `at`, after the quote; -1 = unknown. */
function find({ fields, followers }: Shape, at: number, previous: number): number {
  const guess = followers[previous]!;
  if (isWord(at, fields[guess]!.name)) return guess;
  for (let i = 0; i < fields.length; i++) if (isWord(at, fields[i]!.name)) return i;
  return -1;
}

/** Position after an unknown name; one with an escape may be a known name. */
function nameEnd(at: number): number {
  const end = skipString(at);
  if (io.bytes.subarray(at, end).includes(char.backslash)) giveUp();
  return end;
}

/** Brings the fields written since this piece into the order of their numbers. */
function sortPieces(first: number): void {
  const start = pieces[first + 1]!;
  const end = io.to;
  reserveOut(end + (end - start));
  const { out } = io;
  out.copyWithin(end, start, end);
  let to = start;
  for (let number = 1; to < end; number++) {
    for (let i = first; i < piecesEnd; i += 2) {
      if (pieces[i] !== number) continue;
      const from = pieces[i + 1]!;
      const next = i + 2 < piecesEnd ? pieces[i + 3]! : end;
      out.copyWithin(to, end + from - start, end + next - start);
      to += next - from;
    }
  }
}

/** Writes a field whose value is at `at`; nothing when it has its default. out: position after the value. */
function putField(field: Field, at: number): number {
  const { kind } = field;
  if (kind === as.list) return putList(field, at);
  const start = io.to;
  putTag(field.tag);
  const payload = io.to;
  switch (kind) {
    case as.id:
    case as.oneBytes:
      io.to += 1;
      at = kind === as.id ? putHex(at) : putBase64(at);
      if (kind === as.id && io.to === payload + 1) io.to = payload;
      else putLength(payload, 1);
      break;
    case as.text:
    case as.oneText:
      if (io.bytes[at] !== char.quote) giveUp();
      io.to = copyString(at + 1, payload + 1);
      at = io.at;
      if (kind === as.text && io.to === payload + 1) io.to = payload;
      else putLength(payload, 1);
      break;
    case as.count:
      at = putCount(at);
      if (isDefault()) io.to = payload;
      break;
    case as.time:
      at = putTime(at);
      break;
    case as.flags:
      at = putFlags(at);
      if (isDefault()) io.to = payload;
      break;
    case as.message:
    case as.oneMessage:
      io.at = at;
      putMessage(field);
      at = io.at;
      break;
    case as.oneBool:
      at = putBool(at);
      break;
    case as.oneInt:
      at = putInt64(at);
      break;
    default:
      at = putDouble(at);
  }
  if (io.to === payload) io.to = start;
  return at;
}

function putTag(tag: number): void {
  if (tag > 127) {
    io.out[io.to++] = (tag & 127) | 128;
    tag >>= 7;
  }
  io.out[io.to++] = tag;
}

/** Writes the message at io.at, behind its length. */
function putMessage(field: Field): void {
  const { room } = field;
  const from = io.to;
  io.to += room;
  putFields(field.shape!);
  field.room = putLength(from, room);
}

/** Writes at `from` the length of what is behind the room for it. out: bytes of the length. */
function putLength(from: number, room: number): number {
  const length = io.to - from - room;
  const size = lengthSize(length);
  if (size !== room) {
    io.out.copyWithin(from + size, from + room, io.to);
    io.to += size - room;
  }
  putLengthAt(from, length);
  return size;
}

function lengthSize(length: number): number {
  return length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : length < 1 << 28 ? 4 : 5;
}

/** out: position after the length. */
function putLengthAt(at: number, length: number): number {
  const { out } = io;
  for (; length > 127; length >>>= 7) out[at++] = (length & 127) | 128;
  out[at++] = length;
  return at;
}

/** Writes a field for each object of the array at `at`. out: position after the array. */
function putList(field: Field, at: number): number {
  const { bytes } = io;
  const ofAttributes = field.shape === keyValue && io.depth + 3 <= maxDepth;
  at = enter(at, char.openList);
  if (bytes[at] !== char.closeList) {
    for (;;) {
      const next = ofAttributes ? putTextAttribute(field.tag, at) : 0;
      if (next !== 0) at = next;
      else {
        putTag(field.tag);
        io.at = at;
        putMessage(field);
        at = token(io.at);
      }
      if (bytes[at] !== char.comma) break;
      at = token(at + 1);
    }
  }
  return leave(at, char.closeList);
}

/** Four bytes of text as a word, the first one lowest. */
const word = (text: string): number => Buffer.from(text).readInt32LE();
const keyHead = [word('{"ke'), word('y":"')] as const;
const valueHead = [word('","v'), word('alue'), word('":{"'), word('stri'), word('ngVa'), word('lue"')] as const;
const valueQuote = 0x223a;
const objectEnds = 0x7d7d;

/**
 * Writes the attribute at `at` if it is {"key":"…","value":{"stringValue":"…"}} without white space, as most are.
 * out: position of what follows it; 0 when it is not, and nothing is written.
 */
function putTextAttribute(tag: number, at: number): number {
  const { view, bytes, out } = io;
  if (view.getInt32(at, true) !== keyHead[0] || view.getInt32(at + 4, true) !== keyHead[1]) return 0;
  // <tag> <length> 0a <length> key 12 <length> 0a <length> text, with lengths of one byte.
  const keyTo = io.to + 4;
  at += 8;
  const keyLength = copyPlain(at, keyTo);
  at += keyLength;
  if (
    keyLength === 0 ||
    keyLength > 127 ||
    view.getInt32(at, true) !== valueHead[0] ||
    view.getInt32(at + 4, true) !== valueHead[1] ||
    view.getInt32(at + 8, true) !== valueHead[2] ||
    view.getInt32(at + 12, true) !== valueHead[3] ||
    view.getInt32(at + 16, true) !== valueHead[4] ||
    view.getInt32(at + 20, true) !== valueHead[5] ||
    view.getUint16(at + 24, true) !== valueQuote
  ) {
    return 0;
  }
  const textTo = keyTo + keyLength + 4;
  at += 26;
  const plain = copyPlain(at, textTo);
  let end = textTo + plain;
  if (bytes[at + plain] === char.quote) at += plain + 1;
  else {
    end = copyString(at, textTo);
    at = io.at;
  }
  if (view.getUint16(at, true) !== objectEnds) return 0;
  io.containers += 2;
  const length = end - textTo;
  if (keyLength + length > 121) putWideAttribute(tag, keyLength, length);
  else {
    out[keyTo - 4] = tag;
    out[keyTo - 3] = keyLength + length + 6;
    out[keyTo - 2] = 0x0a;
    out[keyTo - 1] = keyLength;
    out[textTo - 4] = 0x12;
    out[textTo - 3] = length + 2;
    out[textTo - 2] = 0x0a;
    out[textTo - 1] = length;
    io.to = end;
  }
  return token(at + 2);
}

/** Heads for key and text, which lie at io.to as putTextAttribute left them; the text is moved to where it belongs. */
function putWideAttribute(tag: number, keyLength: number, textLength: number): void {
  const { out } = io;
  const keyFrom = io.to + 4;
  const textFrom = keyFrom + keyLength + 4;
  const valueLength = 1 + lengthSize(textLength) + textLength;
  const length = 2 + keyLength + 1 + lengthSize(valueLength) + valueLength;
  const keyTo = io.to + 1 + lengthSize(length) + 2;
  const textTo = keyTo + keyLength + 1 + lengthSize(valueLength) + 1 + lengthSize(textLength);
  if (textTo !== textFrom) out.copyWithin(textTo, textFrom, textFrom + textLength);
  if (keyTo !== keyFrom) out.copyWithin(keyTo, keyFrom, keyFrom + keyLength);
  out[io.to] = tag;
  out[putLengthAt(io.to + 1, length)] = 0x0a;
  out[keyTo - 1] = keyLength;
  out[keyTo + keyLength] = 0x12;
  out[putLengthAt(keyTo + keyLength + 1, valueLength)] = 0x0a;
  putLengthAt(textTo - lengthSize(textLength), textLength);
  io.to = textTo + textLength;
}
