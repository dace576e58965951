/** How parts of the store are merged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createDb, migrate, type Db } from '../collector/store/db.ts';

/** Parts of a commit each, the oldest first. */
async function commit(db: Db, rows: readonly number[]): Promise<void> {
  for (const [tick, count] of rows.entries())
    await db.exec(`INSERT INTO spans (tick, traceId, rest) SELECT ${1000 + tick}, reverse(toFixedString(toString(number), 16)),
      hex(randomString(400)) FROM numbers(${count})`);
}

/** How often what the newest merged part holds was merged. */
async function levelOfLargest(db: Db): Promise<number> {
  const [part] = await db.rows<{ level: number }>(
    "SELECT level FROM system.parts WHERE active AND table = 'spans' ORDER BY rows DESC LIMIT 1",
  );
  return part?.level ?? 0;
}

test('a large part is not written anew with each of the small commits that follow', async () => {
  const db = await createDb('chdb::memory:');
  try {
    await migrate(db);
    await db.exec('SYSTEM STOP MERGES spans');
    await commit(db, [8000, ...Array<number>(23).fill(1)]);
    await db.exec('SYSTEM START MERGES spans');
    for (let tries = 0; (await levelOfLargest(db)) === 0; tries++) {
      assert.ok(tries < 300, 'they are merged');
      await pause(50);
    }
    await commit(db, Array<number>(12).fill(1));
    await pause(1000);
    assert.equal(await levelOfLargest(db), 1);
  } finally {
    await db.close();
  }
});
