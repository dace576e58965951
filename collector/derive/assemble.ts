/**
 * Spans in ingest order → traces that have settled. Keeps the rows of each tick while an open trace has spans
 * among them; a trace settles at live tick T when its newest span came at T - settleTicks and none came since. What is decided here follows
 * from the spans and their ticks alone: fed the same ticks again, it settles the same traces at the same ticks.
 */
import { giveBack } from '#shared/give-back.ts';
import { grown } from '#shared/grown.ts';
import { traceIdHex, type SpanColumns } from '#shared/span.ts';
import { orderByTrace, swapped } from '../store/sorted-rows.ts';
import { createStringTable, type StringTable } from '../store/span-columns.ts';
import { createRowClasses, type RowClasses } from './row-classes.ts';
import { createRuns } from './runs.ts';
import { createHeldRows, createSpanRows, giveBackRows, loadRows, moveRows, viewOf } from './span-rows.ts';
import type { FollowedRows, HeldRows, SpanRows } from './span-rows.ts';
import { createTraceSlots, sameId } from './trace-slots.ts';

export interface Assembler {
  readonly strings: StringTable;
  /** Of the rows' classes; like `strings` another one after a `sweep`. */
  readonly classes: RowClasses;
  /** The rows of the trace that was loaded last. Another object after `load` and `sweep`. */
  readonly columns: SpanColumns;
  readonly openTraces: number;
  /** By trace number: the id as four big-endian words. The array may be another one after `add`. */
  readonly traceIds: Uint32Array;
  /** Takes all rows of one tick, best sorted by trace; they are the assembler's own from then on. in: its live tick (live-time.ts). */
  add(rows: FollowedRows, tick: number): void;
  /** Takes the traces that settle at the tick out of the open ones. out: their numbers in the order of their ids, valid until `sweep`. */
  takeSettled(tick: number): readonly number[];
  /** The earliest tick after the given one at which a trace settles, unless more spans come. */
  nextSettlement(): number | undefined;
  /** The open traces by the tick at which they settle, unless more spans come. */
  readonly open: ReadonlyMap<number, OpenTraces>;
  /** Live tick of the first span. in: a trace's number. */
  firstTick(trace: number): number;
  /** Hex of the trace's id. */
  traceId(trace: number): string;
  /** Start of the trace that was loaded last: whole epoch seconds, and ns beyond them. */
  readonly origin: { readonly second: number; readonly restNs: number };
  /** Puts the trace's rows into `columns`. in: earlier spans of it that are not held here. out: the numbers of all rows there. */
  load(trace: number, earlier?: EarlierRows): Int32Array;
  /** Gives back the memory of rows that no open trace holds. */
  sweep(): void;
}

/** Traces whose newest spans are of the same tick. */
export interface OpenTraces {
  /** How often traces came to them or left them. */
  readonly changes: number;
  numbers(): number[];
}

/** Some rows of a table. */
export interface EarlierRows {
  readonly rows: HeldRows;
  readonly which: readonly number[];
}

/** Rows held before any are moved to give back memory. */
const leastSwept = 65_536;
/** Rows that no open trace holds, as a share of those that one does, before rows are moved. */
const mostLoose = 0.35;
/** Share of a chunk's rows that open traces hold, below which they are moved. */
const leastHeld = 0.8;
/** Rows of one trace that memory is kept for. */
const keptRows = 65_536;
/** Distinct texts held before a sweep starts a new table: names are the sender's and without bound. */
const stringLimit = 500_000;
/** And distinct classes of rows. */
const classLimit = 65_536;

