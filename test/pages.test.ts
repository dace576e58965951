/** Pages of the program's code. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { test } from 'node:test';
import { createPageAdvice } from '../collector/pages.ts';
import { createDb, migrate } from '../collector/store/db.ts';

/** Sum of a size, `Rss`, of those mappings of the process that are wanted. */
function bytesOf(size: string, isWanted: (mapping: string) => boolean): number {
  const smaps = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const kilobytes = smaps
    .filter(isWanted)
    .map((mapping) => Number(new RegExp(`^${size}: +(\\d+) kB$`, 'm').exec(mapping)![1]));
  return kilobytes.reduce((sum, kb) => sum + kb, 0) * 1024;
}

/** Resident bytes of the library's pages that were not written to. */
const libraryBytes = (): number =>
  bytesOf('Rss', (mapping) => mapping.includes('/libchdb.so') && /^Anonymous: +0 kB$/m.test(mapping));

/** Bytes on large pages of memory that code is compiled into. */
const largeCodeBytes = (): number =>
  bytesOf('AnonHugePages', (mapping) => / rwxp .* 0 *$/m.test(mapping.split('\n', 1)[0]!));

test('pages of the store that only its start needs are given back, and it goes on', async (t) => {
  if (process.platform !== 'linux') return t.skip('only Linux tells');
  const db = await createDb('chdb::memory:');
  try {
    await migrate(db);
    const started = libraryBytes();
    const pages = await createPageAdvice();
    assert.ok(pages !== undefined);
    const { giveBack } = pages;
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

test('code that the engine compiled goes onto large pages, where the system has them, and runs', async (t) => {
  if (process.platform !== 'linux') return t.skip('only Linux tells');
  const enabled = '/sys/kernel/mm/transparent_hugepage/enabled';
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const moves = major > 6 || (major === 6 && minor > 0);
  if (!moves || !existsSync(enabled) || readFileSync(enabled, 'utf8').includes('[never]'))
    return t.skip('the system does not move code onto large pages');
  const add = (a: number, b: number): number => a + b;
  let sum = 0;
  for (let n = 0; n < 1e6; n++) sum = add(sum, n);
  const pages = await createPageAdvice();
  const before = largeCodeBytes();
  pages?.enlargeCode();
  assert.ok(largeCodeBytes() > before, `${before} bytes of code are on large pages before and after`);
  for (let n = 0; n < 1e6; n++) sum = add(sum, -n);
  assert.equal(sum, 0);
});
