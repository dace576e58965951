/** A small valid span, requests around it, and what the decoder makes of a body. */
import { kind } from '#shared/span.ts';
import { defaultLimits, type SpanCursor, valueOf } from '../collector/decode/cursor.ts';
import type { OtlpKeyValue, OtlpSpan, OtlpTraces } from '../collector/decode/otlp.ts';
import { decodeOtlp, type DecodeResult } from '../collector/decode/otlp-proto.ts';
import { writeOtlp, writeSpan } from '../collector/decode/otlp-write.ts';
import { createProtoWriter, lengthAt, skip, varint32 } from '../collector/decode/protobuf.ts';

export const traceId = '5b8efff798038103d269b633813fc60c';
export const spanId = 'eee19b7ec3c1b174';
export const span: OtlpSpan = {
  traceId,
  spanId,
  name: 'GET /',
  kind: 2,
  startTimeUnixNano: '1000',
  endTimeUnixNano: '2000',
};

/** A request of these spans, of one resource and scope. */
export function requestOf(...spans: OtlpSpan[]): OtlpTraces {
  return { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans }] }] };
}

/** Attributes, as key, type letter and text, and how the body was taken. */
export function attributesOf(body: Uint8Array, limits = defaultLimits): { result: DecodeResult; spans: string[][][] } {
  const spans: string[][][] = [];
  const result = decodeOtlp(
    body,
    (cursor) => {
      spans.push(
        Array.from({ length: cursor.attributeCount }, (_, i) => [
          cursor.texts.text(cursor.keys[i]!),
          String.fromCharCode(cursor.types[i]!),
          textOf(cursor, i),
        ]),
      );
    },
    limits,
  );
  return { result, spans };
}

function textOf(cursor: SpanCursor, i: number): string {
  return cursor.texts.text(valueOf(cursor, i));
}

/** The fields of a message, each with its tag. */
export function fieldsOf(message: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = [];
  for (let at = 0; at < message.length;) {
    const writer = createProtoWriter();
    const tag = varint32(message, at, message.length);
    writer.varint(tag);
    const next = skip(message, tag, at + writer.length, message.length);
    fields.push(message.subarray(at, next));
    at = next;
  }
  return fields;
}

/** The payload of a length-delimited field with a tag of one byte. */
export function payloadOf(field: Uint8Array): Uint8Array {
  const length = lengthAt(field, 1, field.length);
  return field.subarray(field.length - length);
}

/** The id fields of a Span message. */
export function idFields(): Uint8Array {
  const writer = createProtoWriter();
  writeSpan(writer, { traceId, spanId });
  return writer.bytes.slice();
}

/** Attributes in short. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** The same as OTLP has them. */
export function keyValues(attributes: Attributes): OtlpKeyValue[] {
  return Object.entries(attributes).map(([key, value]) => {
    if (typeof value === 'string') return { key, value: { stringValue: value } };
    return { key, value: typeof value === 'boolean' ? { boolValue: value } : { intValue: value } };
  });
}

/** A body of one CLIENT span. */
export function bodyOf(attributes: Attributes, resource: Attributes = {}, span: OtlpSpan = {}): Uint8Array {
  const spans = [{ traceId, spanId, kind: kind.client, ...span, attributes: keyValues(attributes) }];
  return writeOtlp({ resourceSpans: [{ resource: { attributes: keyValues(resource) }, scopeSpans: [{ spans }] }] });
}
