/** Who has called whom of late, as frames without calls: what keeps quiet workloads and edges on the map. */
import { readFileSync } from 'node:fs';
import { emptyFrame, frameSeconds, type EdgeFrame } from '#shared/frame.ts';
import { second } from './column-time.ts';
import type { Db } from './db.ts';

const sql = readFileSync(new URL('ends-read.sql', import.meta.url), 'utf8');

/** How long something that is quiet is remembered. */
const rememberSeconds = 24 * 3600;
/** Distinct rows at most; each version of each end is one. */
const maxEnds = 50_000;
/** Different moments that are kept. */
const maxKept = 8;

export interface EndReader {
  /** Frames without calls of all that was seen in the day before the moment; may be ten seconds old. */
  read(toSecond: number, probes: boolean): Promise<readonly EdgeFrame[]>;
}

export function createEndReader(db: Db): EndReader {
  const kept = new Map<string, Promise<readonly EdgeFrame[]>>();

  async function readEnds(to: number, probes: boolean): Promise<readonly EdgeFrame[]> {
    const from = second(to - rememberSeconds);
    const rows = await db.rows<Partial<EdgeFrame>>(sql, {
      from,
      to: second(to),
      probes: probes ? 1 : 0,
      limit: maxEnds,
    });
    return rows.map((row) => ({ ...emptyFrame, frame: to - frameSeconds, ...row }));
  }

  return {
    read(toSecond, probes) {
      const to = Math.ceil(toSecond / frameSeconds) * frameSeconds;
      const key = `${to} ${probes}`;
      const held = kept.get(key);
      if (held) return held;
      const read = readEnds(to, probes);
      kept.set(key, read);
      read.catch(() => kept.delete(key));
      for (const first of kept.keys()) {
        if (kept.size <= maxKept) break;
        kept.delete(first);
      }
      return read;
    },
  };
}
