/**
 * What a search reads: never spans outside its hour, and of the hour only what may hold the value. The store's own account of a
 * query says so (EXPLAIN), on some hours of spans of which one has what is looked for.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDb, migrate } from '../collector/store/db.ts';
import { matchTraces } from '../collector/store/traces-match.ts';
import { parseTraceQuery } from '#shared/trace-query.ts';

const db = await createDb('chdb::memory:');
const hours = 4;
const spansPerHour = 60_000;
const granule = 4096;
const firstTick = 1_800_000_000;
const granulesPerHour = Math.ceil(spansPerHour / granule);

before(async () => {
  await migrate(db);
  // a span each 60 ms, two to a trace; one of the newest hour has the needle
  await db.exec(`INSERT INTO spans (tick, traceId, spanId, startNs, durationNs, service, shape, varying)
    SELECT ${firstTick} + intDiv(number * 3600, ${spansPerHour}) AS second,
      reinterpretAsFixedString(toUInt128(intDiv(number, 2) + 1)), reinterpretAsFixedString(toUInt64(number + 1)),
      toUInt64(second) * 1000000000, 1000000, 'web',
      concat('[["http.method","s","GET"],["http.url","s",null],["size","s",null],["',
        if(number = ${(hours - 1) * spansPerHour + 30_000}, 'needle', 'hay'), '","s","found"]]'),
      [concat('/item/', toString(number)), toString(number % 100)]
    FROM numbers(${hours * spansPerHour})`);
  await db.exec(`INSERT INTO traces (tick, traceId, firstTick, lastTick, startNs, durationNs, spanCount)
    SELECT max(s.tick) + 12, s.traceId, min(s.tick), max(s.tick), min(s.startNs), 1000000, count() FROM spans AS s GROUP BY s.traceId`);
  await db.exec('OPTIMIZE TABLE spans FINAL');
});
after(() => db.close());

/** Granules of `spans` that the look at them selects, and how many traces match. */
async function readsOf(line: string, hour: number): Promise<{ granules: number; traces: number }> {
  const parsed = parseTraceQuery(line);
  assert.ok(parsed.ok);
  const fromMs = (firstTick + hour * 3600) * 1000;
  const { sql, params } = await matchTraces(db, { filter: parsed.filter, fromMs, toMs: fromMs + 3_600_000 });
  const [row] = await db.rows<{ n: string }>(`${sql} SELECT count() AS n FROM found`, params);
  const traces = Number(row?.n);
  if (!sql.includes('spans AS')) return { granules: 0, traces };
  const plan = await db.rows<{ explain: string }>(
    `EXPLAIN indexes = 1 ${sql} SELECT count() AS n FROM tagged0`,
    params,
  );
  const text = plan.map(({ explain }) => explain).join('\n');
  assert.equal(text.split('ReadFromMergeTree').length, 2, text);
  // no shape has the attribute: the store is asked for nothing
  if (text.includes('Filter column: 0\n')) return { granules: 0, traces };
  const selected = [...text.matchAll(/Granules: (\d+)\/\d+/g)].at(-1)?.[1];
  return { granules: Number(selected ?? Infinity), traces };
}

const within = async (line: string, hour: number, granules: number, traces: number): Promise<void> => {
  const read = await readsOf(line, hour);
  assert.ok(read.granules <= granules, `${line} reads ${read.granules} granules, not ${granules}`);
  assert.equal(read.traces, traces, line);
};

test('a search reads the spans of its hour only', async () => {
  for (let hour = 0; hour < hours; hour++) {
    await within('http.method = GET', hour, granulesPerHour + 1, spansPerHour / 2);
    await within('size > 98', hour, granulesPerHour + 1, 600);
    await within('needle exists', hour, granulesPerHour + 1, hour === hours - 1 ? 1 : 0);
  }
});

test('what hardly any shape has is not looked for where it cannot be', async () => {
  await within('needle = found', hours - 1, 2, 1);
  await within('needle = found', 0, 0, 0);
});

test('a value that hardly any span has is not looked for where it cannot be', async () => {
  const number = (hours - 1) * spansPerHour + 1000;
  await within(`http.url = /item/${number}`, hours - 1, 2, 1);
  await within(`http.method = GET http.url = /item/${number}`, hours - 1, 2, 1);
  await within('http.url = /nowhere', hours - 1, 1, 0);
  await within('http.url = /item/1', hours - 1, 1, 0);
  // a number may be written two ways
  await within('http.url = 12345.0', hours - 1, 1, 0);
});

test('a search without attributes does not look at spans', async () => {
  const { granules, traces } = await readsOf('duration >= 1us', 1);
  assert.deepEqual([granules, traces], [0, spansPerHour / 2]);
});
