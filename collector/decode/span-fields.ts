/**
 * One Span message -> the cursor. The hottest code of the product: fields are told apart by their tag byte, an attribute
 * in the shape every exporter writes (key, then a string value) takes a path without calls, and its key is first compared
 * with the key that followed the previous one last time. No object and no string is made for such a span.
 * Spec: opentelemetry/proto/trace/v1/trace.proto 1.11.
 */
import { type SpanCursor, typeCode } from './cursor.ts';
import { keyLimit, texts } from './keys.ts';
import { eachField, readText } from './otlp-read.ts';
import { policy, refreshTreatments, treat, treatmentOf, urlIsDirty } from './policy.ts';
import { fail, lengthAt, skip, varint32, wire } from './protobuf.ts';
import { addRest, beginRest, dropped, keepCounts, keepEvent, keepLink, keepUnknown } from './span-rest.ts';
import { cutLength, putRedacted, putText, readValue, scratch, value } from './values.ts';

/** Which key followed which: by the number of the previous key, or by kind for the first one. */
const followers = new Uint32Array(4096 + 8);

/**
 * Reads the Span in [at, end) of the cursor's body.
 * errors: WireError when it is malformed, or its ids are not valid; the message says which.
 */
export function readSpan(cursor: SpanCursor, at: number, end: number): void {
  const bytes = cursor.body;
  const view = cursor.bodyView;
  reset(cursor);
  let traceIdAt = -1;
  let spanIdAt = -1;
  let previous = 4096;
  refreshTreatments();
  while (at < end) {
    const fieldAt = at;
    let tag = bytes[at++]!;
    // Attributes first: most fields are.
    if (tag === 0x4a) {
      const length = lengthAt(bytes, at, end);
      at = wire.at + length;
      previous = readAttribute(cursor, wire.at, at, previous);
      continue;
    }
    if (tag > 127) {
      tag = varint32(bytes, fieldAt, end);
      at = wire.at;
    }
    switch (tag) {
      case 0x0a:
        traceIdAt = lengthAt(bytes, at, end) === 16 ? wire.at : -1;
        at = skip(bytes, tag, at, end);
        break;
      case 0x12:
        spanIdAt = lengthAt(bytes, at, end) === 8 ? wire.at : -1;
        at = skip(bytes, tag, at, end);
        break;
      case 0x1a: {
        const length = lengthAt(bytes, at, end);
        at = wire.at;
        cursor.traceStateAt = at;
        cursor.traceStateLength = cutLength(bytes, at, length, policy.limits.valueBytes);
        at += length;
        break;
      }
      case 0x22: {
        const length = lengthAt(bytes, at, end);
        at = wire.at;
        if (length !== 0 && length !== 8) fail('parent span id is not 8 bytes');
        cursor.parentIdAt = length === 8 && !isZeroId(view, at, 8) ? at : -1;
        at += length;
        break;
      }
      case 0x2a: {
        const length = lengthAt(bytes, at, end);
        at = wire.at;
        cursor.name = texts.intern(view, at, cutLength(bytes, at, length, policy.limits.nameBytes));
        at += length;
        break;
      }
      case 0x30: {
        const kind = varint32(bytes, at, end);
        cursor.kind = kind < 6 ? kind : 0;
        previous = 4096 + cursor.kind;
        at = wire.at;
        break;
      }
      case 0x39:
        if (end - at < 8) fail('truncated time');
        cursor.startLo = view.getUint32(at, true);
        cursor.startHi = view.getUint32(at + 4, true);
        at += 8;
        break;
      case 0x41:
        if (end - at < 8) fail('truncated time');
        cursor.endLo = view.getUint32(at, true);
        cursor.endHi = view.getUint32(at + 4, true);
        at += 8;
        break;
      case 0x50:
        dropped.attributes += varint32(bytes, at, end);
        at = wire.at;
        break;
      case 0x5a: {
        const length = lengthAt(bytes, at, end);
        at = wire.at + length;
        keepEvent(cursor, fieldAt, wire.at, at);
        break;
      }
      case 0x60:
        dropped.events += varint32(bytes, at, end);
        at = wire.at;
        break;
      case 0x6a: {
        const length = lengthAt(bytes, at, end);
        at = wire.at + length;
        keepLink(cursor, fieldAt, wire.at, at);
        break;
      }
      case 0x70:
        dropped.links += varint32(bytes, at, end);
        at = wire.at;
        break;
      case 0x7a: {
        const length = lengthAt(bytes, at, end);
        at = wire.at + length;
        readStatus(cursor, fieldAt, wire.at, at);
        break;
      }
      case 0x85:
        if (end - at < 4) fail('truncated flags');
        cursor.flags = view.getUint32(at, true);
        at += 4;
        break;
      default:
        at = skip(bytes, tag, at, end);
        keepUnknown(cursor, fieldAt, at);
    }
  }
  if (traceIdAt === -1 || isZeroId(view, traceIdAt, 16)) fail('trace id is not 16 bytes or zero');
  if (spanIdAt === -1 || isZeroId(view, spanIdAt, 8)) fail('span id is not 8 bytes or zero');
  cursor.traceIdAt = traceIdAt;
  cursor.spanIdAt = spanIdAt;
  // A status without code and message shows only in `rest`: Envoy sends one for gRPC OK.
  if (statusAt !== -1 && cursor.statusCode === 0 && cursor.statusMessageLength === 0) {
    if (statusEnd - statusAt <= policy.limits.valueBytes) addRest(cursor, 0, statusAt, statusEnd - statusAt);
  }
  if (dropped.attributes + dropped.events + dropped.links > 0) keepCounts(cursor);
}

