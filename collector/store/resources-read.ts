/**
 * The distinct resources of spans and what they say. There is about one a process, so each is unpacked here, once, and a
 * question about an attribute of a resource becomes one for the spans of some resources.
 */
import { eachField, readResource } from '../decode/otlp-read.ts';
import { textOf } from './attribute-text.ts';
import type { Db } from './db.ts';

/** Resources looked at, and held unpacked. */
const maxResources = 20_000;

/** Where spans are looked for: ingest seconds, both included, and starts, half open. */
export interface SpanBounds {
  readonly fromTick: number;
  readonly toTick: number;
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

export interface StoredResource {
  /** cityHash64 of the stored message, decimal. */
  readonly id: string;
  /** Key to text, as the attributes of spans are stored. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** Conditions that keep the spans within the bounds, with the parameters boundParams gives. */
export const boundsSql = `s.tick >= {spanFromTick:UInt32} AND s.tick <= {spanToTick:UInt32}
      AND s.startNs >= {spanFromNs:UInt64} AND s.startNs < {spanToNs:UInt64}`;

export function boundParams({ fromTick, toTick, fromNs, toNs }: SpanBounds): Record<string, unknown> {
  return { spanFromTick: fromTick, spanToTick: toTick, spanFromNs: fromNs, spanToNs: toNs };
}

const countedSql = `SELECT toString(cityHash64(r)) AS id, hex(r) AS bytes, spans
FROM (SELECT s.resource AS r, count() AS spans FROM spans AS s WHERE ${boundsSql} GROUP BY r LIMIT {limit:UInt32})`;

// By the primary key alone, which costs a third: some of them may be of other spans that came in then.
const distinctSql = `SELECT toString(cityHash64(r)) AS id, hex(r) AS bytes
FROM (
  SELECT DISTINCT s.resource AS r FROM spans AS s
  WHERE s.tick >= {spanFromTick:UInt32} AND s.tick <= {spanToTick:UInt32}
  LIMIT {limit:UInt32}
)`;

const unpacked = new Map<string, ReadonlyMap<string, string>>();

/** The resources of all spans that came in within the bounds. */
export async function readResources(db: Db, { fromTick, toTick }: SpanBounds): Promise<StoredResource[]> {
  const params = { spanFromTick: fromTick, spanToTick: toTick, limit: maxResources };
  const rows = await db.rows<{ id: string; bytes: string }>(distinctSql, params);
  return rows.map(({ id, bytes }) => ({ id, attributes: unpack(id, bytes) }));
}

/** The resources of the spans within the bounds, and of how many each is. */
export async function countResources(
  db: Db,
  bounds: SpanBounds,
): Promise<(StoredResource & { readonly spans: number })[]> {
  const params = { ...boundParams(bounds), limit: maxResources };
  const rows = await db.rows<{ id: string; bytes: string; spans: string }>(countedSql, params);
  return rows.map(({ id, bytes, spans }) => ({ id, attributes: unpack(id, bytes), spans: Number(spans) }));
}

function unpack(id: string, hex: string): ReadonlyMap<string, string> {
  const known = unpacked.get(id);
  if (known !== undefined) return known;
  const bytes = Buffer.from(hex, 'hex');
  const attributes = new Map<string, string>();
  eachField(bytes, 0, bytes.length, (field, wireType, at, end) => {
    if (field !== 1 || wireType !== 2) return;
    for (const { key = '', value = {} } of readResource(bytes, at, end).attributes ?? [])
      attributes.set(key, textOf(value));
  });
  if (unpacked.size >= maxResources) unpacked.clear();
  unpacked.set(id, attributes);
  return attributes;
}
