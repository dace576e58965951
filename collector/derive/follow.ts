/**
 * The narrow columns of spans, read from the store in ingest order: a tick at a time, or the earlier spans of given traces.
 * Text arrives as dictionaries and is interned once an entry, not once a row.
 */
import { traceIdHex, type SpanLink } from '#shared/span.ts';
import type { Db } from '../store/db.ts';
import {
  readNative,
  type DictionaryColumn,
  type FixedColumn,
  type NativeColumn,
  type NativeTable,
  type NumberColumn,
  type StringColumn,
} from '../store/native.ts';
import type { LiveTime } from './live-time.ts';
import {
  columnNames,
  textColumns,
  type Assembler,
  type FollowedRows,
  type OpenTrace,
  type StringTable,
} from './assemble.ts';

const select = `SELECT traceId, spanId, parentId, startNs, ${columnNames.join(', ')}, linkIds FROM spans`;

/** All spans of a tick that has some, sorted by trace. */
export async function readTick(db: Db, tick: number, strings: StringTable): Promise<FollowedRows> {
  const bytes = await db.native(`${select} WHERE tick = {tick:UInt32} ORDER BY tick, traceId`, { tick });
  return toRows(readNative(bytes), strings);
}

/** What the store holds of a trace before the spans in memory. */
export interface History {
  /** Rows that belong to the settlement at hand. */
  readonly episode: number[];
  /** Rows of earlier settlements, and the newest tick among them. */
  readonly settled: { readonly rows: number[]; readonly lastTick: number } | undefined;
}

/**
 * Earlier spans of the traces, appended to the assembler's columns. A gap of more than settleTicks between two spans parts
 * one settlement from the next. in: spans after the live tick `from` and before the tick `before` are looked at. out: by trace id;
 * absent when there are none.
 */
export async function readHistory(
  db: Db,
  traces: readonly OpenTrace[],
  from: number,
  before: number,
  using: { readonly settleTicks: number; readonly time: LiveTime; readonly assembler: Assembler },
): Promise<Map<string, History>> {
  const { settleTicks, time, assembler } = using;
  const bytes = await db.native(
    `${select} WHERE tick > {after:Int64} AND tick < {before:Int64} AND traceId IN (
       SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16)
     ) ORDER BY tick, traceId`,
    { after: time.toTick(from), before, ids: traces.map(({ traceId }) => traceId) },
  );
  const histories = new Map<string, History>();
  const table = readNative(bytes);
  if (table.rows === 0) return histories;
  const rows = toRows(table, assembler.strings);
  const first = assembler.addHistory(rows);
  const byTrace = new Map<string, number[]>();
  for (let row = 0; row < rows.count; row++) {
    const traceId = traceIdHex(rows.traceId, row);
    const list = byTrace.get(traceId);
    if (list) list.push(row);
    else byTrace.set(traceId, [row]);
  }
  const liveTick = (row: number): number => time.toLive(rows.tick[row] ?? 0);
  for (const { traceId, firstTick } of traces) {
    const earlier = byTrace.get(traceId)?.filter((row) => liveTick(row) < firstTick);
    if (earlier === undefined || earlier.length === 0) continue;
    let begin = earlier.length;
    let next = firstTick;
    while (begin > 0 && next - liveTick(earlier[begin - 1] ?? 0) <= settleTicks) {
      begin -= 1;
      next = liveTick(earlier[begin] ?? 0);
    }
    const settled = earlier.slice(0, begin);
    const lastTick = rows.tick[settled.at(-1) ?? 0] ?? 0;
    histories.set(traceId, {
      episode: earlier.slice(begin).map((row) => first + row),
      settled: settled.length === 0 ? undefined : { rows: settled.map((row) => first + row), lastTick },
    });
  }
  return histories;
}

/** in: an answer with at least one row. */
function toRows({ rows: count, columns }: NativeTable, strings: StringTable): FollowedRows {
  const get = <T extends NativeColumn>(name: string): T => columns.get(name) as T;
  const texts = new Set<string>(textColumns);
  const column = (name: string): Float64Array | NumberColumn => {
    if (texts.has(name)) return interned(get(name), strings);
    const values = get<NumberColumn>(name);
    return values instanceof BigInt64Array || values instanceof BigUint64Array ? toDoubles(values) : values;
  };
  return {
    count,
    ...(Object.fromEntries(columnNames.map((name) => [name, column(name)])) as Pick<
      FollowedRows,
      (typeof columnNames)[number]
    >),
    traceId: toWords(get<FixedColumn>('traceId')),
    spanId: toWords(get<FixedColumn>('spanId')),
    parentId: toWords(get<FixedColumn>('parentId')),
    startWords: wordsOf(get<BigUint64Array>('startNs')),
    links: toLinks(get<StringColumn>('linkIds'), count),
  };
}

function interned({ dictionary, index }: DictionaryColumn, strings: StringTable): Uint32Array {
  const ids = dictionary.map((value) => strings.intern(value));
  return index.map((entry) => ids[entry] ?? 0);
}

function wordsOf(values: BigUint64Array | BigInt64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** 64-bit integers as doubles: exact below 2^53, which is 104 days in nanoseconds. */
function toDoubles(values: BigUint64Array | BigInt64Array): Float64Array {
  const words = wordsOf(values);
  const signed = values instanceof BigInt64Array;
  const doubles = new Float64Array(values.length);
  for (let row = 0; row < doubles.length; row++) {
    const high = words[row * 2 + 1] ?? 0;
    doubles[row] = (signed ? high | 0 : high) * 4294967296 + (words[row * 2] ?? 0);
  }
  return doubles;
}

/** Ids as big-endian words. */
function toWords({ bytes }: FixedColumn): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(bytes.byteLength / 4);
  for (let word = 0; word < words.length; word++) words[word] = view.getUint32(word * 4);
  return words;
}

const linkBytes = 24;

function toLinks({ bytes, starts, ends }: StringColumn, count: number): Map<number, readonly SpanLink[]> {
  const links = new Map<number, readonly SpanLink[]>();
  for (let row = 0; row < count; row++) {
    const start = starts[row] ?? 0;
    const end = ends[row] ?? 0;
    if (start === end) continue;
    const list: SpanLink[] = [];
    for (let at = start; at + linkBytes <= end; at += linkBytes) {
      const hex = Buffer.from(bytes.buffer, bytes.byteOffset + at, linkBytes).toString('hex');
      list.push({ traceId: hex.slice(0, 32), spanId: hex.slice(32) });
    }
    links.set(row, list);
  }
  return links;
}
