/**
 * Attributes of spans by their shapes. There are few shapes beside spans, so each is unpacked here, once, and a question about
 * an attribute becomes one for spans of some shapes, or for a numbered varying value of them. Rows from before there were
 * shapes have their attributes in a Map (schema.sql).
 */
import { partsOf, type ShapePart } from '../decode/shapes.ts';
import type { Db } from './db.ts';
import { boundParams, boundsSql, type SpanBounds } from './resources-read.ts';

/** Shapes looked at one by one, and held unpacked. With more of them the store unpacks each span's. */
const maxShapes = 20_000;

const partsSql = `JSONExtract(s.shape, 'Array(Tuple(String, String, Nullable(String)))')`;

/** All attributes of a span, of any age, as an array of (key, value) in the order sent. */
export const pairsSql = `arrayConcat(
  arrayMap((k, v) -> (toString(k), v), mapKeys(s.attributes), mapValues(s.attributes)),
  arrayMap((part, at) -> (part.1, ifNull(part.3, s.varying[at])), ${partsSql}, arrayCumSum(part -> isNull(part.3), ${partsSql})))`;

/** The same as a Map. */
export const attributesSql = `CAST(${pairsSql}, 'Map(String, String)')`;

export interface StoredShape {
  /** cityHash64 of its text, decimal. */
  readonly id: string;
  readonly parts: readonly ShapePart[];
}

export interface Shapes {
  readonly shapes: readonly StoredShape[];
  /** There are spans whose attributes these shapes do not tell: from before, or of too many shapes. */
  readonly others: 'none' | 'old' | 'many';
}

// By the primary key alone, as resources are.
const distinctSql = `SELECT toString(cityHash64(shape)) AS id, shape
FROM (
  SELECT DISTINCT s.shape AS shape FROM spans AS s
  WHERE s.tick >= {spanFromTick:UInt32} AND s.tick <= {spanToTick:UInt32}
  LIMIT {limit:UInt32}
)`;

const oldSql = `SELECT 1 FROM spans AS s
WHERE s.tick >= {spanFromTick:UInt32} AND s.tick <= {spanToTick:UInt32}
  AND cityHash64(s.shape) = cityHash64('') AND notEmpty(s.attributes)
LIMIT 1`;

const countedSql = `SELECT toString(cityHash64(shape)) AS id, shape, spans
FROM (SELECT s.shape AS shape, count() AS spans FROM spans AS s WHERE ${boundsSql} GROUP BY shape LIMIT {limit:UInt32})`;

const unpacked = new Map<string, readonly ShapePart[]>();

/** The shapes of all spans that came in within the bounds. */
export async function readShapes(db: Db, { fromTick, toTick }: SpanBounds): Promise<Shapes> {
  const params = { spanFromTick: fromTick, spanToTick: toTick };
  const rows = await db.rows<{ id: string; shape: string }>(distinctSql, { ...params, limit: maxShapes });
  return withOthers(db, rows, params);
}

/** The shapes of the spans within the bounds, and of how many each is. */
export async function countShapes(
  db: Db,
  bounds: SpanBounds,
): Promise<Shapes & { readonly spans: ReadonlyMap<string, number> }> {
  const params = boundParams(bounds);
  const rows = await db.rows<{ id: string; shape: string; spans: string }>(countedSql, { ...params, limit: maxShapes });
  const spans = new Map(rows.map((row) => [row.id, Number(row.spans)]));
  return { ...(await withOthers(db, rows, params)), spans };
}

async function withOthers(
  db: Db,
  rows: readonly { id: string; shape: string }[],
  params: Record<string, unknown>,
): Promise<Shapes> {
  const shapes = rows.filter(({ shape }) => shape !== '').map(({ id, shape }) => ({ id, parts: unpack(id, shape) }));
  if (rows.length === maxShapes) return { shapes: [], others: 'many' };
  const old = shapes.length < rows.length && (await db.rows(oldSql, params)).length > 0;
  return { shapes, others: old ? 'old' : 'none' };
}

function unpack(id: string, shape: string): readonly ShapePart[] {
  const known = unpacked.get(id);
  if (known !== undefined) return known;
  const parts = partsOf(shape);
  if (unpacked.size >= maxShapes) unpacked.clear();
  unpacked.set(id, parts);
  return parts;
}

/** Where an attribute is in shapes. */
export interface KeyPlaces {
  /** Ids of shapes by the value they have, */
  readonly fixed: ReadonlyMap<string, bigint[]>;
  /** and by which of the varying values it is, from 1 on. */
  readonly varying: ReadonlyMap<number, bigint[]>;
  /** Ids of all of them. */
  readonly all: bigint[];
}

/** Of equal keys the first counts. */
export function placesOf(shapes: readonly StoredShape[], key: string): KeyPlaces {
  const fixed = new Map<string, bigint[]>();
  const varying = new Map<number, bigint[]>();
  const all: bigint[] = [];
  for (const { id, parts } of shapes) {
    const at = parts.findIndex(([name]) => name === key);
    const part = parts[at];
    if (part === undefined) continue;
    all.push(BigInt(id));
    if (part[2] !== null) addTo(fixed, part[2], id);
    else addTo(varying, parts.slice(0, at + 1).filter(([, , value]) => value === null).length, id);
  }
  return { fixed, varying, all };
}

function addTo<K>(lists: Map<K, bigint[]>, key: K, id: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [BigInt(id)]);
  else list.push(BigInt(id));
}
