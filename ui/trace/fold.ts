/** Which rows of a trace are shown: what is folded away, by row and by level, and the critical path alone. Pure. */
import type { Rows } from './rows.ts';

/** Rows whose children are folded away. */
export type Folded = ReadonlySet<number>;

/** The rows that are shown, in order. leadOnly: nothing off the critical path. */
export function visibleRows(rows: Rows, folded: Folded, leadOnly = false): Int32Array {
  const shown = new Int32Array(rows.count);
  let length = 0;
  for (let row = 0; row < rows.count; row++) {
    const off = leadOnly && rows.leads[row] === 0;
    if (!off) shown[length++] = row;
    if (off || folded.has(row)) row += rows.below[row] as number;
  }
  return shown.subarray(0, length);
}

/** Everything below the first level. */
export function foldAll({ count, below, depth }: Rows): Set<number> {
  const folded = new Set<number>();
  for (let row = 0; row < count; row++) if ((below[row] as number) > 0 && (depth[row] as number) > 0) folded.add(row);
  return folded;
}

/** The deepest level that is open, folded. */
export function foldLevel(rows: Rows, folded: Folded, leadOnly = false): Set<number> {
  const open = [...visibleRows(rows, folded, leadOnly)].filter(
    (row) => (rows.below[row] as number) > 0 && !folded.has(row),
  );
  const deepest = open.reduce((most, row) => Math.max(most, rows.depth[row] as number), -1);
  return new Set([...folded, ...open.filter((row) => rows.depth[row] === deepest)]);
}

/** The first level that is folded, opened. */
export function openLevel(rows: Rows, folded: Folded, leadOnly = false): Set<number> {
  const closed = [...visibleRows(rows, folded, leadOnly)].filter((row) => folded.has(row));
  const first = closed.reduce((least, row) => Math.min(least, rows.depth[row] as number), Infinity);
  const next = new Set(folded);
  for (const row of closed) if (rows.depth[row] === first) next.delete(row);
  return next;
}

/** What has to be open for a row to be seen, opened. out: the same set when it is open already. */
export function openTo({ parent }: Rows, folded: Folded, row: number): Folded {
  const over: number[] = [];
  for (let up = parent[row] ?? -1; up >= 0; up = parent[up] as number) if (folded.has(up)) over.push(up);
  if (over.length === 0) return folded;
  const next = new Set(folded);
  for (const up of over) next.delete(up);
  return next;
}
