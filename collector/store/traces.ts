/**
 * Rows of the `traces` table: what one settlement of a trace gives, gathered as columns of one Native block. What each
 * column holds is said in schema.sql.
 */
import { grown } from '#shared/grown.ts';
import type { Db } from './db.ts';
import {
  blockHead,
  bytesOf,
  bytesUnder,
  columnHead,
  createByteBuffer,
  dictionaryBody,
  dictionaryPrefix,
  emptied,
  putText,
  reserve,
} from './native-write.ts';

/** Columns as in schema.sql, durations in ns. */
export interface TraceRow {
  readonly tick: number;
  /** Where its id is: ids as four big-endian words each, and which of them. */
  readonly traceIds: Uint32Array;
  readonly trace: number;
  readonly replacesTick: number;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly rootService: string;
  readonly rootNamespace: string;
  readonly rootOperation: string;
  readonly rootVersion: string;
  readonly rootDurationNs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly failed: number;
  readonly probe: number;
  readonly weight: number;
  readonly workloads: readonly string[];
  readonly operations: readonly string[];
  readonly edgeIds: readonly bigint[];
  readonly pathIds: readonly bigint[];
  readonly pathNs: readonly number[];
}

/** Settled traces on their way into the table. */
export interface TraceBlock {
  readonly rows: number;
  append(row: TraceRow): void;
  /** All rows as one Native block; valid until reset or append. */
  seal(): Uint8Array[];
  /** Empties the block; keeps its buffers. */
  reset(): void;
}

/** A column while it grows. */
interface Column {
  readonly type: string;
  bytes(rows: number): Uint8Array[];
  reset(): void;
}

interface Values<T> extends Column {
  put(value: T, at: number): void;
}

export function createTraceBlock(): TraceBlock {
  let rows = 0;
  const columns = {
    tick: numbers('UInt32'),
    traceId: ids(),
    replacesTick: numbers('UInt32'),
    firstTick: numbers('UInt32'),
    lastTick: numbers('UInt32'),
    startNs: wide(),
    durationNs: wide(),
    rootService: texts(),
    rootNamespace: texts(),
    rootOperation: texts(),
    rootVersion: texts(),
    rootDurationNs: wide(),
    spanCount: numbers('UInt32'),
    errorCount: numbers('UInt32'),
    failed: numbers('UInt8'),
    probe: numbers('UInt8'),
    weight: numbers('Float64'),
    workloads: lists(texts()),
    operations: lists(texts()),
    edgeIds: lists(wide()),
    pathIds: lists(wide()),
    pathNs: lists(wide()),
  };
  const all = Object.entries(columns);
  return {
    get rows() {
      return rows;
    },
    append(row) {
      columns.tick.put(row.tick, rows);
      columns.traceId.put(row.traceIds, row.trace, rows);
      columns.replacesTick.put(row.replacesTick, rows);
      columns.firstTick.put(row.firstTick, rows);
      columns.lastTick.put(row.lastTick, rows);
      columns.startNs.put(row.startNs, rows);
      columns.durationNs.put(row.durationNs, rows);
      columns.rootService.put(row.rootService, rows);
      columns.rootNamespace.put(row.rootNamespace, rows);
      columns.rootOperation.put(row.rootOperation, rows);
      columns.rootVersion.put(row.rootVersion, rows);
      columns.rootDurationNs.put(row.rootDurationNs, rows);
      columns.spanCount.put(row.spanCount, rows);
      columns.errorCount.put(row.errorCount, rows);
      columns.failed.put(row.failed, rows);
      columns.probe.put(row.probe, rows);
      columns.weight.put(row.weight, rows);
      for (const workload of row.workloads) columns.workloads.add(workload);
      columns.workloads.end(rows);
      for (const operation of row.operations) columns.operations.add(operation);
      columns.operations.end(rows);
      for (const edge of row.edgeIds) columns.edgeIds.add(edge);
      columns.edgeIds.end(rows);
      for (const path of row.pathIds) columns.pathIds.add(path);
      columns.pathIds.end(rows);
      for (const ns of row.pathNs) columns.pathNs.add(ns);
      columns.pathNs.end(rows);
      rows += 1;
    },
    seal() {
      const chunks = [blockHead(all.length, rows)];
      for (const [name, column] of all) chunks.push(columnHead(name, column.type), ...column.bytes(rows));
      return chunks;
    },
    reset() {
      rows = 0;
      for (const [, column] of all) column.reset();
    },
  };
}

