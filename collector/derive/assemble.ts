/**
 * Spans in ingest order → traces that have settled. Keeps the rows of each tick while an open trace has spans
 * among them; a trace settles at live tick T when its newest span came at T - settleTicks and none came since, and at the latest
 * when it has been open for longestTicks: one that is never quiet would be held for ever and never counted. What is decided here
 * follows from the spans and their ticks alone: fed the same ticks again, it settles the same traces at the same ticks.
 */
import { giveBack } from '#shared/give-back.ts';
import { grown } from '#shared/grown.ts';
import { traceIdHex, type SpanColumns } from '#shared/span.ts';
import { orderByTrace, swapped } from '../store/sorted-rows.ts';
import { createStringTable, type StringTable } from '../store/span-columns.ts';
import { createRowClasses, type RowClasses } from './row-classes.ts';
import { countFromFirst, createOrigin, type Origin } from './origin.ts';
import { createRuns } from './runs.ts';
import { createHeldRows, createSpanRows, giveBackRows, loadRows, moveRows, viewOf } from './span-rows.ts';
import type { FollowedRows, HeldRows } from './span-rows.ts';
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
  /** A trace, if it is open, has been so since another tick than its rows here tell. in: its id; the tick, Infinity for that of its next rows. */
  beganAt(ids: Uint32Array, index: number, tick: number): void;
  /** Takes the traces that settle at the tick out of the open ones. out: their numbers in the order of their ids, valid until `sweep`. */
  takeSettled(tick: number): readonly number[];
  /** The earliest tick at which a trace may settle, unless more spans come. */
  nextSettlement(): number | undefined;
  /** The open traces by the tick at which they settle, unless more spans come. */
  readonly open: ReadonlyMap<number, OpenTraces>;
  /** Whether it is the rest of a trace that was settled because it had been open for longestTicks. in: a trace's number. */
  continues(trace: number): boolean;
  /** Live tick of the first span here. in: a trace's number. */
  firstTick(trace: number): number;
  /** Hex of the trace's id. */
  traceId(trace: number): string;
  /** Start of the trace that was loaded last: whole epoch seconds, and ns beyond them. */
  readonly origin: Readonly<Pick<Origin, 'second' | 'restNs'>>;
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
  readonly rows: HeldRows | undefined;
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
/** Ids of long traces that are remembered. */
const mostLongIds = 10_000;

export function createAssembler(settleTicks: number, longestTicks = Infinity): Assembler {
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
  let began = new Float64Array(0);
  let first = new Float64Array(0);
  let last = new Float64Array(0);
  let firstRun = new Int32Array(0);
  let lastRun = new Int32Array(0);
  let rowCount = new Int32Array(0);
  const slots = createTraceSlots((capacity) => {
    began = grown(began, capacity);
    first = grown(first, capacity);
    last = grown(last, capacity);
    firstRun = grown(firstRun, capacity);
    lastRun = grown(lastRun, capacity);
    rowCount = grown(rowCount, capacity);
  });
  const origin = createOrigin();
  let settling: readonly number[] = [];
  const touched = new Map<number, Touched>();
  /** No trace has been open for longestTicks before this tick. */
  let longestAt = Infinity;
  /** Ids of those that have been, until they are quiet. */
  const longIds = new Set<string>();

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

  function openSince(trace: number, tick: number): void {
    began[trace] = tick;
    longestAt = Math.min(longestAt, tick + longestTicks);
  }

  function begin(column: Uint32Array, row: number, tick: number): number {
    const trace = slots.take(column, row);
    openSince(trace, tick);
    first[trace] = tick;
    last[trace] = -1;
    firstRun[trace] = -1;
    lastRun[trace] = -1;
    rowCount[trace] = 0;
    return trace;
  }

  /** Takes those that have been open for longestTicks out of the touched ones. */
  function takeLongest(tick: number): number[] {
    const longest: number[] = [];
    longestAt = Infinity;
    for (let trace = 0; trace < slots.end; trace++) {
      if (firstRun[trace]! < 0) continue;
      const until = began[trace]! + longestTicks;
      if (until > tick) longestAt = Math.min(longestAt, until);
      else if (last[trace] !== tick - settleTicks) {
        touchedAt(last[trace]!).changes += 1;
        last[trace] = -1;
        longest.push(trace);
        if (longIds.size < mostLongIds) longIds.add(traceIdHex(slots.ids, trace));
      }
    }
    return longest;
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
          if (began[trace] === Infinity) openSince(trace, tick);
          settlingThen.all.push(trace);
        }
        addRun(trace, chunk, row, end - row);
        row = end;
      }
      giveBack(ids);
    },
    beganAt(ids, index, tick) {
      const trace = slots.find(ids, index);
      if (trace >= 0) openSince(trace, tick);
    },
    takeSettled(tick) {
      const quiet = touched.get(tick)?.numbers() ?? [];
      if (longIds.size > 0) for (const trace of quiet) longIds.delete(traceIdHex(slots.ids, trace));
      const longest = tick < longestAt ? [] : takeLongest(tick);
      settling = inOrder([...quiet, ...longest], slots.ids);
      touched.delete(tick);
      for (const trace of settling) {
        slots.remove(trace);
        openSpans -= rowCount[trace]!;
      }
      return settling;
    },
    nextSettlement() {
      let next = longestAt;
      for (const tick of touched.keys()) if (tick < next) next = tick;
      return next === Infinity ? undefined : next;
    },
    open: touched,
    origin,
    continues: (trace) => longIds.size > 0 && longIds.has(traceIdHex(slots.ids, trace)),
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
      if (earlier?.rows !== undefined)
        for (const row of earlier.which) loadRows(earlier.rows, row, 1, loaded, at++, classes);
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
