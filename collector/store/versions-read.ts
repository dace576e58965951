/** When each version of each workload was first seen. Read once in full, then from the rows that came since. */
import { readFileSync } from 'node:fs';
import { nodeId } from '#shared/workload.ts';
import type { Db } from './db.ts';

const sql = readFileSync(new URL('versions-read.sql', import.meta.url), 'utf8');

/** Versions remembered; those seen first stay. */
const maxVersions = 20_000;
/** Newer than this is not worth a look at the store. */
const freshMs = 5000;

const daySeconds = 24 * 3600;

interface Row {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly first: number;
}

export interface FirstSeen {
  readonly nodeId: string;
  readonly name: string;
  readonly version: string;
  /** Epoch seconds, start of a frame. */
  readonly first: number;
}

export interface VersionReader {
  /** All there are, in no order. May be some seconds old. */
  read(): Promise<Iterable<FirstSeen>>;
}

export function createVersionReader(db: Db, now: () => number = Date.now): VersionReader {
  const known = new Map<string, FirstSeen>();
  let asOf = 0;
  let readAtMs = -Infinity;
  let reading: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    const [ticks] = await db.rows<{ oldest: number; newest: number }>(
      'SELECT min(tick) AS oldest, max(tick) AS newest FROM edges',
    );
    const { oldest = 0, newest = 0 } = ticks ?? {};
    // A day at a time: a whole retention could run out of the store's bounds on time.
    for (asOf = Math.max(asOf, oldest - 1); asOf < newest;) {
      const upTo = Math.min(newest, asOf + daySeconds);
      const rows = await db.rows<Row>(sql, { after: asOf, upTo, limit: maxVersions });
      for (const row of rows) note(row);
      asOf = upTo;
    }
    readAtMs = now();
  }

  function note({ cluster, namespace, name, version, first }: Row): void {
    const id = nodeId(cluster, namespace, name);
    const key = `${id}\n${version}`;
    const held = known.get(key);
    if (held === undefined ? known.size < maxVersions : first < held.first) {
      known.set(key, { nodeId: id, name, version, first });
    }
  }

  return {
    async read() {
      if (now() - readAtMs >= freshMs) {
        reading ??= refresh().finally(() => {
          reading = undefined;
        });
        await reading;
      }
      return known.values();
    },
  };
}
