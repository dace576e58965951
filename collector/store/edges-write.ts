/**
 * Rows of the `edges` table as one Native block: what a tick adds to the frames, as columns. Tens of thousands of sketch
 * buckets a tick: as JSON, writing and reading them cost as much as finding the calls they count.
 */
import { frameCounts, type EdgeFrame } from '#shared/frame.ts';
import type { Db } from './db.ts';
import {
  blockHead,
  bytesOf,
  bytesUnder,
  columnHead,
  createByteBuffer,
  dictionaryBody,
  dictionaryPrefix,
  putText,
} from './native-write.ts';

const endTexts = [
  'sourceCluster',
  'sourceNamespace',
  'source',
  'sourceVersion',
  'targetCluster',
  'targetNamespace',
  'target',
  'targetVersion',
  'protocol',
] as const;

/** What tells rows apart. */
export type EdgeEnds = Pick<EdgeFrame, 'frame' | (typeof endTexts)[number] | 'sourceKind' | 'targetKind' | 'probe'>;

/** A map of each row: the entries of row r are those from ends[r - 1] to ends[r]. */
export interface MapColumn {
  readonly ends: Uint32Array;
  readonly keys: Int32Array;
  readonly values: Float64Array;
  /** By entry: the trace id as four big-endian words; of maps that have an exemplar for each key. */
  readonly traceIds: Uint32Array;
}

/** A map whose keys are numbers of texts. */
export interface TextMapColumn extends MapColumn {
  readonly texts: readonly string[];
}

export interface EdgeColumns {
  readonly rows: number;
  readonly ends: readonly EdgeEnds[];
  /** Those of frameCounts, row upon row. */
  readonly counts: Float64Array;
  /** By sketch bucket. */
  readonly clientNs: MapColumn;
  readonly serverNs: MapColumn;
  readonly networkNs: MapColumn;
  readonly errors: TextMapColumn;
  readonly principals: TextMapColumn;
  readonly criticalNs: TextMapColumn;
  readonly rootCount: TextMapColumn;
  readonly rootNs: TextMapColumn;
}

/** One insert of what the tick adds. */
export async function insertEdges(db: Db, columns: EdgeColumns, tick: number): Promise<void> {
  if (columns.rows > 0) await db.insertNative('edges', toBlock(columns, tick));
}

function toBlock(columns: EdgeColumns, tick: number): Uint8Array[] {
  const { rows, ends, counts } = columns;
  const chunks: Uint8Array[] = [];
  let count = 0;
  const put = (name: string, type: string, ...bytes: Uint8Array[]): void => {
    count += 1;
    chunks.push(columnHead(name, type), ...bytes);
  };
  const putTexts = (...names: readonly (typeof endTexts)[number][]): void => {
    for (const name of names) put(name, 'LowCardinality(String)', ...dictionaryOf(ends.map((row) => row[name])));
  };
  const putOctets = (name: 'sourceKind' | 'targetKind' | 'probe'): void =>
    put(
      name,
      'UInt8',
      Uint8Array.from(ends, (row) => row[name]),
    );
  put('frame', 'UInt32', bytesUnder(Uint32Array.from(ends, ({ frame }) => frame)));
  putTexts('sourceCluster', 'sourceNamespace', 'source', 'sourceVersion');
  putOctets('sourceKind');
  putTexts('targetCluster', 'targetNamespace', 'target', 'targetVersion');
  putOctets('targetKind');
  putTexts('protocol');
  putOctets('probe');
  put('tick', 'UInt32', bytesUnder(new Uint32Array(rows).fill(tick)));
  frameCounts.forEach((name, at) => {
    const values = new Float64Array(rows);
    for (let row = 0; row < rows; row++) values[row] = counts[row * frameCounts.length + at]!;
    if (name === 'seen') put(name, 'UInt64', bytesUnder(toWide(values)));
    else put(name, 'Float64', bytesUnder(values));
  });
  for (const name of ['clientNs', 'serverNs', 'networkNs'] as const)
    put(name, 'Map(Int16, Float64)', ...mapOf(columns[name], bucketsOf(columns[name]), columns[name].values));
  const { clientNs, errors } = columns;
  for (const name of ['errors', 'principals'] as const)
    put(name, 'Map(String, Float64)', ...mapOf(columns[name], textsOf(columns[name]), columns[name].values));
  put('exemplars', 'Map(Int16, UInt128)', ...mapOf(clientNs, bucketsOf(clientNs), idsOf(clientNs)));
  put('errorExemplars', 'Map(String, UInt128)', ...mapOf(errors, textsOf(errors), idsOf(errors)));
  for (const name of ['criticalNs', 'rootCount', 'rootNs'] as const)
    put(name, 'Map(String, Float64)', ...mapOf(columns[name], textsOf(columns[name]), columns[name].values));
  put('criticalTotalNs', 'Float64', totalsOf(columns.criticalNs));
  put('rootTotalCount', 'Float64', totalsOf(columns.rootCount));
  put('rootTotalNs', 'Float64', totalsOf(columns.rootNs));
  return [blockHead(count, rows), ...chunks];
}

/** Each row's sum. */
function totalsOf({ ends, values }: MapColumn): Uint8Array {
  const totals = new Float64Array(ends.length);
  let entry = 0;
  for (let row = 0; row < ends.length; row++) for (; entry < ends[row]!; entry++) totals[row]! += values[entry]!;
  return bytesUnder(totals);
}

function dictionaryOf(values: readonly string[]): Uint8Array[] {
  const known = new Map<string, number>();
  const keys = createByteBuffer();
  const index = Uint32Array.from(values, (value) => {
    let id = known.get(value);
    if (id === undefined) {
      id = known.size;
      known.set(value, id);
      putText(keys, value);
    }
    return id;
  });
  return [dictionaryPrefix, ...dictionaryBody(known.size, bytesOf(keys), index)];
}

function mapOf({ ends }: MapColumn, keys: Uint8Array, values: ArrayBufferView): Uint8Array[] {
  return [bytesUnder(toWide(ends)), keys, bytesUnder(values)];
}

function bucketsOf({ keys }: MapColumn): Uint8Array {
  return bytesUnder(new Int16Array(keys));
}

function textsOf({ keys, texts }: TextMapColumn): Uint8Array {
  const bytes = createByteBuffer(keys.length * 32);
  for (let entry = 0; entry < keys.length; entry++) putText(bytes, texts[keys[entry]!] ?? '');
  return bytesOf(bytes);
}

/** UInt128: the lowest word first. */
function idsOf({ traceIds }: MapColumn): Uint32Array {
  const words = new Uint32Array(traceIds.length);
  for (let word = 0; word < words.length; word++) words[word] = traceIds[word ^ 3]!;
  return words;
}

/** UInt64 of whole numbers. */
function toWide(values: Uint32Array | Float64Array): Uint32Array {
  const words = new Uint32Array(values.length * 2);
  for (let row = 0; row < values.length; row++) {
    words[row * 2] = values[row]!;
    words[row * 2 + 1] = values[row]! / 2 ** 32;
  }
  return words;
}
