/**
 * OTLP protobuf messages -> plain objects in OTLP's JSON form, for what is not hot: values that nest, events and links that
 * must be rewritten, resources and scopes on their first sight, and stored spans on their way out. Throws WireError.
 */
import type { OtlpAnyValue, OtlpEvent, OtlpKeyValue, OtlpLink, OtlpResource, OtlpScope } from './otlp.ts';
import { fail, lengthAt, skip, varint32, varint64, wire } from './protobuf.ts';

/** AnyValue nests at most this deep. */
export const maxValueDepth = 16;

/** Of a value that nests, elements that begin later than this are not read: an object each would multiply a hostile body. */
export const maxNestedBytes = 65_536;
/** Attributes read of one message; more are not worth an object either. */
export const maxKeyValues = 1024;

/** A mark U+FEFF in front of a text is part of it. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Calls `take` for each field with its number, and the position and end of its value (payload when length-delimited). */
export function eachField(
  bytes: Uint8Array,
  at: number,
  end: number,
  take: (field: number, wireType: number, at: number, end: number) => void,
): void {
  while (at < end) {
    const tag = varint32(bytes, at, end);
    const valueAt = wire.at;
    const next = skip(bytes, tag, valueAt, end);
    const payloadAt = (tag & 7) === 2 ? next - lengthAt(bytes, valueAt, end) : valueAt;
    take(tag >>> 3, tag & 7, payloadAt, next);
    at = next;
  }
}

/** Text of the bytes, invalid UTF-8 replaced. */
export function readText(bytes: Uint8Array, at: number, end: number): string {
  return decoder.decode(bytes.subarray(at, end));
}

/** Lower-case hex of the bytes. */
export function readHex(bytes: Uint8Array, at: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('hex');
}

/** A double as OTLP JSON writes it: a number, or `NaN`, `Infinity`, `-Infinity`. */
export function jsonDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** An AnyValue; `{}` when it is empty or of a type unknown here. */
export function readAnyValue(
  bytes: Uint8Array,
  at: number,
  end: number,
  depth = 0,
  stop = at + maxNestedBytes,
): OtlpAnyValue {
  if (depth > maxValueDepth) fail('attribute value nested too deeply');
  let value: OtlpAnyValue = {};
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (field === 1 && wireType === 2) value = { stringValue: readText(bytes, from, to) };
    else if (field === 2 && wireType === 0) value = { boolValue: varint64(bytes, from, to) !== 0n };
    else if (field === 3 && wireType === 0) {
      value = { intValue: BigInt.asIntN(64, varint64(bytes, from, to)).toString() };
    } else if (field === 4 && wireType === 1) value = { doubleValue: jsonDouble(readDouble(bytes, from)) };
    else if (field === 5 && wireType === 2)
      value = { arrayValue: { values: readArray(bytes, from, to, depth + 1, stop) } };
    else if (field === 6 && wireType === 2) {
      value = { kvlistValue: { values: readKeyValues(bytes, from, to, 1, depth + 1, stop) } };
    } else if (field === 7 && wireType === 2) value = { bytesValue: readBase64(bytes, from, to) };
  });
  return value;
}

function readArray(bytes: Uint8Array, at: number, end: number, depth: number, stop: number): OtlpAnyValue[] {
  const values: OtlpAnyValue[] = [];
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (field === 1 && wireType === 2 && from < stop) values.push(readAnyValue(bytes, from, to, depth, stop));
  });
  return values;
}

function readBase64(bytes: Uint8Array, at: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('base64');
}

function readDouble(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getFloat64(0, true);
}

function readKeyValue(bytes: Uint8Array, at: number, end: number, depth: number, stop?: number): OtlpKeyValue {
  let key = '';
  let value: OtlpAnyValue | undefined;
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (field === 1 && wireType === 2) key = readText(bytes, from, to);
    else if (field === 2 && wireType === 2) value = readAnyValue(bytes, from, to, depth, stop);
  });
  return { key, value: value ?? {} };
}

/** The KeyValues under the given field number of a message. */
export function readKeyValues(
  bytes: Uint8Array,
  at: number,
  end: number,
  under: number,
  depth = 0,
  stop?: number,
): OtlpKeyValue[] {
  const values: OtlpKeyValue[] = [];
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (field !== under || wireType !== 2 || values.length === maxKeyValues) return;
    if (stop === undefined || from < stop) values.push(readKeyValue(bytes, from, to, depth, stop));
  });
  return values;
}

/** A Resource. Counts of zero and absent texts are left out, as in all objects read here. */
export function readResource(bytes: Uint8Array, at: number, end: number): OtlpResource {
  const attributes = readKeyValues(bytes, at, end, 1);
  return { ...nonEmpty({ attributes }), ...readCount(bytes, at, end, 2, 'droppedAttributesCount') };
}

/** An InstrumentationScope. */
export function readScope(bytes: Uint8Array, at: number, end: number): OtlpScope {
  const texts = readTexts(bytes, at, end, { 1: 'name', 2: 'version' });
  const attributes = readKeyValues(bytes, at, end, 3);
  return { ...texts, ...nonEmpty({ attributes }), ...readCount(bytes, at, end, 4, 'droppedAttributesCount') };
}

/** A Span.Event. */
export function readEvent(bytes: Uint8Array, at: number, end: number): OtlpEvent {
  let time = 0n;
  eachField(bytes, at, end, (field, wireType, from) => {
    if (field === 1 && wireType === 1) time = readFixed64(bytes, from);
  });
  return {
    timeUnixNano: time.toString(),
    ...readTexts(bytes, at, end, { 2: 'name' }),
    ...nonEmpty({ attributes: readKeyValues(bytes, at, end, 3) }),
    ...readCount(bytes, at, end, 4, 'droppedAttributesCount'),
  };
}

/** A Span.Link. */
export function readLink(bytes: Uint8Array, at: number, end: number): OtlpLink {
  const ids = { traceId: '', spanId: '' };
  let flags = 0;
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (field === 1 && wireType === 2) ids.traceId = readHex(bytes, from, to);
    else if (field === 2 && wireType === 2) ids.spanId = readHex(bytes, from, to);
    else if (field === 6 && wireType === 5) flags = readFixed32(bytes, from);
  });
  return {
    ...ids,
    ...readTexts(bytes, at, end, { 3: 'traceState' }),
    ...nonEmpty({ attributes: readKeyValues(bytes, at, end, 4) }),
    ...readCount(bytes, at, end, 5, 'droppedAttributesCount'),
    ...(flags === 0 ? {} : { flags }),
  };
}

function readFixed64(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true);
}

function readFixed32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}

/** The count under a field number as { name: count }, or {} when it is zero. */
export function readCount<N extends string>(
  bytes: Uint8Array,
  at: number,
  end: number,
  under: number,
  name: N,
): Partial<Record<N, number>> {
  let count = 0;
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (field === under && wireType === 0) count = varint32(bytes, from, to);
  });
  return count === 0 ? {} : ({ [name]: count } as Record<N, number>);
}

function readTexts<N extends string>(
  bytes: Uint8Array,
  at: number,
  end: number,
  names: Readonly<Record<number, N>>,
): Partial<Record<N, string>> {
  const texts: Partial<Record<N, string>> = {};
  eachField(bytes, at, end, (field, wireType, from, to) => {
    const name = names[field];
    if (name === undefined || wireType !== 2) return;
    if (from === to) delete texts[name];
    else texts[name] = readText(bytes, from, to);
  });
  return texts;
}

function nonEmpty<T extends Record<string, readonly unknown[]>>(lists: T): Partial<T> {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<T>;
}
