/** How parts of the store are merged. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createDb, migrate, type Db } from '../collector/store/db.ts';
import { requestOf, span } from './otlp-span.ts';
import { storeBodies } from './serve.ts';

/** Parts of a commit each, the oldest first. */
async function commit(db: Db, rows: readonly number[]): Promise<void> {
  for (const [tick, count] of rows.entries())
    await db.exec(`INSERT INTO spans (tick, traceId, rest) SELECT ${1000 + tick}, reverse(toFixedString(toString(number), 16)),
      hex(randomString(400)) FROM numbers(${count})`);
}

/** The parts, the oldest first: rows, and how often they were merged. */
async function parts(db: Db): Promise<{ rows: number; level: number }[]> {
  const sql = `SELECT toUInt32(rows) AS rows, level FROM system.parts WHERE active AND table = 'spans' ORDER BY min_block_number`;
  return db.rows<{ rows: number; level: number }>(sql);
}

async function untilMerged(db: Db): Promise<void> {
  for (let tries = 0; !(await parts(db)).some(({ level }) => level > 0); tries++) {
    assert.ok(tries < 300, 'some are merged');
    await pause(50);
  }
}

async function withStore(use: (db: Db) => Promise<void>): Promise<void> {
  const db = await createDb('chdb::memory:');
  try {
    await migrate(db);
    await use(db);
  } finally {
    await db.close();
  }
}

test('a large part is not written anew with each of the small commits that follow', () =>
  withStore(async (db) => {
    await db.exec('SYSTEM STOP MERGES spans');
    await commit(db, [...Array<number>(9).fill(16_000), 800, ...Array<number>(10).fill(1)]);
    await db.exec('SYSTEM START MERGES spans');
    await untilMerged(db);
    await commit(db, Array<number>(8).fill(1));
    await pause(1000);
    assert.deepEqual((await parts(db))[9], { rows: 810, level: 1 });
  }));

test('large parts wait for others of their size, small ones are merged without them', () =>
  withStore(async (db) => {
    await db.exec('SYSTEM STOP MERGES spans');
    await commit(db, [...Array<number>(4).fill(16_000), ...Array<number>(7).fill(1)]);
    await db.exec('SYSTEM START MERGES spans');
    await pause(1000);
    await commit(db, [1, 1, 1, 1]);
    await untilMerged(db);
    assert.deepEqual(await parts(db), [
      ...Array.from({ length: 4 }, () => ({ rows: 16_000, level: 0 })),
      { rows: 11, level: 1 },
    ]);
  }));

test('a merge counts no statistics of columns: no question asks for them', () =>
  withStore(async (db) => {
    for (const table of ['spans', 'traces', 'edges']) {
      for (const tick of [1, 2]) await db.exec(`INSERT INTO ${table} (tick) VALUES (${tick})`);
      await db.exec(`OPTIMIZE TABLE ${table} FINAL`);
    }
    const merged = await db.rows<{ path: string }>('SELECT path FROM system.parts WHERE active AND level > 0');
    assert.equal(merged.length, 3);
    for (const { path } of merged)
      assert.deepEqual(
        readdirSync(path).filter((name) => name.startsWith('statistics')),
        [],
        path,
      );
  }));

test('filters of attributes are made by merges, the one of trace ids by each commit', () =>
  withStore(async (db) => {
    const filters = async (): Promise<string[][]> => {
      const made = await db.rows<{ path: string }>(`SELECT path FROM system.parts WHERE active AND table = 'spans'`);
      return made.map(({ path }) =>
        readdirSync(path)
          .filter((name) => /^skp_idx_.*\.idx/.test(name))
          .map((name) => name.replace(/^skp_idx_|\.idx.*$/g, ''))
          .sort(),
      );
    };
    await db.exec('SYSTEM STOP MERGES spans');
    for (const tick of [1, 2]) await storeBodies(db, [writeOtlp(requestOf(span))], tick);
    assert.deepEqual(await filters(), [
      ['startNs', 'traceId'],
      ['startNs', 'traceId'],
    ]);
    await db.exec('SYSTEM START MERGES spans');
    await db.exec('OPTIMIZE TABLE spans FINAL');
    assert.deepEqual(await filters(), [['shape', 'startNs', 'traceId', 'varying']]);
  }));

test('threads that merge come after all others', { skip: process.platform !== 'linux' }, () =>
  withStore(async () => {
    const merging = readdirSync('/proc/self/task').filter((thread) => nameOf(thread) === 'MergeMutate');
    assert.ok(merging.length > 0);
    for (const thread of merging) assert.equal(getPriority(Number(thread)), Math.min(19, getPriority() + 5));
  }),
);

/** '' when the thread has ended. */
function nameOf(thread: string): string {
  try {
    return readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
