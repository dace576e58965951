/**
 * Sums of whole hours of the `edges` table, kept so that long intervals are not read again and again. What is held of an
 * hour stays right for as long as no newer tick has written into it, late settlements included; which hours that are is
 * told by the rows newer than what is held, and those lie in the newest parts only.
 */
import { readFileSync } from 'node:fs';
import { floorTo } from '#shared/time.ts';
import type { Db } from './db.ts';
import { readEdgesBounds, type EdgesBounds } from './edges-bounds.ts';
import { createRecent } from './recent.ts';

const stampsSql = readFileSync(new URL('edges-stamps.sql', import.meta.url), 'utf8');

export const hourSeconds = 3600;
/** What one read may cover: a week in one go could run out of the store's bounds on time. */
const maxRunSeconds = 24 * hourSeconds;

export interface HourCache<Value> {
  /**
   * What the hours hold, in order; hours without rows are left out.
   * in: epoch seconds, whole hours, half open; `kind` tells apart what is kept of the same hour; `load` reads hours in a row;
   * the table's bounds, when they were asked for already.
   */
  read(from: number, to: number, kind: string, load: Load<Value>, bounds?: Promise<EdgesBounds>): Promise<Value[]>;
  /** Weight held at present. */
  readonly weight: number;
}

export type Load<Value> = (from: number, to: number) => Promise<ReadonlyMap<number, Value>>;

interface Held<Value> {
  /** The newest tick of the table just before the hour was read, or was last found unchanged. */
  readonly asOf: number;
  readonly value: Value | undefined;
}

/** in: what a value weighs, and how much is kept of all together; an hour without rows weighs 1. */
export function createHourCache<Value>(db: Db, weigh: (value: Value) => number, maxWeight: number): HourCache<Value> {
  const hours = createRecent<Held<Value>>(maxWeight);
  let oldest = 0;

  function keep(key: string, held: Held<Value>): void {
    hours.keep(key, held, held.value === undefined ? 1 : Math.max(1, weigh(held.value)));
  }

  return {
    get weight() {
      return hours.weight;
    },
    async read(from, to, kind, load, bounds = readEdgesBounds(db)) {
      const { oldest: oldestNow, newest, first, last } = await bounds;
      // Old days have been dropped.
      if (oldestNow > oldest) {
        hours.clear();
        oldest = oldestNow;
      }
      // A year may be asked of a store that holds a day.
      const start = Math.max(from, floorTo(first, hourSeconds));
      const end = Math.min(to, floorTo(last, hourSeconds) + hourSeconds);
      const count = Math.max(0, (end - start) / hourSeconds);
      const wanted = Array.from({ length: count }, (_, index) => start + index * hourSeconds);
      const keyOf = (hour: number): string => `${hour} ${kind}`;
      const known = wanted.flatMap((hour) => hours.get(keyOf(hour)) ?? []);
      const after = known.reduce((least, { asOf }) => Math.min(least, asOf), newest);
      const stamps =
        known.length > 0 && after < newest
          ? await db.rows<{ hour: number; newest: number }>(stampsSql, { from: start, to: end, after })
          : [];
      const changed = new Map(stamps.map((stamp) => [stamp.hour, stamp.newest]));
      const values = new Map<number, Value>();
      const missing: number[] = [];
      for (const hour of wanted) {
        const held = hours.get(keyOf(hour));
        if (held === undefined || held.asOf < (changed.get(hour) ?? 0)) {
          missing.push(hour);
          continue;
        }
        keep(keyOf(hour), { value: held.value, asOf: Math.max(held.asOf, newest) });
        if (held.value !== undefined) values.set(hour, held.value);
      }
      for (const run of runsOf(missing)) {
        const read = await load(run.from, run.to);
        for (let hour = run.from; hour < run.to; hour += hourSeconds) {
          const value = read.get(hour);
          keep(keyOf(hour), { asOf: newest, value });
          if (value !== undefined) values.set(hour, value);
        }
      }
      return wanted.flatMap((hour) => values.get(hour) ?? []);
    },
  };
}

/** Hours in a row, joined, but for a question of bounded length. in: ascending. */
function runsOf(hours: readonly number[]): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const hour of hours) {
    const last = runs.at(-1);
    if (last?.to === hour && hour - last.from < maxRunSeconds) last.to += hourSeconds;
    else runs.push({ from: hour, to: hour + hourSeconds });
  }
  return runs;
}
