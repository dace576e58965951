/** What the `edges` table holds, for every cache of its rows: at most, which the store knows of its parts, and by part of time. */
import { readFileSync } from 'node:fs';
import { second } from './column-time.ts';
import type { Db } from './db.ts';

const partsSql = readFileSync(new URL('edges-parts.sql', import.meta.url), 'utf8');

/** Ticks and frames of the table, epoch seconds; 0 when it is empty. */
export interface EdgesBounds {
  readonly oldest: number;
  readonly newest: number;
  readonly first: number;
  readonly last: number;
}

const nothing: EdgesBounds = { oldest: 0, newest: 0, first: 0, last: 0 };

export async function readEdgesBounds(db: Db): Promise<EdgesBounds> {
  const [row = nothing] = await db.rows<EdgesBounds>(
    'SELECT min(tick) AS oldest, max(tick) AS newest, min(frame) AS first, max(frame) AS last FROM edges',
  );
  return row;
}

export interface PartRows {
  readonly rows: number;
  /** The newest tick that wrote one. */
  readonly newest: number;
}

/** Parts that have rows, by their starts. in: epoch seconds, half open; the parts' length in seconds. */
export async function readPartRows(db: Db, from: number, to: number, length: number): Promise<Map<number, PartRows>> {
  const found = await db.rows<{ part: number; rows: string; newest: number }>(partsSql, {
    from: second(from),
    to: second(to),
    length,
  });
  return new Map(found.map(({ part, rows, newest }) => [part, { rows: Number(rows), newest }]));
}
