/** A store for tests of the derivation, and what it has counted. */
import { after, beforeEach } from 'node:test';
import { createDb, migrate, type Db } from '../collector/store/db.ts';

/** A store for the tests of a file; empty before each of them. */
export async function openEmptied(): Promise<Db> {
  const db = await createDb('chdb::memory:');
  await migrate(db);
  after(() => db.close());
  beforeEach(async () => {
    for (const table of ['spans', 'edges', 'traces', 'paths', 'progress', 'starts'])
      await db.exec(`TRUNCATE TABLE ${table}`);
  });
  return db;
}

/** By edge, `caller -> callee`. */
export type Counts = Record<string, { requests: number; failed: number }>;

/** Calls that were settled, probes apart. */
export async function countCalls(db: Db): Promise<Counts> {
  const rows = await db.rows<{ edge: string; requests: number; failed: number }>(
    `SELECT concat(source, ' -> ', target) AS edge, sum(calls) AS requests, sum(edges.failed) AS failed
     FROM edges WHERE sourceKind != 255 AND probe = 0 GROUP BY edge HAVING requests > 0`,
  );
  return inOrder(Object.fromEntries(rows.map(({ edge, requests, failed }) => [edge, { requests, failed }])));
}

export function inOrder(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
