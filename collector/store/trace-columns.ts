/**
 * The spans of one trace as the columns that tree, calls and critical path are made of: for traces of so many spans that
 * their attributes are not read. Texts stay the store's dictionaries; no span becomes an object.
 */
import type { SpanColumns, SpanLink } from '#shared/span.ts';
import { readHex, readText } from '../decode/otlp-read.ts';
import type { Db } from './db.ts';
import { readNative, type DictionaryColumn, type FixedColumn, type NumberColumn, type StringColumn } from './native.ts';

const textNames = [
  'name',
  'service',
  'namespace',
  'cluster',
  'version',
  'peer',
  'peerNamespace',
  'peerVersion',
  'protocol',
  'responseFlags',
  'errorType',
  'principal',
] as const;
const numberNames = [
  'tick',
  'kind',
  'statusCode',
  'peerKind',
  'httpCode',
  'grpcCode',
  'marks',
  'retryCount',
  'weight',
] as const;
const wideNames = ['startNs', 'durationNs', 'requestBytes', 'responseBytes'] as const;

/** Bounded by tick as well, for the store is sorted by it. */
export const ofTrace = `s.traceId = toFixedString(unhex({traceId:String}), 16)
  AND s.tick >= {firstTick:UInt32} AND s.tick <= {newestTick:UInt32}`;

const sql = `SELECT spanId, parentId, linkIds, statusMessage, ${[...textNames, ...numberNames, ...wideNames].join(', ')}
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
  const texts = createTexts();
  const starts = get<BigUint64Array>('startNs');
  const originNs = least(starts);
  const messages = get<StringColumn>('statusMessage');
  return {
    columns: {
      count,
      strings: texts.list,
      originNs,
      traceId: repeated(params.traceId, count),
      spanId: toWords(get('spanId')),
      parentId: toWords(get('parentId')),
      ...(Object.fromEntries(textNames.map((name) => [name, texts.of(get(name))])) as Columns<
        typeof textNames,
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

function createTexts(): { readonly list: string[]; of(column: DictionaryColumn): Uint32Array } {
  const list = [''];
  const known = new Map([['', 0]]);
  return {
    list,
    of({ dictionary, index }) {
      const ids = dictionary.map((text) => {
        let id = known.get(text);
        if (id === undefined) known.set(text, (id = list.push(text) - 1));
        return id;
      });
      return index.map((entry) => ids[entry] ?? 0);
    },
  };
}

function least(values: BigUint64Array): bigint {
  let found = values[0] ?? 0n;
  for (const value of values) if (value < found) found = value;
  return found;
}

/** 64-bit integers as doubles: exact below 2^53, which is 104 days in nanoseconds. */
function toDoubles(values: NumberColumn): Float64Array {
  return Float64Array.from(values as BigInt64Array, Number);
}

function repeated(traceId: string, count: number): Uint32Array {
  const words = new Uint32Array(count * 4);
  for (let i = 0; i < words.length; i++) {
    words[i] = Number.parseInt(traceId.slice((i & 3) * 8, (i & 3) * 8 + 8), 16);
  }
  return words;
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
    const list: SpanLink[] = [];
    for (let at = starts[row] ?? 0; at + linkBytes <= (ends[row] ?? 0); at += linkBytes) {
      list.push({ traceId: readHex(bytes, at, at + 16), spanId: readHex(bytes, at + 16, at + linkBytes) });
    }
    if (list.length > 0) links.set(row, list);
  }
  return links;
}
