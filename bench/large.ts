/**
 * What a large store costs: filled through the collector's own door (large-fill.ts), with the CPU of a million spans at the
 * begin and of ten more when it is full; then the collector is started on it several times, and asked for traces by their ids
 * and for the map of five minutes and of a day, the same one and one that moves on. The collector has one core, who sends and asks has another. Files are in the
 * system's page cache as far as it keeps them.
 *
 * Usage: node bench/large.ts [--spans N] [--edges N] [--save] [--keep DIR] [--store DIR]. --keep leaves the store in DIR and --store takes
 * one that was kept, at most three days old, instead of filling one. --save adds the tables to bench/large-results.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Graph } from '#shared/api.ts';
import { fill, readFilled, type Filled, type Stretch } from './large-fill.ts';
import { createReader, type Asked, type Question } from './large-read.ts';
import { memoryOf, pinSelf } from './pinned.ts';
import { appendResults, mebibytes, memoryText, toTable, whole } from './report.ts';
import { startServer, type BenchServer } from './server.ts';

const { values: flags } = parseArgs({
  options: {
    spans: { type: 'string', default: '20000000' },
    edges: { type: 'string', default: '200' },
    save: { type: 'boolean', default: false },
    keep: { type: 'string' },
    store: { type: 'string' },
  },
});
const starts = 3;
const times = 200;
const warmUp = 10;
const readyLimitMs = 120_000;
const minuteMs = 60_000;

pinSelf(1);
const loadBefore = loadavg()[0] ?? 0;
const directory = flags.store ?? flags.keep ?? mkdtempSync(join(tmpdir(), 'throughline-large-'));
// Also when the run is interrupted.
if (flags.store === undefined && flags.keep === undefined)
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const filled =
  flags.store === undefined ? await fill(directory, Number(flags.spans), Number(flags.edges)) : readFilled(directory);
const ready: Started[] = [];
for (let turn = 0; turn < starts; turn++) {
  const { server, ...started } = await start(directory, filled);
  await server.stop();
  ready.push(started);
  console.log(`start: ready after ${whole(started.readyMs)} ms, first map after ${whole(started.graphMs)} ms`);
}
const { asked, lines } = await read(directory, filled);
const all = [
  ...toTable(['what', ''], [...linesOf(filled), ...startLines(ready), ...lines]),
  '',
  ...toTable(
    ['question', 'first ms', 'times', 'p50 ms', 'p99 ms', 'CPU ms', 'answer kB, sent', 'what the answer has'],
    asked.map(lineOf),
  ),
];
console.log(all.join('\n'));
if (flags.save) appendResults('large-results.md', { what: `${whole(filled.spans)} spans`, loadBefore, lines: all });
if (filled.wrong.length > 0) process.exitCode = 1;

interface Started {
  /** From the start of the process: /readyz says 200; a map with edges has been answered. */
  readonly readyMs: number;
  readonly graphMs: number;
}