export function createAssembler(settleTicks: number): Assembler {
  let strings = createStringTable();
  let mostStrings = stringLimit;
  let classes = createRowClasses();
  let mostClasses = classLimit;
  let loaded = createSpanRows(256);
  let view = viewOf(loaded, strings.values);
  let numbers = numbersTo(256);
  /** The ticks' rows by chunk number; how many of them open traces hold. */
  const chunks: (HeldRows | undefined)[] = [];
  const held: number[] = [];
  let heldSpans = 0;
  let openSpans = 0;
  /** Rows of one trace that follow each other in a chunk are a run; a trace's runs are chained. */
  const runs = createRuns();
  /** By trace number. */
  let first = new Float64Array(0);
  let last = new Float64Array(0);
  let firstRun = new Int32Array(0);
  let lastRun = new Int32Array(0);
  let rowCount = new Int32Array(0);
  const slots = createTraceSlots((capacity) => {
    first = grown(first, capacity);
    last = grown(last, capacity);
    firstRun = grown(firstRun, capacity);
    lastRun = grown(lastRun, capacity);
    rowCount = grown(rowCount, capacity);
  });
  const origin = createOrigin();
  let settling: readonly number[] = [];
  const touched = new Map<number, Touched>();

  function touchedAt(tick: number): Touched {
    let traces = touched.get(tick + settleTicks);
    if (traces === undefined) {
      const all: number[] = [];
      // Those that got newer spans since are among others now.
      traces = { all, changes: 0, numbers: () => all.filter((trace) => last[trace] === tick) };
      touched.set(tick + settleTicks, traces);
    }
    return traces;
  }

  function begin(column: Uint32Array, row: number, tick: number): number {
    const trace = slots.take(column, row);
    first[trace] = tick;
    last[trace] = -1;
    firstRun[trace] = -1;
    lastRun[trace] = -1;
    rowCount[trace] = 0;
    return trace;
  }

  function addRun(trace: number, chunk: number, row: number, count: number): void {
    const run = runs.take(chunk, row, count);
    const before = lastRun[trace]!;
    if (before < 0) firstRun[trace] = run;
    else runs.next[before] = run;
    lastRun[trace] = run;
    rowCount[trace] = rowCount[trace]! + count;
  }

  function addChunk(rows: HeldRows): number {
    const free = chunks.indexOf(undefined);
    const chunk = free < 0 ? chunks.length : free;
    chunks[chunk] = rows;
    held[chunk] = rows.count;
    heldSpans += rows.count;
    return chunk;
  }

  function drop(chunk: number): void {
    const rows = chunks[chunk]!;
    heldSpans -= rows.count;
    giveBackRows(rows);
    chunks[chunk] = undefined;
  }

  /** Moves the rows of chunks that are held in small part into one. */
  function squeeze(): void {
    const sparse = chunks.map((rows, chunk) => rows !== undefined && held[chunk]! < rows.count * leastHeld);
    const count = sparse.reduce((sum, is, chunk) => sum + (is ? held[chunk]! : 0), 0);
    const moved = createHeldRows(count);
    const to = addChunk(moved);
    for (let trace = 0; trace < slots.end; trace++) {
      for (let run = firstRun[trace]!; run >= 0; run = runs.next[run]!) {
        const chunk = runs.chunk[run]!;
        if (sparse[chunk] !== true) continue;
        const before = moved.count;
        moveRows(chunks[chunk]!, runs.first[run]!, runs.count[run]!, moved);
        runs.chunk[run] = to;
        runs.first[run] = before;
      }
    }
    held[to] = count;
    heldSpans += count;
    sparse.forEach((is, chunk) => {
      if (is) drop(chunk);
    });
  }

  /** Starts new tables of texts and classes, with those that rows still have. */
  function renumber(): void {
    const old = { texts: strings.values, classes };
    strings = createStringTable();
    classes = createRowClasses();
    const newText = (text: number): number => strings.intern(old.texts[text] ?? '');
    const newClass = new Int32Array(old.classes.count).fill(-1);
    for (const rows of chunks) {
      if (rows === undefined) continue;
      const { rowClass } = rows;
      for (let row = 0; row < rows.count; row++) {
        const of = rowClass[row]!;
        if (newClass[of] === -1) newClass[of] = classes.take(old.classes, of, newText);
        rowClass[row] = newClass[of]!;
      }
    }
    mostStrings = Math.max(stringLimit, 2 * strings.values.length);
    mostClasses = Math.max(classLimit, 2 * classes.count);
    view = viewOf(loaded, strings.values);
  }

  return {
    get strings() {
      return strings;
    },
    get classes() {
      return classes;
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
      if (rows.count === 0) return;
      const { traceId: ids, ...kept } = rows;
      const chunk = addChunk(kept);
      openSpans += rows.count;
      const settlingThen = touchedAt(tick);
      settlingThen.changes += 1;
      for (let row = 0; row < rows.count;) {
        // Rows of a commit come sorted by trace id: most rows belong to the trace of the row before.
        let end = row + 1;
        while (end < rows.count && sameId(ids, end, ids, row)) end++;
        let trace = slots.find(ids, row);
        if (trace < 0) trace = begin(ids, row, tick);
        if (last[trace] !== tick) {
          if (last[trace]! >= 0) touchedAt(last[trace]!).changes += 1;
          last[trace] = tick;
          settlingThen.all.push(trace);
        }
        addRun(trace, chunk, row, end - row);
        row = end;
      }
      giveBack(ids);
    },
    takeSettled(tick) {
      settling = inOrder(touched.get(tick)?.numbers() ?? [], slots.ids);
      touched.delete(tick);
      for (const trace of settling) {
        slots.remove(trace);
        openSpans -= rowCount[trace]!;
      }
      return settling;
    },
    nextSettlement() {
      let next: number | undefined;
      for (const tick of touched.keys()) if (next === undefined || tick < next) next = tick;
      return next;
    },
    open: touched,
    origin,
    firstTick: (trace) => first[trace]!,
    traceId: (trace) => traceIdHex(slots.ids, trace),
    load(trace, earlier) {
      const count = rowCount[trace]! + (earlier?.which.length ?? 0);
      if (count > loaded.capacity || (loaded.capacity > keptRows && count < keptRows)) {
        loaded = createSpanRows(count * 2);
        view = viewOf(loaded, strings.values);
        numbers = numbersTo(loaded.capacity);
      }
      if (loaded.links.size > 0) loaded.links.clear();
      let at = 0;
      if (earlier !== undefined) for (const row of earlier.which) loadRows(earlier.rows, row, 1, loaded, at++, classes);
      for (let run = firstRun[trace]!; run >= 0; run = runs.next[run]!) {
        loadRows(chunks[runs.chunk[run]!]!, runs.first[run]!, runs.count[run]!, loaded, at, classes);
        at += runs.count[run]!;
      }
      // Only links are compared with the trace's id.
      if (loaded.links.size > 0) fillId(loaded.traceId, at, slots.ids, trace);
      view.count = at;
      countFromFirst(loaded, at, origin);
      view.originNs = origin.ns[0]!;
      return numbers.subarray(0, at);
    },
    sweep() {
      for (const trace of settling) {
        for (let run = firstRun[trace]!; run >= 0;) {
          const chunk = runs.chunk[run]!;
          held[chunk] = held[chunk]! - runs.count[run]!;
          if (held[chunk] === 0) drop(chunk);
          run = runs.free(run);
        }
        firstRun[trace] = -1;
        slots.free(trace);
      }
      settling = [];
      if (heldSpans >= leastSwept && heldSpans - openSpans > openSpans * mostLoose) squeeze();
      if (strings.values.length > mostStrings || classes.count > mostClasses) renumber();
    },
  };
}

