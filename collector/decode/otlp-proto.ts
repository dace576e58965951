/**
 * An OTLP protobuf body (ExportTraceServiceRequest) -> one visit a span, with the cursor on it. Fields may come in any
 * order: of each ResourceSpans and ScopeSpans the resource (scope) and schema URL are looked for before the spans are read.
 * A span that is malformed or has invalid ids is rejected and counted; a body whose outer structure is malformed throws,
 * possibly after visits: the caller rolls its block back. Spec: opentelemetry-proto 1.11, docs/specification.md.
 */
import { AppError } from '#shared/error.ts';
import { cleanAttributes, cut, isDirty } from './clean.ts';
import {
  createCursor,
  type DecodeLimits,
  defaultLimits,
  noOrigin,
  type Origin,
  type Redaction,
  type SpanCursor,
} from './cursor.ts';
import { texts } from './keys.ts';
import type { OtlpKeyValue } from './otlp.ts';
import { readResource, readScope } from './otlp-read.ts';
import { writeAttributed } from './otlp-write.ts';
import { enforce, noRedaction, policy } from './policy.ts';
import { noPattern, type Patterns } from './patterns.ts';
import { createProtoWriter, fail, skip, varint32, wire, WireError } from './protobuf.ts';
import { findShape } from './shapes.ts';
import { readSpan } from './span-fields.ts';
import { trimScratch } from './values.ts';

export interface DecodeResult {
  /** Spans visited. */
  accepted: number;
  /** Spans counted out: malformed, invalid ids, or over the limit of a body. */
  rejected: number;
  /** Why the first rejected span was rejected; '' when none was. */
  reason: string;
  /** Values cut or dropped because of a limit. */
  truncated: number;
  /** Values hidden and URLs altered. */
  redacted: number;
}

/** Resources and scopes of more bytes than this are read anew each time. */
const maxRemembered = 65_536;

const cursor = createCursor();
const writer = createProtoWriter(1024);
/** Resources and scopes by the number of the bytes they were sent as. */
const resources = new Map<number, Origin>();
const scopes = new Map<number, Origin>();
let originsOf = -1;
let patternsOf: Patterns | undefined;
let redactionOf: Redaction | undefined;
let limitsOf: DecodeLimits | undefined;

/**
 * Decodes one body.
 * in: the inflated body; `visit` is called for each valid span and must neither keep the cursor nor decode another body. With
 * patterns, spans of a used one come as matched: the cursor then holds only what differs.
 * errors: AppError('bad-request') when the body cannot be parsed at all; whatever `visit` throws.
 */
export function decodeOtlp(
  body: Uint8Array,
  visit: (span: SpanCursor) => void,
  limits: DecodeLimits = defaultLimits,
  redaction: Redaction = noRedaction,
  patterns?: Patterns,
): DecodeResult {
  const result: DecodeResult = { accepted: 0, rejected: 0, reason: '', truncated: 0, redacted: 0 };
  enforce(limits, redaction);
  envelopes = 0;
  trimScratch(cursor);
  patternsOf = patterns;
  if (redaction !== redactionOf || limits !== limitsOf) forgetOrigins();
  redactionOf = redaction;
  limitsOf = limits;
  cursor.body = body;
  cursor.bodyView = new DataView(body.buffer, body.byteOffset, body.byteLength);
  try {
    readEach(body, 0, body.length, 0x0a, (at, end) => readResourceSpans(at, end, visit, result));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new AppError('bad-request', `cannot read OTLP body: ${error.message}`);
  } finally {
    result.truncated = policy.truncated;
    result.redacted = policy.redactedValues;
  }
  return result;
}

/** Calls `read` with the payload of each field with this tag. */
function readEach(
  bytes: Uint8Array,
  at: number,
  end: number,
  wanted: number,
  read: (at: number, end: number) => void,
): void {
  while (at < end) {
    const tag = varint32(bytes, at, end);
    const next = skip(bytes, tag, wire.at, end);
    // skip() leaves wire.at at the payload of a length-delimited field.
    if (tag === wanted) read(wire.at, next);
    at = next;
  }
}

