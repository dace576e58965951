/** A question may be given up after a while; what is written may not; and a store is closed when nothing runs in it any more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDb } from '../collector/store/db.ts';
import { blockHead, columnHead } from '../collector/store/native-write.ts';

test('a read is bounded in time, an insert of a block is not', async () => {
  const db = await createDb('chdb::memory:');
  try {
    const limit = "toUInt64(getSetting('max_execution_time'))";
    const [read] = await db.rows<{ limit: string }>(`SELECT ${limit} AS limit`);
    assert.equal(read?.limit, '15');
    await db.exec(
      `CREATE TABLE limits (way UInt8, seconds UInt64 MATERIALIZED ${limit}) ENGINE = MergeTree ORDER BY way`,
    );
    await db.insertNative('limits', [blockHead(1, 1), columnHead('way', 'UInt8'), Uint8Array.of(1)]);
    assert.deepEqual(await db.rows('SELECT way, seconds FROM limits'), [{ way: 1, seconds: '0' }]);
    const [after] = await db.rows<{ limit: string }>(`SELECT ${limit} AS limit`);
    assert.equal(after?.limit, '15', 'and the next read is again');
  } finally {
    await db.close();
  }
});

test('no machine code is made of an expression that is asked for again and again', async () => {
  const db = await createDb('chdb::memory:');
  try {
    for (let time = 0; time < 6; time++) {
      const [sums] = await db.rows<{ sums: string[] }>(
        `SELECT groupArray(plus) AS sums FROM (SELECT number * 3 + number * number - 7 AS plus FROM numbers(3) WHERE number * 5 - 2 > number ORDER BY plus)`,
      );
      assert.deepEqual(sums, { sums: ['-3', '3'] });
    }
    assert.deepEqual(await db.rows(`SELECT event FROM system.events WHERE event = 'CompileFunction'`), []);
  } finally {
    await db.close();
  }
});

test('a store is closed when what still runs in it has ended', async () => {
  const db = await createDb('chdb::memory:');
  let ended = false;
  const asked = db.rows('SELECT sleep(0.7)').finally(() => (ended = true));
  await db.close();
  // The answer has some way to go from the library to who asked.
  await new Promise(setImmediate);
  assert.ok(ended);
  await asked;
});
