/**
 * Attribute values as the store holds them: text, with a letter for the type (typeCode). A string's text is where it lies
 * in the body; every other value is written as text into the cursor's scratch buffer. Source: one AnyValue message.
 */
import { type SpanCursor, redacted, typeCode } from './cursor.ts';
import { jsonDouble, readAnyValue } from './otlp-read.ts';
import { cleanAnyValue } from './clean.ts';
import { policy, treat } from './policy.ts';
import { skip, varint32, varint64, wire } from './protobuf.ts';

const encoder = new TextEncoder();

/** Where the last value is: set by readValue and the put functions. */
export const value = { type: 0, source: 0, at: 0, length: 0 };

/** Next free position of the scratch buffer; decodeOtlp sets it to 0 at each span. */
export const scratch = { at: 0 };

/** Gives back scratch that an unusual body made large. */
export function trimScratch(cursor: SpanCursor): void {
  scratch.at = 0;
  if (cursor.scratch.length <= 1 << 22) return;
  cursor.scratch = new Uint8Array(1 << 16);
  cursor.scratchView = new DataView(cursor.scratch.buffer);
}

/** Makes room for so many more bytes of scratch. */
export function reserveScratch(cursor: SpanCursor, more: number): void {
  if (scratch.at + more <= cursor.scratch.length) return;
  const grown = new Uint8Array(Math.max(cursor.scratch.length * 2, scratch.at + more));
  grown.set(cursor.scratch.subarray(0, scratch.at));
  cursor.scratch = grown;
  cursor.scratchView = new DataView(grown.buffer);
}

/** Puts a text into scratch and makes it the last value. */
export function putText(cursor: SpanCursor, text: string, type: number): void {
  reserveScratch(cursor, text.length * 3);
  const { written } = encoder.encodeInto(text, cursor.scratch.subarray(scratch.at));
  put(type, written);
}

function put(type: number, length: number): void {
  value.type = type;
  value.source = 1;
  value.at = scratch.at;
  value.length = length;
  scratch.at += length;
}

/** Makes `REDACTED` the last value. */
export function putRedacted(cursor: SpanCursor): void {
  policy.redactedValues++;
  putText(cursor, redacted, typeCode.string);
}

/**
 * Reads the AnyValue in [at, end) into `value`.
 * in: how values of its key are treated, which is done here to strings within an array or kvlist only.
 * errors: WireError when it is malformed.
 */
export function readValue(cursor: SpanCursor, at: number, end: number, treatment: number = treat.keep): void {
  const bytes = cursor.body;
  const start = at;
  // Of the fields of a oneof the last counts, and only it is converted.
  let field = 0;
  let fieldAt = at;
  let fieldEnd = at;
  while (at < end) {
    const tag = varint32(bytes, at, end);
    const valueAt = wire.at;
    at = skip(bytes, tag, valueAt, end);
    if (!valueTags.includes(tag)) continue;
    field = tag;
    fieldAt = (tag & 7) === 2 ? wire.at : valueAt;
    fieldEnd = at;
  }
  switch (field) {
    case 0x0a:
      value.type = typeCode.string;
      value.source = 0;
      value.at = fieldAt;
      value.length = fieldEnd - fieldAt;
      break;
    case 0x10:
      putText(cursor, isZero(bytes, fieldAt, fieldEnd) ? 'false' : 'true', typeCode.bool);
      break;
    case 0x18:
      putInteger(cursor, bytes, fieldAt, fieldEnd);
      break;
    case 0x21:
      putText(cursor, doubleText(cursor.bodyView.getFloat64(fieldAt, true)), typeCode.double);
      break;
    case 0x2a:
      putJson(cursor, start, end, typeCode.array, treatment);
      break;
    case 0x32:
      putJson(cursor, start, end, typeCode.kvlist, treatment);
      break;
    case 0x3a:
      putBase64(cursor, fieldAt, fieldEnd);
      break;
    default:
      value.type = typeCode.none;
      value.source = 0;
      value.at = start;
      value.length = 0;
  }
}

/** Tags of AnyValue's fields. */
const valueTags: readonly number[] = [0x0a, 0x10, 0x18, 0x21, 0x2a, 0x32, 0x3a];

function putBase64(cursor: SpanCursor, at: number, end: number): void {
  const { body } = cursor;
  const payload = Buffer.from(body.buffer, body.byteOffset + at, Math.min(end - at, bytesLimit()));
  if (payload.length < end - at) policy.truncated++;
  putText(cursor, payload.toString('base64'), typeCode.bytes);
}

/** Bytes whose base64 stays within the value limit. */
function bytesLimit(): number {
  return Math.floor(policy.limits.valueBytes / 4) * 3;
}

function isZero(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if ((bytes[i]! & 0x7f) !== 0) return false;
  return true;
}

/** Decimal digits of an int64 varint. Status codes and ports, at most four digits, take the short way. */
function putInteger(cursor: SpanCursor, bytes: Uint8Array, at: number, end: number): void {
  if (end - at > 4) {
    putText(cursor, BigInt.asIntN(64, varint64(bytes, at, end)).toString(), typeCode.int);
    return;
  }
  let rest = varint32(bytes, at, end);
  reserveScratch(cursor, 12);
  const out = cursor.scratch;
  let digits = 1;
  for (let limit = 10; rest >= limit; limit *= 10) digits++;
  for (let i = scratch.at + digits - 1; i >= scratch.at; i--) {
    const tenth = (rest / 10) | 0;
    out[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  put(typeCode.int, digits);
}

/** Shortest text that reads back as the same double. */
function doubleText(number: number): string {
  return Object.is(number, -0) ? '-0' : String(jsonDouble(number));
}

/** Arrays and kvlists of more bytes are dropped unread. */
const maxNested = 1 << 20;

/** An array or kvlist as the JSON of its `values`. Too long a text becomes a cut string. */
function putJson(cursor: SpanCursor, at: number, end: number, type: number, treatment: number): void {
  if (end - at > maxNested) {
    policy.truncated++;
    putText(cursor, '', typeCode.none);
    return;
  }
  const read = cleanAnyValue(readAnyValue(cursor.body, at, end), treatment);
  putText(cursor, JSON.stringify((read.arrayValue ?? read.kvlistValue)?.values ?? []), type);
  if (value.length > policy.limits.valueBytes) value.type = typeCode.string;
}

/** Length of a text cut to at most `limit` bytes without splitting a character. */
export function cutLength(bytes: Uint8Array, at: number, length: number, limit: number): number {
  if (length <= limit) return length;
  policy.truncated++;
  let cut = limit;
  while (cut > limit - 4 && cut > 0 && (bytes[at + cut]! & 0xc0) === 0x80) cut--;
  return cut;
}
