/**
 * The narrow columns of spans that the derivation holds, as growing typed arrays: rows are appended a tick at a time, and what
 * is no longer needed is squeezed out in place. Nothing in here is an object a span.
 */
import type { SpanColumns, SpanLink } from '#shared/span.ts';

/** Columns that are copied as they are; text columns are already indexes into the assembler's string table. */
const columnTypes = {
  durationNs: Float64Array,
  kind: Uint8Array,
  statusCode: Uint8Array,
  name: Uint32Array,
  service: Uint32Array,
  namespace: Uint32Array,
  cluster: Uint32Array,
  version: Uint32Array,
  peer: Uint32Array,
  peerNamespace: Uint32Array,
  peerVersion: Uint32Array,
  peerKind: Uint8Array,
  protocol: Uint32Array,
  httpCode: Int16Array,
  grpcCode: Int16Array,
  responseFlags: Uint32Array,
  errorType: Uint32Array,
  marks: Uint8Array,
  retryCount: Uint16Array,
  requestBytes: Float64Array,
  responseBytes: Float64Array,
  weight: Float64Array,
  principal: Uint32Array,
  tick: Uint32Array,
} as const;
type ColumnName = keyof typeof columnTypes;
export const columnNames = Object.keys(columnTypes) as ColumnName[];

type Columns = { [Name in ColumnName]: InstanceType<(typeof columnTypes)[Name]> };

/** Rows read from the store, as SpanColumns but with the start as little-endian u32 words (low, high) of epoch ns. */
export interface FollowedRows extends Columns {
  readonly count: number;
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  readonly parentId: Uint32Array;
  readonly startWords: Uint32Array;
  readonly links: ReadonlyMap<number, readonly SpanLink[]>;
}

/** Columns that hold several words a row, with how many. */
const wordColumns = { traceId: 4, spanId: 2, parentId: 2, startWords: 2 } as const;
const wordNames = Object.keys(wordColumns) as (keyof typeof wordColumns)[];

export interface SpanRows extends Columns {
  readonly capacity: number;
  count: number;
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  readonly parentId: Uint32Array;
  readonly startWords: Uint32Array;
  /** For the reader: ns since the start of the row's trace. */
  readonly startNs: Float64Array;
  links: Map<number, readonly SpanLink[]>;
}

export function createSpanRows(capacity: number): SpanRows {
  const columns = Object.fromEntries(columnNames.map((name) => [name, new columnTypes[name](capacity)]));
  const words = Object.fromEntries(wordNames.map((name) => [name, new Uint32Array(capacity * wordColumns[name])]));
  return {
    ...(columns as unknown as Columns),
    ...(words as Record<keyof typeof wordColumns, Uint32Array>),
    capacity,
    count: 0,
    startNs: new Float64Array(capacity),
    links: new Map(),
  };
}

/** The same rows with room for others. in: at least as much as there are. */
export function resized(old: SpanRows, capacity: number): SpanRows {
  const next = createSpanRows(capacity);
  const { count } = old;
  for (const name of wordNames) next[name].set(old[name].subarray(0, count * wordColumns[name]));
  for (const name of columnNames) next[name].set(old[name].subarray(0, count));
  next.links = old.links;
  next.count = count;
  return next;
}

/** Appends rows that there is room for. */
export function appendRows(to: SpanRows, rows: FollowedRows): void {
  const first = to.count;
  for (const name of wordNames) to[name].set(rows[name], first * wordColumns[name]);
  for (const name of columnNames) to[name].set(rows[name], first);
  for (const [row, links] of rows.links) to.links.set(first + row, links);
  to.count = first + rows.count;
}

/** Keeps only some rows, moved together. in: their numbers, ascending. */
export function keepRows(rows: SpanRows, kept: Int32Array): void {
  let from = 0;
  while (from < kept.length && kept[from] === from) from++;
  for (const name of wordNames) move(rows[name], wordColumns[name], kept, from);
  for (const name of columnNames) {
    const { buffer, BYTES_PER_ELEMENT: size } = rows[name];
    if (size === 1) move(new Uint8Array(buffer), 1, kept, from);
    else if (size === 2) move(new Uint16Array(buffer), 1, kept, from);
    else move(new Uint32Array(buffer), size / 4, kept, from);
  }
  if (rows.links.size > 0) {
    const links = new Map<number, readonly SpanLink[]>();
    kept.forEach((old, row) => {
      const held = rows.links.get(old);
      if (held !== undefined) links.set(row, held);
    });
    rows.links = links;
  }
  rows.count = kept.length;
}

function move(column: Uint8Array | Uint16Array | Uint32Array, width: number, kept: Int32Array, from: number): void {
  if (width === 1) {
    for (let row = from; row < kept.length; row++) column[row] = column[kept[row] as number] as number;
    return;
  }
  for (let row = from; row < kept.length; row++) {
    const old = (kept[row] as number) * width;
    for (let word = 0; word < width; word++) column[row * width + word] = column[old + word] as number;
  }
}

export type View = { -readonly [Name in keyof SpanColumns]: SpanColumns[Name] };

/** The rows as SpanColumns; to be made anew whenever the arrays or the string table are. */
export function viewOf(rows: SpanRows, strings: readonly string[]): View {
  return { ...rows, strings, originNs: 0n };
}
