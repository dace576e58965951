/**
 * How the collector bears a steady load for a long time: on one core, with a fresh store, sent so many spans a second from
 * another core over loopback, 500 a body. First the memory of a collector that has got nothing, then a line a minute; at the end
 * every acknowledged span must be in the store and every edge of the map be what was sent. Bodies are due at fixed moments, and
 * latencies count from these; with 64 bodies unanswered no further one is begun, which is told as time held back.
 *
 * Usage: node bench/soak.ts [--minutes N] [--rate N] [--save]; takes about a minute longer than told. --save adds the table to
 * bench/soak-results.md.
 */
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { LoadPlan, LoadProgress, LoadReport } from '../fixtures/load.ts';
import { load, steadyPlan, wrongEdges } from './load.ts';
import { cpuSeconds, memoryOf, pinSelf, resetPeakMemory } from './pinned.ts';
import { appendResults, mebibytes, memoryText, toTable, whole } from './report.ts';
import { startServer, type BenchServer } from './server.ts';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '50000' },
    save: { type: 'boolean', default: false },
  },
});
const [minutes, rate] = [Number(flags.minutes), Number(flags.rate)];
const idleMs = 10_000;
const settleMs = 20_000;
const settleLimitMs = 300_000;

const columns = [
  'minute',
  'spans sent',
  'spans/s',
  'refused bodies',
  'held back s',
  'resident MiB',
  'anonymous MiB',
  'file MiB',
  'peak MiB',
  'CPU s',
  'store B/span',
  'unsettled traces',
  'derivation behind s',
  'ack p50 / p99 ms',
];

pinSelf(1);
const loadBefore = loadavg()[0] ?? 0;
const server = await startServer();
try {
  await pause(idleMs);
  const idle = `Before the load, ${idleMs / 1000} s after the start: ${memoryText(memoryOf(server.pid))}.`;
  console.log(idle);
  const { lines, wrong, verdict } = await soak(server);
  console.log(verdict);
  if (flags.save) {
    const what = `${minutes} min of ${whole(rate)} spans/s`;
    appendResults('soak-results.md', { what, loadBefore, lines: [...toTable(columns, lines), '', idle, '', verdict] });
  }
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  await server.stop();
}

interface Soaked {
  /** One a minute, and one of when all has settled. */
  readonly lines: readonly string[][];
  readonly wrong: readonly string[];
  readonly verdict: string;
}

async function soak(on: BenchServer): Promise<Soaked> {
  const plan: LoadPlan = {
    ...steadyPlan(on.otlpHttp, rate, minutes * 60_000),
    maxWaiting: 64,
    progressMs: 60_000,
  };
  const lines: string[][] = [];
  let last: Counted = { spans: 0, elapsedMs: 0, heldMs: 0, refused: 0, cpuS: 0 };
  let cpuBeforeS = 0;
  let peakBytes = 0;
  /** A line of what came since the one before. */
  const add = async (name: string, progress: LoadProgress): Promise<void> => {
    const memory = memoryOf(on.pid);
    peakBytes = Math.max(peakBytes, memory.peakBytes);
    const { spans, elapsedMs, heldMs, p50Ms, p99Ms } = progress;
    const refused = Object.values(progress.refused).reduce((sum, count) => sum + count, 0);
    const cpuS = cpuSeconds(on.pid) - cpuBeforeS;
    const { store, derive } = await on.status();
    const line = [
      name,
      whole(spans),
      whole(((spans - last.spans) / Math.max(1, elapsedMs - last.elapsedMs)) * 1000),
      whole(refused - last.refused),
      ((heldMs - last.heldMs) / 1000).toFixed(1),
      mebibytes(memory.residentBytes),
      mebibytes(memory.anonymousBytes),
      mebibytes(memory.fileBytes),
      mebibytes(memory.peakBytes),
      (cpuS - last.cpuS).toFixed(1),
      store.spans === 0 ? '' : (store.bytesOnDisk / store.spans).toFixed(1),
      whole(derive.unsettledTraces),
      (derive.lagMs / 1000).toFixed(0),
      `${p50Ms.toFixed(0)} / ${p99Ms.toFixed(0)}`,
    ];
    lines.push(line);
    console.log(`| ${line.join(' | ')} |`);
    last = { spans, elapsedMs, heldMs, refused, cpuS };
    resetPeakMemory(on.pid);
  };
  const report = await load(plan, {
    begin() {
      console.log(toTable(columns, []).join('\n'));
      resetPeakMemory(on.pid);
      cpuBeforeS = cpuSeconds(on.pid);
    },
    progress: (progress) => add((progress.elapsedMs / 60_000).toFixed(1), progress),
  });
  await pause(settleMs);
  await on.settled(settleLimitMs);
  // Its latencies are those of all bodies, its rate that of what came behind the last whole minute.
  await add('settled', report);
  const wrong = await check(on, report);
  const reached = (report.spans / report.elapsedMs) * 1000;
  const verdict = [
    wrong.length > 0 ? `Void: ${wrong.slice(0, 3).join('; ')}.` : 'Every span is stored, every edge as sent.',
    `${whole(report.spans)} spans of ${whole(report.traces)} traces in ${(report.elapsedMs / 1000).toFixed(1)} s:`,
    `${whole(reached)} of ${whole(rate)} spans/s, ${(report.heldMs / 1000).toFixed(1)} s held back;`,
    `${last.cpuS.toFixed(1)} CPU s, ${whole(report.spans / last.cpuS)} spans per CPU-second; peak ${mebibytes(peakBytes)} MiB;`,
    `ack p50 / p99 ${report.p50Ms.toFixed(0)} / ${report.p99Ms.toFixed(0)} ms.`,
  ].join(' ');
  return { lines, wrong, verdict };
}

/** What has been counted up to a line. */
interface Counted {
  readonly spans: number;
  readonly elapsedMs: number;
  readonly heldMs: number;
  readonly refused: number;
  readonly cpuS: number;
}

/** out: why the figures are void. */
async function check(on: BenchServer, { acknowledged, refused, truth }: LoadReport): Promise<string[]> {
  const { store } = await on.status();
  const notStored = store.spans === acknowledged ? [] : [`${store.spans} of ${acknowledged} spans in the store`];
  const refusals = Object.entries(refused).map(([what, count]) => `${count} bodies refused: ${what}`);
  // What was refused is on no edge.
  return [...notStored, ...(refusals.length > 0 ? refusals : wrongEdges(truth, {}, await on.edges()))];
}