/** ResourceSpans and ScopeSpans of the body so far: as many as spans are allowed, for empty ones cost time too. */
let envelopes = 0;

function countEnvelope(): void {
  if (++envelopes > 2 * policy.limits.spansPerBody) fail('too many resource_spans and scope_spans');
}

function readResourceSpans(at: number, end: number, visit: (span: SpanCursor) => void, result: DecodeResult): void {
  countEnvelope();
  const resource = findParts(at, end);
  cursor.resource = originOf(resource, resources, readResourceMessage);
  readEach(cursor.body, at, end, 0x12, (from, to) => readScopeSpans(from, to, resource, visit, result));
}

function readScopeSpans(
  at: number,
  end: number,
  resource: Parts,
  visit: (span: SpanCursor) => void,
  result: DecodeResult,
): void {
  countEnvelope();
  const bytes = cursor.body;
  const scope = findParts(at, end);
  cursor.scope = originOf(scope, scopes, readScopeMessage);
  while (at < end) {
    const tag = varint32(bytes, at, end);
    const next = skip(bytes, tag, wire.at, end);
    const spanAt = wire.at;
    at = next;
    if (tag !== 0x12) continue;
    if (texts.full || patternsOf?.isFull() === true) {
      texts.reset();
      cursor.resource = originOf(resource, resources, readResourceMessage);
      cursor.scope = originOf(scope, scopes, readScopeMessage);
    }
    if (result.accepted + result.rejected >= policy.limits.spansPerBody) {
      reject(result, `more than ${policy.limits.spansPerBody} spans in a body`);
    } else if (readsWell(spanAt, next, result)) {
      result.accepted++;
      visit(cursor);
    }
  }
}

/** Reads the span into the cursor; a malformed one is rejected. */
function readsWell(at: number, end: number, result: DecodeResult): boolean {
  try {
    cursor.matched = patternsOf !== undefined && patternsOf.match(cursor, at, end);
    if (!cursor.matched) readWhole(at, end);
    return true;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    reject(result, error.message);
    return false;
  }
}

/** Reads the span in full, and notes its pattern when it lost nothing by it. errors: WireError. */
function readWhole(at: number, end: number): void {
  const { truncated, redactedValues } = policy;
  readSpan(cursor, at, end);
  findShape(cursor);
  const lossless = policy.truncated === truncated && policy.redactedValues === redactedValues;
  const isUseless = cursor.pattern === noPattern;
  cursor.pattern = 0;
  if (patternsOf !== undefined && lossless && !isUseless) cursor.pattern = patternsOf.learn(cursor, at, end);
}

function reject(result: DecodeResult, reason: string): void {
  result.rejected++;
  if (result.reason === '') result.reason = reason;
}

/** Where a ResourceSpans (ScopeSpans) has its resource (scope) field and its schema URL; -1 = absent. Last one wins. */
interface Parts {
  fieldAt: number;
  at: number;
  end: number;
  schemaAt: number;
  schemaEnd: number;
}

function findParts(at: number, end: number): Parts {
  const bytes = cursor.body;
  const parts: Parts = { fieldAt: -1, at: -1, end: -1, schemaAt: -1, schemaEnd: -1 };
  while (at < end) {
    const fieldAt = at;
    // Spans and scopes, which are not wanted here, are stepped over without a call.
    if (bytes[at] === 0x12 && at + 2 < end && bytes[at + 2]! < 128) {
      const low = bytes[at + 1]!;
      at += low < 128 ? 2 + low : 3 + (low & 127) + (bytes[at + 2]! << 7);
      if (at > end) fail('length beyond the end');
      continue;
    }
    const tag = varint32(bytes, at, end);
    at = skip(bytes, tag, wire.at, end);
    if (tag === 0x0a) {
      parts.fieldAt = fieldAt;
      parts.at = wire.at;
      parts.end = at;
    } else if (tag === 0x1a) {
      parts.schemaAt = wire.at;
      parts.schemaEnd = at;
    }
  }
  return parts;
}

