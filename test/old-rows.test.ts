/** Spans stored before attributes were kept by shape: found, listed and given back beside those of now. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { parseTraceQuery } from '#shared/trace-query.ts';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createNormalised, normalise } from '../collector/normalise/normalise.ts';
import { readAttributeKeys, readAttributeValues } from '../collector/store/attributes-read.ts';
import { createDb, migrate } from '../collector/store/db.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';
import { storedSpanColumns, storedSpans } from '../collector/store/stored-span.ts';
import { matchTraces } from '../collector/store/traces-match.ts';
import { keyValues } from './otlp-span.ts';

const db = await createDb('chdb::memory:');
const tick = 1_800_000_000;
const startNs = `${tick}000000000`;
const [oldId, newId] = ['0a', '0b'].map((byte) => byte.repeat(16)) as [string, string];

before(async () => {
  // as version 4 made the table
  const schema = readFileSync(new URL('../collector/store/schema.sql', import.meta.url), 'utf8').replaceAll(
    /--.*$/gm,
    '',
  );
  const [, created = ''] = schema.split(/;\s*$/m);
  await db.exec(
    created
      .replace(/^\s*(shape|varying)\s.*$/gm, '')
      .replace(/INDEX shape .*\n/, '')
      .replace(
        /INDEX varying .*\n/,
        'INDEX attributeValues mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1\n',
      ),
  );
  await db.exec(`INSERT INTO spans (tick, traceId, spanId, startNs, service, attributes, attributeTypes)
    VALUES (${tick}, unhex('${oldId}'), unhex('0101010101010101'), ${startNs}, 'web', map('order', '17', 'n', '5'), 'si')`);
  await migrate(db);
  const block = createSpanBlock();
  const normalised = createNormalised();
  const span = {
    traceId: newId,
    spanId: '0202020202020202',
    startTimeUnixNano: startNs,
    endTimeUnixNano: startNs,
    attributes: [...keyValues({ order: '17', 'url.path': '/a' }), { key: 'n', value: { intValue: '7' } }],
  };
  decodeOtlp(writeOtlp({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }), (read) => {
    normalise(read, normalised);
    block.append(read, normalised);
  });
  await db.insertNative('spans', [block.seal({ tick: tick + 1, batch: 0 })]);
  await db.exec(`INSERT INTO traces (tick, traceId, firstTick, lastTick, startNs, durationNs, spanCount)
    SELECT s.tick + 12, s.traceId, s.tick, s.tick, s.startNs, 1000000, 1 FROM spans AS s`);
});
after(() => db.close());

const time = { fromMs: tick * 1000 - 1000, toMs: tick * 1000 + 1000 };

async function found(line: string): Promise<string[]> {
  const parsed = parseTraceQuery(line);
  assert.ok(parsed.ok);
  const { sql, params } = await matchTraces(db, { filter: parsed.filter, ...time });
  const rows = await db.rows<{ id: string }>(`${sql} SELECT lower(hex(traceId)) AS id FROM found ORDER BY id`, params);
  return rows.map(({ id }) => id);
}

test('a search finds both', async () => {
  assert.deepEqual(await found('order = 17'), [oldId, newId]);
  assert.deepEqual(await found('order exists'), [oldId, newId]);
  assert.deepEqual(await found('n > 5'), [newId]);
  assert.deepEqual(await found('n <= 5'), [oldId]);
  assert.deepEqual(await found('n != 7'), [oldId]);
  assert.deepEqual(await found('url.path = /a'), [newId]);
  assert.deepEqual(await found('url.path = /b'), []);
});

test('names and values are counted over both', async () => {
  const query = { ...time, prefix: '', limit: 10 };
  const texts = ({ counted }: Awaited<ReturnType<typeof readAttributeKeys>>): unknown =>
    Object.fromEntries(counted.map(({ text, spans }) => [text, spans]));
  assert.deepEqual(texts(await readAttributeKeys(db, query)), { order: 2, n: 2, 'url.path': 1 });
  assert.deepEqual(texts(await readAttributeValues(db, 'n', query)), { 5: 1, 7: 1 });
  assert.deepEqual(texts(await readAttributeValues(db, 'url.path', query)), { '/a': 1 });
});

test('both come back with their types', async () => {
  const spans = storedSpans(await db.native(`SELECT ${storedSpanColumns} FROM spans ORDER BY tick`));
  assert.deepEqual(
    spans.map(({ attributes }) => attributes.map(({ key, type, text }) => `${key} ${type} ${text}`)),
    [
      ['order s 17', 'n i 5'],
      ['order s 17', 'url.path s /a', 'n i 7'],
    ],
  );
});
