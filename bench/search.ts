/**
 * What a search over many stored spans takes: a store is filled (search-fill.ts), then the routes of the search are asked over
 * HTTP for the newest hour, all questions in turn and that several times: the first time is told beside the median, for the store
 * remembers what it has looked at. CPU is that of the whole process, the store within it.
 * Usage: node bench/search.ts [--spans N] [--hours N] [--store DIR] [--rounds N] [--save]. A store that is already filled is asked as it
 * is; --save adds the table to bench/search-results.md.
 */
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createApi } from '../collector/serve/http.ts';
import { createDb, migrate, type Db } from '../collector/store/db.ts';
import { attributesSql } from '../collector/store/shapes-read.ts';
import { servingDeps } from '../test/serving-deps.ts';
import { fill } from './search-fill.ts';

const { values: flags } = parseArgs({
  options: {
    spans: { type: 'string', default: '10000000' },
    hours: { type: 'string', default: '4' },
    store: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    save: { type: 'boolean', default: false },
  },
});
const directory = flags.store ?? mkdtempSync(join(tmpdir(), 'throughline-search-'));
const filled = existsSync(join(directory, 'store'));
const db = await createDb(`chdb:${directory}`);
await migrate(db);

const questions: readonly (readonly [what: string, path: string])[] = [
  ['all', '/api/traces?'],
  ['rare value', '/api/traces?q=tenant%3Dacme'],
  ['common value', '/api/traces?q=http.method%3DGET'],
  ['one in sixty', '/api/traces?q=http.status_code%3D503'],
  ['two terms that never meet', '/api/traces?q=http.status_code%3D503%20response_flags%3DNR'],
  ['one request id', `/api/traces?q=${encodeURIComponent('"guid:x-request-id" = REQUEST')}`],
  ['value that is nowhere', '/api/traces?q=tenant%3Dnobody'],
  ['exists', '/api/traces?q=tenant%20exists'],
  ['number above, rare', '/api/traces?q=response_size%3E1000000'],
  ['number above, common', '/api/traces?q=http.status_code%3E%3D500'],
  ['of a resource', '/api/traces?q=service.version%3D3.1'],
  ['workload and value', '/api/traces?q=service%3Dcart%20http.status_code%3D503'],
  ['slowest with value', '/api/traces?order=slowest&q=http.status_code%3D503'],
  ['points, all', '/api/traces/points?'],
  ['points, one in sixty', '/api/traces/points?q=http.status_code%3D503'],
  ['points, rare value', '/api/traces/points?q=tenant%3Dacme'],
  ['names of attributes', '/api/attributes?'],
  ['values of one', '/api/attributes/values?key=http.status_code'],
  ['values of one, many', '/api/attributes/values?key=http.url&prefix=http'],
];

try {
  if (!filled) {
    const { spans, seconds } = await fill(db, Number(flags.spans), Number(flags.hours));
    console.log(`${spans.toLocaleString('en')} spans stored in ${seconds} s`);
  }
  await ask(db);
} finally {
  await db.close();
  if (flags.store === undefined) rmSync(directory, { recursive: true, force: true });
}

async function ask(on: Db): Promise<void> {
  const [held] = await on.rows<{ n: string; newest: string; oldest: string; bytes: string }>(
    `SELECT count() AS n, max(startNs) AS newest, min(startNs) AS oldest,
      (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'spans') AS bytes FROM spans`,
  );
  const toMs = Math.ceil(Number(held?.newest) / 1e6);
  const hour = `from=${toMs - 3_600_000}&to=${toMs}`;
  const [within] = await on.rows<{ n: string }>(
    `SELECT count() AS n FROM spans WHERE startNs >= ${(BigInt(toMs) - 3_600_000n) * 1_000_000n}`,
  );
  const [request] = await on.rows<{ id: string }>(
    `SELECT ${attributesSql}['guid:x-request-id'] AS id FROM spans AS s
      WHERE s.startNs >= ${(BigInt(toMs) - 1_800_000n) * 1_000_000n} AND id != '' LIMIT 1`,
  );
  const api = await createApi(servingDeps(on));
  const timesMs = new Map<string, number[]>();
  const cpusMs = new Map<string, number[]>();
  const all = (held: Map<string, number[]>, what: string, ms: number): unknown =>
    held.set(what, [...(held.get(what) ?? []), ms]);
  const found = new Map<string, number>();
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const [what, path] of questions) {
      const cpu = process.cpuUsage();
      const startedMs = performance.now();
      const response = await fetch(
        `${api.url}${path.replace('REQUEST', encodeURIComponent(request?.id ?? ''))}&${hour}`,
      );
      const body = (await response.json()) as Record<string, unknown[] | number>;
      if (response.status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`);
      const { traces, keys, values, total } = body;
      found.set(what, typeof total === 'number' ? total : ((traces ?? keys ?? values) as unknown[]).length);
      all(timesMs, what, performance.now() - startedMs);
      const { user, system } = process.cpuUsage(cpu);
      all(cpusMs, what, (user + system) / 1000);
    }
  }
  await api.close();
  const number = (value: unknown): string => Number(value).toLocaleString('en');
  const lines = [
    '',
    `## ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${number(held?.n)} spans, ${number(within?.n)} of them in the hour`,
    '',
    `${cpus()[0]?.model.split(' @')[0] ?? ''}, ${cpus().length} cores, Node ${process.version}, load average ${loadavg()[0]?.toFixed(1)}, ${(Number(held?.bytes) / Number(held?.n)).toFixed(1)} bytes a span on disk`,
    '',
    '| question, newest hour | found | first ms | median ms | CPU ms, first and median |',
    '| --- | --- | --- | --- | --- |',
    ...Array.from(timesMs, ([what, times]) => {
      const cpu = cpusMs.get(what) ?? [];
      return `| ${what} | ${number(found.get(what))} | ${times[0]?.toFixed(0)} | ${median(times)} | ${cpu[0]?.toFixed(0)}, ${median(cpu)} |`;
    }),
  ];
  console.log(lines.join('\n'));
  if (flags.save) appendFileSync(join(import.meta.dirname, 'search-results.md'), `${lines.join('\n')}\n`);
}

function median(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]?.toFixed(0) ?? '';
}
