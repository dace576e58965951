/**
 * The store: ClickHouse through its one client, embedded as chDB by default, or a server by URL. Opens it, brings the
 * schema forward, and offers the few verbs the rest of the program uses. The only file that knows which of the two it is.
 * chDB takes one data directory a process; a worker thread of the same process may open the same directory again.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, constants, ftruncateSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { isMainThread } from 'node:worker_threads';
import { createClient, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client';
import { AppError, quoted } from '#shared/error.ts';
import { putMergesLast } from './merges.ts';
import { writeAll } from './write-all.ts';

export type Params = Readonly<Record<string, unknown>>;

/** Of few rows that a skip index finds; anywhere: the sorting key has no part in it. */
export type LookUp = 'look-up' | 'look-up anywhere';

export interface Db {
  /** Rows of a SELECT as objects; 64-bit integers as decimal strings. Bounded in time and memory. */
  rows<T>(query: string, params?: Params): Promise<T[]>;
  /** Bytes of a SELECT in Native format; the query must not name a format, nor one of a kind its settings. */
  native(query: string, params?: Params, kind?: LookUp): Promise<Uint8Array>;
  /** A statement without an answer. */
  exec(query: string, params?: Params): Promise<void>;
  /** One insert, atomic within one partition, synced when it returns. */
  insertRows(table: string, rows: readonly object[]): Promise<void>;
  /** The same from one Native block; its columns are the table's, in the table's order. */
  insertNative(table: string, block: readonly Uint8Array[]): Promise<void>;
  /** Where the data is, for people and for a second thread to open. */
  readonly url: string;
  /** Directory of the log in front of an embedded store; a server's commits need none. */
  readonly logDirectory: string | undefined;
  close(): Promise<void>;
}

const readSettings: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  max_execution_time: 15,
  max_memory_usage: '4000000000',
};

/**
 * The embedded store makes no machine code of expressions: questions are about few rows, and to make it takes 30 to 70 ms of CPU
 * and touches 35 MiB of the library (2026-11-29).
 */
const embeddedSettings: ClickHouseSettings = {
  ...readSettings,
  compile_expressions: 0,
  compile_aggregate_expressions: 0,
  compile_sort_description: 0,
};

/**
 * For few rows that a skip index finds. Of a trace by ID among 20 million spans in 19 parts these save two fifths of the store's CPU:
 * parts that hold none are left out before anything is read, instead of a reader each; the older analyzer plans; one thread
 * runs it; rows are sorted when they are read, with all their columns. Names that only the embedded version surely has.
 */
const lookUpSettings = `SETTINGS use_skip_indexes_on_data_read = 0, enable_analyzer = 0, max_threads = 1,
  optimize_read_in_order = 0, query_plan_optimize_lazy_materialization = 0`;
/**
 * An id at the end of a sorting key is otherwise looked for in each of its marks, 2 ms among 5,000, before the skip index is;
 * blocks of two granules, for reading ends with the block that reaches the limit.
 */
const anywhereSettings = `${lookUpSettings}, use_primary_key = 0, max_block_size = 8192`;

/**
 * Opens a store. in: `chdb:DIR`, `chdb::memory:`, or the http(s) URL of a ClickHouse server with an optional database path.
 * errors: unsupported when chdb is not installed or its directory is in use; unavailable when a server does not answer.
 */
