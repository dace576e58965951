/**
 * What is too old goes, a day's partition at a time; above the disk budget the oldest day goes first, spans before the map.
 * Runs at start and then every ten minutes.
 */
import type { Db } from './db.ts';

export interface Retention {
  readonly spansMs: number;
  readonly edgesMs: number;
  /** Bytes of all tables above which the oldest partition is dropped; undefined = no bound. */
  readonly diskBudgetBytes: number | undefined;
}

/** A partition that was dropped, and why. */
export interface Dropped {
  readonly table: string;
  readonly day: string;
  readonly reason: 'age' | 'disk-budget';
}

interface Partition {
  readonly table: string;
  readonly partition: string;
  readonly sizeBytes: string;
}

/** Drops what the retention does not keep. out: what went. The day of today is never dropped. */
export async function applyRetention(db: Db, retention: Retention, nowMs: number): Promise<Dropped[]> {
  const partitions = await db.rows<Partition>(
    `SELECT table, partition, sum(bytes_on_disk) AS sizeBytes FROM system.parts
     WHERE active AND database = currentDatabase() AND table IN ('spans', 'traces', 'edges', 'edgeSums')
     GROUP BY table, partition ORDER BY partition, startsWith(table, 'edge'), table`,
  );
  const dropped: Dropped[] = [];
  const kept: Partition[] = [];
  for (const one of partitions) {
    const limitMs = one.table.startsWith('edge') ? retention.edgesMs : retention.spansMs;
    // A day is over, and goes, when its last second is older than the limit.
    if (endOfDayMs(one.partition) < nowMs - limitMs)
      dropped.push({ table: one.table, day: one.partition, reason: 'age' });
    else kept.push(one);
  }
  if (retention.diskBudgetBytes !== undefined) {
    let total = kept.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
    for (const one of kept) {
      if (total <= retention.diskBudgetBytes) break;
      if (endOfDayMs(one.partition) > nowMs) continue;
      total -= Number(one.sizeBytes);
      dropped.push({ table: one.table, day: one.partition, reason: 'disk-budget' });
    }
  }
  for (const { table, day } of dropped) await db.exec(`ALTER TABLE ${table} DROP PARTITION ${Number(day)}`);
  return dropped;
}

function endOfDayMs(day: string): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)) + 1);
}
