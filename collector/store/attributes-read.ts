/**
 * Names and values of attributes, counted over the newest spans of a time: as many as can be read while somebody types.
 * What resources say counts for their spans.
 */
import { nanosecond } from './column-time.ts';
import type { Db } from './db.ts';
import { boundParams, boundsSql, countResources, type SpanBounds } from './resources-read.ts';
import { attributesSql, countShapes, pairsSql, placesOf } from './shapes-read.ts';

/** Spans read for the names and for the values of one. */
const keySpans = 250_000;
const valueSpans = 150_000;
/** Slices the last look back is divided in. */
const slices = 64;
/** Longer values are not offered: nobody types them. */
const mostCharacters = 500;

export interface AttributeQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly prefix: string;
  readonly limit: number;
}

export interface Counted {
  readonly text: string;
  readonly spans: number;
}

export interface AttributeCounts {
  /** Start of what was counted: later than asked when that were too many spans. */
  readonly fromMs: number;
  /** The most frequent first. */
  readonly counted: Counted[];
}

// For spans whose shapes do not tell.
const keysSql = `SELECT pair.1 AS text, count() AS spans
FROM spans AS s ARRAY JOIN ${pairsSql} AS pair
WHERE ${boundsSql} AND ({all:UInt8} = 1 OR s.shape = '')
GROUP BY text`;

const fits = `length(text) <= {mostCharacters:UInt32} AND startsWith(lowerUTF8(text), lowerUTF8({prefix:String}))
GROUP BY text
ORDER BY spans DESC, text
LIMIT {limit:UInt32}`;

const valuesSql = `SELECT ${attributesSql}[{key:String}] AS text, count() AS spans
FROM spans AS s
WHERE ${boundsSql} AND ({all:UInt8} = 1 OR s.shape = '')
  AND arrayExists(pair -> pair.1 = {key:String}, ${pairsSql})
  AND ${fits}`;

// A varying value of spans of some shapes, by the place it has in each.
const varyingSql = `SELECT
  s.varying[transform(cityHash64(s.shape), {shapes:Array(UInt64)}, {places:Array(UInt32)}, toUInt32(0))] AS text,
  count() AS spans
FROM spans AS s
WHERE ${boundsSql} AND cityHash64(s.shape) IN {shapes:Array(UInt64)}
  AND ${fits}`;

interface TextRow {
  readonly text: string;
  readonly spans: string;
}

/** errors: none of its own; a time without spans has none. */
export async function readAttributeKeys(db: Db, query: AttributeQuery): Promise<AttributeCounts> {
  return count(db, query, keySpans, async (bounds, resources) => {
    const sums = createSums();
    const { shapes, others, spans } = await countShapes(db, bounds);
    for (const { id, parts } of shapes) for (const [key] of parts) sums.add(key, spans.get(id) ?? 0);
    if (others !== 'none') {
      const params = { ...boundParams(bounds), all: others === 'many' ? 1 : 0 };
      for (const row of await db.rows<TextRow>(keysSql, params)) sums.add(row.text, Number(row.spans));
    }
    for (const resource of resources) for (const key of resource.attributes.keys()) sums.add(key, resource.spans);
    return sums.counts;
  });
}

export async function readAttributeValues(db: Db, key: string, query: AttributeQuery): Promise<AttributeCounts> {
  return count(db, query, valueSpans, async (bounds, resources) => {
    const { prefix, limit } = query;
    const sums = createSums();
    const params = { ...boundParams(bounds), key, prefix, limit, mostCharacters };
    const { shapes, others, spans } = await countShapes(db, bounds);
    const { fixed, varying } = placesOf(shapes, key);
    for (const [text, ids] of fixed) {
      if (text.length > mostCharacters) continue;
      for (const id of ids) sums.add(text, spans.get(String(id)) ?? 0);
    }
    if (varying.size > 0) {
      const places = [...varying].flatMap(([at, ids]) => ids.map(() => at));
      const rows = await db.rows<TextRow>(varyingSql, { ...params, places, shapes: [...varying.values()].flat() });
      for (const row of rows) sums.add(row.text, Number(row.spans));
    }
    if (others !== 'none') {
      const rows = await db.rows<TextRow>(valuesSql, { ...params, all: others === 'many' ? 1 : 0 });
      for (const row of rows) sums.add(row.text, Number(row.spans));
    }
    for (const resource of resources) {
      const text = resource.attributes.get(key);
      if (text !== undefined && text.length <= mostCharacters) sums.add(text, resource.spans);
    }
    return sums.counts;
  });
}

