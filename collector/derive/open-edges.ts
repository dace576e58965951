/** What the open traces add to the map at a moment (picture.ts), as frames for those who answer. */
import type { EdgeFrame } from '#shared/frame.ts';
import { withinSeconds, type EdgeSums } from '../store/edge-columns.ts';
import { sumToFrames } from '../store/edge-sums.ts';

/** All frames are provisional, and not to be changed. */
export interface OpenEdges {
  /** One an edge and ten seconds. */
  readonly frames: readonly EdgeFrame[];
  /** One an edge, of what begins within. in: epoch seconds. */
  between(fromSecond: number, toSecond: number): readonly EdgeFrame[];
}

/** in: a row an edge and frame, frames ascend. */
export function toOpenEdges(edges: EdgeSums): OpenEdges {
  let frames: readonly EdgeFrame[] | undefined;
  /** Most ask for all there is. */
  let last: { readonly first: number; readonly count: number; readonly frames: readonly EdgeFrame[] } | undefined;
  const toFrames = (rows: EdgeSums, frameOf: (frame: number) => number): EdgeFrame[] =>
    sumToFrames([rows], frameOf, true).map((frame) => ({ ...frame, provisional: true }));
  return {
    get frames() {
      return (frames ??= toFrames(edges, (frame) => frame));
    },
    between(fromSecond, toSecond) {
      const rows = withinSeconds(edges, fromSecond, toSecond);
      if (rows.rows === 0) return [];
      if (last?.first !== rows.frames[0] || last?.count !== rows.rows) {
        const first = rows.frames[0]!;
        last = { first, count: rows.rows, frames: toFrames(rows, () => first) };
      }
      return last.frames;
    },
  };
}
