import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createDb, migrate, type Db } from '../collector/store/db.ts';
import { applyRetention } from '../collector/store/retention.ts';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 5, 20, 12);
const keepAll = { spansMs: 1000 * dayMs, edgesMs: 1000 * dayMs, diskBudgetBytes: undefined };

let db: Db;
before(async () => {
  db = await createDb('chdb::memory:');
  await migrate(db);
});
after(() => db.close());
beforeEach(async () => {
  for (const table of ['spans', 'edges', 'traces']) await db.exec(`TRUNCATE TABLE ${table}`);
  for (const daysAgo of [0, 1, 2, 3]) {
    const tick = nowMs / 1000 - daysAgo * 86_400;
    for (const table of ['spans', 'edges', 'traces']) await db.insertRows(table, [{ tick }]);
  }
});

/** Days ago of what a table still holds. */
async function held(table: string): Promise<number[]> {
  const rows = await db.rows<{ tick: number }>(`SELECT tick FROM ${table} ORDER BY tick DESC`);
  return rows.map(({ tick }) => (nowMs / 1000 - tick) / 86_400);
}

test('days that are wholly older than the retention go, spans and the map each by their own', async () => {
  const dropped = await applyRetention(db, { ...keepAll, spansMs: dayMs, edgesMs: 2 * dayMs }, nowMs);
  assert.deepEqual(await held('spans'), [0, 1]);
  assert.deepEqual(await held('traces'), [0, 1]);
  assert.deepEqual(await held('edges'), [0, 1, 2]);
  assert.ok(dropped.every(({ reason }) => reason === 'age'));
  assert.equal(dropped.length, 5);
});

test('above the disk budget the oldest days go first, and never the present one', async () => {
  const dropped = await applyRetention(db, { ...keepAll, diskBudgetBytes: 1 }, nowMs);
  assert.deepEqual([await held('spans'), await held('edges')], [[0], [0]]);
  assert.deepEqual(
    dropped.map(({ day }) => day),
    dropped.map(({ day }) => day).toSorted(),
  );
  assert.ok(dropped.every(({ reason }) => reason === 'disk-budget'));
});

test('within its bounds nothing goes', async () => {
  assert.deepEqual(await applyRetention(db, { ...keepAll, diskBudgetBytes: 2 ** 40 }, nowMs), []);
  assert.deepEqual(await held('spans'), [0, 1, 2, 3]);
});
