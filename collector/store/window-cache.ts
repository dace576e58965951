/**
 * Frames of windows as they were read last, for the same question asked again: by several readers, or each second by a live
 * map. What is held stays right for as long as no newer tick has written into the window and no day has been dropped; a tick
 * is one insert, so a read sees all of it or nothing.
 */
import { readFileSync } from 'node:fs';
import type { EdgeFrame } from '#shared/frame.ts';
import { second } from './column-time.ts';
import type { Db } from './db.ts';
import { readEdgesBounds, type EdgesBounds } from './edges-bounds.ts';
import { readFrames, type FrameQuery } from './edges-read.ts';
import { createRecent } from './recent.ts';

const stampsSql = readFileSync(new URL('edges-stamps.sql', import.meta.url), 'utf8');

export interface WindowCache {
  /**
   * As readFrames; the array and its frames are not to be changed. The same frames for as long as nothing has changed.
   * in: the table's bounds, when they were asked for already.
   */
  read(wanted: FrameQuery, bounds?: Promise<EdgesBounds>): Promise<readonly EdgeFrame[]>;
  /** Rows held at present; a window without any counts as one. */
  readonly rows: number;
}

interface Held {
  /** The table's ticks just before the window was read, or was last found unchanged. */
  readonly bounds: EdgesBounds;
  readonly frames: readonly EdgeFrame[];
}

/** in: how many rows are kept of all windows together; larger windows are read each time. */
export function createWindowCache(db: Db, maxRows: number): WindowCache {
  const windows = createRecent<Held>(maxRows);

  async function isChanged({ bounds }: Held, now: EdgesBounds, { fromSecond, toSecond }: FrameQuery): Promise<boolean> {
    if (bounds.oldest !== now.oldest) return true;
    if (bounds.newest === now.newest) return false;
    const stamps = await db.rows(stampsSql, {
      from: second(fromSecond),
      to: second(toSecond),
      after: bounds.newest,
    });
    return stamps.length > 0;
  }

  return {
    get rows() {
      return windows.weight;
    },
    async read(wanted, asked = readEdgesBounds(db)) {
      const key = JSON.stringify(wanted);
      const bounds = await asked;
      const held = windows.get(key);
      const same = held !== undefined && !(await isChanged(held, bounds, wanted));
      const frames = same ? held.frames : await readFrames(db, wanted);
      windows.keep(key, { bounds, frames }, Math.max(1, frames.length));
      return frames;
    },
  };
}
