/** Rows of the `edges` table over an interval, as columns. */
import { readFileSync } from 'node:fs';
import type { CriticalCut } from '#shared/critical-cut.ts';
import { frameSeconds } from '#shared/frame.ts';
import { createPairs } from '#shared/pairs.ts';
import { second } from './column-time.ts';
import type { Db } from './db.ts';
import {
  edgeNumbers,
  endColumns,
  toEdgeName,
  type EdgeName,
  type EdgeSums,
  type ExemplarLists,
  type Sketches,
  type TextExemplars,
  type TextLists,
} from './edge-columns.ts';
import {
  readNative,
  type DictionaryColumn,
  type FixedColumn,
  type ListColumn,
  type NativeTable,
  type NumberColumn,
} from './native.ts';

const sql = readFileSync(new URL('edges-read.sql', import.meta.url), 'utf8');
/** Of all traces: what rows have beside the keys. */
const allSql = sqlOf({ criticalNs: 'e.criticalTotalNs', rootCount: 'e.rootTotalCount', rootNs: 'e.rootTotalNs' });
/** Of the traces of a cut. Only where it is asked for: planning this costs as much as reading ten seconds (2026-11-29). */
const cutSql = sqlOf({ criticalNs: sumOf('criticalNs'), rootCount: sumOf('rootCount'), rootNs: sumOf('rootNs') });

function sqlOf(columns: Readonly<Record<'criticalNs' | 'rootCount' | 'rootNs', string>>): string {
  return Object.entries(columns).reduce((text, [name, column]) => text.replace(`__${name}__`, column), sql);
}

/** Over the keys 'band|entry' from a band on, of all entries or one. */
function sumOf(column: string): string {
  return `arraySum(mapValues(mapFilter((key, value) -> toInt32OrZero(substringIndex(key, '|', 1)) >= {fromBand:Int32}
    AND (empty({entry:String}) OR substring(key, position(key, '|') + 1) = {entry:String}), e.${column})))`;
}

/** Which rows, and how they are put together. */
export interface FrameQuery {
  /** Epoch seconds, half open; frames that start within. */
  readonly fromSecond: number;
  readonly toSecond: number;
  /** Length of a step in seconds, a multiple of ten; absent: one row an edge for the whole interval. */
  readonly stepSeconds?: number;
  readonly probes?: boolean;
  /** Only edges whose ends have these workload names (of any namespace); a workload's own row has no ends. */
  readonly source?: string;
  readonly target?: string;
  /** Which traces' critical paths count; absent: all. */
  readonly cut?: Pick<CriticalCut, 'entry' | 'fromBand'>;
}

/** Rows of an interval as they lie in the store: an edge and frame may have several. errors: those of the store. */
export async function readEdges(
  db: Db,
  { fromSecond, toSecond, source, target, cut }: Omit<FrameQuery, 'stepSeconds' | 'probes'>,
): Promise<EdgeSums> {
  const bytes = await db.native(cut === undefined ? allSql : cutSql, {
    from: second(fromSecond),
    to: second(toSecond),
    anySource: source === undefined ? 1 : 0,
    source: source ?? '',
    anyTarget: target === undefined ? 1 : 0,
    target: target ?? '',
    ...(cut && { fromBand: cut.fromBand, entry: cut.entry }),
  });
  return toEdges(readNative(bytes));
}

function toEdges(table: NativeTable): EdgeSums {
  const { rows } = table;
  const column = <Column>(name: string): Column => table.columns.get(name) as Column;
  const numbers = new Float64Array(rows * edgeNumbers.length);
  edgeNumbers.forEach((name, at) => {
    const values = column<Float64Array | undefined>(name) ?? new Float64Array(0);
    for (let row = 0; row < values.length; row++) numbers[row * edgeNumbers.length + at] = values[row]!;
  });
  const frames = column<Uint32Array | undefined>('frame') ?? new Uint32Array(0);
  return {
    rows,
    frames,
    ...namesOf(table),
    numbers,
    clientNs: sketchesOf(column('clientNs')),
    serverNs: sketchesOf(column('serverNs')),
    networkNs: sketchesOf(column('networkNs')),
    exemplars: exemplarsOf(column('exemplars')),
    errors: textsOf(column('errors')),
    principals: textsOf(column('principals')),
    errorExemplars: textExemplarsOf(column('errorExemplars')),
  };
}

