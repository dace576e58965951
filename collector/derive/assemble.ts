/**
 * Spans in ingest order → traces that have settled. Holds the spans of every trace that is still open as growing columns;
 * a trace settles at live tick T when its newest span came at T - settleTicks and none came since. What is decided here follows
 * from the spans and their ticks alone: fed the same ticks again, it settles the same traces at the same ticks.
 */
import { traceIdHex, type SpanColumns, type SpanLink } from '#shared/span.ts';
import { createStringTable, textColumns, type StringTable } from '../store/span-columns.ts';

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

/** A trace that is open. */
export interface OpenTrace {
  readonly traceId: string;
  /** Rows in the assembler's columns. */
  rows: number[];
  /** Live ticks. */
  readonly firstTick: number;
  lastTick: number;
}

export interface Assembler {
  readonly strings: StringTable;
  /** The columns that `rows` of an open trace point into; originNs and startNs are set by `focus`. */
  readonly columns: SpanColumns;
  readonly openTraces: number;
  /** Takes all rows of one tick. in: its live tick (live-time.ts). */
  add(rows: FollowedRows, tick: number): void;
  /** Rows that belong to a trace which settled before: appended to the columns, not to the open traces. out: first row. */
  addHistory(rows: FollowedRows): number;
  /** Takes the traces that settle at the tick out of the open ones. Their rows stay valid until `sweep`. */
  takeSettled(tick: number): OpenTrace[];
  /** The earliest tick after the given one at which a trace settles, unless more spans come. */
  nextSettlement(): number | undefined;
  /** The open traces, for provisional numbers. */
  open(): Iterable<OpenTrace>;
  /** Makes startNs of these rows count from their first start. out: that start, epoch ns. */
  focus(rows: ArrayLike<number>): bigint;
  /** Gives back the memory of rows that no open trace holds. */
  sweep(): void;
}

export function createAssembler(settleTicks: number): Assembler {
  let strings = createStringTable();
  let store = allocate(1024);
  let count = 0;
  let openSpans = 0;
  const traces = new Map<string, OpenTrace>();
  const touched = new Map<number, OpenTrace[]>();
  let view = viewOf(store, strings, 0);

  function append(rows: FollowedRows): number {
    const first = count;
    if (first + rows.count > store.capacity) {
      store = grow(store, first, first + rows.count);
      view = viewOf(store, strings, count);
    }
    store.traceId.set(rows.traceId, first * 4);
    store.spanId.set(rows.spanId, first * 2);
    store.parentId.set(rows.parentId, first * 2);
    store.startWords.set(rows.startWords, first * 2);
    for (const name of columnNames) store[name].set(rows[name], first);
    for (const [row, links] of rows.links) store.links.set(first + row, links);
    count += rows.count;
    view.count = count;
    return first;
  }

  return {
    get strings() {
      return strings;
    },
    get columns() {
      return view;
    },
    get openTraces() {
      return traces.size;
    },
    add(rows, tick) {
      const first = append(rows);
      openSpans += rows.count;
      const ids = rows.traceId;
      let trace: OpenTrace | undefined;
      for (let row = 0; row < rows.count; row++) {
        // Rows come sorted by trace id: most rows belong to the trace of the row before.
        if (trace === undefined || !sameTrace(ids, row, row - 1)) {
          const traceId = traceIdHex(ids, row);
          trace = traces.get(traceId);
          if (trace === undefined) {
            trace = { traceId, rows: [], firstTick: tick, lastTick: 0 };
            traces.set(traceId, trace);
          }
        }
        if (trace.lastTick !== tick) {
          trace.lastTick = tick;
          const settling = touched.get(tick + settleTicks);
          if (settling) settling.push(trace);
          else touched.set(tick + settleTicks, [trace]);
        }
        trace.rows.push(first + row);
      }
    },
    addHistory: append,
    takeSettled(tick) {
      const candidates = touched.get(tick) ?? [];
      touched.delete(tick);
      const settled = candidates.filter((trace) => trace.lastTick + settleTicks === tick);
      for (const trace of settled) {
        traces.delete(trace.traceId);
        openSpans -= trace.rows.length;
      }
      return settled;
    },
    nextSettlement() {
      let next: number | undefined;
      for (const tick of touched.keys()) if (next === undefined || tick < next) next = tick;
      return next;
    },
    open: () => traces.values(),
    focus(rows) {
      const words = store.startWords;
      let low = 0xffffffff;
      let high = 0xffffffff;
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] ?? 0;
        const rowLow = words[row * 2] ?? 0;
        const rowHigh = words[row * 2 + 1] ?? 0;
        if (rowHigh < high || (rowHigh === high && rowLow < low)) {
          low = rowLow;
          high = rowHigh;
        }
      }
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] ?? 0;
        store.startNs[row] = ((words[row * 2 + 1] ?? 0) - high) * 4294967296 + ((words[row * 2] ?? 0) - low);
      }
      view.originNs = (BigInt(high) << 32n) | BigInt(low);
      return view.originNs;
    },
    sweep() {
      if (count < 65536 || openSpans * 2 > count) return;
      const old = store;
      const oldStrings = strings;
      store = allocate(Math.max(1024, openSpans * 2));
      const renumber = oldStrings.values.length > stringLimit;
      if (renumber) strings = createStringTable();
      count = 0;
      for (const trace of traces.values()) {
        trace.rows = trace.rows.map((row) => {
          copyRow(old, row, store, count);
          return count++;
        });
      }
      if (renumber) {
        for (const name of textColumns) {
          const column = store[name];
          for (let row = 0; row < count; row++) column[row] = strings.intern(oldStrings.values[column[row] ?? 0] ?? '');
        }
      }
      view = viewOf(store, strings, count);
    },
  };
}

