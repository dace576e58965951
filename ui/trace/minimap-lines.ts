/**
 * The whole trace in a picture of few lines: many rows share a line, and what weighs most is seen: the critical path over
 * failures over other spans. Pure.
 */
import type { Rows, Stretch } from './rows.ts';

/** A run of pixels of one kind on one line. */
export interface Run {
  readonly line: number;
  readonly left: number;
  readonly width: number;
}

export interface MinimapRuns {
  readonly bars: readonly Run[];
  readonly bad: readonly Run[];
  readonly path: readonly Run[];
}

/** in: the picture's size, px and lines. out: runs to fill, at least a pixel wide. cost: O(rows + sections + pixels). */
export function minimapRuns(rows: Rows, whole: Stretch, width: number, lines: number): MinimapRuns {
  const across = Math.max(1, Math.round(width));
  const span = whole.endNs - whole.startNs;
  const layers = { bars: emptyLayer(across, lines), bad: emptyLayer(across, lines), path: emptyLayer(across, lines) };
  const lineOf = (row: number) => Math.min(lines - 1, Math.floor((row * lines) / Math.max(lines, rows.count)));
  const mark = (layer: Int32Array, line: number, startNs: number, endNs: number): void => {
    const first = Math.max(0, Math.min(across - 1, Math.floor(((startNs - whole.startNs) / span) * across)));
    const last = Math.max(first, Math.min(across - 1, Math.ceil(((endNs - whole.startNs) / span) * across) - 1));
    const at = line * (across + 1);
    layer[at + first] = (layer[at + first] as number) + 1;
    layer[at + last + 1] = (layer[at + last + 1] as number) - 1;
  };
  if (!(span > 0)) return { bars: [], bad: [], path: [] };
  for (let row = 0; row < rows.count; row++) {
    const line = lineOf(row);
    mark(
      rows.failed[row] === 1 ? layers.bad : layers.bars,
      line,
      rows.startNs[row] as number,
      rows.endNs[row] as number,
    );
    for (let at = rows.pathFrom[row] as number; at < (rows.pathFrom[row + 1] as number); at++)
      mark(layers.path, line, rows.pathStartNs[at] as number, rows.pathEndNs[at] as number);
  }
  const runs = (layer: Int32Array) => runsOf(layer, across, lines);
  return { bars: runs(layers.bars), bad: runs(layers.bad), path: runs(layers.path) };
}

function emptyLayer(across: number, lines: number): Int32Array {
  return new Int32Array((across + 1) * lines);
}

function runsOf(layer: Int32Array, across: number, lines: number): Run[] {
  const runs: Run[] = [];
  for (let line = 0; line < lines; line++) {
    let [depth, begun] = [0, 0];
    for (let x = 0; x <= across; x++) {
      const before = depth;
      depth += layer[line * (across + 1) + x] as number;
      if (before === 0 && depth > 0) begun = x;
      if (before > 0 && depth === 0) runs.push({ line, left: begun, width: x - begun });
    }
  }
  return runs;
}
