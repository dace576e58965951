/**
 * Frames of intervals: the whole hours of a long one come from an hour cache, one row an edge and hour, the rest and all short
 * ones from the table, or from what was read last when nothing was written there since. So a day's map costs, after the first
 * time, at most what its first and last hour cost.
 */
import { mergeFrames } from '#shared/frame-merge.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import type { Db } from './db.ts';
import { readEdgesBounds } from './edges-bounds.ts';
import { readFrames, type FrameQuery } from './edges-read.ts';
import { createHourCache, hourSeconds } from './hour-cache.ts';
import { createWindowCache } from './window-cache.ts';

/** Rows kept, some kilobytes each: one an edge and hour, and of these so many as a share one an edge and window. */
const defaultMaxRows = 12_000;
const windowShare = 1 / 6;

export interface FrameReader {
  /** As readFrames. The array is the caller's, the frames in it are not to be changed. */
  read(wanted: FrameQuery): Promise<EdgeFrame[]>;
  /** Rows held at present; an hour or a window without any counts as one. */
  readonly rows: number;
}

export function createFrameReader(db: Db, maxRows = defaultMaxRows): FrameReader {
  const windowRows = Math.floor(maxRows * windowShare);
  const windows = createWindowCache(db, windowRows);
  const hours = createHourCache<readonly EdgeFrame[]>(db, (frames) => frames.length, maxRows - windowRows);

  return {
    get rows() {
      return hours.weight + windows.rows;
    },
    async read(wanted) {
      const { fromSecond, toSecond, stepSeconds, probes = false, bare = false, cut } = wanted;
      const from = Math.ceil(fromSecond / hourSeconds) * hourSeconds;
      const to = Math.floor(toSecond / hourSeconds) * hourSeconds;
      const whole =
        (stepSeconds === undefined || (bare && stepSeconds % hourSeconds === 0)) &&
        wanted.source === undefined &&
        wanted.target === undefined;
      if (!whole || to <= from) return [...(await windows.read(wanted))];
      const bounds = readEdgesBounds(db);
      const kind = JSON.stringify([probes, cut?.entry, cut?.fromBand]);
      const readHours = async (first: number, last: number): Promise<Map<number, EdgeFrame[]>> => {
        const hourly = { ...wanted, fromSecond: first, toSecond: last, stepSeconds: hourSeconds, bare: false };
        return Map.groupBy(await readFrames(db, hourly), ({ frame }) => frame);
      };
      const parts = await Promise.all([
        from > fromSecond ? windows.read({ ...wanted, toSecond: from }, bounds) : [],
        hours.read(from, to, kind, readHours, bounds),
        toSecond > to ? windows.read({ ...wanted, fromSecond: to }, bounds) : [],
      ]);
      const frames = [...parts[0], ...parts[1].flat(), ...parts[2]];
      return stepSeconds === undefined ? frames : mergeFrames(frames, stepSeconds);
    },
  };
}
