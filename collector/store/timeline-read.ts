/** Calls of the mesh over time. Whole hours are kept by frame, so that asking again costs the newest hour only. */
import { readFileSync } from 'node:fs';
import { frameSeconds } from '#shared/frame.ts';
import { second } from './column-time.ts';
import type { Db } from './db.ts';
import { createHourCache, hourSeconds } from './hour-cache.ts';

const sql = readFileSync(new URL('timeline-read.sql', import.meta.url), 'utf8');

/** Frames kept: the days up to maxKeptSeconds, twice. */
const maxKept = 600_000;
/** A longer interval is summed up by the store each time. */
const maxKeptSeconds = 31 * 24 * hourSeconds;

/** Calls of a moment; of those, the ones that come from outside the mesh. */
export interface Moment {
  /** Epoch seconds. */
  readonly at: number;
  readonly calls: number;
  readonly failed: number;
  readonly entered: number;
  readonly enteredFailed: number;
}

export interface TimelineReader {
  /** in: epoch seconds, half open; length of a step. out: moments that lie in steps with calls, several a step. */
  read(fromSecond: number, toSecond: number, stepSeconds: number): Promise<Moment[]>;
}

export function createTimelineReader(db: Db): TimelineReader {
  const hours = createHourCache<readonly Moment[]>(db, (moments) => moments.length, maxKept);
  const readRows = (from: number, to: number, step: number): Promise<Moment[]> =>
    db.rows(sql, { from: second(from), to: second(to), step });

  return {
    async read(fromSecond, toSecond, stepSeconds) {
      const from = Math.ceil(fromSecond / hourSeconds) * hourSeconds;
      const to = Math.floor(toSecond / hourSeconds) * hourSeconds;
      if (to <= from || to - from > maxKeptSeconds) return readRows(fromSecond, toSecond, stepSeconds);
      const [head, middle, tail] = await Promise.all([
        from > fromSecond ? readRows(fromSecond, from, frameSeconds) : [],
        hours.read(from, to, '', async (first, last) =>
          Map.groupBy(
            await readRows(first, last, frameSeconds),
            ({ at }) => Math.floor(at / hourSeconds) * hourSeconds,
          ),
        ),
        toSecond > to ? readRows(to, toSecond, frameSeconds) : [],
      ]);
      return [...head, ...middle.flat(), ...tail];
    },
  };
}
