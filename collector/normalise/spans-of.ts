/**
 * An OTLP protobuf body -> spans as objects, by the same decoder and rules as the way into the store. For tests and file
 * formats; the hot path makes no objects.
 */
import type { Span, SpanLink } from '#shared/span.ts';
import { defaultLimits, type SpanCursor } from '../decode/cursor.ts';
import { decodeOtlp } from '../decode/otlp-proto.ts';
import { readHex } from '../decode/otlp-read.ts';
import { noRedaction } from '../decode/policy.ts';
import { createNormalised, defaultConfig, normalise, type Normalised, type NormaliseConfig } from './normalise.ts';

/** The valid spans of a body, in order; their tick is 0. errors: AppError('bad-request') when it cannot be parsed. */
export function spansOf(body: Uint8Array, config: NormaliseConfig = defaultConfig): Span[] {
  const spans: Span[] = [];
  const normalised = createNormalised();
  decodeOtlp(
    body,
    (cursor) => {
      normalise(cursor, normalised, config);
      spans.push(toSpan(cursor, normalised));
    },
    defaultLimits,
    noRedaction,
  );
  return spans;
}

function toSpan(cursor: SpanCursor, normalised: Normalised): Span {
  const { body, texts } = cursor;
  const startNs = (BigInt(cursor.startHi) << 32n) | BigInt(cursor.startLo);
  const endNs = (BigInt(cursor.endHi) << 32n) | BigInt(cursor.endLo);
  const links: SpanLink[] = [];
  for (let at = 0; at < cursor.linkCount * 24; at += 24) {
    links.push({ traceId: readHex(cursor.linkIds, at, at + 16), spanId: readHex(cursor.linkIds, at + 16, at + 24) });
  }
  return {
    traceId: readHex(body, cursor.traceIdAt, cursor.traceIdAt + 16),
    spanId: readHex(body, cursor.spanIdAt, cursor.spanIdAt + 8),
    parentId: cursor.parentIdAt === -1 ? '' : readHex(body, cursor.parentIdAt, cursor.parentIdAt + 8),
    startNs,
    durationNs: BigInt.asIntN(64, endNs - startNs),
    kind: cursor.kind,
    statusCode: cursor.statusCode,
    name: texts.text(cursor.name),
    service: texts.text(normalised.service),
    namespace: texts.text(normalised.namespace),
    cluster: texts.text(normalised.cluster),
    version: texts.text(normalised.version),
    peer: texts.text(normalised.peer),
    peerNamespace: texts.text(normalised.peerNamespace),
    peerVersion: texts.text(normalised.peerVersion),
    peerKind: normalised.peerKind,
    protocol: texts.text(normalised.protocol),
    httpCode: normalised.httpCode,
    grpcCode: normalised.grpcCode,
    responseFlags: texts.text(normalised.responseFlags),
    errorType: texts.text(normalised.errorType),
    marks: normalised.marks,
    retryCount: normalised.retryCount,
    requestBytes: normalised.requestBytes,
    responseBytes: normalised.responseBytes,
    weight: normalised.weight,
    principal: texts.text(normalised.principal),
    tick: 0,
    links,
  };
}
