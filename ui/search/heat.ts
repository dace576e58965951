/** Traces as a heatmap: its cells, which one lies where, where the arrow keys lead. Pure. */
import type { TracePoints } from '#shared/api.ts';
import { leastMs, type Extent, type Plot } from './plot.ts';
import type { WalkKey } from './points.ts';

export type Heat = TracePoints['heatmap'];

export interface Cell {
  readonly column: number;
  readonly row: number;
  readonly from: number;
  readonly to: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly count: number;
  readonly failed: number;
}

/** The same with every `rows` rows as one: cells that can be seen and hit. */
export function coarser({ stepMs, boundsMs, columns }: Heat, rows: number): Heat {
  if (rows <= 1) return { stepMs, boundsMs, columns };
  const sums = (counts: readonly number[]): number[] => {
    const all: number[] = [];
    counts.forEach((count, row) => (all[Math.floor(row / rows)] = (all[Math.floor(row / rows)] ?? 0) + count));
    return all;
  };
  return {
    stepMs,
    boundsMs: boundsMs.filter((_, row) => row % rows === rows - 1 || row === boundsMs.length - 1),
    columns: columns.map(({ at, counts, failed }) => ({ at, counts: sums(counts), failed: sums(failed) })),
  };
}

/** How many rows to take as one, so that those which hold any are at least `leastPx` high. */
export function rowsAsOne({ columns }: Heat, heightPx: number, leastPx = 10): number {
  const held = new Set(columns.flatMap(({ counts }) => counts.flatMap((count, row) => (count > 0 ? [row] : []))));
  const span = held.size === 0 ? 1 : Math.max(...held) - Math.min(...held) + 1;
  return Math.max(1, Math.ceil((span * leastPx) / Math.max(1, heightPx)));
}

/** Cells that hold traces, column by column, the fastest first. */
export function cellsOf({ stepMs, boundsMs, columns }: Heat): Cell[] {
  return columns.flatMap(({ at, counts, failed }, column) =>
    counts.flatMap((count, row) =>
      count === 0
        ? []
        : [
            {
              column,
              row,
              from: at,
              to: at + stepMs,
              minMs: lowerMs(boundsMs, row),
              maxMs: boundsMs[row] ?? leastMs,
              count,
              failed: failed[row] ?? 0,
            },
          ],
    ),
  );
}

/** Where a row begins; the first as far below its end as the second is high. */
function lowerMs(boundsMs: readonly number[], row: number): number {
  const [first = 1, second = first * 2] = boundsMs;
  return row > 0 ? (boundsMs[row - 1] ?? leastMs) : Math.max(leastMs, first / (second / first));
}

/** What a picture of these cells shows; time as asked for. */
export function heatExtent(cells: readonly Cell[], from: number, to: number): Extent {
  if (cells.length === 0) return { from, to, minMs: 1, maxMs: 1_000 };
  const [least, most] = [Math.min(...cells.map(({ minMs }) => minMs)), Math.max(...cells.map(({ maxMs }) => maxMs))];
  return { from, to, minMs: least, maxMs: most };
}

/** Index of the cell at a place. */
export function cellAt(cells: readonly Cell[], plot: Plot, px: number, py: number): number | undefined {
  if (px < plot.left || px > plot.right || py < plot.top || py > plot.bottom) return undefined;
  const [at, ms] = [plot.at(px), plot.ms(py)];
  const index = cells.findIndex(({ from, to, minMs, maxMs }) => from <= at && at < to && minMs <= ms && ms < maxMs);
  return index < 0 ? undefined : index;
}

/** How strong a cell is, 0.18 to 1: by the root of its count, so that few beside many are still seen. */
export function strengthOf(count: number, most: number): number {
  return 0.18 + 0.82 * Math.sqrt(count / Math.max(1, most));
}

/**
 * The cell a key leads to: left and right the nearest duration of the next column that holds any, up and down within the
 * column, PageUp and PageDown the next and the previous cell that holds failed traces. Stays where there is none.
 */
export function walkCells(cells: readonly Cell[], from: number, key: WalkKey): number {
  const here = cells[from];
  if (!here) return 0;
  const inColumn = (column: number | undefined): number => {
    let best = from;
    let least = Number.POSITIVE_INFINITY;
    cells.forEach((cell, index) => {
      const away = Math.abs(cell.row - here.row);
      if (cell.column === column && away < least) [best, least] = [index, away];
    });
    return best;
  };
  const same = (index: number): number => (cells[index]?.column === here.column ? index : from);
  switch (key) {
    case 'ArrowLeft':
      return inColumn(cells.findLast(({ column }) => column < here.column)?.column);
    case 'ArrowRight':
      return inColumn(cells.find(({ column }) => column > here.column)?.column);
    case 'ArrowUp':
      return same(from + 1);
    case 'ArrowDown':
      return same(from - 1);
    case 'Home':
      return 0;
    case 'End':
      return cells.length - 1;
    case 'PageUp':
      return orStay(cells.findIndex(({ failed }, index) => index > from && failed > 0));
    case 'PageDown':
      return orStay(cells.findLastIndex(({ failed }, index) => index < from && failed > 0));
  }
  function orStay(index: number): number {
    return index < 0 ? from : index;
  }
}
