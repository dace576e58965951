/** The Native format against a real ClickHouse, and spans through it and back without loss. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import type { OtlpSpan, OtlpTraces } from '../collector/decode/otlp.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { texts } from '../collector/decode/keys.ts';
import { createNormalised, normalise } from '../collector/normalise/normalise.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { createDb, type Db, migrate } from '../collector/store/db.ts';
import { readNative, stringsOf, type StringColumn } from '../collector/store/native.ts';
import { createTraceBlock, insertTraces, type TraceRow } from '../collector/store/traces.ts';
import { createSpanBlock, type SpanBlock } from '../collector/store/span-block.ts';
import { type StoredSpan, storedSpanColumns, storedSpans, toOtlpJson, toSpan } from '../collector/store/stored-span.ts';
import { canonical, otlpTraces } from './otlp-arbitrary.ts';
import { recordedBodies, recordings } from './recordings.ts';

let db: Db;
before(async () => {
  db = await createDb('chdb::memory:');
  await migrate(db);
});
after(() => db.close());

const normalised = createNormalised();

function fill(block: SpanBlock, body: Uint8Array): void {
  decodeOtlp(body, (span) => {
    normalise(span, normalised);
    block.append(span, normalised);
  });
}

let lastTick = 0;

/** Stores the block under a tick of its own and reads its rows back. */
async function stored(block: SpanBlock): Promise<StoredSpan[]> {
  const tick = ++lastTick;
  await db.insertNative('spans', [block.seal({ tick, batch: 0 })]);
  return storedSpans(await db.native(`SELECT ${storedSpanColumns} FROM spans WHERE tick = ${tick}`));
}

const byId = (a: { traceId: string; spanId: string }, b: { traceId: string; spanId: string }): number =>
  a.traceId + a.spanId < b.traceId + b.spanId ? -1 : 1;

test('every recorded span comes back from the store as it was decoded', async () => {
  const block = createSpanBlock();
  for (const recording of recordings) {
    const bodies = recordedBodies(recording);
    for (const body of bodies) fill(block, body);
    const rows = await stored(block);
    const expected = bodies.flatMap((body) => spansOf(body)).map((span) => ({ ...span, tick: lastTick }));
    assert.deepEqual(rows.map(toSpan).sort(byId), expected.sort(byId));
  }
});

/** Each span of a request with its surroundings, in one spelling, sorted. */
function flat(traces: OtlpTraces): unknown[] {
  const spans: { traceId: string; spanId: string; text: unknown }[] = [];
  for (const { resource, schemaUrl, scopeSpans = [] } of traces.resourceSpans ?? []) {
    for (const { scope, schemaUrl: scopeSchemaUrl, spans: inner = [] } of scopeSpans) {
      for (const span of inner) {
        const { traceId = '', spanId = '' } = span;
        spans.push({ traceId, spanId, text: canonical({ resource, schemaUrl, scope, scopeSchemaUrl, span }, '') });
      }
    }
  }
  return spans.sort(byId);
}

test('any request comes back from the store as the OTLP it was: types, events, links, counts, resource, scope', async () => {
  const block = createSpanBlock();
  await fc.assert(
    fc.asyncProperty(otlpTraces, async (traces) => {
      fill(block, writeOtlp(traces));
      if (block.rows === 0) return;
      assert.deepEqual(flat(toOtlpJson(await stored(block))), flat(traces));
    }),
    { numRuns: 60 },
  );
});

test('a text that begins with a byte order mark comes back with it', async () => {
  const text = '\ufeffSELECT 1';
  const attributes = [
    { key: 'db.query.text', value: { stringValue: text } },
    { key: 'http.url', value: { stringValue: text } },
    { key: text, value: { arrayValue: { values: [{ stringValue: text }] } } },
  ];
  const ids = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), kind: 1 };
  const times = { startTimeUnixNano: '1', endTimeUnixNano: '2' };
  const span: OtlpSpan = {
    ...ids,
    ...times,
    name: text,
    traceState: text,
    attributes,
    events: [{ timeUnixNano: '1', name: text, attributes }],
    status: { message: text },
  };
  const traces: OtlpTraces = {
    resourceSpans: [
      { resource: { attributes }, schemaUrl: text, scopeSpans: [{ scope: { name: text, attributes }, spans: [span] }] },
    ],
  };
  const block = createSpanBlock();
  fill(block, writeOtlp(traces));
  assert.deepEqual(flat(toOtlpJson(await stored(block))), flat(traces));
});

