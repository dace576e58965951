/**
 * Spans in ingest order → traces that have settled. Holds the spans of every trace that is still open as growing columns;
 * a trace settles at live tick T when its newest span came at T - settleTicks and none came since. What is decided here follows
 * from the spans and their ticks alone: fed the same ticks again, it settles the same traces at the same ticks.
 */
import { traceIdHex, type SpanColumns } from '#shared/span.ts';
import { createStringTable, textColumns, type StringTable } from '../store/span-columns.ts';
import { appendRows, createSpanRows, keepRows, resized, viewOf, type FollowedRows } from './span-rows.ts';
import { createTraceSlots, sameId } from './trace-slots.ts';

export interface Assembler {
  readonly strings: StringTable;
  /** The columns that rows of traces point into; originNs and startNs are set by `focus`. */
  readonly columns: SpanColumns;
  readonly openTraces: number;
  /** By trace number: the id as four big-endian words. The array may be another one after `add`. */
  readonly traceIds: Uint32Array;
  /** Takes all rows of one tick, best sorted by trace. in: its live tick (live-time.ts). */
  add(rows: FollowedRows, tick: number): void;
  /** Rows that belong to a trace which settled before: appended to the columns, not to the open traces. out: first row. */
  addHistory(rows: FollowedRows): number;
  /** Takes the traces that settle at the tick out of the open ones. out: their numbers, valid with their rows until `sweep`. */
  takeSettled(tick: number): readonly number[];
  /** The earliest tick after the given one at which a trace settles, unless more spans come. */
  nextSettlement(): number | undefined;
  /** Numbers of the open traces, for provisional numbers. */
  open(): readonly number[];
  /** Live tick of the first span. in: a trace's number. */
  firstTick(trace: number): number;
  /** Hex of the trace's id. */
  traceId(trace: number): string;
  /** The trace's rows in the columns; valid until the next call. */
  rowsOf(trace: number): Int32Array;
  /** Makes startNs of these rows count from their first start. out: that start, epoch ns. */
  focus(rows: ArrayLike<number>): bigint;
  /** Gives back the memory of rows that no open trace holds. */
  sweep(): void;
}

/** Rows held before anything is squeezed out. */
const leastSwept = 65_536;
/** Rows that no trace holds, as a share of those that one does, before they are squeezed out. */
const mostLoose = 0.35;
/** Distinct texts held before a sweep starts a new table: names are the sender's and without bound. */
const stringLimit = 500_000;

