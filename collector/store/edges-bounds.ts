/** What the `edges` table holds at most: one question for every cache of its rows. The store knows it of its parts. */
import type { Db } from './db.ts';

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
