/** Pages of the program's own files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createGiveBack } from '../collector/pages.ts';
import { createDb, migrate } from '../collector/store/db.ts';

/** Resident bytes of the library's pages that were not written to. */
function libraryBytes(): number {
  const smaps = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const kilobytes = smaps
    .filter((mapping) => mapping.includes('/libchdb.so') && /^Anonymous: +0 kB$/m.test(mapping))
    .map((mapping) => Number(/^Rss: +(\d+) kB$/m.exec(mapping)![1]));
  return kilobytes.reduce((sum, kb) => sum + kb, 0) * 1024;
}

test('pages of the store that only its start needs are given back, and it goes on', async (t) => {
  if (process.platform !== 'linux') return t.skip('only Linux tells');
  const db = await createDb('chdb::memory:');
  try {
    await migrate(db);
    const started = libraryBytes();
    const giveBack = await createGiveBack();
    assert.ok(giveBack !== undefined);
    giveBack();
    const left = libraryBytes();
    assert.ok(left < started / 4, `${left} of ${started} bytes are left`);
    await db.exec(`INSERT INTO spans (tick, name) SELECT 1000, 'a' FROM numbers(100)`);
    assert.deepEqual(await db.rows(`SELECT name, count() AS n FROM spans GROUP BY name`), [{ name: 'a', n: '100' }]);
    const used = libraryBytes();
    giveBack();
    assert.ok(libraryBytes() < used, 'again what was used in between');
  } finally {
    await db.close();
  }
});
