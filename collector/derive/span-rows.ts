/**
 * The narrow columns of spans as typed arrays: as they wait for their trace to settle, 56 bytes a span, and as one trace's rows
 * are put together from them. Nothing in here is an object a span.
 */
import { giveBack } from '#shared/give-back.ts';
import type { SpanColumns, SpanLink } from '#shared/span.ts';
import { numberColumns, textColumns } from '../store/span-columns.ts';
import type { RowClasses } from './row-classes.ts';

/** Columns that are the same in the store and here. */
export const columnNames = [
  ...textColumns,
  ...numberColumns,
  'durationNs',
  'requestBytes',
  'responseBytes',
  'tick',
] as const satisfies readonly (keyof SpanColumns)[];

/** Rows that wait. */
export interface HeldRows {
  count: number;
  readonly spanId: Uint32Array;
  readonly parentId: Uint32Array;
  /** The start as little-endian u32 words (low, high) of epoch ns. */
  readonly startWords: Uint32Array;
  readonly durationNs: Float64Array;
  readonly requestBytes: Float64Array;
  readonly responseBytes: Float64Array;
  /** Number of all the other columns' values (row-classes.ts). */
  readonly rowClass: Uint32Array;
  readonly tick: Uint32Array;
  readonly links: Map<number, readonly SpanLink[]>;
}

/** Rows as they are read from the store. */
export interface FollowedRows extends HeldRows {
  /** As four big-endian words. */
  readonly traceId: Uint32Array;
}

export interface SpanRows extends Pick<SpanColumns, (typeof columnNames)[number]> {
  readonly capacity: number;
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  readonly parentId: Uint32Array;
  readonly startWords: Uint32Array;
  /** ns since the start of the row's trace. */
  readonly startNs: Float64Array;
  readonly links: Map<number, readonly SpanLink[]>;
  /** The columns of texts again, as in textColumns. */
  readonly texts: readonly Uint32Array[];
}

/** Room for so many rows. */
export function createHeldRows(capacity: number): HeldRows {
  return {
    count: 0,
    spanId: new Uint32Array(capacity * 2),
    parentId: new Uint32Array(capacity * 2),
    startWords: new Uint32Array(capacity * 2),
    durationNs: new Float64Array(capacity),
    requestBytes: new Float64Array(capacity),
    responseBytes: new Float64Array(capacity),
    rowClass: new Uint32Array(capacity),
    tick: new Uint32Array(capacity),
    links: new Map(),
  };
}

/** Copies a run of rows to the end of others. */
export function moveRows(from: HeldRows, first: number, count: number, to: HeldRows): void {
  copyShared(from, first, count, to, to.count);
  copyNumbers(from.rowClass, first, count, to.rowClass, to.count);
  to.count += count;
}

/** Copies a run of rows to `at` and after; what the copies' startNs is depends on their trace. */
export function loadRows(
  from: HeldRows,
  first: number,
  count: number,
  to: SpanRows,
  at: number,
  classes: RowClasses,
): void {
  copyShared(from, first, count, to, at);
  for (let i = 0; i < count; i++) classes.read(from.rowClass[first + i]!, to, at + i);
}

/** Nobody refers to the rows any more. */
export function giveBackRows(rows: HeldRows): void {
  giveBack(rows.spanId, rows.parentId, rows.startWords, rows.durationNs, rows.requestBytes, rows.responseBytes);
  giveBack(rows.rowClass, rows.tick);
}

type Shared = Omit<HeldRows, 'rowClass' | 'count'>;

function copyShared(from: Shared, first: number, count: number, to: Shared, at: number): void {
  copyWords(from.spanId, first, count, to.spanId, at);
  copyWords(from.parentId, first, count, to.parentId, at);
  copyWords(from.startWords, first, count, to.startWords, at);
  copyDoubles(from.durationNs, first, count, to.durationNs, at);
  copyDoubles(from.requestBytes, first, count, to.requestBytes, at);
  copyDoubles(from.responseBytes, first, count, to.responseBytes, at);
  copyNumbers(from.tick, first, count, to.tick, at);
  if (from.links.size === 0) return;
  for (let i = 0; i < count; i++) {
    const links = from.links.get(first + i);
    if (links !== undefined) to.links.set(at + i, links);
  }
}

/** Rows with room for so many. */
export function createSpanRows(capacity: number): SpanRows {
  const rows = {
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
  };
  return { ...rows, texts: textColumns.map((name) => rows[name]) };
}

// One function a type of array, for the engine makes fast code only of those that always see the same. Runs are short: set()
// and subarray() would cost more than the loop.

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
    count: 0,
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
