/**
 * The narrow columns of spans in ingest order, as they were told or read from the store: a tick at a time, or the earlier spans of
 * given traces. Text arrives as dictionaries and is interned once an entry, not once a row.
 */
import { giveBack } from '#shared/give-back.ts';
import { traceIdHex } from '#shared/span.ts';
import type { Db } from '../store/db.ts';
import { readNative, type DictionaryColumn, type NativeColumn, type NativeTable } from '../store/native.ts';
import { readSettlements } from '../store/progress.ts';
import { halvesOf, interned, textColumns, toDoubles, toLinks, toWords } from '../store/span-columns.ts';
import type { ToldSpans } from '../store/spans-told.ts';
import type { LiveTime } from './live-time.ts';
import type { Assembler } from './assemble.ts';
import type { ClassNumbers } from './row-classes.ts';
import { columnNames, type FollowedRows } from './span-rows.ts';

const select = `SELECT traceId, spanId, parentId, startNs, ${columnNames.join(', ')}, linkIds FROM spans`;

/** One block is read without putting columns together, and a second thread gains nothing. */
const settings = 'SETTINGS max_block_size = 1000000, preferred_block_size_bytes = 0, max_threads = 1';

/** All spans of a tick, undefined when it has none; those of one commit sorted by trace. */
export async function readTick(db: Db, tick: number, assembler: Assembler): Promise<FollowedRows | undefined> {
  const bytes = await db.native(`${select} WHERE tick = {tick:UInt32} ORDER BY tick, batch, traceId ${settings}`, {
    tick,
  });
  const table = readNative(bytes);
  const rows = table.rows === 0 ? undefined : toRows(table, assembler);
  giveBack(bytes);
  return rows;
}

/** What the store holds of a trace before the spans in memory. */
export interface History {
  /** undefined: no spans. */
  readonly rows: FollowedRows | undefined;
  /** Which of the rows are the trace's, those of earlier settlements and those that belong to the one at hand. */
  readonly which: readonly number[];
  /** The tick of the settlement before this one, if there was one: it took all spans that had come by then. */
  readonly settledTick: number | undefined;
  /** Whether all those spans are among the rows. */
  readonly isWhole: boolean;
}

/**
 * Earlier spans of the assembler's traces. Where the row of an earlier settlement is not found, a gap of more than settleTicks
 * between two spans tells that there was one. in: spans and settlements after the live tick `from` and before the tick `before` are
 * looked at. out: by number of the trace; absent when there are none.
 */
export async function readHistory(
  db: Db,
  traces: readonly number[],
  from: number,
  before: number,
  using: { readonly settleTicks: number; readonly time: LiveTime; readonly assembler: Assembler },
): Promise<Map<number, History>> {
  const { settleTicks, time, assembler } = using;
  const ids = traces.map(assembler.traceId);
  const after = time.toTick(from);
  const bytes = await db.native(
    `${select} WHERE tick > {after:Int64} AND tick < {before:Int64} AND traceId IN (
       SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16)
     ) ORDER BY tick, traceId`,
    { after, before, ids },
    'look-up anywhere',
  );
  const settlements = await readSettlements(db, ids, after, before);
  const table = readNative(bytes);
  const rows = table.rows === 0 ? undefined : toRows(table, assembler);
  const byTrace = new Map<string, number[]>();
  for (let row = 0; rows !== undefined && row < rows.count; row++) {
    const traceId = traceIdHex(rows.traceId, row);
    const list = byTrace.get(traceId);
    if (list) list.push(row);
    else byTrace.set(traceId, [row]);
  }
  const histories = new Map<number, History>();
  const liveTick = (row: number): number => time.toLive(rows?.tick[row] ?? 0);
  /** The settlement that the last gap tells of. in: rows in the order of their ticks; the tick of what follows them. */
  const beforeGap = (earlier: readonly number[], firstTick: number): number | undefined => {
    let next = firstTick;
    for (const row of earlier.toReversed()) {
      const live = liveTick(row);
      if (next - live > settleTicks) return time.toTick(live + settleTicks);
      next = live;
    }
    return undefined;
  };
  for (const [i, trace] of traces.entries()) {
    const traceId = ids[i] ?? '';
    const firstTick = assembler.firstTick(trace);
    const which = (byTrace.get(traceId) ?? []).filter((row) => liveTick(row) < firstTick);
    const settlement = settlements.get(traceId);
    const settledTick = settlement?.tick ?? beforeGap(which, firstTick);
    const isWhole = settlement === undefined || settlement.firstTick > after;
    if (which.length > 0 || settledTick !== undefined) histories.set(trace, { rows, which, settledTick, isWhole });
  }
  return histories;
}

/** The rows of a commit that was told; the memory of what was told is given back. */
export function toFollowed({ tick, rows, classes }: ToldSpans, assembler: Assembler): FollowedRows {
  const { rows: count, columns } = readNative(rows);
  const table = readNative(classes);
  const known = classesOf(table, assembler);
  const rowClass = (columns.get('class') as Uint32Array).slice();
  for (let row = 0; row < count; row++) rowClass[row] = known[rowClass[row]!]!;
  const followed = { ...rowsOf({ rows: count, columns }), rowClass, tick: new Uint32Array(count).fill(tick) };
  giveBack(new Uint8Array(rows.buffer), new Uint8Array(classes.buffer));
  return followed;
}

/** in: an answer with at least one row. out: nothing of the answer itself, which is larger. */
function toRows(table: NativeTable, assembler: Assembler): FollowedRows {
  const tick = table.columns.get('tick') as Uint32Array;
  return { ...rowsOf(table), rowClass: classesOf(table, assembler), tick: tick.slice() };
}

/** What differs from row to row. out: nothing of the table itself. */
function rowsOf({ rows: count, columns }: NativeTable): Omit<FollowedRows, 'rowClass' | 'tick'> {
  const get = <T extends NativeColumn>(name: string): T => columns.get(name) as T;
  return {
    count,
    traceId: toWords(get('traceId')),
    spanId: toWords(get('spanId')),
    parentId: toWords(get('parentId')),
    startWords: halvesOf(get<BigUint64Array>('startNs')).slice(),
    durationNs: toDoubles(get('durationNs')),
    requestBytes: toDoubles(get('requestBytes')),
    responseBytes: toDoubles(get('responseBytes')),
    links: toLinks(get('linkIds'), count),
  };
}

/** The class of each row of the table. */
function classesOf({ rows: count, columns }: NativeTable, { strings, classes }: Assembler): Uint32Array {
  const get = <T extends NativeColumn>(name: string): T => columns.get(name) as T;
  const numbers: ClassNumbers = {
    kind: get('kind'),
    statusCode: get('statusCode'),
    peerKind: get('peerKind'),
    httpCode: get('httpCode'),
    grpcCode: get('grpcCode'),
    marks: get('marks'),
    retryCount: get('retryCount'),
    weight: get('weight'),
  };
  const texts = textColumns.map((name) => interned(get(name), strings));
  const found = classes.of(numbers, texts, count);
  giveBack(...texts, ...textColumns.map((name) => get<DictionaryColumn>(name).index));
  return found;
}
