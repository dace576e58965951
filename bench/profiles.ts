/** What the ingest benchmarks send to a server, the same to ours and to any other, and what taking it costs that server. */
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadReport } from '../fixtures/load.ts';
import type { Truth } from '../fixtures/truth.ts';
import { load } from './load.ts';
import { groupCpu, peakMemoryBytes, resetPeakMemory, threadCpu } from './pinned.ts';
import { formatTable, formatThreads, type Run } from './report.ts';

export interface Profile {
  readonly name: string;
  readonly door?: 'http' | 'grpc';
  readonly encoding?: 'protobuf' | 'json';
  readonly gzip?: boolean;
  readonly spansPerBody: number;
  readonly tracesPerWave: number;
  readonly waves: number;
  readonly spansPerSecond?: number;
}

/** A server that was started. */
export interface Server {
  /** Also its process group. */
  readonly pid: number;
  /** host:port. */
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  stop(): Promise<void>;
}

const connections = 8;
/** No wave is begun after so long: a run is bounded however slow the machine is. */
const maxMs = 30_000;
const settleMs = 20_000;

const main: Profile = { name: '500', spansPerBody: 500, tracesPerWave: 5000, waves: 12 };
const quick: Profile = { ...main, waves: 2 };

/**
 * Small bodies come in small waves: eight connections with one request each do not carry more. Each makes commits enough for a
 * merge of its own, one a second at least.
 */
const profiles: readonly Profile[] = [
  main,
  { name: '20', spansPerBody: 20, tracesPerWave: 250, waves: 240 },
  { name: '5', spansPerBody: 5, tracesPerWave: 100, waves: 220 },
  { name: '500-json', encoding: 'json', spansPerBody: 500, tracesPerWave: 5000, waves: 12 },
  { name: '500-grpc', door: 'grpc', spansPerBody: 500, tracesPerWave: 5000, waves: 12 },
  { name: '500-gzip', gzip: true, spansPerBody: 500, tracesPerWave: 5000, waves: 12 },
  { name: '500-rate', spansPerBody: 500, tracesPerWave: 5000, waves: 6, spansPerSecond: 20_000 },
];
/** A server is warmed up by so much of the profile. */
const warmUpShare = 0.25;

/** What is asked of a benchmark. */
export interface Choice {
  /** One short run of the main profile, little of a warm-up. */
  readonly quick: boolean;
  /** Names of profiles, with commas between them; absent = all. */
  readonly only?: string | undefined;
  /** Runs of each profile, but for the short one. */
  readonly runs: number;
}

/** in: names with commas between them; absent = all. */
export function chooseProfiles(only?: string): Profile[] {
  const wanted = only?.split(',');
  return profiles.filter(({ name }) => wanted?.includes(name) ?? true);
}

/** How a benchmark starts and questions the server it is of. */
export interface Subject<Started extends Server> {
  start(): Promise<Started>;
  /** Resolves when what was sent has been worked on. */
  settled(server: Started): Promise<void>;
  /** One run of a profile. */
  measure(server: Started, profile: Profile, seed: number): Promise<Run>;
}

/** Runs the profiles, each with a new server that was warmed up by it, and prints each run. */
export async function runProfiles<Started extends Server>(
  { quick: short, only, runs: runsEach }: Choice,
  { start, settled, measure }: Subject<Started>,
): Promise<Run[]> {
  const chosen = short ? [quick] : chooseProfiles(only);
  const runs: Run[] = [];
  for (const profile of chosen) {
    let seed = 1;
    const server = await start();
    try {
      await sendProfile(server, { ...profile, waves: Math.ceil(profile.waves * warmUpShare) }, seed++);
      await pause(2000);
      await settled(server);
      for (let i = 0; i < (short ? 1 : runsEach); i++) {
        const run = await measure(server, profile, seed++);
        runs.push(run);
        console.log(formatTable([run]).at(-1));
        console.log(`  CPU s by thread: ${formatThreads(run.threadsS)}`);
      }
    } finally {
      await server.stop();
    }
  }
  return runs;
}

/** out: the run, with the bodies that were refused as what is wrong with it, and the truth of what was sent. */
export async function measureLoad(
  to: Server,
  profile: Profile,
  { seed, settled }: { readonly seed: number; readonly settled: () => Promise<void> },
): Promise<Run & { readonly truth: Truth }> {
  resetPeakMemory(to.pid);
  let cpuBefore = groupCpu(to.pid);
  let threadsBefore = threadCpu(to.pid);
  const report = await sendProfile(to, profile, seed, () => {
    cpuBefore = groupCpu(to.pid);
    threadsBefore = threadCpu(to.pid);
  });
  await pause(settleMs);
  await settled();
  const cpu = groupCpu(to.pid);
  const threadsS = threadCpu(to.pid, threadsBefore);
  return {
    profile: profile.name,
    spans: report.spans,
    spansPerBody: report.spans / report.bodies,
    bytesPerSpan: report.bytes / report.spans,
    elapsedMs: report.elapsedMs,
    userS: cpu.userS - cpuBefore.userS,
    systemS: cpu.systemS - cpuBefore.systemS,
    threadsS,
    peakBytes: peakMemoryBytes(to.pid),
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    wrong: Object.entries(report.refused).map(([what, count]) => `${count} bodies refused: ${what}`),
    truth: report.truth,
  };
}

/** in: called when the bodies are ready, just before the first is sent. */
export function sendProfile(to: Server, profile: Profile, seed: number, begin = () => {}): Promise<LoadReport> {
  const { door = 'http', encoding = 'protobuf', gzip = false, spansPerBody, tracesPerWave, waves } = profile;
  const { spansPerSecond } = profile;
  const address = door === 'http' ? to.otlpHttp : to.otlpGrpc;
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
