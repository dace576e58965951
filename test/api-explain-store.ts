/**
 * A day of traffic in small granules, and a Db that tells how many rows each SELECT read: for tests of what questions cost.
 *
 *     08:00 ···· one trace each two seconds, of four spans; twelve rows of edges each ten ···· 10:00 the next day = now
 *     two days by ingest = two parts a table; nothing is merged further
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { noSource } from '#shared/frame.ts';
import { workloadKinds } from '#shared/span.ts';
import type { App } from '../collector/serve/app.ts';
import { createDb, migrate, type Db, type Params } from '../collector/store/db.ts';
import { keepSums } from '../collector/store/sums-keeper.ts';

/** A round hour, epoch seconds. */
export const start = 1_800_000_000;
export const end = start + 26 * 3600;
/** Where the second part begins. */
export const midnight = start + 16 * 3600;
/** Rows of a granule: so few that this day has as many granules as a busy one. */
export const granule = 128;

/** Rows a second of time. */
export const rate = { spans: 2, traces: 0.5, edges: 1.2 } as const;
export const pathRows = 20_000;
/** A trace of its own of so many spans, and when it came, epoch seconds. */
export const large = { spans: 6000, second: start + 3 * 3600, id: idOf('large') } as const;
/** Traces that took longer to come in than is looked for second by second, half a minute from each other. */
export const wide = { traces: 20, second: start + 12 * 3600, lasts: 60, entry: 'batch|run' } as const;
/** Every so many-th trace settled a second time. */
const replacedEach = 500;

/** 32 hex digits of the trace that started so many times two seconds after the start. */
export function idOf(trace: number | string): string {
  return createHash('md5').update(String(trace)).digest('hex');
}

/** 16 hex digits of the root span of a trace. */
export function rootSpanOf(trace: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(trace * 4 + 1));
  return bytes.toString('hex');
}

/** A directory of its own; close removes it. */
export async function createDayStore(): Promise<Db> {
  const db = await createDb('chdb::memory:');
  const schema = readFileSync(new URL('../collector/store/schema.sql', import.meta.url), 'utf8')
    .replaceAll(/--.*$/gm, '')
    .replaceAll(/index_granularity = \d{4}, /g, '')
    .replaceAll('SETTINGS fsync', `SETTINGS index_granularity = ${granule}, fsync`);
  for (const statement of schema.split(/;\s*$/m)) if (statement.trim() !== '') await db.exec(statement);
  await migrate(db);
  for (const statement of [...spanRows, ...traceRows, edgeRows, pathNames]) await db.exec(statement);
  await keepSums(db, 0, () => true);
  for (const table of ['spans', 'traces', 'edges', 'edgeSums', 'paths']) await db.exec(`OPTIMIZE TABLE ${table} FINAL`);
  await db.exec('SYSTEM STOP MERGES');
  return db;
}

const spanColumns = `tick, traceId, spanId, parentId, startNs, durationNs, kind, name, service, namespace, version, httpCode, grpcCode, weight, shape, varying`;
const spanIdSql = (number: string): string => `reinterpretAsFixedString(toUInt64(${number}))`;

const spanRows = [
  // web answers GET /cart by a call to cart, which asks its database
  `INSERT INTO spans (${spanColumns}) SELECT
    ${start} + 2 * trace, MD5(toString(trace)), ${spanIdSql('number + 1')},
    ${spanIdSql('if(depth = 0, 0, number)')},
    toUInt64(${start} + 2 * trace) * 1000000000 + depth * 1000000, (9 - 2 * depth) * 1000000,
    [2, 3, 2, 3][depth + 1], ['GET /cart', 'POST cart', 'POST cart', 'SELECT items'][depth + 1],
    ['web', 'web', 'cart', 'cart'][depth + 1], 'shop', 'v1', if(depth < 3, 200, -1), -1, 1,
    '[["http.method","s","GET"],["user.id","s",null]]', [concat('user-', toString(trace))]
  FROM (SELECT number, intDiv(number, 4) AS trace, number % 4 AS depth FROM numbers(${(end - start) * 2}))`,
  `INSERT INTO spans (${spanColumns}) SELECT
    ${large.second}, unhex('${large.id}'), ${spanIdSql('number + 1000001')}, ${spanIdSql('if(number = 0, 0, 1000001)')},
    ${large.second}000000000 + number * 1000, 1000000, 2, 'many', 'large', 'shop', 'v1', 200, -1, 1, '', []
  FROM numbers(${large.spans})`,
  `INSERT INTO spans (${spanColumns}) SELECT
    ${wide.second} + 30 * intDiv(number, 2) + ${wide.lasts} * (number % 2), MD5(concat('wide', toString(intDiv(number, 2)))),
    ${spanIdSql('number + 2000001')}, ${spanIdSql('if(number % 2 = 0, 0, number + 2000000)')},
    toUInt64(${wide.second} + 30 * intDiv(number, 2)) * 1000000000, (${wide.lasts + 1} - number % 2) * 1000000000,
    2, 'run', 'batch', 'shop', 'v1', 200, -1, 1, '', []
  FROM numbers(${wide.traces * 2})`,
];