function reset(cursor: SpanCursor): void {
  cursor.parentIdAt = -1;
  cursor.startLo = 0;
  cursor.startHi = 0;
  cursor.endLo = 0;
  cursor.endHi = 0;
  cursor.kind = 0;
  cursor.statusCode = 0;
  cursor.flags = 0;
  cursor.name = 0;
  cursor.statusMessageLength = 0;
  cursor.traceStateLength = 0;
  cursor.attributeCount = 0;
  statusAt = -1;
  cursor.known = true;
  cursor.slots.fill(0);
  scratch.at = 0;
  beginRest(cursor);
}

function isZeroId(view: DataView, at: number, length: number): boolean {
  for (let i = 0; i < length; i += 4) if (view.getUint32(at + i, true) !== 0) return false;
  return true;
}

/** Reads the KeyValue in [at, end). out: index into `followers` for the next attribute. */
function readAttribute(cursor: SpanCursor, at: number, end: number, previous: number): number {
  const bytes = cursor.body;
  if (cursor.attributeCount >= policy.limits.attributes) {
    dropped.attributes++;
    policy.truncated++;
    return previous;
  }
  // 0a <length> key 12 <length> value, with lengths of one byte, the value's of one or two.
  if (end - at > 4 && bytes[at] === 0x0a) {
    const keyLength = bytes[at + 1]!;
    const valueTagAt = at + 2 + keyLength;
    if (keyLength <= policy.shortKey && valueTagAt + 1 < end && bytes[valueTagAt] === 0x12) {
      let valueAt = valueTagAt + 2;
      let length = bytes[valueTagAt + 1]!;
      if (length > 127) length = (length & 127) | (bytes[valueAt++]! << 7);
      if (valueAt + length === end) return keep(cursor, at + 2, keyLength, valueAt, end, previous);
    }
  }
  return readAnyAttribute(cursor, at, end, previous);
}

