/**
 * Fills a store for the benchmark of a large one: the load's waves through the collector's own door as fast as they are taken,
 * with what a span costs at the begin and again when the store is full; then, the collector stopped, a day of frames of a
 * bigger mesh than the load's (large-edges.ts). What came of it lies beside the store, for a later run on the same store.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadReport } from '../fixtures/load.ts';
import { createTruthCounter, type TruthCounter } from '../fixtures/truth.ts';
import { load, wrongEdges } from './load.ts';
import { cpuSeconds, memoryOf, pinnedNode, type Memory } from './pinned.ts';
import { mebibytes, whole } from './report.ts';
import { startServer, type BenchServer } from './server.ts';

/** What a stretch of the fill took. */
export interface Stretch {
  readonly spans: number;
  readonly elapsedMs: number;
  /** Until all had settled. */
  readonly cpuS: number;
}

export interface Filled {
  readonly spans: number;
  readonly traces: number;
  readonly first: Stretch;
  /** Between the two that are compared; what is merged behind it is not in its CPU. */
  readonly between: Stretch;
  /** So long that it bears a share of every merge: of a million spans one may bear the merge of ten. */
  readonly last: Stretch;
  /** When all had settled; the peak is of the whole fill. */
  readonly memory: Memory;
  /** Of the store then. */
  readonly bytesOnDisk: number;
  /** End of the newest frame, epoch ms. */
  readonly toMs: number;
  /** Ids of traces from the first to the last, evenly. */
  readonly ids: readonly string[];
  /** Why the figures are void; empty = they count. */
  readonly wrong: readonly string[];
}

const settleMs = 20_000;
const settleLimitMs = 600_000;
/** The collector has come to rest when it uses less than a tenth of its core for so long; waited for at most so long. */
const restMs = 5_000;
const restLimitMs = 180_000;
/** How many times the first stretch the last one is: as many as large parts are merged at once. */
const lastTimes = 10;
/** The fill ends where fewer spans a second are taken. */
const leastPerSecond = 5_000;
const samples = 300;
const spansPerTrace = 15.5;

/** in: a directory without a store; about how many spans it shall hold before the last stretch. errors: Error when it has one. */
export async function fill(directory: string, spans: number, edges: number): Promise<Filled> {
  if (existsSync(join(directory, 'store'))) throw new Error(`cannot fill ${directory}: there is a store; use --store`);
  const server = await startServer({ directory });
  let filled: Filled;
  try {
    filled = await fillThroughDoor(server, spans);
  } finally {
    await server.stop();
  }
  const script = join(import.meta.dirname, 'large-edges.ts');
  const [command, args] = pinnedNode(1, [script, join(directory, 'store'), String(edges)]);
  execFileSync(command, args, { stdio: 'inherit', timeout: 900_000 });
  writeFileSync(join(directory, 'large.json'), JSON.stringify(filled, undefined, 1));
  return filled;
}

/** in: a directory that was filled. errors: Error when it was not. */
export function readFilled(directory: string): Filled {
  return JSON.parse(readFileSync(join(directory, 'large.json'), 'utf8')) as Filled;
}

async function fillThroughDoor(on: BenchServer, spans: number): Promise<Filled> {
  const measured = Math.min(1_000_000, Math.ceil(spans / 3));
  const warmUp = Math.min(50_000, Math.ceil(spans / 10));
  const truth = createTruthCounter();
  const reports: LoadReport[] = [];
  const send = async (name: string, wanted: number): Promise<Stretch> => {
    const share = wanted / (spans + lastTimes * measured);
    const stretch = await sendStretch(on, name, { wanted, seed: reports.length + 1, ids: samples * share }, truth);
    reports.push(stretch.report);
    return stretch;
  };
  await send('warm-up', warmUp);
  const first = await send('first', measured);
  const between = await send('fill', spans - warmUp - measured);
  await atRest(on);
  const last = await send('last', lastTimes * measured);
  const { store } = await on.status();
  const sum = (count: (report: LoadReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  const acknowledged = sum((report) => report.acknowledged);
  const refused = reports.flatMap((report) => Object.entries(report.refused));
  return {
    spans: store.spans,
    traces: sum(({ traces }) => traces),
    first,
    between,
    last,
    memory: memoryOf(on.pid),
    bytesOnDisk: store.bytesOnDisk,
    toMs: (store.newestCall ?? 0) + 10_000,
    ids: reports.flatMap(({ sampledIds }) => sampledIds),
    wrong: [
      ...refused.map(([what, count]) => `${count} bodies refused: ${what}`),
      ...(store.spans === acknowledged ? [] : [`${store.spans} of ${acknowledged} spans in the store`]),
      ...(refused.length > 0 ? [] : wrongEdges(truth.read(), {}, await on.edges())),
    ],
  };
}

interface Wanted {
  /** Spans, about. */
  readonly wanted: number;
  readonly seed: number;
  readonly ids: number;
}

async function sendStretch(
  on: BenchServer,
  name: string,
  { wanted, seed, ids }: Wanted,
  truth: TruthCounter,
): Promise<Stretch & { report: LoadReport }> {
  const tracesPerWave = Math.min(5000, Math.max(100, Math.round(wanted / spansPerTrace / 4)));
  const plan = {
    target: { door: 'http', address: on.otlpHttp, encoding: 'protobuf', gzip: false, connections: 8 },
    seed,
    spansPerBody: 500,
    tracesPerWave,
    waves: Math.max(1, Math.round(wanted / spansPerTrace / tracesPerWave)),
    maxMs: Math.max(60_000, (wanted / leastPerSecond) * 1000),
    progressMs: 10_000,
    samples: Math.max(1, Math.round(ids)),
  } as const;
  let before = cpuSeconds(on.pid);
  const report = await load(plan, {
    begin: () => void (before = cpuSeconds(on.pid)),
    progress({ spans, elapsedMs }) {
      const { residentBytes } = memoryOf(on.pid);
      const text = `${whole(spans)} of ${whole(wanted)} spans, ${whole((spans / elapsedMs) * 1000)}/s`;
      console.log(`  ${name}: ${text}, ${mebibytes(residentBytes)} MiB resident, ${(elapsedMs / 1000).toFixed(0)} s`);
    },
  });
  await pause(settleMs);
  await on.settled(settleLimitMs);
  const cpuS = cpuSeconds(on.pid) - before;
  truth.add(report.truth);
  const { spans, elapsedMs } = report;
  const rates = `${whole((spans / elapsedMs) * 1000)}/s, ${whole(spans / cpuS)} per CPU-second until settled`;
  console.log(`${name}: ${whole(spans)} spans, ${rates}`);
  return { spans, elapsedMs, cpuS, report };
}

/** Waits until merges of what was sent are through, so that they do not count for what is sent next. */
async function atRest(on: BenchServer): Promise<void> {
  const startedAt = performance.now();
  for (let usedS = Infinity; usedS > restMs / 10_000;) {
    if (performance.now() - startedAt > restLimitMs) {
      console.log(`the collector does not come to rest in ${restLimitMs / 1000} s: going on`);
      return;
    }
    const before = cpuSeconds(on.pid);
    await pause(restMs);
    usedS = cpuSeconds(on.pid) - before;
  }
  console.log(`at rest after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
}
