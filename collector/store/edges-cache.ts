/**
 * Sums of long intervals without reading them again and again: whole hours are kept once summed, and kept for as long as no
 * newer tick has written into them, which a look at two narrow columns tells. So a day's map costs, after the first time,
 * what its first and last hour cost; and it is exact, late settlements included.
 */
import { readFileSync } from 'node:fs';
import type { EdgeFrame } from '#shared/frame.ts';
import type { Db } from './db.ts';
import { readFrames, type FrameQuery } from './edges-read.ts';

const stampsSql = readFileSync(new URL('edges-stamps.sql', import.meta.url), 'utf8');

const hourSeconds = 3600;
/** Rows kept: one an edge and hour, some kilobytes each. */
const defaultMaxRows = 10_000;

export interface FrameReader {
  /** As readFrames. The array is the caller's, the frames in it are not to be changed. */
  read(wanted: FrameQuery): Promise<EdgeFrame[]>;
  /** Rows held at present. */
  readonly rows: number;
}

interface Hour {
  readonly newest: number;
  readonly frames: readonly EdgeFrame[];
}

export function createFrameReader(db: Db, maxRows = defaultMaxRows): FrameReader {
  // Least recently used first.
  const hours = new Map<string, Hour>();
  let rows = 0;

  function keep(key: string, hour: Hour): void {
    forget(key);
    if (hour.frames.length > maxRows) return;
    hours.set(key, hour);
    rows += hour.frames.length;
    for (const oldest of hours.keys()) {
      if (rows <= maxRows) break;
      forget(oldest);
    }
  }

  function forget(key: string): void {
    rows -= hours.get(key)?.frames.length ?? 0;
    hours.delete(key);
  }

  /** Sums of whole hours, one row an edge and hour. */
  async function readHours(from: number, to: number, probes: boolean): Promise<EdgeFrame[]> {
    const stamps = await db.rows<{ hour: number; newest: number }>(stampsSql, { from, to });
    const keyOf = (hour: number): string => `${hour}${probes ? ' with probes' : ''}`;
    const frames: EdgeFrame[] = [];
    const missing: { hour: number; newest: number }[] = [];
    for (const stamp of stamps.sort((a, b) => a.hour - b.hour)) {
      const key = keyOf(stamp.hour);
      const held = hours.get(key);
      if (held?.newest !== stamp.newest) {
        missing.push(stamp);
        continue;
      }
      hours.delete(key);
      hours.set(key, held);
      for (const frame of held.frames) frames.push(frame);
    }
    const [first] = missing;
    const last = missing.at(-1);
    if (first === undefined || last === undefined) return frames;
    const read = await readFrames(db, {
      fromSecond: first.hour,
      toSecond: last.hour + hourSeconds,
      stepSeconds: hourSeconds,
      probes,
    });
    const byHour = Map.groupBy(read, ({ frame }) => frame);
    for (const { hour, newest } of missing) {
      const own = byHour.get(hour) ?? [];
      keep(keyOf(hour), { newest, frames: own });
      for (const frame of own) frames.push(frame);
    }
    return frames;
  }

  return {
    get rows() {
      return rows;
    },
    async read(wanted) {
      const { fromSecond, toSecond, probes = false } = wanted;
      const from = Math.ceil(fromSecond / hourSeconds) * hourSeconds;
      const to = Math.floor(toSecond / hourSeconds) * hourSeconds;
      const whole = wanted.stepSeconds === undefined && wanted.source === undefined && wanted.target === undefined;
      if (!whole || to <= from) return readFrames(db, wanted);
      const parts = await Promise.all([
        from > fromSecond ? readFrames(db, { fromSecond, toSecond: from, probes }) : [],
        readHours(from, to, probes),
        toSecond > to ? readFrames(db, { fromSecond: to, toSecond, probes }) : [],
      ]);
      return parts.flat();
    },
  };
}