test('a rollback leaves the block as if the body had never been', async () => {
  const [first, second, third] = recordedBodies('faults');
  const clean = createSpanBlock();
  const disturbed = createSpanBlock();
  fill(clean, first!);
  fill(disturbed, first!);
  const mark = disturbed.mark();
  fill(disturbed, second!);
  fill(disturbed, recordedBodies('mtls')[0]!);
  disturbed.rollback(mark);
  assert.equal(disturbed.bytes, clean.bytes);
  fill(clean, third!);
  fill(disturbed, third!);
  assert.deepEqual(disturbed.seal({ tick: 7, batch: 0 }), clean.seal({ tick: 7, batch: 0 }));
});

test('a block that is used again holds nothing of the commit before', () => {
  const [first, second] = recordedBodies('healthy');
  const fresh = createSpanBlock();
  const used = createSpanBlock();
  fill(used, first!);
  used.seal({ tick: 6, batch: 0 });
  assert.deepEqual([used.rows, used.bytes], [0, 0]);
  fill(used, second!);
  fill(fresh, second!);
  assert.deepEqual(used.seal({ tick: 7, batch: 0 }), fresh.seal({ tick: 7, batch: 0 }));
});

test('records of a block make the same block, whatever was appended, taken back and sealed between', async () => {
  const block = createSpanBlock();
  const copy = createSpanBlock();
  const mark = { tick: 7, batch: 0 };
  const pass = (body: Uint8Array): void => {
    fill(block, body);
    copy.restore(block.record());
  };
  for (const recording of recordings) {
    const [first, ...others] = recordedBodies(recording);
    pass(first!);
    const before = block.mark();
    fill(block, recordedBodies('mtls')[0]!);
    block.rollback(before);
    others.forEach(pass);
    texts.reset();
    pass(first!);
    assert.equal(copy.bytes, block.bytes);
    assert.deepEqual(copy.seal(mark), block.seal(mark), recording);
  }
  // As a process goes on with what it found.
  pass(recordedBodies('healthy')[0]!);
  fill(copy, recordedBodies('healthy')[1]!);
  fill(block, recordedBodies('healthy')[1]!);
  const [of, ofCopy] = [await stored(block), await stored(copy)].map((rows) =>
    rows.map((row) => ({ ...toSpan(row), tick: 0 })),
  );
  assert.ok(of!.length > 0);
  assert.deepEqual(ofCopy, of);
  fill(block, recordedBodies('healthy')[0]!);
  block.record();
  fill(block, recordedBodies('healthy')[0]!);
  assert.throws(() => copy.restore(block.record()), /a record before them is missing/);
});

test('records are as they were when the log was last read by another version', () => {
  const block = createSpanBlock();
  texts.reset();
  for (const recording of recordings) fill(block, recordedBodies(recording)[0]!);
  const message = 'records of another layout need a kind of their own, and those of this one a reader (store/log.ts)';
  assert.equal(crc32(block.record()), 1835525582, message);
});

test('a block outlives its vocabulary: the same texts before and after a reset are the same rows', async () => {
  const block = createSpanBlock();
  const [body] = recordedBodies('healthy');
  fill(block, body!);
  texts.reset();
  fill(block, body!);
  const rows = (await stored(block)).map(toSpan).sort(byId);
  const expected = [...spansOf(body!), ...spansOf(body!)].map((span) => ({ ...span, tick: lastTick }));
  assert.deepEqual(rows, expected.sort(byId));
});

test('dictionaries of more than 256 and more than 65,536 texts are read right', async () => {
  for (const count of [300, 70_000]) {
    const spans = Array.from({ length: count }, (_, i): OtlpSpan => ({
      traceId: (i + 1).toString(16).padStart(32, '0'),
      spanId: 'a'.repeat(16),
      name: `name ${i}`,
    }));
    const block = createSpanBlock();
    for (let from = 0; from < count; from += 35_000) {
      fill(block, writeOtlp({ resourceSpans: [{ scopeSpans: [{ spans: spans.slice(from, from + 35_000) }] }] }));
    }
    const rows = await stored(block);
    assert.equal(rows.length, count);
    for (const { traceId, name } of rows) assert.equal(name, `name ${Number.parseInt(traceId, 16) - 1}`);
  }
});