async function start(directory: string, { toMs }: Filled): Promise<Started & { readonly server: BenchServer }> {
  const startedAt = performance.now();
  const server = await startServer({ directory });
  const until = async (path: string, good: (answer: Response) => boolean | Promise<boolean>): Promise<number> => {
    for (;;) {
      const answer = await fetch(`${server.url}${path}`);
      if (await good(answer)) return performance.now() - startedAt;
      if (performance.now() - startedAt > readyLimitMs) throw new Error(`no good answer to ${path}`);
      await pause(5);
    }
  };
  try {
    const readyMs = await until('/readyz', ({ status }) => status === 200);
    const graphMs = await until(graphPath(toMs, 5 * minuteMs), async (answer) => {
      return answer.status === 200 && ((await answer.json()) as Graph).edges.length > 0;
    });
    return { server, readyMs, graphMs };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** On a collector that has not been asked anything yet. */
async function read(directory: string, { ids, toMs }: Filled): Promise<{ asked: Asked[]; lines: string[][] }> {
  const server = await startServer({ directory });
  const reader = createReader(server.url, server.pid);
  // Windows that move on end with the store.
  const backMs = toMs - (warmUp + times) * 10_000;
  try {
    await pause(10_000);
    const idle = memoryText(memoryOf(server.pid));
    // Until the quiet time since the start is over, a trace's settlements are asked for.
    await pause(10_000);
    const asked = await reader.ask([
      traceQuestion(ids),
      graphQuestion('map of 5 minutes', () => graphPath(toMs, 5 * minuteMs)),
      graphQuestion('map of 24 hours', () => graphPath(toMs, 24 * 60 * minuteMs)),
      graphQuestion('map of 5 minutes, another each time', (turn) => graphPath(toMs - turn * 300_000, 5 * minuteMs)),
      graphQuestion('map of 5 minutes, 10 s later each time', (turn) =>
        graphPath(backMs + turn * 10_000, 5 * minuteMs),
      ),
      graphQuestion('map of 22 hours, 10 s later each time', (turn) =>
        graphPath(backMs + turn * 10_000, 22 * 60 * minuteMs),
      ),
    ]);
    const { store } = await server.status();
    const lines = [
      ['disk with the second mesh', `${mebibytes(store.bytesOnDisk)} MiB`],
      ['memory 10 s after a start', idle],
      ['memory after the questions', memoryText(memoryOf(server.pid))],
    ];
    return { asked, lines };
  } finally {
    reader.close();
    await server.stop();
  }
}

/** Measured are traces from all over the store, each asked for once. */
function traceQuestion(ids: readonly string[]): Question {
  // Those of the warm-up lie between the others.
  const every = Math.floor(ids.length / warmUp);
  const [first, others] = [ids.filter((_, at) => at % every === 0), ids.filter((_, at) => at % every !== 0)];
  const chosen = Array.from({ length: Math.min(times, others.length) }, (_, at) => {
    return others[Math.floor((at * others.length) / Math.min(times, others.length))] ?? '';
  });
  return {
    what: 'trace by its id',
    paths: [...first, ...chosen].map((id) => `/api/traces/${id}`),
    warmUp: first.length,
    check(body, path) {
      const { traceId, spans } = body as { traceId: string; spans: unknown[] };
      if (!path.endsWith(traceId) || spans.length === 0)
        throw new Error(`${path} has ${spans.length} spans of ${traceId}`);
      return `${spans.length} spans`;
    },
  };
}

function graphQuestion(what: string, pathOf: (turn: number) => string): Question {
  return {
    what,
    paths: Array.from({ length: warmUp + times }, (_, turn) => pathOf(turn)),
    warmUp,
    check(body, path) {
      const { nodes, edges } = body as Graph;
      if (edges.length === 0) throw new Error(`${path} has no edges`);
      return `${nodes.length} workloads, ${edges.length} edges`;
    },
  };
}

/** in: end of the interval, epoch ms. */
function graphPath(toMs: number, longMs: number): string {
  return `/api/graph?from=${toMs - longMs}&to=${toMs}`;
}

function linesOf({ spans, traces, first, between, last, memory, bytesOnDisk, wrong }: Filled): string[][] {
  return [
    ['held', `${whole(spans)} spans of ${whole(traces)} traces`],
    ...(wrong.length > 0 ? [['void', wrong.slice(0, 3).join('; ')]] : []),
    [`first ${whole(first.spans)} spans`, costText(first)],
    [`next ${whole(between.spans)}`, costText(between)],
    [`last ${whole(last.spans)}`, costText(last)],
    ['cost of the last against the first', (perSpanUs(last) / perSpanUs(first)).toFixed(2)],
    ['memory after the fill', memoryText(memory)],
    ['disk after the fill', `${mebibytes(bytesOnDisk)} MiB, ${(bytesOnDisk / spans).toFixed(1)} B a span`],
  ];
}

function costText(stretch: Stretch): string {
  const { spans, elapsedMs, cpuS } = stretch;
  const taken = whole((spans / elapsedMs) * 1000);
  return `${perSpanUs(stretch).toFixed(1)} µs of CPU a span until settled (${whole(spans / cpuS)} spans per CPU-second), ${taken} spans/s taken`;
}

function perSpanUs({ spans, cpuS }: Stretch): number {
  return (cpuS / spans) * 1e6;
}

function startLines(ready: readonly Started[]): string[][] {
  const list = (name: keyof Started): string => ready.map((one) => whole(one[name])).join(', ');
  return [
    [`from start to ready, ms (${ready.length} times)`, list('readyMs')],
    ['to the first map of 5 minutes, ms', list('graphMs')],
  ];
}

function lineOf({ what, coldMs, times, p50Ms, p99Ms, cpuMs, bytes, says }: Asked): string[] {
  const ms = (value: number): string => value.toFixed(1);
  return [what, ms(coldMs), String(times), ms(p50Ms), ms(p99Ms), ms(cpuMs), (bytes / 1000).toFixed(1), says];
}
