/**
 * Frames of windows as they were read last, for the same question asked again: by several readers, or each second by a live
 * map. What is held stays right for as long as no newer tick has written into the window and no day has been dropped; a tick
 * is one insert, so a read sees all of it or nothing.
 */
import { readFileSync } from 'node:fs';
import type { EdgeFrame } from '#shared/frame.ts';
import { second } from './column-time.ts';
import type { Db } from './db.ts';
import { readFrames, type FrameQuery } from './edges-read.ts';

const stampsSql = readFileSync(new URL('edges-stamps.sql', import.meta.url), 'utf8');

export interface WindowCache {
  /** As readFrames; the array and its frames are not to be changed. The same frames for as long as nothing has changed. */
  read(wanted: FrameQuery): Promise<readonly EdgeFrame[]>;
  /** Rows held at present; a window without any counts as one. */
  readonly rows: number;
}

interface Bounds {
  readonly oldest: number;
  readonly newest: number;
}

interface Held {
  /** The table's ticks just before the window was read, or was last found unchanged. */
  readonly bounds: Bounds;
  readonly frames: readonly EdgeFrame[];
}

/** in: how many rows are kept of all windows together; larger windows are read each time. */
export function createWindowCache(db: Db, maxRows: number): WindowCache {
  // Least recently used first.
  const windows = new Map<string, Held>();
  let rows = 0;

  function forget(key: string): void {
    const held = windows.get(key);
    if (held) rows -= weightOf(held);
    windows.delete(key);
  }

  function keep(key: string, held: Held): void {
    forget(key);
    if (weightOf(held) > maxRows) return;
    windows.set(key, held);
    rows += weightOf(held);
    for (const first of windows.keys()) {
      if (rows <= maxRows) break;
      forget(first);
    }
  }

  async function isChanged({ bounds }: Held, now: Bounds, { fromSecond, toSecond }: FrameQuery): Promise<boolean> {
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
      return rows;
    },
    async read(wanted) {
      const key = JSON.stringify(wanted);
      const [bounds = { oldest: 0, newest: 0 }] = await db.rows<Bounds>(
        'SELECT min(tick) AS oldest, max(tick) AS newest FROM edges',
      );
      const held = windows.get(key);
      const same = held !== undefined && !(await isChanged(held, bounds, wanted));
      const frames = same ? held.frames : await readFrames(db, wanted);
      keep(key, { bounds, frames });
      return frames;
    },
  };
}

function weightOf({ frames }: Held): number {
  return Math.max(1, frames.length);
}
