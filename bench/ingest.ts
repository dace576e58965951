/**
 * What taking spans costs, end to end: the collector on one core, the load on another, over loopback. CPU is the server's
 * whole process group, user and system, from the first body until every trace has settled, with at least 20 s after the last
 * body. A figure counts only when every span is in the store and every edge of the map is what was sent; else it is void.
 *
 * Usage: node bench/ingest.ts [--quick] [--runs N] [--only NAME,…] [--node=FLAGS]. All profiles take under six minutes and
 * are added to bench/results.md; --quick is one short run of the first and --only a choice: these are only shown. --runs is of
 * the main profile. --node gives the server's Node flags: --node='--cpu-prof --cpu-prof-dir=DIR' profiles its threads.
 */
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { LoadReport } from '../fixtures/load.ts';
import { load, wrongEdges } from './load.ts';
import { groupCpu, peakMemoryBytes, resetPeakMemory, threadCpu } from './pinned.ts';
import { formatTable, formatThreads, saveResults, type Run } from './report.ts';
import { startServer, type BenchServer } from './server.ts';

interface Profile {
  readonly name: string;
  readonly door?: 'http' | 'grpc';
  readonly encoding?: 'protobuf' | 'json';
  readonly gzip?: boolean;
  readonly spansPerBody: number;
  readonly tracesPerWave: number;
  readonly waves: number;
  readonly spansPerSecond?: number;
  readonly runs?: number;
}

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    node: { type: 'string', default: '' },
  },
});

const connections = 8;
/** No wave is begun after so long: a run is bounded however slow the machine is. */
const maxMs = 30_000;
const settleMs = 20_000;

/** Small bodies come in small waves: eight connections with one request each do not carry more. */
const profiles: readonly Profile[] = [
  { name: '500', spansPerBody: 500, tracesPerWave: 5000, waves: 12, runs: Number(flags.runs) },
  { name: '20', spansPerBody: 20, tracesPerWave: 250, waves: 40 },
  { name: '5', spansPerBody: 5, tracesPerWave: 100, waves: 40 },
  { name: '500-json', encoding: 'json', spansPerBody: 500, tracesPerWave: 5000, waves: 3 },
  { name: '500-grpc', door: 'grpc', spansPerBody: 500, tracesPerWave: 5000, waves: 8 },
  { name: '500-gzip', gzip: true, spansPerBody: 500, tracesPerWave: 5000, waves: 5 },
  { name: '500-rate', spansPerBody: 500, tracesPerWave: 5000, waves: 3, spansPerSecond: 20_000 },
];
const quick: Profile = { name: '500', spansPerBody: 500, tracesPerWave: 5000, waves: 2, runs: 1 };
const warmUp: readonly Profile[] = [
  { name: 'warm-up', spansPerBody: 500, tracesPerWave: 5000, waves: 3 },
  { name: 'warm-up', door: 'grpc', spansPerBody: 20, tracesPerWave: 500, waves: 1 },
  { name: 'warm-up', encoding: 'json', spansPerBody: 500, tracesPerWave: 1000, waves: 1 },
];

const wanted = flags.only?.split(',');
const chosen = flags.quick ? [quick] : profiles.filter(({ name }) => wanted?.includes(name) ?? true);
const loadBefore = loadavg()[0] ?? 0;
const server = await startServer({ nodeFlags: flags.node.split(' ').filter((flag) => flag !== '') });
const runs: Run[] = [];
try {
  let seed = 1;
  for (const profile of flags.quick ? warmUp.slice(0, 1) : warmUp) await send(server, profile, seed++);
  await pause(2000);
  await server.settled();
  for (const profile of chosen) {
    for (let i = 0; i < (profile.runs ?? 1); i++) {
      const run = await measure(server, profile, seed++);
      runs.push(run);
      console.log(formatTable([run]).at(-1));
      console.log(`  CPU s by thread: ${formatThreads(run.threadsS)}`);
    }
  }
} finally {
  await server.stop();
}
console.log(formatTable(runs).join('\n'));
if (!flags.quick && wanted === undefined) saveResults(runs, loadBefore);
if (runs.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;

/** One run of a profile, checked. */
async function measure(on: BenchServer, profile: Profile, seed: number): Promise<Run> {
  const before = await on.status();
  const edgesBefore = await on.edges();
  resetPeakMemory(on.pid);
  let cpuBefore = groupCpu(on.pid);
  let threadsBefore = threadCpu(on.pid);
  const report = await send(on, profile, seed, () => {
    cpuBefore = groupCpu(on.pid);
    threadsBefore = threadCpu(on.pid);
  });
  await pause(settleMs);
  await on.settled();
  const cpu = groupCpu(on.pid);
  const threads = threadCpu(on.pid);
  const peakBytes = peakMemoryBytes(on.pid);
  const after = await on.status();
  const stored = after.store.spans - before.store.spans;
  return {
    profile: profile.name,
    spans: report.spans,
    spansPerBody: report.spans / report.bodies,
    bytesPerSpan: report.bytes / report.spans,
    elapsedMs: report.elapsedMs,
    userS: cpu.userS - cpuBefore.userS,
    systemS: cpu.systemS - cpuBefore.systemS,
    threadsS: Object.fromEntries(Object.entries(threads).map(([name, s]) => [name, s - (threadsBefore[name] ?? 0)])),
    peakBytes,
    diskBytesPerSpan: (after.store.bytesOnDisk - before.store.bytesOnDisk) / report.spans,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    wrong: [
      ...Object.entries(report.refused).map(([what, count]) => `${count} bodies refused: ${what}`),
      ...(stored === report.spans ? [] : [`${stored} of ${report.spans} spans in the store`]),
      ...wrongEdges(report.truth, edgesBefore, await on.edges()),
    ],
  };
}

/** in: called when the bodies are ready, just before the first is sent. */
function send(on: BenchServer, profile: Profile, seed: number, begin = () => {}): Promise<LoadReport> {
  const { door = 'http', encoding = 'protobuf', gzip = false, spansPerBody, tracesPerWave, waves } = profile;
  const { spansPerSecond } = profile;
  const address = door === 'http' ? on.otlpHttp : on.otlpGrpc;
  const plan = {
    target: { door, address, encoding, gzip, connections },
    seed,
    spansPerBody,
    tracesPerWave,
    waves,
    maxMs,
    ...(spansPerSecond === undefined ? {} : { spansPerSecond }),
  };
  return load(plan, { begin });
}