interface Touched extends OpenTraces {
  readonly all: number[];
  changes: number;
}

interface Origin {
  second: number;
  restNs: number;
  /** Epoch ns, and the same as words, the low one first. */
  readonly ns: BigUint64Array;
  readonly words: Uint32Array;
}

function createOrigin(): Origin {
  const words = new Uint32Array(2);
  return { second: 0, restNs: 0, ns: new BigUint64Array(words.buffer), words };
}

/** Makes startNs count from the first start of the rows, which becomes the origin. */
function countFromFirst({ startWords, startNs }: SpanRows, count: number, origin: Origin): void {
  let low = 0xffffffff;
  let high = 0xffffffff;
  for (let row = 0; row < count; row++) {
    const rowLow = startWords[row * 2]!;
    const rowHigh = startWords[row * 2 + 1]!;
    if (rowHigh < high || (rowHigh === high && rowLow < low)) {
      low = rowLow;
      high = rowHigh;
    }
  }
  for (let row = 0; row < count; row++)
    startNs[row] = (startWords[row * 2 + 1]! - high) * 4294967296 + (startWords[row * 2]! - low);
  // high * 2^32 + low in seconds, by parts that doubles hold exactly: 2^32 ns are 4.294967296 s, 2^48 ns 281474.976710656 s.
  const upper = high >>> 16;
  const restNs = upper * 976_710_656 + (high & 0xffff) * 294_967_296 + low;
  const seconds = Math.floor(restNs / 1e9);
  origin.second = upper * 281_474 + (high & 0xffff) * 4 + seconds;
  origin.restNs = restNs - seconds * 1e9;
  origin.words[0] = low;
  origin.words[1] = high;
}

function fillId(words: Uint32Array, rows: number, ids: Uint32Array, trace: number): void {
  for (let word = 0; word < rows * 4; word++) words[word] = ids[trace * 4 + (word & 3)]!;
}

/** The traces in the order of their ids, as the store sorts them. in: ids as four big-endian words each. */
function inOrder(traces: readonly number[], ids: Uint32Array): number[] {
  const words = new Uint32Array(traces.length * 4);
  for (let i = 0; i < words.length; i++) words[i] = swapped(ids[traces[i >> 2]! * 4 + (i & 3)]!);
  return Array.from(orderByTrace(words, traces.length), (at) => traces[at]!);
}

function numbersTo(count: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}
