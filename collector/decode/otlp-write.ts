/**
 * OTLP traces as objects -> OTLP protobuf bytes. The objects may come from an untrusted JSON body, so each field's type is
 * checked: a wrong one inside a span makes that span an empty message, which the decoder rejects and counts; a wrong one
 * around spans throws AppError('bad-request'). Used for OTLP/JSON and Zipkin bodies and by the fixtures' generator.
 * Field numbers: opentelemetry/proto/{trace,common,resource}/v1 1.11.
 */
import { AppError } from '#shared/error.ts';
import type { OtlpAnyValue, OtlpEvent, OtlpKeyValue, OtlpLink, OtlpScopeSpans, OtlpSpan, OtlpTraces } from './otlp.ts';
import { createProtoWriter, type ProtoWriter } from './protobuf.ts';

/** What a field of a wrong type throws inside this file. */
class FieldError extends Error {}
const deepest = 64;

/** A 64-bit integer came as a JSON number that a double cannot hold: the text has to be parsed again, exactly. */
export class InexactNumber extends Error {}

/**
 * Protobuf bytes of an ExportTraceServiceRequest.
 * errors: AppError('bad-request') when what surrounds the spans has wrong types; InexactNumber for an integer beyond 2^53
 * given as a number (give it as a string or bigint).
 */
export function writeOtlp(traces: OtlpTraces): Uint8Array {
  const out = createProtoWriter(4096);
  try {
    for (const resourceSpans of list(object(traces, 'body').resourceSpans, 'resourceSpans')) {
      out.message(1, () => {
        const { resource, scopeSpans, schemaUrl } = object(resourceSpans, 'resourceSpans');
        if (present(resource)) out.message(1, () => writeAttributed(out, object(resource, 'resource'), 1, 2));
        for (const scope of list(scopeSpans, 'scopeSpans')) out.message(2, () => writeScopeSpans(out, scope));
        text(out, 3, schemaUrl, 'schemaUrl');
      });
    }
  } catch (error) {
    if (error instanceof FieldError) throw new AppError('bad-request', `cannot read OTLP body: ${error.message}`);
    throw error;
  }
  return out.bytes;
}

function writeScopeSpans(out: ProtoWriter, input: OtlpScopeSpans): void {
  const { scope, spans, schemaUrl } = object(input, 'scopeSpans');
  if (present(scope)) {
    out.message(1, () => {
      text(out, 1, object(scope, 'scope').name, 'scope.name');
      text(out, 2, scope.version, 'scope.version');
      writeAttributed(out, scope, 3, 4);
    });
  }
  for (const span of list(spans, 'spans')) {
    const start = out.length;
    try {
      out.message(2, () => writeSpan(out, object(span, 'span')));
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      out.cut(start);
      out.field(2, new Uint8Array(0));
    }
  }
  text(out, 3, schemaUrl, 'schemaUrl');
}

/** Writes the fields of one Span message (without its tag and length). */
export function writeSpan(out: ProtoWriter, span: OtlpSpan): void {
  id(out, 1, span.traceId, 'traceId');
  id(out, 2, span.spanId, 'spanId');
  text(out, 3, span.traceState, 'traceState');
  id(out, 4, span.parentSpanId, 'parentSpanId');
  text(out, 5, span.name, 'name');
  count(out, 6, span.kind, 'kind');
  time(out, 7, span.startTimeUnixNano, 'startTimeUnixNano');
  time(out, 8, span.endTimeUnixNano, 'endTimeUnixNano');
  writeAttributed(out, span, 9, 10);
  for (const event of list(span.events, 'events')) out.message(11, () => writeEvent(out, object(event, 'event')));
  count(out, 12, span.droppedEventsCount, 'droppedEventsCount');
  for (const link of list(span.links, 'links')) out.message(13, () => writeLink(out, object(link, 'link')));
  count(out, 14, span.droppedLinksCount, 'droppedLinksCount');
  const { status } = span;
  if (present(status)) {
    out.message(15, () => {
      text(out, 2, object(status, 'status').message, 'status.message');
      count(out, 3, status.code, 'status.code');
    });
  }
  flags(out, 16, span.flags);
}

/** Writes the fields of one Event message. */
export function writeEvent(out: ProtoWriter, event: OtlpEvent): void {
  time(out, 1, event.timeUnixNano, 'timeUnixNano');
  text(out, 2, event.name, 'event.name');
  writeAttributed(out, event, 3, 4);
}

/** Writes the fields of one Link message. */
export function writeLink(out: ProtoWriter, link: OtlpLink): void {
  id(out, 1, link.traceId, 'link.traceId');
  id(out, 2, link.spanId, 'link.spanId');
  text(out, 3, link.traceState, 'link.traceState');
  writeAttributed(out, link, 4, 5);
  flags(out, 6, link.flags);
}