const numberArrays = { UInt8: Uint8Array, UInt32: Uint32Array, Float64: Float64Array } as const;

function numbers(type: keyof typeof numberArrays): Values<number> {
  let values: Uint8Array | Uint32Array | Float64Array = new numberArrays[type](256);
  return {
    type,
    put(value, at) {
      if (at === values.length) values = grown(values, at * 2);
      values[at] = value;
    },
    bytes: (rows) => [bytesUnder(values.subarray(0, rows))],
    reset() {},
  };
}

const two32 = 2 ** 32;

/** UInt64, of bigints or of whole numbers that are not negative. */
function wide(): Values<number | bigint> {
  let words = new Uint32Array(512);
  let values = new BigUint64Array(words.buffer);
  return {
    type: 'UInt64',
    put(value, at) {
      if (at === values.length) {
        words = grown(words, at * 4);
        values = new BigUint64Array(words.buffer);
      }
      if (typeof value === 'bigint') values[at] = value;
      else {
        words[at * 2] = value;
        words[at * 2 + 1] = value / two32;
      }
    },
    bytes: (rows) => [bytesUnder(values.subarray(0, rows))],
    reset() {},
  };
}

/** FixedString(16) of ids as words. */
function ids(): Column & { put(words: Uint32Array, index: number, at: number): void } {
  const bytes = createByteBuffer(4096);
  return {
    type: 'FixedString(16)',
    put(words, index, at) {
      reserve(bytes, 16);
      for (let word = 0; word < 4; word++) bytes.view.setUint32(at * 16 + word * 4, words[index * 4 + word]!);
      bytes.length += 16;
    },
    bytes: () => [bytesOf(bytes)],
    reset: () => emptied(bytes),
  };
}

/** LowCardinality(String). */
function texts(): Values<string> {
  const known = new Map<string, number>();
  const keys = createByteBuffer();
  let index = new Uint32Array(256);
  return {
    type: 'LowCardinality(String)',
    put(value, at) {
      let id = known.get(value);
      if (id === undefined) {
        id = known.size;
        known.set(value, id);
        putText(keys, value);
      }
      if (at === index.length) index = grown(index, at * 2);
      index[at] = id;
    },
    bytes: (rows) => [dictionaryPrefix, ...dictionaryBody(known.size, bytesOf(keys), index.subarray(0, rows))],
    reset() {
      known.clear();
      emptied(keys);
    },
  };
}

/** Array of another column's values: they are added one by one, then the row ends. */
function lists<T>(of: Values<T>): Column & { add(value: T): void; end(row: number): void } {
  const ends = wide();
  let count = 0;
  return {
    type: `Array(${of.type})`,
    add: (value) => of.put(value, count++),
    end: (row) => ends.put(count, row),
    bytes(rows) {
      // The prefix of the values comes before everything else of the column.
      const values = of.bytes(count);
      const prefix = values[0] === dictionaryPrefix ? values.splice(0, 1) : [];
      return [...prefix, ...ends.bytes(rows), ...values];
    },
    reset() {
      count = 0;
      of.reset();
    },
  };
}

/** One insert of the settlements of a tick. */
export async function insertTraces(db: Db, block: TraceBlock): Promise<void> {
  if (block.rows > 0) await db.insertNative('traces', block.seal());
}
