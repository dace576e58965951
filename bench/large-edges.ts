/**
 * Adds to a store the ten-second frames of a day of a mesh of many edges, as a process of its own: a chDB directory belongs to
 * one at a time. Ten minutes are made row by row with sketches, exemplars and shares of the critical path; the rest of the
 * day are copies of them by statements. The day ends with the newest frame that the store holds; no row is newer than its tick.
 *
 * Usage: node bench/large-edges.ts DIRECTORY EDGES; a child of bench/large.ts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { frameSeconds } from '#shared/frame.ts';
import { createDb, migrate, type Db } from '../collector/store/db.ts';
import { keepSums } from '../collector/store/sums-keeper.ts';
import { createRandom } from '../fixtures/mesh/random.ts';
import { edgeFrame, edgeRow, mapOf } from '../test/edge-frame.ts';
import { whole } from './report.ts';

const namespace = 'large';
const madeSeconds = 600;
const hourSeconds = 3600;
const daySeconds = 86_400;
/** Of an edge and frame: two a second. */
const callsPerFrame = 20;
const rowsPerInsert = 4000;
const mergeLimitMs = 120_000;

const copySql = `INSERT INTO edges SELECT * REPLACE(e.frame - {shift:UInt32} AS frame, e.tick - {shift:UInt32} AS tick)
  FROM edges AS e WHERE e.targetNamespace = {namespace:String} AND e.frame > {after:UInt32}
  SETTINGS max_execution_time = 0`;

const [directory = '', edges = '200'] = process.argv.slice(2);
const startedAt = performance.now();
const db = await createDb(`chdb:${directory}`);
try {
  await migrate(db);
  await addDay(db, Number(edges));
} finally {
  await db.close();
}

async function addDay(db: Db, count: number): Promise<void> {
  const [newest] = await db.rows<{ frame: number; tick: number }>(
    'SELECT max(frame) AS frame, max(tick) AS tick FROM edges',
  );
  if (newest === undefined || newest.frame === 0) throw new Error(`cannot add frames to ${directory}: it has none`);
  const after = newest.frame - madeSeconds;
  let rows: object[] = [];
  let made = 0;
  const insert = async (): Promise<void> => {
    await db.insertRows('edges', rows);
    made += rows.length;
    rows = [];
  };
  const random = createRandom(7);
  for (let frame = after + frameSeconds; frame <= newest.frame; frame += frameSeconds) {
    const tick = Math.min(frame + 12, newest.tick);
    for (const row of meshFrame(random, frame, count)) rows.push({ ...row, tick });
    if (rows.length >= rowsPerInsert) await insert();
  }
  await insert();
  for (let shift = madeSeconds; shift < hourSeconds; shift += madeSeconds)
    await db.exec(copySql, { shift, namespace, after });
  const hour = newest.frame - hourSeconds;
  for (let shift = hourSeconds; shift < daySeconds; shift += hourSeconds)
    await db.exec(copySql, { shift, namespace, after: hour });
  // As the collector does while a day goes by.
  const sums = await keepSums(db, 0, () => true);
  await merged(db);
  const total = made * (daySeconds / madeSeconds);
  console.log(
    `${whole(total)} rows of ${count} edges over a day, ${sums} sums of them, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
  );
}

/** One frame: a row an edge, and a row a workload. */
function meshFrame(random: ReturnType<typeof createRandom>, frame: number, count: number): object[] {
  const workloads = Math.max(5, Math.ceil(count / 3.5));
  const nameOf = (number: number): string => `${namespace}/service-${number % workloads}`;
  const rows: object[] = [];
  for (let edge = 0; edge < count; edge++) {
    const [source, turn] = [edge % workloads, Math.floor(edge / workloads)];
    const medianMs = 2 + (edge % 40);
    const serverMs = Array.from({ length: callsPerFrame }, () => random.around(medianMs, 0.5));
    const row = edgeFrame(nameOf(source), nameOf(source + 1 + turn * 3), {
      frame,
      serverMs,
      clientMs: serverMs.map((ms) => ms + random.around(0.4, 0.3)),
      networkMs: serverMs.map(() => random.around(0.4, 0.3)),
      requestBytes: callsPerFrame * 800,
      responseBytes: callsPerFrame * 9_000,
      mtlsCalls: callsPerFrame,
      criticalNs: byBandAndEntry(random, medianMs * 1e6),
      ...(random.chance(0.1) ? { failed: 1, errors: { '503|UH|proxy': 1 } } : {}),
    });
    const exemplars = Object.fromEntries(Object.keys(mapOf(row.clientNs)).map((bucket) => [bucket, decimalId(random)]));
    rows.push({
      ...edgeRow(row),
      exemplars,
      ...(row.failed > 0 ? { errorExemplars: { '503|UH|proxy': decimalId(random) } } : {}),
    });
  }
  for (let workload = 0; workload < workloads; workload++) {
    const root = workload < 3 ? { rootCount: byBandAndEntry(random, 1), rootNs: byBandAndEntry(random, 40e6) } : {};
    rows.push(edgeRow(edgeFrame('', nameOf(workload), { frame, criticalNs: byBandAndEntry(random, 1e6), ...root })));
  }
  return rows;
}

/** Values by 'band|root service|root operation': three entries, the bands of durations about 50 ms. */
function byBandAndEntry(random: ReturnType<typeof createRandom>, about: number): Record<string, number> {
  const keys = [0, 1, 2].flatMap((entry) =>
    [126, 127, 128, 129].map((band) => `${band}|service-${entry}|GET /${entry}`),
  );
  return Object.fromEntries(keys.map((key) => [key, Math.ceil(random.around(about, 0.3))]));
}

function decimalId(random: ReturnType<typeof createRandom>): string {
  return BigInt(`0x${random.hex(16)}`).toString();
}

/** Waits for the merges of what was inserted: a day's frames come over a day, not in half a minute. */
async function merged(db: Db): Promise<void> {
  const deadline = performance.now() + mergeLimitMs;
  for (let quiet = 0; quiet < 4 && performance.now() < deadline;) {
    await pause(500);
    const [running] = await db.rows<{ merges: string }>('SELECT count() AS merges FROM system.merges');
    quiet = Number(running?.merges) === 0 ? quiet + 1 : 0;
  }
}