export function createAssembler(settleTicks: number): Assembler {
  let strings = createStringTable();
  let store = createSpanRows(1024);
  let view = viewOf(store, strings.values);
  /** By row: its trace, -1 when it is no open trace's; the next row of the same trace, -1 for the last. */
  let traceOf = new Int32Array(store.capacity);
  let nextRow = new Int32Array(store.capacity);
  let openSpans = 0;
  /** By trace number. */
  let first = new Float64Array(0);
  let last = new Float64Array(0);
  let firstRow = new Int32Array(0);
  let lastRow = new Int32Array(0);
  let rowCount = new Int32Array(0);
  const slots = createTraceSlots((capacity) => {
    first = longer(first, capacity);
    last = longer(last, capacity);
    firstRow = longer(firstRow, capacity);
    lastRow = longer(lastRow, capacity);
    rowCount = longer(rowCount, capacity);
  });
  let settling: readonly number[] = [];
  const touched = new Map<number, number[]>();
  let chosen = new Int32Array(256);

  function resize(capacity: number): void {
    store = resized(store, capacity);
    view = viewOf(store, strings.values);
    traceOf = longer(traceOf.subarray(0, store.count), capacity);
    nextRow = longer(nextRow.subarray(0, store.count), capacity);
  }

  function append(rows: FollowedRows): number {
    const begin = store.count;
    const needed = begin + rows.count;
    if (needed > store.capacity) resize(Math.max(needed, Math.ceil(store.capacity * 1.5)));
    appendRows(store, rows);
    view.links = store.links;
    view.count = store.count;
    traceOf.fill(-1, begin, store.count);
    return begin;
  }

  function link(row: number, trace: number): void {
    traceOf[row] = trace;
    nextRow[row] = -1;
    const before = lastRow[trace] as number;
    if (before < 0) firstRow[trace] = row;
    else nextRow[before] = row;
    lastRow[trace] = row;
  }

  function begin(column: Uint32Array, row: number, tick: number): number {
    const trace = slots.take(column, row);
    first[trace] = tick;
    last[trace] = -1;
    firstRow[trace] = -1;
    lastRow[trace] = -1;
    rowCount[trace] = 0;
    return trace;
  }

  /** Squeezes out the rows that no open trace holds. */
  function squeeze(): void {
    const kept = new Int32Array(openSpans);
    let count = 0;
    for (let row = 0; row < store.count; row++) if ((traceOf[row] as number) >= 0) kept[count++] = row;
    keepRows(store, kept);
    firstRow.fill(-1);
    lastRow.fill(-1);
    for (let row = 0; row < count; row++) link(row, traceOf[kept[row] as number] as number);
    view.links = store.links;
    view.count = count;
    if (strings.values.length > stringLimit) renumber();
    if (store.capacity > 4 * leastSwept && store.capacity > 4 * count) resize(2 * count);
  }

  function renumber(): void {
    const old = strings.values;
    strings = createStringTable();
    for (const name of textColumns) {
      const column = store[name];
      for (let row = 0; row < store.count; row++) column[row] = strings.intern(old[column[row] ?? 0] ?? '');
    }
    view = viewOf(store, strings.values);
  }

  return {
    get strings() {
      return strings;
    },
    get columns() {
      return view;
    },
    get openTraces() {
      return slots.size;
    },
    get traceIds() {
      return slots.ids;
    },
    add(rows, tick) {
      const begun = append(rows);
      openSpans += rows.count;
      const ids = rows.traceId;
      let settlingThen = touched.get(tick + settleTicks);
      if (settlingThen === undefined) touched.set(tick + settleTicks, (settlingThen = []));
      let trace = -1;
      for (let row = 0; row < rows.count; row++) {
        // Rows of a commit come sorted by trace id: most rows belong to the trace of the row before.
        if (row === 0 || !sameId(ids, row, ids, row - 1)) {
          trace = slots.find(ids, row);
          if (trace < 0) trace = begin(ids, row, tick);
          if (last[trace] !== tick) {
            last[trace] = tick;
            settlingThen.push(trace);
          }
        }
        link(begun + row, trace);
        rowCount[trace] = (rowCount[trace] as number) + 1;
      }
    },
    addHistory: append,
    takeSettled(tick) {
      const candidates = touched.get(tick) ?? [];
      touched.delete(tick);
      settling = candidates.filter((trace) => (last[trace] as number) + settleTicks === tick);
      for (const trace of settling) {
        slots.remove(trace);
        openSpans -= rowCount[trace] as number;
      }
      return settling;
    },
    nextSettlement() {
      let next: number | undefined;
      for (const tick of touched.keys()) if (next === undefined || tick < next) next = tick;
      return next;
    },
    open() {
      const open: number[] = [];
      for (let trace = 0; trace < slots.end; trace++) {
        if ((firstRow[trace] as number) >= 0) open.push(trace);
      }
      return open;
    },
    firstTick: (trace) => first[trace] as number,
    traceId: (trace) => traceIdHex(slots.ids, trace),
    rowsOf(trace) {
      const count = rowCount[trace] as number;
      if (count > chosen.length) chosen = new Int32Array(count * 2);
      let row = firstRow[trace] as number;
      for (let i = 0; i < count; i++) {
        chosen[i] = row;
        row = nextRow[row] as number;
      }
      return chosen.subarray(0, count);
    },
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
      for (const trace of settling) {
        for (let row = firstRow[trace] as number; row >= 0; row = nextRow[row] as number) traceOf[row] = -1;
        firstRow[trace] = -1;
        slots.free(trace);
      }
      settling = [];
      if (store.count >= leastSwept && store.count - openSpans > openSpans * mostLoose) squeeze();
    },
  };
}

/** A longer array with the same beginning. */
function longer<T extends Int32Array | Float64Array>(from: T, length: number): T {
  const to = new (from.constructor as new (length: number) => T)(length);
  to.set(from as never);
  return to;
}
