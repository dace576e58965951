/**
 * What followers of the live map cost while spans come in: a steady load, and in turns nobody follows, one does, four ask four
 * questions, one asks for the slowest tenth. CPU is the collector's, of all its threads; it has one core, the load and who
 * follows have the other.
 *
 * Usage: node bench/live.ts [--rate N] [--namespaces N] [--rounds N] [--node=FLAGS] [--save]; a namespace has sixteen edges. Takes
 * about a minute and as much a round. --save adds the table to bench/live-results.md.
 */
import { request, type IncomingMessage } from 'node:http';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { load, steadyPlan } from './load.ts';
import { cpuSeconds, memoryOf, pinSelf, threadCpu } from './pinned.ts';
import { appendResults, formatThreads, mebibytes, toTable, whole } from './report.ts';
import { startServer, type BenchServer } from './server.ts';

const { values: flags } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    namespaces: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '2' },
    node: { type: 'string', default: '' },
    save: { type: 'boolean', default: false },
  },
});
const [rate, namespaces, rounds] = [Number(flags.rate), Number(flags.namespaces), Number(flags.rounds)];
const warmUpMs = 40_000;
const beginMs = 3000;
const turnMs = 12_000;

const scenes: readonly { readonly what: string; readonly questions: readonly string[] }[] = [
  { what: 'nobody', questions: [] },
  { what: 'the last 5 minutes', questions: ['window=5m'] },
  {
    what: 'four questions',
    questions: ['window=5m', 'window=15m', 'window=5m&groupBy=version', 'window=5m&probes=true'],
  },
  { what: 'the slowest tenth of 5 minutes', questions: ['window=5m&band=slow'] },
];

interface Turn {
  readonly cpuMs: number;
  readonly threadsS: Readonly<Record<string, number>>;
  readonly events: number;
  readonly bytes: number;
}

pinSelf(1);
const loadBefore = loadavg()[0] ?? 0;
const server = await startServer({ nodeFlags: flags.node.split(' ').filter((flag) => flag !== '') });
try {
  const turns = await measure(server);
  const lines = scenes.map(({ what }, scene) => lineOf(what, turns[scene]!, turns[0]!));
  const columns = [
    'who follows',
    'CPU ms a second',
    'more than nobody',
    'of the main thread',
    'events a second',
    'kB each',
  ];
  for (const [scene, { what }] of scenes.entries())
    for (const { threadsS } of turns[scene]!)
      console.log(`${what}: CPU s by thread in ${turnMs / 1000} s: ${formatThreads(threadsS)}`);
  const all = [...toTable(columns, lines), '', `${mebibytes(memoryOf(server.pid).peakBytes)} MiB at most.`];
  console.log(all.join('\n'));
  const what = `${whole(rate)} spans/s of ${16 * namespaces} edges`;
  if (flags.save) appendResults('live-results.md', { what, loadBefore, lines: all });
} finally {
  await server.stop();
}

/** out: by scene, its turns. */
async function measure(on: BenchServer): Promise<Turn[][]> {
  const turns: Turn[][] = scenes.map(() => []);
  const totalMs = warmUpMs + rounds * scenes.length * (beginMs + turnMs);
  const begun = Promise.withResolvers<void>();
  const plan = { ...steadyPlan(on.otlpHttp, rate, totalMs), namespaces };
  const loading = load(plan, { begin: begun.resolve });
  await Promise.race([begun.promise, loading]);
  await pause(warmUpMs);
  for (let round = 0; round < rounds; round++)
    for (const [scene, { questions }] of scenes.entries()) turns[scene]!.push(await turn(on, questions));
  const { refused } = await loading;
  if (Object.keys(refused).length > 0) console.log(`void: bodies were refused: ${JSON.stringify(refused)}`);
  return turns;
}

async function turn(on: BenchServer, questions: readonly string[]): Promise<Turn> {
  const followers = await Promise.all(questions.map((question) => follow(`${on.url}/api/graph/live?${question}`)));
  await pause(beginMs);
  const before = { cpuS: cpuSeconds(on.pid), threadsS: threadCpu(on.pid), seen: seenBy(followers) };
  await pause(turnMs);
  const after = { cpuS: cpuSeconds(on.pid), threadsS: threadCpu(on.pid, before.threadsS), seen: seenBy(followers) };
  for (const { stop } of followers) stop();
  const seconds = turnMs / 1000;
  return {
    cpuMs: ((after.cpuS - before.cpuS) * 1000) / seconds,
    threadsS: after.threadsS,
    events: (after.seen.events - before.seen.events) / seconds,
    bytes: after.seen.bytes - before.seen.bytes,
  };
}

interface Follower {
  readonly seen: { events: number; bytes: number };
  stop(): void;
}

async function follow(url: string): Promise<Follower> {
  const seen = { events: 0, bytes: 0 };
  const answered = Promise.withResolvers<IncomingMessage>();
  // As a page asks.
  const headers = { 'accept-encoding': 'gzip, deflate, br, zstd' };
  const asking = request(url, { headers }, answered.resolve).on('error', answered.reject).end();
  const answer = await answered.promise;
  if (answer.statusCode !== 200) throw new Error(`cannot follow ${url}: ${answer.statusCode}`);
  answer.on('data', (piece: Buffer) => (seen.bytes += piece.length));
  const plain = answer.headers['content-encoding'] === 'gzip' ? answer.pipe(createGunzip()) : answer;
  plain.on('error', () => {});
  plain.setEncoding('latin1').on('data', (text: string) => (seen.events += text.split('event: graph\n').length - 1));
  answer.on('error', () => {});
  return { seen, stop: () => void asking.destroy() };
}

function seenBy(followers: readonly Follower[]): Follower['seen'] {
  const total = (of: 'events' | 'bytes'): number => followers.reduce((sum, { seen }) => sum + seen[of], 0);
  return { events: total('events'), bytes: total('bytes') };
}

/** The mean of the turns, and behind it the least and the most. */
function lineOf(what: string, turns: readonly Turn[], without: readonly Turn[]): string[] {
  const mean = (of: (turn: Turn) => number, all = turns): number =>
    all.reduce((sum, one) => sum + of(one), 0) / all.length;
  const threadMs = (name: string): string => whole(mean(({ threadsS }) => (threadsS[name] ?? 0) / turnMs) * 1_000_000);
  const cpu = turns.map(({ cpuMs }) => cpuMs);
  const events = mean((turn) => turn.events);
  return [
    what,
    `${whole(mean(({ cpuMs }) => cpuMs))} (${whole(Math.min(...cpu))} to ${whole(Math.max(...cpu))})`,
    whole(mean(({ cpuMs }) => cpuMs) - mean(({ cpuMs }) => cpuMs, without)),
    threadMs('main'),
    events.toFixed(1),
    events === 0 ? '' : (mean(({ bytes }) => bytes) / (events * turnMs)).toFixed(0),
  ];
}