/** The same for every other shape: fields in any order, missing, repeated or unknown. */
function readAnyAttribute(cursor: SpanCursor, at: number, end: number, previous: number): number {
  let keyAt = at;
  let keyLength = 0;
  let valueAt = at;
  let valueEnd = at;
  eachField(cursor.body, at, end, (field, wireType, from, to) => {
    if (wireType !== 2) return;
    if (field === 1) {
      keyAt = from;
      keyLength = to - from;
    } else if (field === 2) {
      valueAt = from;
      valueEnd = to;
    }
  });
  keyLength = cutLength(cursor.body, keyAt, keyLength, policy.limits.keyBytes);
  return keep(cursor, keyAt, keyLength, valueAt, valueEnd, previous);
}

function keep(
  cursor: SpanCursor,
  keyAt: number,
  keyLength: number,
  valueAt: number,
  valueEnd: number,
  previous: number,
): number {
  const bytes = cursor.body;
  const view = cursor.bodyView;
  let id = followers[previous]!;
  if (id === 0 || !texts.equals(id, view, keyAt, keyLength)) {
    id = texts.intern(view, keyAt, keyLength);
    followers[previous] = id;
  }
  const treatment = treatmentOf(id);
  // 0a <length> text, with a length of one byte.
  let source = 0;
  let type: number = typeCode.string;
  let textAt = valueAt + 2;
  let length = valueEnd - textAt;
  if (length < 0 || length > policy.shortValue || bytes[valueAt] !== 0x0a || bytes[valueAt + 1] !== length) {
    readValue(cursor, valueAt, valueEnd, treatment);
    source = value.source;
    type = value.type;
    textAt = value.at;
    length = value.length;
    if (length > policy.limits.valueBytes) {
      length = cutLength(source === 0 ? bytes : cursor.scratch, textAt, length, policy.limits.valueBytes);
    }
  }
  if (treatment !== treat.keep && length > 0) {
    value.type = type;
    value.source = source;
    value.at = textAt;
    value.length = length;
    redact(cursor, treatment);
    type = value.type;
    source = value.source;
    textAt = value.at;
    length = value.length;
  }
  const i = cursor.attributeCount++;
  cursor.keys[i] = id;
  cursor.types[i] = type;
  cursor.sources[i] = source;
  cursor.ats[i] = textAt;
  cursor.lengths[i] = length;
  if (id < keyLimit) cursor.slots[id] = i + 1;
  else cursor.known = false;
  return id < 4096 ? id : 4096;
}

/** Applies a treatment to the last value; strings within one that nests have had theirs. */
function redact(cursor: SpanCursor, treatment: number): void {
  if (treatment === treat.hide) {
    putRedacted(cursor);
    return;
  }
  const isQuery = treatment === treat.query;
  const view = value.source === 0 ? cursor.bodyView : cursor.scratchView;
  if (value.type !== typeCode.string || !urlIsDirty(view, value.at, value.length, isQuery)) return;
  const url = readText(value.source === 0 ? cursor.body : cursor.scratch, value.at, value.at + value.length);
  const clean = policy.redaction.url(url, isQuery);
  if (clean === url) return;
  policy.redactedValues++;
  putText(cursor, clean, typeCode.string);
}

/** Where the last status field is; -1 = none. */
let statusAt = -1;
let statusEnd = -1;

function readStatus(cursor: SpanCursor, fieldAt: number, at: number, end: number): void {
  const bytes = cursor.body;
  while (at < end) {
    const tag = varint32(bytes, at, end);
    at = wire.at;
    if (tag === 0x12) {
      const length = lengthAt(bytes, at, end);
      at = wire.at;
      cursor.statusMessageAt = at;
      cursor.statusMessageLength = cutLength(bytes, at, length, policy.limits.valueBytes);
      at += length;
    } else if (tag === 0x18) {
      const code = varint32(bytes, at, end);
      cursor.statusCode = code < 3 ? code : 0;
      at = wire.at;
    } else at = skip(bytes, tag, at, end);
  }
  statusAt = fieldAt;
  statusEnd = end;
}