test('an answer of several blocks is one table', async () => {
  const table = readNative(
    await db.native(
      `SELECT number AS n, toString(number) AS s, toLowCardinality(toString(intDiv(number, 40))) AS word,
       toFixedString(toString(number % 10), 1) AS f, range(number % 3) AS list, map(toString(number), number / 2) AS m,
       toInt16(-number) AS i, toInt64(-number) AS wide, number / 4 AS d, [toLowCardinality('x')] AS words
       FROM numbers(100) SETTINGS max_block_size = 7, max_threads = 1`,
    ),
  );
  assert.equal(table.rows, 100);
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  const column = (name: string): unknown => table.columns.get(name);
  assert.deepEqual(column('n'), BigUint64Array.from(numbers, BigInt));
  assert.deepEqual(stringsOf(column('s') as StringColumn), numbers.map(String));
  assert.deepEqual(
    column('i'),
    Int16Array.from(numbers, (n) => -n),
  );
  assert.deepEqual(
    column('wide'),
    BigInt64Array.from(numbers, (n) => BigInt(-n)),
  );
  assert.deepEqual(
    column('d'),
    Float64Array.from(numbers, (n) => n / 4),
  );
  const { dictionary, index } = column('word') as { dictionary: string[]; index: Uint32Array };
  assert.deepEqual(
    Array.from(index, (entry) => dictionary[entry]),
    numbers.map((n) => String(Math.floor(n / 40))),
  );
  const { ends, values } = column('list') as { ends: Uint32Array; values: Uint8Array };
  assert.deepEqual(
    numbers.map((n) => Array.from(values.subarray(ends[n - 1] ?? 0, ends[n]))),
    numbers.map((n) => [0, 1].slice(0, n % 3)),
  );
  const map = column('m') as { keys: StringColumn; values: Float64Array };
  assert.deepEqual(stringsOf(map.keys), numbers.map(String));
  assert.deepEqual(
    map.values,
    Float64Array.from(numbers, (n) => n / 2),
  );
});

test('an answer without rows is an empty table', async () => {
  assert.equal(readNative(await db.native('SELECT 1 AS a WHERE 0')).rows, 0);
  assert.deepEqual(storedSpans(await db.native(`SELECT ${storedSpanColumns} FROM spans WHERE tick = 4000000000`)), []);
});

test('a truncated answer is an error, not half a table', async () => {
  const bytes = await db.native('SELECT number, toString(number) AS s FROM numbers(50)');
  for (let length = 1; length < bytes.length; length++) {
    assert.throws(() => readNative(bytes.subarray(0, length)), { name: 'AppError', code: 'internal' }, String(length));
  }
});

test('settled traces come back from the store as they were appended, also from a block that is used again', async () => {
  const block = createTraceBlock();
  const traceIdEnd = (n: number): number => Number.parseInt(n.toString(16).padStart(8, 'f'), 16);
  const row = (n: number): TraceRow => ({
    tick: 1_800_000_000 + n,
    traceIds: Uint32Array.of(0, 0, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, traceIdEnd(n)),
    trace: 1,
    replacesTick: n,
    firstTick: n,
    lastTick: n + 1,
    startNs: 18_446_744_073_709_551_615n,
    durationNs: 2 ** 40 + n,
    rootService: `s${n}`,
    rootNamespace: '',
    rootOperation: 'é',
    rootVersion: 'v',
    rootDurationNs: 7,
    spanCount: n,
    errorCount: 0,
    failed: n % 2,
    probe: 0,
    weight: 0.1,
    workloads: n === 1 ? [] : [`w${n}`, 'w'],
    operations: [`o${n}`],
    edgeIds: [BigInt(n), 2n ** 63n],
    pathIds: n === 1 ? [] : [5n],
    pathNs: n === 1 ? [] : [2],
  });
  const rows = 600;
  for (const times of [rows, 1]) {
    await db.exec('TRUNCATE TABLE traces');
    for (let n = 0; n < times; n++) block.append(row(n));
    await insertTraces(db, block);
    block.reset();
    const stored = await db.rows<{ row: string }>(
      `SELECT toString(tuple(tick - 1800000000, lower(hex(traceId)), replacesTick, firstTick, lastTick, startNs, durationNs, rootService,
         rootNamespace, rootOperation, rootVersion, rootDurationNs, spanCount, errorCount, failed, probe, weight, workloads,
         operations, edgeIds, pathIds, pathNs)) AS row FROM traces ORDER BY tick`,
    );
    assert.deepEqual(
      stored.map((one) => one.row),
      Array.from({ length: times }, (_, n) => {
        const lists = n === 1 ? ['[]', '[],[]'] : [`['w${n}','w']`, '[5],[2]'];
        return `(${n},'${n.toString(16).padStart(32, 'f')}',${n},${n},${n + 1},18446744073709551615,${2 ** 40 + n},'s${n}','','é','v',7,${n},0,${n % 2},0,0.1,${lists[0]},['o${n}'],[${n},9223372036854775808],${lists[1]})`;
      }),
    );
  }
});
