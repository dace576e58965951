/**
 * What a span says by the semantic conventions, old and new names, and by Envoy's names for the same: codes, protocol,
 * sizes, attempts, probes, sampling. Codes and numbers come as integers or as text. Conventions: semconv 1.44.
 */
import { mark } from '#shared/span.ts';
import type { SpanCursor } from '../decode/cursor.ts';
import { key, texts, word } from '../decode/keys.ts';
import { numberAt, numberOf, perText, textAt, textAtEither } from './memo.ts';

/** HTTP response code; 0 = no response, -1 = none said. */
export function httpCode(span: SpanCursor): number {
  const newer = numberAt(span, key.httpResponseStatusCode);
  const code = newer === -1 ? numberAt(span, key.httpStatusCode) : newer;
  return code > 999 ? -1 : code;
}

const grpcNames: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** Number of a status given as `14`, `UNAVAILABLE` or (Connect) `unavailable`; -1 for anything else. */
const grpcNumber = perText((text) => {
  if (/^\d{1,2}$/.test(text)) return Number(text) < grpcNames.length ? Number(text) : -1;
  const name = text.toUpperCase().replace(/^CANCELED$/, 'CANCELLED');
  return grpcNames.indexOf(name);
});

/** gRPC status number; -1 = none said. Envoy's `grpc.status_code` is text, the SDKs' an integer or a name. */
export function grpcCode(span: SpanCursor): number {
  for (const name of grpcKeys) {
    if (span.slots[name] === 0) continue;
    const id = textAt(span, name);
    if (id !== 0) return grpcNumber(id);
  }
  return -1;
}

const grpcKeys = [
  key.rpcStatusCode,
  key.rpcResponseStatusCode,
  key.rpcGrpcStatusCode,
  key.grpcStatusCode,
  key.rpcConnectErrorCode,
] as const;

/** Names that semantic conventions 1.30 gave to older database systems. */
const renamed: Readonly<Record<string, string>> = {
  mssql: 'microsoft.sql_server',
  oracle: 'oracle.db',
  dynamodb: 'aws.dynamodb',
  redshift: 'aws.redshift',
  db2: 'ibm.db2',
  informix: 'ibm.informix',
  netezza: 'ibm.netezza',
  spanner: 'gcp.spanner',
  cosmosdb: 'azure.cosmosdb',
  hanadb: 'sap.hana',
  maxdb: 'sap.maxdb',
  firebird: 'firebirdsql',
  h2: 'h2database',
  ingres: 'actian.ingres',
  adabas: 'softwareag.adabas',
  cache: 'intersystems.cache',
};

const databaseName = perText((text) => texts.of(renamed[text] ?? text));

/** Whether the span is a database client's. */
export function isDatabase(span: SpanCursor): boolean {
  const { slots } = span;
  return (slots[key.dbSystem]! | slots[key.dbSystemName]! | slots[key.dbNamespace]! | slots[key.dbName]!) !== 0;
}

/** Vocabulary number of the protocol: the database, the messaging system, the RPC system, `http`, or 0. */
export function protocol(span: SpanCursor, http: number, grpc: number): number {
  const { slots } = span;
  const named =
    slots[key.dbSystemName]! |
    slots[key.dbSystem]! |
    slots[key.messagingSystem]! |
    slots[key.rpcSystemName]! |
    slots[key.rpcSystem]!;
  if (named !== 0) {
    const database = textAtEither(span, key.dbSystemName, key.dbSystem);
    if (database !== 0) return databaseName(database);
    const system = textAt(span, key.messagingSystem) || textAtEither(span, key.rpcSystemName, key.rpcSystem);
    if (system !== 0) return system;
  }
  if (grpc !== -1 || slots[key.grpcPath] !== 0) return word.grpc;
  const web =
    slots[key.httpRequestMethod]! |
    slots[key.httpMethod]! |
    slots[key.urlFull]! |
    slots[key.httpUrl]! |
    slots[key.httpProtocol]!;
  return http !== -1 || web !== 0 ? word.http : 0;
}