type ReadMessage = (at: number, end: number) => { attributes: readonly OtlpKeyValue[]; rewritten?: () => void };

/** The origin of these parts, from memory when the same bytes were seen before. */
function originOf(parts: Parts, known: Map<number, Origin>, read: ReadMessage): Origin {
  if (originsOf !== texts.generation) forgetOrigins();
  const bytes = cursor.body;
  if (parts.schemaEnd - parts.schemaAt > policy.limits.valueBytes) {
    policy.truncated++;
    parts.schemaEnd = parts.schemaAt;
  }
  // Too large to be remembered by its bytes; cleaning brings it within the limits each time.
  if (parts.end - parts.at > maxRemembered) return firstSight(0, parts, read);
  let id: number;
  if (parts.schemaEnd === parts.schemaAt) {
    // The field as it lies in the body is the envelope.
    if (parts.fieldAt === -1) return noOrigin;
    id = texts.intern(cursor.bodyView, parts.fieldAt, parts.end - parts.fieldAt);
  } else {
    writer.cut(0);
    if (parts.fieldAt !== -1) writer.field(1, bytes.subarray(parts.at, parts.end));
    writer.field(3, bytes.subarray(parts.schemaAt, parts.schemaEnd));
    id = internWritten();
  }
  let origin = known.get(id);
  if (origin === undefined) {
    origin = firstSight(id, parts, read);
    known.set(id, origin);
  }
  return origin;
}

function firstSight(id: number, parts: Parts, read: ReadMessage): Origin {
  if (parts.fieldAt === -1) return { id, attributes: noOrigin.attributes };
  const { attributes, rewritten } = read(parts.at, parts.end);
  if (rewritten !== undefined) {
    writer.cut(0);
    writer.message(1, rewritten);
    if (parts.schemaEnd > parts.schemaAt) writer.field(3, cursor.body.subarray(parts.schemaAt, parts.schemaEnd));
    id = internWritten();
  }
  return { id, attributes: new Map(attributes.map(({ key = '', value = {} }) => [key, textOf(value)])) };
}

/** A scalar value as text; values that nest have none that a rule could use. */
function textOf({ stringValue, intValue, boolValue, doubleValue }: NonNullable<OtlpKeyValue['value']>): string {
  const scalar = stringValue ?? intValue ?? boolValue ?? doubleValue;
  return scalar === undefined ? '' : String(scalar);
}

function readResourceMessage(at: number, end: number): ReturnType<ReadMessage> {
  const resource = readResource(cursor.body, at, end);
  const { attributes = [], droppedAttributesCount = 0 } = resource;
  if (end - at <= maxRemembered && !isDirty(cursor.body, cursor.bodyView, at, end, 1)) return { attributes };
  const { kept, dropped } = cleanAttributes(attributes);
  const clean = { attributes: kept, droppedAttributesCount: droppedAttributesCount + dropped };
  return { attributes: kept, rewritten: () => writeAttributed(writer, clean, 1, 2) };
}

function readScopeMessage(at: number, end: number): ReturnType<ReadMessage> {
  const scope = readScope(cursor.body, at, end);
  const { name = '', version = '', attributes = [], droppedAttributesCount = 0 } = scope;
  const named = [...attributes, { key: '', value: { stringValue: name } }];
  if (end - at <= maxRemembered && !isDirty(cursor.body, cursor.bodyView, at, end, 3)) return { attributes: named };
  const { kept, dropped } = cleanAttributes(attributes);
  const clean = { attributes: kept, droppedAttributesCount: droppedAttributesCount + dropped };
  return {
    attributes: named,
    rewritten() {
      writer.text(1, cut(name, policy.limits.valueBytes));
      writer.text(2, cut(version, policy.limits.valueBytes));
      writeAttributed(writer, clean, 3, 4);
    },
  };
}

function internWritten(): number {
  const written = writer.bytes;
  return texts.intern(new DataView(written.buffer, written.byteOffset, written.byteLength), 0, written.length);
}

function forgetOrigins(): void {
  originsOf = texts.generation;
  resources.clear();
  scopes.clear();
}
