/**
 * What the derivation has written into `edges`, told by its thread so that whoever keeps sums of edges (edges-cache.ts) need not
 * read back what this process has just written. Only the last writes are kept: who lacks one asks the store.
 */
import { frameCounts } from '#shared/frame.ts';
import { bytesOfEdges, edgeNumbers, endColumns, toEdgeName, type EdgeName, type EdgeSums } from './edge-columns.ts';
import type { EdgeColumns, MapColumn, TextMapColumn } from './edges-write.ts';

export interface ToldWrite {
  /** The number of writes behind it, as `now` counts. */
  readonly write: number;
  readonly tick: number;
  /** A row an edge and frame, in no order. */
  readonly edges: EdgeSums;
}

export interface ToldEdges {
  /** Counts up at the begin and at the end of each write: odd while one is under way. */
  now(): number;
  /** What was written after a number of writes up to another. out: undefined when some of it was not told or is not kept. */
  between(after: number, to: number): readonly ToldWrite[] | undefined;
}

/** Writes kept for who asks, a second each, and bytes they may have together. */
const maxWrites = 32;
const maxBytes = 16 * 1024 * 1024;

export function createToldEdges(now: () => number): ToldEdges & { add(write: ToldWrite): void } {
  let kept: ToldWrite[] = [];
  let bytes = 0;
  return {
    now,
    add(write) {
      kept.push(write);
      bytes += bytesOfEdges(write.edges);
      while (kept.length > maxWrites || bytes > maxBytes) bytes -= bytesOfEdges(kept.shift()!.edges);
    },
    between(after, to) {
      const wanted = kept.filter(({ write }) => write > after && write <= to);
      // Each write counts twice.
      return wanted.length * 2 === to - after ? wanted : undefined;
    },
  };
}

/** The rows of a tick as they would be read from the store (edges-read.ts), on memory of their own. */
export function toEdgeSums(columns: EdgeColumns): EdgeSums {
  const { rows, ends, counts, clientNs, errors } = columns;
  const numbers = new Float64Array(rows * edgeNumbers.length);
  for (let row = 0; row < rows; row++)
    for (let at = 0; at < frameCounts.length; at++)
      numbers[row * edgeNumbers.length + at] = counts[row * frameCounts.length + at]!;
  ([columns.criticalNs, columns.rootCount, columns.rootNs] as const).forEach((column, at) =>
    addTotals(column, numbers, frameCounts.length + at),
  );
  return {
    rows,
    frames: Uint32Array.from(ends, ({ frame }) => frame),
    ...namesOf(ends),
    numbers,
    clientNs: sketchOf(clientNs),
    serverNs: sketchOf(columns.serverNs),
    networkNs: sketchOf(columns.networkNs),
    exemplars: { ends: clientNs.ends, buckets: new Int16Array(clientNs.keys), traceIds: clientNs.traceIds },
    errors: textsOf(errors),
    principals: textsOf(columns.principals),
    errorExemplars: {
      ends: errors.ends,
      keys: new Uint32Array(errors.keys),
      texts: errors.texts,
      traceIds: errors.traceIds,
    },
  };
}

function namesOf(ends: EdgeColumns['ends']): Pick<EdgeSums, 'edges' | 'names'> {
  const names: EdgeName[] = [];
  const known = new Map<string, number>();
  const edges = Uint32Array.from(ends, (row) => {
    const name = toEdgeName(endColumns.map((column) => row[column]));
    const number = known.get(name.key) ?? names.push(name) - 1;
    known.set(name.key, number);
    return number;
  });
  return { edges, names };
}

function addTotals({ ends, values }: MapColumn, numbers: Float64Array, at: number): void {
  let entry = 0;
  for (let row = 0; row < ends.length; row++)
    for (; entry < ends[row]!; entry++) numbers[row * edgeNumbers.length + at]! += values[entry]!;
}

function sketchOf({ ends, keys, values }: MapColumn): EdgeSums['clientNs'] {
  return { ends, buckets: new Int16Array(keys), weights: values };
}

function textsOf({ ends, keys, texts, values }: TextMapColumn): EdgeSums['errors'] {
  return { ends, keys: new Uint32Array(keys), texts, weights: values };
}