const traceColumns = `tick, traceId, replacesTick, firstTick, lastTick, startNs, durationNs, rootService, rootNamespace, rootOperation,
  rootVersion, rootDurationNs, spanCount, errorCount, weight, workloads, operations, edgeIds, pathIds, pathNs`;
const traceRow = `MD5(toString(number)), 0, second, second, toUInt64(second) * 1000000000, 9000000, 'web', 'shop', 'GET /cart',
    'v1', 9000000, 4, if(number % 50 = 0, 1, 0), 1, ['/shop/web', '/shop/cart'], ['web GET /cart', 'cart POST cart'], [1], [1, 2], [4000000, 5000000]`;

const traceRows = [
  `INSERT INTO traces (${traceColumns}) SELECT ${start} + 2 * number + 12, ${traceRow}
  FROM (SELECT number, toUInt32(${start} + 2 * number) AS second FROM numbers(${(end - start - 12) / 2}))`,
  `INSERT INTO traces (${traceColumns}) SELECT ${start} + 2 * number + 60, ${traceRow.replace(' 0, second', ' second + 12, second')}
  FROM (SELECT number * ${replacedEach} AS number, toUInt32(${start} + 2 * number) AS second FROM numbers(${Math.floor((end - start - 60) / 2 / replacedEach)}))`,
  `INSERT INTO traces (${traceColumns}) SELECT second + ${wide.lasts} + 12, MD5(concat('wide', toString(number))), 0,
    second, second + ${wide.lasts}, toUInt64(second) * 1000000000, ${wide.lasts + 1}000000000, 'batch', 'shop', 'run',
    'v1', ${wide.lasts + 1}000000000, 2, 0, 1, ['/shop/batch'], ['batch run'], [], [3], [${wide.lasts + 1}000000000]
  FROM (SELECT number, toUInt32(${wide.second} + 30 * number) AS second FROM numbers(${wide.traces}))`,
];

// a frame: users call web, web calls cart, cart eight others; two rows of workloads themselves
const edgeRows = `INSERT INTO edges (frame, tick, source, sourceNamespace, sourceKind, target, targetNamespace, targetVersion,
    protocol, calls, seen, clientNs, serverNs, rootCount, rootNs) SELECT
  ${start} + 10 * intDiv(number, 12) AS frame, frame + 20,
  multiIf(row = 0, 'users', row = 1, 'web', row < 10, 'cart', ''), if(row IN (0, 10, 11), '', 'shop'),
  multiIf(row = 0, ${workloadKinds.indexOf('users')}, row < 10, 0, ${noSource}),
  multiIf(row IN (0, 10), 'web', row IN (1, 11), 'cart', concat('db', toString(row))), 'shop', 'v1', 'http', 5, 5,
  if(row < 10, map(1200, 5), map()), if(row < 10, map(1190, 5), map()),
  if(row = 10, map('40|web|GET /cart', 5), map()), if(row = 10, map('40|web|GET /cart', 45000000), map())
FROM (SELECT number, number % 12 AS row FROM numbers(${((end - start) / 10) * 12}))`;

const pathNames = `INSERT INTO paths SELECT if(number < 3, number + 1, cityHash64(number)), if(number = 1, 1, 0),
  ['web', 'cart', 'batch', 'other'][least(number, 3) + 1], 'shop', ['GET /cart', 'POST cart', 'run', toString(number)][least(number, 3) + 1], 2
FROM numbers(${pathRows})`;

/** Rows of edges that settleLate adds. */
export const lateEdges = 12;

/** A trace that settles at a second, late for the ten seconds it belongs to. */
export async function settleLate(store: Db, second: number, frame: number): Promise<void> {
  const late = `SELECT * REPLACE (toUInt32(${second}) AS tick) FROM edges WHERE frame = ${frame} LIMIT ${lateEdges}`;
  await store.exec(`INSERT INTO edges ${late}`);
  await store.exec(`INSERT INTO traces SELECT * REPLACE (toUInt32(${second}) AS tick, unhex('${idOf('late')}') AS traceId)
    FROM (SELECT * FROM traces WHERE traceId = unhex('${idOf(20_001)}'))`);
}