function createSums(): { readonly counts: ReadonlyMap<string, number>; add(text: string, spans: number): void } {
  const counts = new Map<string, number>();
  return { counts, add: (text, spans) => void counts.set(text, (counts.get(text) ?? 0) + spans) };
}

async function count(
  db: Db,
  { fromMs, toMs, prefix, limit }: AttributeQuery,
  mostSpans: number,
  read: (
    bounds: SpanBounds,
    resources: Awaited<ReturnType<typeof countResources>>,
  ) => Promise<ReadonlyMap<string, number>>,
): Promise<AttributeCounts> {
  const bounds = await newestSpans(db, nanosecond(fromMs), nanosecond(toMs), mostSpans);
  if (bounds === undefined) return { fromMs, counted: [] };
  const sums = await read(bounds, await countResources(db, bounds));
  const wanted = prefix.toLowerCase();
  const counted = Array.from(sums, ([text, spans]) => ({ text, spans }))
    .filter(({ text }) => text.toLowerCase().startsWith(wanted))
    .sort((a, b) => b.spans - a.spans || (a.text < b.text ? -1 : 1))
    .slice(0, limit);
  return { fromMs: Math.max(fromMs, Number(bounds.fromNs / 1000n) / 1000), counted };
}

// One row: how many spans start in a stretch, and when they came in.
const stretchSql = `SELECT count() AS n, min(s.tick) AS fromTick, max(s.tick) AS toTick
FROM spans AS s
WHERE s.startNs >= {fromNs:UInt64} AND s.startNs < {toNs:UInt64}`;

// One row a slice of a stretch, the newest first.
const slicesSql = `SELECT toUInt32(intDiv({toNs:UInt64} - 1 - s.startNs, {sliceNs:UInt64})) AS slice, count() AS n
FROM spans AS s
WHERE ${boundsSql}
GROUP BY slice
ORDER BY slice`;

/** The newest stretch that holds about so many spans, or all there are. out: undefined when there are none. */
async function newestSpans(db: Db, fromNs: bigint, toNs: bigint, most: number): Promise<SpanBounds | undefined> {
  let lengthNs = 60_000_000_000n;
  for (;;) {
    const whole = lengthNs >= toNs - fromNs;
    const stretchNs = whole ? fromNs : toNs - lengthNs;
    const [row] = await db.rows<{ n: string; fromTick: number; toTick: number }>(stretchSql, {
      fromNs: stretchNs,
      toNs,
    });
    const spans = Number(row?.n ?? 0);
    if (row === undefined || (!whole && spans < most)) {
      lengthNs *= 8n;
      continue;
    }
    if (spans === 0) return undefined;
    const bounds = { fromTick: row.fromTick, toTick: row.toTick, fromNs: stretchNs, toNs };
    return spans <= most ? bounds : { ...bounds, fromNs: await cut(db, bounds, most) };
  }
}

/** Where the newest slices hold so many spans. */
async function cut(db: Db, bounds: SpanBounds, most: number): Promise<bigint> {
  const sliceNs = (bounds.toNs - bounds.fromNs) / BigInt(slices) + 1n;
  const rows = await db.rows<{ slice: number; n: string }>(slicesSql, {
    ...boundParams(bounds),
    toNs: bounds.toNs,
    sliceNs,
  });
  let spans = 0;
  for (const { slice, n } of rows) {
    spans += Number(n);
    const fromNs = bounds.toNs - BigInt(slice + 1) * sliceNs;
    if (spans >= most) return fromNs > bounds.fromNs ? fromNs : bounds.fromNs;
  }
  return bounds.fromNs;
}
