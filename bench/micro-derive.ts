/**
 * CPU of the derivation alone, the store's own threads included: stored spans of some ticks → settled traces, frames and
 * rows written. Input: waves of the benchmark's load in an embedded store of its own. Usage: node bench/micro-derive.ts
 * [rounds, default 5]; each round is a derivation from the beginning, of which the first is only to warm up.
 */
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { createDeriver } from '../collector/derive/deriver.ts';
import { createNormalised, defaultConfig, normalise } from '../collector/normalise/normalise.ts';
import { createDb, migrate } from '../collector/store/db.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';
import { prepareBodies } from '../fixtures/load/prepare.ts';
import { createWave } from '../fixtures/load/wave.ts';

const rounds = Number(process.argv[2] ?? 5);
const ticks = 8;
const firstTick = Math.floor(Date.now() / 1000);
const settleTicks = 10;
const db = await createDb('chdb::memory:');
await migrate(db);
await db.exec('SYSTEM STOP MERGES');

const spans = await fill();
const costs: { thread: number; all: number }[] = [];
for (let round = 0; round < rounds; round++) {
  for (const table of ['edges', 'traces', 'paths', 'progress']) await db.exec(`TRUNCATE TABLE ${table}`);
  const options = { settleTicks, lateTicks: 60, maxEdges: 10_000, calls: {} };
  const thread = process.threadCpuUsage();
  const all = process.cpuUsage();
  const deriver = await createDeriver(db, options);
  for (let tick = 0; tick <= ticks + settleTicks; tick++) {
    await deriver.advance(firstTick + tick, firstTick + Math.min(tick, ticks - 1));
  }
  const used = [process.threadCpuUsage(thread), process.cpuUsage(all)].map(({ user, system }) => user + system);
  const [ofThread = 0, ofAll = 0] = used.map((us) => us / spans);
  if (round > 0) costs.push({ thread: ofThread, all: ofAll });
  const [calls] = await db.rows<{ n: number }>('SELECT sum(calls) AS n FROM edges');
  console.log(
    `${spans} spans: ${ofThread.toFixed(2)} us a span in its thread, ${ofAll.toFixed(2)} in all; ${calls?.n} calls`,
  );
}
await db.close();
console.log(`median ${median('thread')} us a span in its thread, ${median('all')} in all`);

function median(of: 'thread' | 'all'): string {
  const sorted = costs.map((cost) => cost[of]).sort((a, b) => a - b);
  return (sorted[sorted.length >> 1] ?? 0).toFixed(2);
}

/** Stores a wave a tick. out: spans stored. */
async function fill(): Promise<number> {
  const wave = createWave({ seed: 1, startMs: firstTick * 1000, traces: 2500 });
  const bodies = prepareBodies(wave, 'protobuf', 500);
  const normalised = createNormalised();
  const block = createSpanBlock();
  for (let tick = 0; tick < ticks; tick++) {
    for (const body of bodies) {
      decodeOtlp(body.forTurn(tick, tick * 1000), (span) => {
        normalise(span, normalised, defaultConfig);
        block.append(span, normalised);
      });
    }
    await db.insertNative('spans', [block.seal({ tick: firstTick + tick, batch: 0 })]);
  }
  return wave.spans * ticks;
}