/** What a query may lose by mistake: it then reads more, and gives the same or more. */
export const losses = {
  start: (query: string) => query.replaceAll(/\b\w\.(?:frame|tick|startNs) >=? \{\w+:UInt\d+\}/g, '1'),
  end: (query: string) => query.replaceAll(/\b\w\.(?:frame|tick|startNs) <=? \{\w+:UInt\d+\}/g, '1'),
  keys: (query: string) => query.replaceAll(/\b(\w\.(?:tick|pathId)) IN\b/g, 'bitXor($1, 0) IN'),
  index: (query: string) => (query.includes('.traceId = ') ? `${query}\nSETTINGS use_skip_indexes = 0` : query),
} as const;

/** One SELECT as it was asked. */
export interface Look {
  readonly query: string;
  readonly params: Params | undefined;
  /** Tables of the store it names, in order of the alphabet, plus between. */
  readonly tables: string;
  /** Rows the store read for it, those of its subqueries too. */
  readonly rows: number;
}

export interface Watched {
  readonly db: Db;
  readonly looks: Look[];
  /** Runs something when no SELECT is running: what it reads is nobody's. */
  between(run: () => Promise<void>): Promise<void>;
}

/** A Db that notes each SELECT, one after the other, and refuses to write. */
export function watched(store: Db): Watched {
  const looks: Look[] = [];
  let last: Promise<unknown> = Promise.resolve();
  /** Rows read so far by all queries, and those that this question reads itself. */
  const counter = async (): Promise<{ total: number; own: number }> => {
    const [row] = await store.rows<{ total: string; own: string }>(
      "SELECT sumIf(value, event = 'SelectedRows') AS total, count() AS own FROM system.events",
    );
    return { total: Number(row?.total), own: Number(row?.own) };
  };
  function look<T>(query: string, params: Params | undefined, ask: () => Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      // what an equal question before it found out would count as not read
      await store.exec('SYSTEM DROP QUERY CONDITION CACHE');
      const before = await counter();
      const answer = await ask();
      const rows = (await counter()).total - before.total - before.own;
      looks.push({ query, params, tables: tablesOf(query), rows });
      return answer;
    });
    last = turn.catch(() => undefined);
    return turn;
  }
  function between(run: () => Promise<void>): Promise<void> {
    const turn = last.then(run);
    last = turn.catch(() => undefined);
    return turn;
  }
  const refuse = (): Promise<never> => Promise.reject(new Error('a question writes'));
  return {
    looks,
    between,
    db: {
      ...store,
      rows: (query, params) => look(query, params, () => store.rows(query, params)),
      native: (query, params, kind) => look(query, params, () => store.native(query, params, kind)),
      exec: refuse,
      insertRows: refuse,
      insertNative: refuse,
    },
  };
}

function tablesOf(query: string): string {
  const named = query
    .replaceAll(/--.*$/gm, '')
    .matchAll(/\b(?:FROM|JOIN)\s+(spans|edgeSums|edges|traces|paths|progress|starts|schemaVersion)\b/g);
  return [...new Set(Array.from(named, ([, table]) => table))].sort().join('+') || 'none';
}

/** How the store goes about a query, in its own words. */
export async function explained(store: Db, { query, params }: Look): Promise<string> {
  const plan = await store.rows<{ explain: string }>(`EXPLAIN indexes = 1 ${query}`, params);
  return plan.map(({ explain }) => explain).join('\n');
}

export interface Asked {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The answer, which has to be a good one. */
export async function request({ app }: App, { path, method = 'GET', headers = {}, body }: Asked): Promise<Response> {
  const response = await app.request(`http://localhost${path}`, {
    method,
    headers: { host: 'localhost', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  assert.equal(response.status, 200, path);
  return response;
}

/** The answer's text; of a stream its first event. */
export async function answerOf(served: App, question: Asked): Promise<string> {
  const response = await request(served, question);
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text();
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

/** Rows by the tables a query names, over all the queries of a question. */
function sumsOf(looks: readonly Look[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { tables, rows: read } of looks) sums[tables] = (sums[tables] ?? 0) + read;
  return sums;
}

/** Most rows, likewise. Tables that are not there are not read. */
export type Reads = Readonly<Record<string, number>>;

/** What is read beyond the bounds: tables, rows, and how many they may be. */
export function beyond(looks: readonly Look[], bounds: Reads): string[] {
  return Object.entries(sumsOf(looks))
    .filter(([tables, read]) => read > (bounds[tables] ?? -1))
    .map(([tables, read]) => `${read} rows of ${tables}, not ${bounds[tables] ?? 'any'}`);
}
