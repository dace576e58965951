/**
 * The spans of one trace as the columns that tree, calls and critical path are made of: for traces of so many spans that
 * their attributes are not read. Texts stay the store's dictionaries; no span becomes an object.
 */
import type { SpanColumns } from '#shared/span.ts';
import { readText } from '../decode/otlp-read.ts';
import type { Db } from './db.ts';
import { readNative, type StringColumn } from './native.ts';
import {
  createStringTable,
  interned,
  numberColumns,
  textColumns,
  toDoubles,
  toLinks,
  toWords,
} from './span-columns.ts';

const numberNames = ['tick', ...numberColumns] as const;
const wideNames = ['startNs', 'durationNs', 'requestBytes', 'responseBytes'] as const;

/** Bounded by tick as well, for the store is sorted by it. */
export const ofTrace = `s.traceId = toFixedString(unhex({traceId:String}), 16)
  AND s.tick >= {firstTick:UInt32} AND s.tick <= {newestTick:UInt32}`;

const sql = `SELECT spanId, parentId, linkIds, statusMessage, ${[...textColumns, ...numberNames, ...wideNames].join(', ')}
FROM spans AS s
WHERE ${ofTrace}
ORDER BY s.tick
LIMIT {limit:UInt32}`;

export interface TraceColumns {
  readonly columns: SpanColumns;
  statusMessageOf(row: number): string;
}

/** in: 32 hex digits, between which ingest seconds its spans lie, how many at most: the earliest delivered first. */
export async function readTraceColumns(
  db: Db,
  params: { readonly traceId: string; readonly firstTick: number; readonly newestTick: number; readonly limit: number },
): Promise<TraceColumns> {
  const { rows: count, columns } = readNative(await db.native(sql, params));
  const get = <T>(name: string): T => columns.get(name) as T;
  const strings = createStringTable();
  const starts = get<BigUint64Array>('startNs');
  const originNs = least(starts);
  const messages = get<StringColumn>('statusMessage');
  return {
    columns: {
      count,
      strings: strings.values,
      originNs,
      traceId: repeated(params.traceId, count),
      spanId: toWords(get('spanId')),
      parentId: toWords(get('parentId')),
      ...(Object.fromEntries(textColumns.map((name) => [name, interned(get(name), strings)])) as Columns<
        typeof textColumns,
        Uint32Array
      >),
      ...(Object.fromEntries(numberNames.map((name) => [name, get(name)])) as Pick<
        SpanColumns,
        (typeof numberNames)[number]
      >),
      startNs: Float64Array.from(starts, (start) => Number(start - originNs)),
      durationNs: toDoubles(get('durationNs')),
      requestBytes: toDoubles(get('requestBytes')),
      responseBytes: toDoubles(get('responseBytes')),
      links: toLinks(get('linkIds'), count),
    },
    statusMessageOf: (row) => readText(messages.bytes, messages.starts[row] ?? 0, messages.ends[row] ?? 0),
  };
}

type Columns<Names extends readonly string[], T> = Record<Names[number], T>;

function least(values: BigUint64Array): bigint {
  let found = values[0] ?? 0n;
  for (const value of values) if (value < found) found = value;
  return found;
}

function repeated(traceId: string, count: number): Uint32Array {
  const words = new Uint32Array(count * 4);
  for (let i = 0; i < words.length; i++) {
    words[i] = Number.parseInt(traceId.slice((i & 3) * 8, (i & 3) * 8 + 8), 16);
  }
  return words;
}
