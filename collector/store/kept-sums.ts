/**
 * Sums of edges over ten minutes and hours that the store keeps, so that a long map does not begin with millions of rows. They
 * are right for as long as no tick newer than theirs has written into the part: who reads them asks that first.
 */
import { second } from './column-time.ts';
import type { Db } from './db.ts';
import type { EdgeSums } from './edge-columns.ts';
import { packEdges, unpackEdges } from './edge-pack.ts';
import { readPartRows, type PartRows } from './edges-bounds.ts';
import { readNative, type NumberColumn, type StringColumn } from './native.ts';
import { blockHead, bytesOf, bytesUnder, columnHead, createByteBuffer, putVaruint } from './native-write.ts';
import { endOf, hourSeconds, partKey, tenMinutes, type Part } from './time-parts.ts';

/** What one question reads at most: an hour of two hundred edges has two megabytes. */
const maxPartsPerRead = 8;

/** Lengths that are kept. */
export const keptLengths: readonly number[] = [tenMinutes, hourSeconds];

/** The newest tick that wrote into a part. in: those of its ten minutes. out: undefined when it has no rows. */
export function newestOf({ from, length }: Part, rows: ReadonlyMap<number, PartRows>): number | undefined {
  let most: number | undefined;
  for (let at = from; at < from + length; at += tenMinutes) {
    const tick = rows.get(at)?.newest;
    if (tick !== undefined && (most === undefined || tick > most)) most = tick;
  }
  return most;
}

/** Which parts' sums the store has, and up to which tick they are right. in: epoch seconds, half open. */
export async function readKept(db: Db, from: number, to: number): Promise<Map<string, number>> {
  const rows = await db.rows<{ length: number; frame: number; newest: number }>(
    `SELECT s.length AS length, s.frame AS frame, max(s.tick) AS newest
     FROM edgeSums AS s WHERE s.frame >= {from:UInt32} AND s.frame < {to:UInt32} GROUP BY length, frame`,
    { from: second(from), to: second(to) },
  );
  return new Map(rows.map(({ length, frame, newest }) => [partKey({ from: frame, length }), newest]));
}

/**
 * Sums of those of the parts that the store has and that nothing was written into since. in: parts of lengths that are kept,
 * ascending; the first second of the table's oldest tick's day: of a day that was dropped nothing is right. out: by partKey.
 */
export async function readKeptSums(db: Db, parts: readonly Part[], oldestDay: number): Promise<Map<string, EdgeSums>> {
  const sums = new Map<string, EdgeSums>();
  const [first, last] = [parts[0], parts.at(-1)];
  if (first === undefined || last === undefined) return sums;
  const kept = await readKept(db, first.from, endOf(last));
  const candidates = parts.filter((part) => kept.has(partKey(part)) && part.from >= oldestDay);
  if (candidates.length === 0) return sums;
  const rows = await readPartRows(db, first.from, endOf(last), tenMinutes);
  const right = candidates.filter((part) => (newestOf(part, rows) ?? 0) <= (kept.get(partKey(part)) ?? 0));
  for (const length of keptLengths) {
    const ofLength = right.filter((part) => part.length === length);
    for (let at = 0; at < ofLength.length; at += maxPartsPerRead)
      await readSome(db, ofLength.slice(at, at + maxPartsPerRead), sums);
  }
  return sums;
}

/** in: parts of one length. */
async function readSome(db: Db, parts: readonly Part[], into: Map<string, EdgeSums>): Promise<void> {
  const bytes = await db.native(
    `SELECT s.length AS length, s.frame AS frame, s.data AS data FROM edgeSums AS s FINAL
     WHERE s.length = {length:UInt32} AND s.frame IN {frames:Array(UInt32)}`,
    { length: parts[0]!.length, frames: parts.map(({ from }) => from) },
  );
  const { rows, columns } = readNative(bytes);
  if (rows === 0) return;
  const [lengths, frames] = [columns.get('length') as NumberColumn, columns.get('frame') as NumberColumn];
  const data = columns.get('data') as StringColumn;
  for (let row = 0; row < rows; row++) {
    const sums = unpackEdges(data.bytes.subarray(data.starts[row], data.ends[row]));
    if (sums) into.set(partKey({ from: Number(frames[row]), length: Number(lengths[row]) }), sums);
  }
}

/** in: every tick of edges up to this one is in the sums. */
export async function writeKeptSums(db: Db, { from, length }: Part, tick: number, sums: EdgeSums): Promise<void> {
  const number = (name: string, value: number): Uint8Array[] => [
    columnHead(name, 'UInt32'),
    bytesUnder(Uint32Array.of(value)),
  ];
  const packed = packEdges(sums);
  const size = createByteBuffer(16);
  putVaruint(
    size,
    packed.reduce((sum, { length: bytes }) => sum + bytes, 0),
  );
  await db.insertNative('edgeSums', [
    blockHead(4, 1),
    ...number('length', length),
    ...number('frame', from),
    ...number('tick', tick),
    columnHead('data', 'String'),
    bytesOf(size),
    ...packed,
  ]);
}