/** Attempts before this one. */
export function retryCount(span: SpanCursor): number {
  const { slots } = span;
  if ((slots[key.httpRequestResendCount]! | slots[key.httpResendCount]! | slots[key.retryCount]!) === 0) return 0;
  const count = Math.max(
    numberAt(span, key.httpRequestResendCount),
    numberAt(span, key.httpResendCount),
    numberAt(span, key.retryCount),
  );
  return Math.min(Math.max(count, 0), 65_535);
}

/** Keys that say how long a body is. */
export const requestSizes = [key.requestSize, key.httpRequestBodySize, key.httpRequestContentLength] as const;
export const responseSizes = [key.responseSize, key.httpResponseBodySize, key.httpResponseContentLength] as const;

/** Bytes of a body, the largest of what the keys say; 0 when not said. What is read is not noted: see by-pattern.ts. */
export function bodyBytes(span: SpanCursor, keys: readonly number[]): number {
  let size = 0;
  for (const key of keys) {
    const slot = span.slots[key]!;
    if (slot !== 0) size = Math.max(size, numberOf(span, slot - 1));
  }
  return size;
}

/** Vocabulary number of the error's name, for spans without a code (error.type, else the exception's type); else 0. */
export function errorType(span: SpanCursor, http: number, grpc: number): number {
  if (http !== -1 || grpc !== -1) return 0;
  return textAt(span, key.errorType) || span.exceptionType;
}

/** The marks error and canceled, as the sender sets them. */
export function errorMarks(span: SpanCursor): number {
  const { slots } = span;
  if ((slots[key.error]! | slots[key.errorType]! | slots[key.canceled]!) === 0) return 0;
  const failed = textAt(span, key.error) === word.true || textAt(span, key.errorType) !== 0;
  return (failed ? mark.error : 0) | (textAt(span, key.canceled) === word.true ? mark.canceled : 0);
}

const isProbeAgent = perText((agent) =>
  /^(kube-probe\/|GoogleHC\/|ELB-HealthChecker\/|Envoy\/HC|Amazon-Route53-Health)/.test(agent),
);
const isHealthService = perText((name) => /(^|\/)grpc\.health\.v1\.Health(\/|$)/.test(name));

/** The mark probe (rule C6): known by its agent or by the gRPC health service. A path alone, /healthz, proves nothing. */
export function probeMark(span: SpanCursor): number {
  const agent = textAt(span, key.userAgent) || textAtEither(span, key.userAgentOriginal, key.httpUserAgent);
  if (agent !== 0 && isProbeAgent(agent)) return mark.probe;
  const { slots } = span;
  if ((slots[key.grpcPath]! | slots[key.rpcService]! | slots[key.rpcMethod]!) === 0) return 0;
  for (const name of [key.grpcPath, key.rpcService, key.rpcMethod]) {
    const id = textAt(span, name);
    if (id !== 0 && isHealthService(id)) return mark.probe;
  }
  return 0;
}

/** Weights beyond this are taken as abuse. */
const maxWeight = 1e6;

/**
 * Calls the span stands for by its tracestate; 0 when it does not say. `ot=th:c` is a probability of 1/4, the legacy `ot=p:2`
 * as well. source: OpenTelemetry specification, tracestate-probability-sampling.
 */
export function sampledWeight(span: SpanCursor): number {
  if (span.traceStateLength === 0) return 0;
  const at = span.traceStateAt;
  return weightOf(Buffer.from(span.body.buffer, span.body.byteOffset + at, span.traceStateLength).toString('latin1'));
}

/** The same for a tracestate in text. */
export function weightOf(traceState: string): number {
  const member = /(?:^|,)[ \t]*ot=([^,]*)/.exec(traceState)?.[1];
  if (member === undefined) return 0;
  const threshold = /(?:^|;)th:([0-9a-f]{1,14})(?:;|$)/.exec(member.trimEnd())?.[1];
  if (threshold !== undefined) {
    const rejected = Number.parseInt(threshold.padEnd(14, '0'), 16) / 2 ** 56;
    return Math.min(1 / (1 - rejected), maxWeight);
  }
  const power = /(?:^|;)p:(\d{1,2})(?:;|$)/.exec(member.trimEnd())?.[1];
  return power === undefined || Number(power) > 62 ? 0 : Math.min(2 ** Number(power), maxWeight);
}