/** Distinct texts held before a sweep starts a new table: names are the sender's and without bound. */
const stringLimit = 500_000;

interface RowStore extends Columns {
  readonly capacity: number;
  readonly traceId: Uint32Array;
  readonly spanId: Uint32Array;
  readonly parentId: Uint32Array;
  readonly startWords: Uint32Array;
  readonly startNs: Float64Array;
  readonly links: Map<number, readonly SpanLink[]>;
}

function allocate(capacity: number): RowStore {
  const columns = Object.fromEntries(columnNames.map((name) => [name, new columnTypes[name](capacity)]));
  return {
    ...(columns as unknown as Columns),
    capacity,
    traceId: new Uint32Array(capacity * 4),
    spanId: new Uint32Array(capacity * 2),
    parentId: new Uint32Array(capacity * 2),
    startWords: new Uint32Array(capacity * 2),
    startNs: new Float64Array(capacity),
    links: new Map(),
  };
}

function grow(old: RowStore, count: number, needed: number): RowStore {
  const next = allocate(Math.max(needed, old.capacity * 2));
  next.traceId.set(old.traceId.subarray(0, count * 4));
  next.spanId.set(old.spanId.subarray(0, count * 2));
  next.parentId.set(old.parentId.subarray(0, count * 2));
  next.startWords.set(old.startWords.subarray(0, count * 2));
  for (const name of columnNames) next[name].set(old[name].subarray(0, count));
  for (const [row, links] of old.links) next.links.set(row, links);
  return next;
}

function copyRow(from: RowStore, row: number, to: RowStore, at: number): void {
  to.traceId.set(from.traceId.subarray(row * 4, row * 4 + 4), at * 4);
  to.spanId.set(from.spanId.subarray(row * 2, row * 2 + 2), at * 2);
  to.parentId.set(from.parentId.subarray(row * 2, row * 2 + 2), at * 2);
  to.startWords.set(from.startWords.subarray(row * 2, row * 2 + 2), at * 2);
  for (const name of columnNames) to[name][at] = from[name][row] ?? 0;
  const links = from.links.get(row);
  if (links) to.links.set(at, links);
}

function sameTrace(ids: Uint32Array, row: number, other: number): boolean {
  const a = row * 4;
  const b = other * 4;
  return ids[a + 3] === ids[b + 3] && ids[a + 2] === ids[b + 2] && ids[a + 1] === ids[b + 1] && ids[a] === ids[b];
}

type View = { -readonly [Name in keyof SpanColumns]: SpanColumns[Name] };

/** The store's arrays as SpanColumns; made anew whenever the store or the string table is. */
function viewOf(store: RowStore, strings: StringTable, count: number): View {
  return { ...store, strings: strings.values, count, originNs: 0n };
}
