/**
 * What taking spans costs another OTLP server, beside ours on the same machine: the bodies, the warm-up, the cores and the way of
 * counting of bench/ingest.ts. Any server that a command runs and that listens on two ports of loopback; the command is ours to
 * start and end, its first process is the one whose memory is told. bench/peer-otelcol.yaml is a peer's configuration.
 *
 * What is checked is less than of ours: every body was taken without a word of refused spans, and, where the server shows a
 * Prometheus counter of the spans it worked on (--spans), it grew by what was sent; else the figure is void. Edges, durations
 * and stored spans are not compared with the truth. --also names further counters, whose growth is shown beside the calls sent.
 *
 * Usage: node bench/peer.ts --server 'COMMAND' --http PORT --grpc PORT [--spans 'URL NAME'] [--also 'URL NAME']…
 *        [--quick] [--runs N] [--only NAME,…] [--save NAME]. --save adds to bench/peer-results.md, under that name.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pinned, stopOnSignal } from './pinned.ts';
import { measureLoad, runProfiles, type Profile, type Server } from './profiles.ts';
import { appendResults, formatTable, whole, type Run } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    server: { type: 'string', default: '' },
    http: { type: 'string', default: '4318' },
    grpc: { type: 'string', default: '4317' },
    spans: { type: 'string' },
    also: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    runs: { type: 'string', default: '1' },
    only: { type: 'string' },
    save: { type: 'string' },
  },
});

const startLimitMs = 60_000;
/** What the warm-up left must be in the counter of spans before the first run: longer than a flush of bench/peer-otelcol.yaml. */
const flushMs = 20_000;
const notes: string[] = [];
const loadBefore = loadavg()[0] ?? 0;
const runs = await runProfiles(
  { quick: flags.quick, only: flags.only, runs: Number(flags.runs) },
  { start: startPeer, settled: () => pause(flushMs), measure },
);
const lines = [...formatTable(runs), ...(notes.length > 0 ? ['', ...notes] : [])];
console.log(lines.join('\n'));
if (flags.save !== undefined) appendResults('peer-results.md', { what: flags.save, loadBefore, lines });
if (runs.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;

/** One run of a profile, checked as far as it can be. */
async function measure(server: Server, profile: Profile, seed: number): Promise<Run> {
  const counters = [...(flags.spans === undefined ? [] : [flags.spans]), ...flags.also];
  const before = await Promise.all(counters.map(readCounter));
  const { truth, ...run } = await measureLoad(server, profile, { seed, settled: async () => {} });
  const after = await Promise.all(counters.map(readCounter));
  const grown = counters.map((counter, i) => `${counter.split(' ')[1]} ${whole((after[i] ?? 0) - (before[i] ?? 0))}`);
  const calls = Object.values(truth.edges).reduce((sum, { requests }) => sum + requests, 0);
  notes.push(`- ${profile.name}: ${whole(run.spans)} spans, ${whole(calls)} calls sent; ${grown.join(', ')}`);
  console.log(notes.at(-1));
  const counted = (after[0] ?? 0) - (before[0] ?? 0);
  const missing =
    flags.spans === undefined || counted === run.spans ? [] : [`${counted} of ${run.spans} spans counted`];
  return { ...run, wrong: [...run.wrong, ...missing] };
}

/** out: the sum over all labels, 0 when it is not there yet. in: where it is shown in Prometheus's text format, and its name. */
async function readCounter(counter: string): Promise<number> {
  const [url = '', name = ''] = counter.split(' ');
  const text = await (await fetch(url)).text();
  // Labels of what is counted have no closing braces; a time may stand behind the value.
  const samples = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))];
  return samples.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** errors: Error when the ports are taken already, or when the server does not listen on both. */
async function startPeer(): Promise<Server> {
  const ports = [Number(flags.http), Number(flags.grpc)];
  for (const port of ports) if (await listens(port)) throw new Error(`port ${port} is taken`);
  const child = spawn(...pinned(0, 'sh', ['-c', `exec env ${flags.server}`]), {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const pid = child.pid ?? 0;
  const gone = once(child, 'close');
  const stop = async (): Promise<void> => {
    unwatch();
    if (child.exitCode === null) process.kill(-pid, 'SIGTERM');
    await gone;
  };
  const unwatch = stopOnSignal(stop);
  const deadline = performance.now() + startLimitMs;
  for (const port of ports) {
    while (!(await listens(port))) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      if (performance.now() > deadline)
        await stop().then(() => Promise.reject(new Error(`nothing listens on ${port}`)));
      await pause(100);
    }
  }
  await pause(1000);
  return { pid, otlpHttp: `127.0.0.1:${flags.http}`, otlpGrpc: `127.0.0.1:${flags.grpc}`, stop };
}

function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
