/**
 * The rows of a trace as columns: its tree (spans come in tree order from the server), its times, and the critical path by
 * row. Made once a trace, so that a hundred thousand spans cost no object each; a row's object is made when it is drawn.
 * Pure; nanoseconds since the trace's first start.
 */
import type { Trace, TraceSpan } from '#shared/api.ts';

export interface Stretch {
  readonly startNs: number;
  readonly endNs: number;
}

/** By row, in tree order. A subtree is one run of rows: a row and the `below` rows after it. */
export interface Rows {
  readonly spans: readonly TraceSpan[];
  readonly count: number;
  readonly depth: Int32Array;
  /** Rows below it in the tree, directly or not. */
  readonly below: Int32Array;
  /** -1 for a root. */
  readonly parent: Int32Array;
  readonly startNs: Float64Array;
  /** Never before the start: a negative duration (a broken clock) covers nothing. */
  readonly endNs: Float64Array;
  readonly failed: Uint8Array;
  /** What the row owns of the critical path. */
  readonly pathNs: Float64Array;
  /** It or something below it is on the critical path. */
  readonly leads: Uint8Array;
  /** Sections of the path by row: of row i those from pathFrom[i] to pathFrom[i + 1], in time order. */
  readonly pathFrom: Int32Array;
  readonly pathStartNs: Float64Array;
  readonly pathEndNs: Float64Array;
  /** What puts a row on the clock of the first. */
  readonly skewNs: Float64Array;
  /** A row's clock differs. */
  readonly skewed: boolean;
  /** The first start to the last end. */
  readonly whole: Stretch;
  /** out: -1 when the trace has no such span. */
  rowOf(spanId: string): number;
}

/** One row to draw. */
export interface Row {
  readonly span: TraceSpan;
  readonly index: number;
  readonly depth: number;
  readonly below: number;
  readonly parent: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly pathNs: number;
  /** How much more its clock is off than that of the row above; 0 when the two agree. */
  readonly clockNs: number;
}

/** All rows of a trace. in: spans in tree order; a parent that is missing or comes later makes a root. */
export function toRows({ spans, criticalPath }: Pick<Trace, 'spans' | 'criticalPath'>): Rows {
  const count = spans.length;
  const [depth, below, parent] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  const [startNs, endNs, skewNs] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const failed = new Uint8Array(count);
  const rowById = new Map<string, number>();
  let skewed = false;
  for (let i = 0; i < count; i++) {
    const span = spans[i] as TraceSpan;
    const up = span.parentId === null ? -1 : (rowById.get(span.parentId) ?? -1);
    parent[i] = up;
    depth[i] = up < 0 ? 0 : (depth[up] as number) + 1;
    startNs[i] = span.startNs;
    endNs[i] = span.startNs + Math.max(0, span.durationNs);
    if (span.failed) failed[i] = 1;
    skewNs[i] = span.skewNs;
    if (span.skewNs !== 0) skewed = true;
    if (!rowById.has(span.spanId)) rowById.set(span.spanId, i);
  }
  const rowOf = (spanId: string): number => rowById.get(spanId) ?? -1;
  const path = pathByRow(criticalPath, rowOf, count);
  const leads = new Uint8Array(count);
  for (let i = count - 1; i >= 0; i--) {
    if ((path.pathFrom[i + 1] as number) > (path.pathFrom[i] as number)) leads[i] = 1;
    const up = parent[i] as number;
    if (up < 0) continue;
    below[up] = (below[up] as number) + (below[i] as number) + 1;
    if (leads[i] === 1) leads[up] = 1;
  }
  const tree = { spans, count, depth, below, parent, failed, leads, skewNs, skewed, rowOf };
  return { ...tree, ...path, startNs, endNs, whole: wholeOf(startNs, endNs) };
}

type PathColumns = Pick<Rows, 'pathNs' | 'pathFrom' | 'pathStartNs' | 'pathEndNs'>;

function pathByRow(path: Trace['criticalPath'], rowOf: (spanId: string) => number, count: number): PathColumns {
  const rows = Int32Array.from(path, ({ spanId }) => rowOf(spanId));
  const pathFrom = new Int32Array(count + 1);
  for (const row of rows) if (row >= 0) pathFrom[row + 1] = (pathFrom[row + 1] as number) + 1;
  for (let i = 0; i < count; i++) pathFrom[i + 1] = (pathFrom[i + 1] as number) + (pathFrom[i] as number);
  const next = pathFrom.slice();
  const pathNs = new Float64Array(count);
  const [pathStartNs, pathEndNs] = [new Float64Array(path.length), new Float64Array(path.length)];
  path.forEach(({ startNs, endNs }, i) => {
    const row = rows[i] as number;
    if (row < 0) return;
    const at = next[row] as number;
    next[row] = at + 1;
    pathStartNs[at] = startNs;
    pathEndNs[at] = endNs;
    pathNs[row] = (pathNs[row] as number) + endNs - startNs;
  });
  return { pathNs, pathFrom, pathStartNs, pathEndNs };
}

function wholeOf(startNs: Float64Array, endNs: Float64Array): Stretch {
  let [first, last] = [0, 0];
  startNs.forEach((start, i) => {
    first = Math.min(first, start);
    last = Math.max(last, endNs[i] as number);
  });
  return { startNs: first, endNs: last };
}

/** The same rows with every clock corrected: spans and their sections of the path moved by what they are off. */
export function corrected(rows: Rows): Rows {
  if (!rows.skewed) return rows;
  const { skewNs, pathFrom } = rows;
  const startNs = rows.startNs.map((start, i) => start + (skewNs[i] as number));
  const endNs = rows.endNs.map((end, i) => end + (skewNs[i] as number));
  const [pathStartNs, pathEndNs] = [rows.pathStartNs.slice(), rows.pathEndNs.slice()];
  for (let row = 0; row < rows.count; row++) {
    const by = skewNs[row] as number;
    if (by === 0) continue;
    for (let at = pathFrom[row] as number; at < (pathFrom[row + 1] as number); at++) {
      pathStartNs[at] = (pathStartNs[at] as number) + by;
      pathEndNs[at] = (pathEndNs[at] as number) + by;
    }
  }
  return { ...rows, startNs, endNs, pathStartNs, pathEndNs, whole: wholeOf(startNs, endNs) };
}

/** One row as an object. in: 0 to count - 1. */
export function rowAt(rows: Rows, index: number): Row {
  const parent = rows.parent[index] as number;
  return {
    span: rows.spans[index] as TraceSpan,
    index,
    depth: rows.depth[index] as number,
    below: rows.below[index] as number,
    parent,
    startNs: rows.startNs[index] as number,
    endNs: rows.endNs[index] as number,
    pathNs: rows.pathNs[index] as number,
    clockNs: (rows.skewNs[index] as number) - (parent < 0 ? 0 : (rows.skewNs[parent] as number)),
  };
}

/** First and last row to draw. in: the scroll position, the height of the view and of a row, px. */
export function rowWindow(
  scroll: number,
  view: number,
  rowHeight: number,
  count: number,
  spare = 8,
): { readonly first: number; readonly last: number } {
  const first = Math.max(0, Math.floor(scroll / rowHeight) - spare);
  return { first, last: Math.min(count, Math.ceil((scroll + view) / rowHeight) + spare) };
}
