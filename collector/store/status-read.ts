/** What the store holds, for the status page: counts and bounds from part metadata, so it costs nothing as the store grows. */
import { readFileSync } from 'node:fs';
import type { Db } from './db.ts';

const sql = readFileSync(new URL('status-read.sql', import.meta.url), 'utf8');

export interface StoreStatus {
  readonly spans: number;
  readonly bytesOnDisk: number;
  /** Ingest time of the first and last span held, epoch ms; null without spans. */
  readonly oldest: number | null;
  readonly newest: number | null;
  /** Start of the ten seconds with the newest settled call, epoch ms. */
  readonly newestCall: number | null;
}

export async function readStoreStatus(db: Db): Promise<StoreStatus> {
  const [row] = await db.rows<{
    spans: string;
    oldest: number;
    newest: number;
    newestCall: number;
    bytesOnDisk: string;
  }>(sql);
  const moment = (tick: number | undefined): number | null => (tick === undefined || tick === 0 ? null : tick * 1000);
  return {
    spans: Number(row?.spans ?? 0),
    bytesOnDisk: Number(row?.bytesOnDisk ?? 0),
    oldest: moment(row?.oldest),
    newest: moment(row?.newest),
    newestCall: moment(row?.newestCall),
  };
}
