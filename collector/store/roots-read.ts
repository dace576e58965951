/**
 * Where traces start: settled traces by 'band|root service|root operation' over an interval, from the workloads' own rows.
 * Whole hours are kept.
 */
import { readFileSync } from 'node:fs';
import { second } from './column-time.ts';
import type { Db } from './db.ts';
import { createHourCache, hourSeconds } from './hour-cache.ts';

const sql = readFileSync(new URL('roots-read.sql', import.meta.url), 'utf8');

/** Kinds of trace an hour (or part of one) may have; those with the most time stay. */
const maxKinds = 10_000;
const maxKept = 200_000;

export interface Root {
  /** 'band|root service|root operation'. */
  readonly key: string;
  readonly traces: number;
  readonly totalNs: number;
}

export interface RootReader {
  /** in: epoch seconds, half open. out: a key may come several times. */
  read(fromSecond: number, toSecond: number): Promise<Root[]>;
}

export function createRootReader(db: Db): RootReader {
  const hours = createHourCache<readonly Root[]>(db, (roots) => roots.length, maxKept);
  const readRows = (from: number, to: number, hourly: boolean): Promise<(Root & { hour: number })[]> =>
    db.rows(sql, { from: second(from), to: second(to), hourly: hourly ? 1 : 0, limit: maxKinds });

  return {
    async read(fromSecond, toSecond) {
      const from = Math.ceil(fromSecond / hourSeconds) * hourSeconds;
      const to = Math.floor(toSecond / hourSeconds) * hourSeconds;
      if (to <= from) return readRows(fromSecond, toSecond, false);
      const [head, middle, tail] = await Promise.all([
        from > fromSecond ? readRows(fromSecond, from, false) : [],
        hours.read(from, to, '', async (first, last) =>
          Map.groupBy(await readRows(first, last, true), ({ hour }) => hour),
        ),
        toSecond > to ? readRows(to, toSecond, false) : [],
      ]);
      return [...head, ...middle.flat(), ...tail];
    },
  };
}
