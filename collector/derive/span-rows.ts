/**
 * The narrow columns of spans as typed arrays: as they are read, a tick at a time, and as one trace's rows are put together
 * from them. Nothing in here is an object a span.
 */
import type { SpanColumns, SpanLink } from '#shared/span.ts';
import { textColumns } from '../store/span-columns.ts';

/** Columns that are the same in the store and here; text columns are already indexes into the assembler's string table. */
export const columnNames = [
  ...textColumns,
  'durationNs',
  'kind',
  'statusCode',
  'peerKind',
  'httpCode',
  'grpcCode',
  'marks',
  'retryCount',
  'requestBytes',
  'responseBytes',
  'weight',
  'tick',
] as const satisfies readonly (keyof SpanColumns)[];

type Columns = Pick<SpanColumns, (typeof columnNames)[number]>;

/** Rows as they are read from the store, as SpanColumns but with the start as little-endian u32 words (low, high) of epoch ns. */
export interface FollowedRows extends Columns {
  readonly count: number;
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  readonly parentId: Uint32Array;
  readonly startWords: Uint32Array;
  readonly links: ReadonlyMap<number, readonly SpanLink[]>;
}

export interface SpanRows extends Columns {
  readonly capacity: number;
  count: number;
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  readonly parentId: Uint32Array;
  readonly startWords: Uint32Array;
  /** ns since the start of the row's trace. */
  readonly startNs: Float64Array;
  readonly links: Map<number, readonly SpanLink[]>;
}

/** Rows with room for so many. */
export function createSpanRows(capacity: number): SpanRows {
  return {
    traceId: new Uint32Array(capacity * 4),
    spanId: new Uint32Array(capacity * 2),
    parentId: new Uint32Array(capacity * 2),
    startWords: new Uint32Array(capacity * 2),
    durationNs: new Float64Array(capacity),
    kind: new Uint8Array(capacity),
    statusCode: new Uint8Array(capacity),
    name: new Uint32Array(capacity),
    service: new Uint32Array(capacity),
    namespace: new Uint32Array(capacity),
    cluster: new Uint32Array(capacity),
    version: new Uint32Array(capacity),
    peer: new Uint32Array(capacity),
    peerNamespace: new Uint32Array(capacity),
    peerVersion: new Uint32Array(capacity),
    peerKind: new Uint8Array(capacity),
    protocol: new Uint32Array(capacity),
    httpCode: new Int16Array(capacity),
    grpcCode: new Int16Array(capacity),
    responseFlags: new Uint32Array(capacity),
    errorType: new Uint32Array(capacity),
    marks: new Uint8Array(capacity),
    retryCount: new Uint16Array(capacity),
    requestBytes: new Float64Array(capacity),
    responseBytes: new Float64Array(capacity),
    weight: new Float64Array(capacity),
    principal: new Uint32Array(capacity),
    tick: new Uint32Array(capacity),
    startNs: new Float64Array(capacity),
    links: new Map(),
    capacity,
    count: 0,
  };
}

/** Copies a run of rows to `at` and after; what the copies' startNs is depends on their trace. */
export function copyRows(from: FollowedRows, first: number, count: number, to: SpanRows, at: number): void {
  copyWords(from.spanId, first, count, to.spanId, at);
  copyWords(from.parentId, first, count, to.parentId, at);
  copyWords(from.startWords, first, count, to.startWords, at);
  copyDoubles(from.durationNs, first, count, to.durationNs, at);
  copyOctets(from.kind, first, count, to.kind, at);
  copyOctets(from.statusCode, first, count, to.statusCode, at);
  copyNumbers(from.name, first, count, to.name, at);
  copyNumbers(from.service, first, count, to.service, at);
  copyNumbers(from.namespace, first, count, to.namespace, at);
  copyNumbers(from.cluster, first, count, to.cluster, at);
  copyNumbers(from.version, first, count, to.version, at);
  copyNumbers(from.peer, first, count, to.peer, at);
  copyNumbers(from.peerNamespace, first, count, to.peerNamespace, at);
  copyNumbers(from.peerVersion, first, count, to.peerVersion, at);
  copyOctets(from.peerKind, first, count, to.peerKind, at);
  copyNumbers(from.protocol, first, count, to.protocol, at);
  copyShorts(from.httpCode, first, count, to.httpCode, at);
  copyShorts(from.grpcCode, first, count, to.grpcCode, at);
  copyNumbers(from.responseFlags, first, count, to.responseFlags, at);
  copyNumbers(from.errorType, first, count, to.errorType, at);
  copyOctets(from.marks, first, count, to.marks, at);
  for (let i = 0; i < count; i++) to.retryCount[at + i] = from.retryCount[first + i]!;
  copyDoubles(from.requestBytes, first, count, to.requestBytes, at);
  copyDoubles(from.responseBytes, first, count, to.responseBytes, at);
  copyDoubles(from.weight, first, count, to.weight, at);
  copyNumbers(from.principal, first, count, to.principal, at);
  copyNumbers(from.tick, first, count, to.tick, at);
  if (from.links.size === 0) return;
  for (let i = 0; i < count; i++) {
    const links = from.links.get(first + i);
    if (links !== undefined) to.links.set(at + i, links);
  }
}

// One function a type of array, for the engine makes fast code only of those that always see the same. Runs are short: set()
// and subarray() would cost more than the loop.

function copyOctets(from: Uint8Array, first: number, count: number, to: Uint8Array, at: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[first + i]!;
}

function copyShorts(from: Int16Array, first: number, count: number, to: Int16Array, at: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[first + i]!;
}

function copyNumbers(from: Uint32Array, first: number, count: number, to: Uint32Array, at: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[first + i]!;
}

function copyDoubles(from: Float64Array, first: number, count: number, to: Float64Array, at: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[first + i]!;
}

/** Two words a row. */
function copyWords(from: Uint32Array, first: number, count: number, to: Uint32Array, at: number): void {
  for (let i = 0; i < count * 2; i++) to[at * 2 + i] = from[first * 2 + i]!;
}

export type View = { -readonly [Name in keyof SpanColumns]: SpanColumns[Name] };

/** The rows as SpanColumns; to be made anew whenever the arrays or the string table are. */
export function viewOf(rows: SpanRows, strings: readonly string[]): View {
  return {
    count: rows.count,
    strings,
    originNs: 0n,
    traceId: rows.traceId,
    spanId: rows.spanId,
    parentId: rows.parentId,
    startNs: rows.startNs,
    durationNs: rows.durationNs,
    kind: rows.kind,
    statusCode: rows.statusCode,
    name: rows.name,
    service: rows.service,
    namespace: rows.namespace,
    cluster: rows.cluster,
    version: rows.version,
    peer: rows.peer,
    peerNamespace: rows.peerNamespace,
    peerVersion: rows.peerVersion,
    peerKind: rows.peerKind,
    protocol: rows.protocol,
    httpCode: rows.httpCode,
    grpcCode: rows.grpcCode,
    responseFlags: rows.responseFlags,
    errorType: rows.errorType,
    marks: rows.marks,
    retryCount: rows.retryCount,
    requestBytes: rows.requestBytes,
    responseBytes: rows.responseBytes,
    weight: rows.weight,
    principal: rows.principal,
    tick: rows.tick,
    links: rows.links,
  };
}