export async function createDb(store: string): Promise<Db> {
  if (store.startsWith('chdb:')) return createEmbedded(store.slice('chdb:'.length));
  const url = new URL(store);
  const database = url.pathname.replace(/^\//, '') || 'throughline';
  url.pathname = '';
  const admin = createClient({ url });
  try {
    await admin.command({ query: `CREATE DATABASE IF NOT EXISTS {database:Identifier}`, query_params: { database } });
  } catch (cause) {
    throw new AppError('unavailable', `cannot open store ${quoted(url.host)}: ${messageOf(cause)}`, { cause });
  } finally {
    await admin.close();
  }
  const client = createClient({ url, database });
  return {
    ...verbs(client, { each: readSettings, lookUps: undefined }),
    url: store,
    logDirectory: undefined,
    async insertNative(table, block) {
      const values = Readable.from(block, { objectMode: false });
      const { stream } = await client.exec({ query: insertQuery(table, 'FORMAT Native'), values });
      await buffer(stream);
    },
    close: () => client.close(),
  };
}

async function createEmbedded(location: string): Promise<Db> {
  const memory = location === ':memory:';
  const directory = memory ? mkdtempSync(join(tmpdir(), 'throughline-')) : resolve(location);
  mkdirSync(directory, { recursive: true });
  const client = await openChdb(directory);
  const inbox = join(directory, 'inbox');
  // What a killed process left there is in the log, or was never acknowledged.
  if (isMainThread) rmSync(inbox, { recursive: true, force: true });
  mkdirSync(inbox, { recursive: true });
  /** Files that no insert reads now: writing over what a file has costs a fraction of making a new one. */
  const idle: string[] = [];
  return {
    ...verbs(client, { each: undefined, lookUps: { 'look-up': lookUpSettings, 'look-up anywhere': anywhereSettings } }),
    url: `chdb:${directory}`,
    logDirectory: join(directory, 'log'),
    // chDB's client turns a request's body into a string, which binary does not survive: a file is its one binary door.
    async insertNative(table, block) {
      const path = idle.pop() ?? join(inbox, randomUUID());
      try {
        writeFile(path, block);
        await client.command({ query: insertQuery(table, `SELECT * FROM file('${path}', 'Native')`) });
      } finally {
        idle.push(path);
      }
    },
    async close() {
      await client.close();
      // A question nobody waits for any more still runs; a process that ends meanwhile may hang in the library.
      const { drainPending } = await import('chdb');
      await drainPending();
      for (const path of idle) rmSync(path);
      if (memory) rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function openChdb(path: string): Promise<ClickHouseClient> {
  try {
    const { createChdbConnection } = await import('chdb/connection');
    const client = createClient({ connection: createChdbConnection({ path }) } as Parameters<typeof createClient>[0]);
    // They stay for the whole connection; with each query they would be three statements more.
    const settings = Object.entries(embeddedSettings).map(([name, value]) => `${name} = ${String(value)}`);
    await client.command({ query: `SET ${settings.join(', ')}` });
    return client;
  } catch (cause) {
    throw new AppError('unsupported', `cannot open store chdb:${quoted(path)}: ${messageOf(cause)}`, { cause });
  }
}

/** What both kinds of store do alike. */
function verbs(
  client: ClickHouseClient,
  {
    each,
    lookUps,
  }: {
    readonly each: ClickHouseSettings | undefined;
    readonly lookUps: Readonly<Record<LookUp, string>> | undefined;
  },
): Pick<Db, 'rows' | 'native' | 'exec' | 'insertRows'> {
  const settings = each && { clickhouse_settings: each };
  return {
    async rows<T>(query: string, params?: Params): Promise<T[]> {
      const result = await client.query({
        query,
        format: 'JSONEachRow',
        ...(params && { query_params: { ...params } }),
        ...settings,
      });
      return result.json<T>();
    },
    async native(query, params, kind) {
      const { stream } = await client.exec({
        query: `${query}\n${(kind && lookUps?.[kind]) ?? ''}\nFORMAT Native`,
        ...(params && { query_params: { ...params } }),
        ...settings,
      });
      return bytesOf(stream);
    },
    async exec(query, params) {
      await client.command({ query, ...(params && { query_params: { ...params } }) });
    },
    async insertRows(table, rows) {
      if (rows.length === 0) return;
      await client.insert({ table, values: rows, format: 'JSONEachRow', clickhouse_settings: insertSettings });
    },
  };
}

/** All bytes of a stream; of one piece, as the embedded store gives it, without a copy. */
async function bytesOf(stream: Readable): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  const whole = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  // A plain Uint8Array: Buffer's own slice and constructor behave differently.
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
}

const insertSettings = {
  max_threads: 1,
  max_insert_threads: '1',
  input_format_parallel_parsing: 0,
  min_insert_block_size_rows: '0',
  min_insert_block_size_bytes: '0',
  max_insert_block_size: '10000000',
  // The inbox's file is read, not mapped as chDB would: the pages of a mapped file count as the process's memory.
  storage_file_read_method: 'pread',
} as const satisfies ClickHouseSettings;

/**
 * Filters of attributes that merges make, not inserts: a tenth of an insert. Until then a search reads the spans of these parts, of
 * the last dozen commits or few more.
 */
const filtersOfMerges = ['varying', 'shape'];

/** What spans and edges are written with is not bounded: one given up leaves the store as it was, and a next try takes as long. */
function insertQuery(table: string, source: string): string {
  const unbounded = {
    ...insertSettings,
    max_execution_time: 0,
    max_memory_usage: '0',
    exclude_materialize_skip_indexes_on_insert: filtersOfMerges.join(),
  };
  const settings = Object.entries(unbounded).map(([name, value]) => `${name} = '${value}'`);
  return `INSERT INTO ${table} SETTINGS ${settings.join(', ')} ${source}`;
}

/** Makes a file hold the pieces and nothing else. */
function writeFile(path: string, pieces: readonly Uint8Array[]): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    writeAll(file, pieces, 0);
    ftruncateSync(
      file,
      pieces.reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
  } finally {
    closeSync(file);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Version of schema.sql this program writes. */
const schemaVersion = 6;

/**
 * Brings the schema of the store to this program's version.
 * errors: unsupported when the store was written by a newer program.
 */
export async function migrate(db: Db): Promise<void> {
  const file = readFileSync(new URL('schema.sql', import.meta.url), 'utf8');
  const statements = file
    .replaceAll(/--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  for (const statement of statements) await db.exec(statement);
  const [row] = await db.rows<{ version: number }>('SELECT max(version) AS version FROM schemaVersion');
  const found = row?.version ?? 0;
  if (found > schemaVersion) {
    throw new AppError(
      'unsupported',
      `cannot open store ${quoted(db.url)}: its schema version ${found} is newer than ${schemaVersion}`,
    );
  }
  if (found < schemaVersion) await db.exec(`INSERT INTO schemaVersion VALUES (${schemaVersion}, now())`);
  putMergesLast();
}