/** Writes `attributes` and `droppedAttributesCount` under these field numbers. */
export function writeAttributed(
  out: ProtoWriter,
  owner: { readonly attributes?: readonly OtlpKeyValue[]; readonly droppedAttributesCount?: number },
  attributesField: number,
  droppedField: number,
): void {
  for (const attribute of list(owner.attributes, 'attributes')) {
    out.message(attributesField, () => writeKeyValue(out, attribute, 0));
  }
  count(out, droppedField, owner.droppedAttributesCount, 'droppedAttributesCount');
}

function writeKeyValue(out: ProtoWriter, attribute: OtlpKeyValue, depth: number): void {
  const { key, value } = object(attribute, 'attribute');
  text(out, 1, key, 'key');
  if (present(value)) out.message(2, () => writeAnyValue(out, object(value, 'value'), depth));
}

function writeAnyValue(out: ProtoWriter, value: OtlpAnyValue, depth: number): void {
  if (depth > deepest) throw new FieldError('value is nested too deeply');
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value;
  if (present(stringValue)) out.text(1, string(stringValue, 'stringValue'));
  else if (present(boolValue)) {
    if (typeof boolValue !== 'boolean') throw new FieldError('boolValue is not a boolean');
    out.tag(2, 0);
    out.varint(boolValue ? 1 : 0);
  } else if (present(intValue)) {
    out.tag(3, 0);
    out.varint(integer(intValue, -(2n ** 63n), 2n ** 63n, 'intValue'));
  } else if (present(doubleValue)) out.double(4, double(doubleValue));
  else if (present(arrayValue)) {
    out.message(5, () => {
      for (const item of list(object(arrayValue, 'arrayValue').values, 'values')) {
        out.message(1, () => writeAnyValue(out, object(item, 'value'), depth + 1));
      }
    });
  } else if (present(kvlistValue)) {
    out.message(6, () => {
      for (const item of list(object(kvlistValue, 'kvlistValue').values, 'values')) {
        out.message(1, () => writeKeyValue(out, item, depth + 1));
      }
    });
  } else if (present(bytesValue)) out.field(7, Buffer.from(string(bytesValue, 'bytesValue'), 'base64'));
}

function present<T>(value: T | undefined | null): value is T {
  return value !== undefined && value !== null;
}

function object<T>(value: T, what: string): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FieldError(`${what} is no object`);
  return value;
}

function list<T>(value: readonly T[] | undefined | null, what: string): readonly T[] {
  if (!present(value)) return [];
  if (!Array.isArray(value)) throw new FieldError(`${what} is no array`);
  return value;
}

function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new FieldError(`${what} is no string`);
  return value;
}

function text(out: ProtoWriter, field: number, value: string | undefined | null, what: string): void {
  if (present(value) && string(value, what) !== '') out.text(field, value);
}

/** An id of any length; text that is not hex becomes one zero byte, which no reader takes for an id. */
function id(out: ProtoWriter, field: number, value: string | undefined | null, what: string): void {
  if (!present(value) || string(value, what) === '') return;
  const hex = value.length % 2 === 0 && /^[0-9a-f]+$/i.test(value);
  out.field(field, hex ? Buffer.from(value, 'hex') : new Uint8Array(1));
}

/** An integer within [from, to); as a bigint only when a number cannot hold it. */
function integer(value: unknown, from: bigint, to: bigint, what: string): number | bigint {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) {
      if (value < 0 && from === 0n) throw new FieldError(`${what} is negative`);
      return value;
    }
    if (Number.isInteger(value)) throw new InexactNumber(what);
    throw new FieldError(`${what} is no integer`);
  }
  if (typeof value === 'string' && !/^-?\d{1,20}$/.test(value)) throw new FieldError(`${what} is no integer`);
  if (typeof value !== 'string' && typeof value !== 'bigint') throw new FieldError(`${what} is no integer`);
  const exact = BigInt(value);
  if (exact < from || exact >= to) throw new FieldError(`${what} is out of range`);
  return exact;
}

function double(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (value === 'NaN') return Number.NaN;
  const number = Number(string(value, 'doubleValue'));
  if (Number.isNaN(number) || value === '') throw new FieldError('doubleValue is no number');
  return number;
}

function count(out: ProtoWriter, field: number, value: number | undefined | null, what: string): void {
  if (!present(value) || value === 0) return;
  const exact = integer(value, 0n, 2n ** 32n, what);
  if (exact >= 2 ** 32) throw new FieldError(`${what} is out of range`);
  out.tag(field, 0);
  out.varint(exact);
}

function time(out: ProtoWriter, field: number, value: string | number | bigint | undefined | null, what: string): void {
  if (!present(value)) return;
  const exact = BigInt(integer(value, 0n, 2n ** 64n, what));
  if (exact !== 0n) out.fixed64(field, exact);
}

function flags(out: ProtoWriter, field: number, value: number | undefined | null): void {
  if (!present(value) || value === 0) return;
  const exact = Number(integer(value, 0n, 2n ** 32n, 'flags'));
  if (exact >= 2 ** 32) throw new FieldError('flags is out of range');
  out.fixed32(field, exact);
}
