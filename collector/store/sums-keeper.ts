/**
 * Keeps sums of edges in the store (kept-sums.ts): of each ten minutes and hour of the last day, once nothing is likely to be
 * written into it any more, and again when something was. A part at a time, for each costs some tens of milliseconds.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { floorTo } from '#shared/time.ts';
import type { Db } from './db.ts';
import type { EdgeSums } from './edge-columns.ts';
import { sumEdges } from './edge-sums.ts';
import { readEdgesBounds, readPartRows } from './edges-bounds.ts';
import { readEdges } from './edges-read.ts';
import { keptLengths, newestOf, readKept, readKeptSums, writeKeptSums } from './kept-sums.ts';
import { daySeconds, endOf, hourSeconds, partKey, partsOf, shorterOf, tenMinutes, type Part } from './time-parts.ts';

/** How far back, from the newest tick on, and how long after its end a part is taken for quiet. Seconds. */
const backSeconds = 25 * hourSeconds;
const quietSeconds = 300;

/**
 * Makes what is missing or was overtaken, the newest first. in: to rest between two parts, ms; whether to go on. out: how many
 * parts were made.
 */
export async function keepSums(db: Db, restMs: number, goesOn: () => boolean): Promise<number> {
  const { newest: tick, oldest, first } = await readEdgesBounds(db);
  if (tick === 0) return 0;
  const oldestDay = floorTo(oldest, daySeconds);
  const end = tick - quietSeconds;
  const start = floorTo(Math.max(first, end - backSeconds), hourSeconds);
  const [kept, rows] = [await readKept(db, start, end), await readPartRows(db, start, end, tenMinutes)];
  let made = 0;
  for (const length of keptLengths) {
    const parts = partsOf(start, floorTo(end, length), [length]).reverse();
    for (const part of parts) {
      const last = newestOf(part, rows);
      if (last === undefined || last <= (kept.get(partKey(part)) ?? 0)) continue;
      if (!goesOn()) return made;
      await writeKeptSums(db, part, tick, await sumOf(db, part, oldestDay));
      made += 1;
      await pause(restMs);
    }
  }
  return made;
}

async function sumOf(db: Db, part: Part, oldestDay: number): Promise<EdgeSums> {
  const parts: EdgeSums[] = [];
  if (part.length === tenMinutes) {
    parts.push(await readEdges(db, { fromSecond: part.from, toSecond: endOf(part) }));
  } else {
    const shorter = shorterOf(part);
    const kept = await readKeptSums(db, shorter, oldestDay);
    for (const one of shorter) parts.push(kept.get(partKey(one)) ?? (await sumOf(db, one, oldestDay)));
  }
  return sumEdges(parts, () => part.from);
}
