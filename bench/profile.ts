/**
 * How long the profile of a million spans takes to open, asked for over HTTP: traces settled by the derivation and stored by
 * the store's writer. Drag, slack and what-if need spans: generated traffic stored and settled as in the collector. Prints
 * wall and processor time (of all threads) of each question: the first, and the median of the next ones.
 *
 *     node bench/profile.ts [spans of settled traces] [spans of traffic]
 */
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createNormalised, normalise } from '../collector/normalise/normalise.ts';
import { createDb, migrate } from '../collector/store/db.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';
import { createMesh } from '../fixtures/mesh.ts';
import { toRequest } from '../fixtures/mesh/otlp.ts';
import { storeManyTraces } from '../test/profile-traces.ts';
import { settle, startServing } from '../test/serve.ts';

const settledSpans = Number(process.argv[2] ?? 1_000_000);
const trafficSpans = Number(process.argv[3] ?? 100_000);
const tracesATick = 60;
const startMs = Date.UTC(2026, 0, 5, 12);
const repeats = 7;

const db = await createDb('chdb::memory:');
await migrate(db);
const served = await startServing({ db });
const ticks = await storeTraffic(trafficSpans);
const many = await storeManyTraces(db, settledSpans, 7);
const settled = `from=${many.fromMs}&to=${many.toMs}`;
const traffic = `from=${startMs - 1000}&to=${startMs + (ticks + 60) * 1000}`;
console.log(`${many.spans} spans in ${many.rows.length} settled traces; ${trafficSpans} spans of traffic`);
console.log(`first ms wall (cpu), then median of ${repeats}`);
for (const [name, path] of [
  ['all settled traces', `/api/critical-path?${settled}`],
  ['one entry, slowest 1 %', `/api/critical-path?${settled}&entry=web%7CGET%20%2Fweb%2F0&band=p99`],
  ['traffic, exact part', `/api/critical-path?${traffic}&trees=false`],
  ['traffic, with drag and slack', `/api/critical-path?${traffic}`],
  ['what if', `/api/what-if?${traffic}&step=product-api%7CSELECT%20inventory.stock&faster=30`],
] as const) {
  const first = await ask(path);
  const next: Asked[] = [];
  for (let n = 0; n < repeats; n++) next.push(await ask(path));
  const middle = next.sort((a, b) => a.wallMs - b.wallMs)[Math.floor(repeats / 2)] ?? first;
  console.log(`${name.padEnd(30)} ${show(first)}  ${show(middle)}  ${(first.bytes / 1000).toFixed(0)} kB`);
}
await served.api.close();
await db.close();

interface Asked {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly bytes: number;
}

async function ask(path: string): Promise<Asked> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const body = await (await served.get(path)).text();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - began, cpuMs: (user + system) / 1000, bytes: body.length };
}

function show({ wallMs, cpuMs }: Asked): string {
  return `${wallMs.toFixed(0).padStart(6)} (${cpuMs.toFixed(0).padStart(5)})`;
}

/** Traffic second by second, a commit each, until there is enough; then all of it settles. out: how many seconds. */
async function storeTraffic(wanted: number): Promise<number> {
  const mesh = createMesh({ seed: 11, originMs: startMs });
  const normalised = createNormalised();
  let second = 0;
  for (let spans = 0; spans < wanted; second++) {
    const block = createSpanBlock();
    const sent = mesh.traces(startMs + second * 1000, tracesATick).flatMap((trace) => trace.spans);
    decodeOtlp(writeOtlp(toRequest(sent)), (span) => {
      normalise(span, normalised);
      block.append(span, normalised);
    });
    await db.insertNative('spans', [block.seal({ tick: startMs / 1000 + second, batch: 0 })]);
    spans += sent.length;
  }
  await settle(db, startMs / 1000 + second);
  return second;
}