/** Which rows are of one edge: the columns are joined one after another, those that say the same in each row cost nothing. */
function namesOf(table: NativeTable): Pick<EdgeSums, 'edges' | 'names'> {
  const given = endColumns.map((name) => table.columns.get(name) as DictionaryColumn | NumberColumn | undefined);
  const columns = given.map((column) => {
    return column === undefined ? noEnds : 'index' in column ? numbersOf(column) : column;
  });
  let edges = new Uint32Array(table.rows);
  let firsts: number[] = table.rows === 0 ? [] : [0];
  for (const column of columns) {
    const first = column[0];
    let differs = false;
    for (let row = 1; row < column.length && !differs; row++) differs = column[row] !== first;
    if (!differs) continue;
    const pairs = createPairs();
    const joined = new Uint32Array(table.rows);
    firsts = [];
    for (let row = 0; row < joined.length; row++) {
      const { size } = pairs;
      joined[row] = pairs.of(edges[row]!, column[row] as number);
      if (pairs.size > size) firsts.push(row);
    }
    edges = joined;
  }
  const names = firsts.map((row): EdgeName => {
    const values = given.map((column) =>
      column === undefined ? '' : 'index' in column ? column.dictionary[column.index[row]!]! : Number(column[row]),
    );
    return toEdgeName(values);
  });
  return { edges, names };
}

/** Equal texts as equal numbers: a dictionary may hold one twice. */
function numbersOf({ dictionary, index }: DictionaryColumn): Uint32Array {
  const first = new Map<string, number>();
  const numbers = dictionary.map((text, entry) => {
    if (!first.has(text)) first.set(text, entry);
    return first.get(text)!;
  });
  const values = new Uint32Array(index.length);
  for (let row = 0; row < index.length; row++) values[row] = numbers[index[row]!]!;
  return values;
}

const noEnds = new Uint32Array(0);

function sketchesOf(list: ListColumn | undefined): Sketches {
  return {
    ends: list?.ends ?? noEnds,
    buckets: (list?.keys as Int16Array | undefined) ?? new Int16Array(0),
    weights: (list?.values as Float64Array | undefined) ?? new Float64Array(0),
  };
}

function exemplarsOf(list: ListColumn | undefined): ExemplarLists {
  return {
    ends: list?.ends ?? noEnds,
    buckets: (list?.keys as Int16Array | undefined) ?? new Int16Array(0),
    traceIds: idsOf(list),
  };
}

/** UInt128 comes with the lowest word first. */
function idsOf(list: ListColumn | undefined): Uint32Array {
  if (list === undefined) return new Uint32Array(0);
  // On memory of its own, for words must lie at a multiple of their size.
  const words = new Uint32Array((list.values as FixedColumn).bytes.slice().buffer);
  for (let at = 0; at < words.length; at += 4) {
    const [lowest, low, high, highest] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!];
    words[at] = highest;
    words[at + 1] = high;
    words[at + 2] = low;
    words[at + 3] = lowest;
  }
  return words;
}

function textsOf(list: ListColumn | undefined): TextLists {
  return { ...textKeysOf(list), weights: (list?.values as Float64Array | undefined) ?? new Float64Array(0) };
}

function textExemplarsOf(list: ListColumn | undefined): TextExemplars {
  return { ...textKeysOf(list), traceIds: idsOf(list) };
}

function textKeysOf(list: ListColumn | undefined): Pick<TextLists, 'ends' | 'keys' | 'texts'> {
  const keys = list?.keys as DictionaryColumn | undefined;
  return { ends: list?.ends ?? noEnds, keys: keys?.index ?? noEnds, texts: keys?.dictionary ?? [] };
}

const countSql = readFileSync(new URL('edges-count.sql', import.meta.url), 'utf8');

/** How many rows a question in steps gives, and about how many buckets in their sketches: a look at keys and lengths. */
export async function countFrames(
  db: Db,
  { fromSecond, toSecond, stepSeconds = 0, probes = false }: FrameQuery,
): Promise<{ rows: number; buckets: number }> {
  const [row] = await db.rows<{ rows: string; buckets: string }>(countSql, {
    from: second(fromSecond),
    to: second(toSecond),
    step: Math.max(frameSeconds, stepSeconds),
    probes: probes ? 1 : 0,
  });
  return { rows: Number(row?.rows ?? 0), buckets: Number(row?.buckets ?? 0) };
}
