/** Attributes that vary, at whatever place of a span's shape they stand. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readAttributeValues } from '../collector/store/attributes-read.ts';
import { createDb, migrate } from '../collector/store/db.ts';

const db = await createDb('chdb::memory:');
const tick = 1_800_000_000;

before(async () => {
  await migrate(db);
  // two shapes: the path is the first varying value of one and the second of the other
  const [alone, behind] = ['[["url.path","s",null]]', '[["http.url","s",null],["url.path","s",null]]'];
  const row = (shape: string, varying: readonly string[]): string =>
    `(${tick}, unhex('${'0a'.repeat(16)}'), unhex('0101010101010101'), ${tick}000000000, '${shape}', ['${varying.join("','")}'])`;
  const rows = [
    ...['/c', '/c', '/d', '/d', '/d'].map((path) => row(alone, [path])),
    ...['/c', '/c'].map((path) => row(behind, ['http://x', path])),
  ];
  await db.exec(`INSERT INTO spans (tick, traceId, spanId, startNs, shape, varying) VALUES ${rows.join(', ')}`);
});
after(() => db.close());

test('the most frequent value is so over all places', async () => {
  const time = { fromMs: tick * 1000 - 1000, toMs: tick * 1000 + 1000 };
  const { counted } = await readAttributeValues(db, 'url.path', { ...time, prefix: '', limit: 1 });
  assert.deepEqual(counted, [{ text: '/c', spans: 4 }]);
});
