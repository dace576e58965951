/**
 * How soon what was acknowledged is seen: traces of two spans are sent one after another, each of two services nobody has seen, beside
 * a steady load or none. Each is asked for by its id as soon as it is acknowledged, and who follows the live map waits for its
 * call, and for it to be final. The collector has one core, the load and who asks have the other.
 *
 * Usage: node bench/fresh.ts [--rates N,N] [--traces N] [--save]; takes about a minute a rate. --save adds the table to
 * bench/fresh-results.md.
 */
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { graph, type Graph } from '#shared/api.ts';
import { percentiles } from '../fixtures/load.ts';
import { load, steadyPlan } from './load.ts';
import { pinSelf } from './pinned.ts';
import { appendResults, toTable, whole } from './report.ts';
import { startServer, type BenchServer } from './server.ts';

const { values: flags } = parseArgs({
  options: {
    rates: { type: 'string', default: '0,20000' },
    traces: { type: 'string', default: '30' },
    save: { type: 'boolean', default: false },
  },
});
const traces = Number(flags.traces);
const warmUpMs = 10_000;
/** As often, and up to as much later: no step of the collector's clock is met each time. */
const everyMs = 700;
const apartMs = 600;
/** Beyond the quiet time after which a trace is final. */
const lastMs = 10_000;

interface Seen {
  readonly acknowledgedAt: number;
  readonly readMs: number;
  /** Since it was acknowledged; absent: not seen. */
  shownMs?: number;
  /** The same less the quiet time. */
  finalMs?: number;
}

pinSelf(1);
const loadBefore = loadavg()[0] ?? 0;
const lines: string[][] = [];
for (const rate of flags.rates.split(',').map(Number)) {
  const server = await startServer();
  try {
    lines.push(lineOf(rate, await measure(server, rate)));
    console.log(lines.at(-1)?.join(' | '));
  } finally {
    await server.stop();
  }
}
const columns = ['spans/s beside', 'traces', 'by its id ms', 'on the live map ms', 'final, less the quiet time, ms'];
const table = toTable(columns, lines);
console.log(table.join('\n'));
if (flags.save)
  appendResults('fresh-results.md', { what: 'since the acknowledgement: p50 / p99', loadBefore, lines: table });

async function measure(on: BenchServer, rate: number): Promise<Seen[]> {
  const { settleAfterMs } = (await on.status()).derive;
  const totalMs = warmUpMs + traces * (everyMs + apartMs) + settleAfterMs + lastMs;
  const loading = rate === 0 ? undefined : load(steadyPlan(on.otlpHttp, rate, totalMs));
  await pause(warmUpMs);
  const seen = new Map<string, Seen>();
  const stop = new AbortController();
  const following = follow(`${on.url}/api/graph/live?window=5m`, stop.signal, (shown) =>
    note(shown, seen, settleAfterMs),
  );
  for (let i = 0; i < traces; i++) {
    await pause(everyMs + Math.random() * apartMs);
    seen.set(`caller-${i}`, await send(on, i));
  }
  await pause(settleAfterMs + lastMs);
  stop.abort();
  await following;
  await loading;
  return [...seen.values()];
}

/** errors: Error when it is refused, or cannot be read at once with both spans. */
async function send(on: BenchServer, i: number): Promise<Seen> {
  const traceId = randomBytes(16).toString('hex');
  const [caller, callee] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')];
  const resourceSpans = [
    spanOf(`caller-${i}`, { traceId, spanId: caller, kind: 3 }),
    spanOf(`callee-${i}`, { traceId, spanId: callee, parentSpanId: caller, kind: 2 }),
  ];
  const sent = await fetch(`http://${on.otlpHttp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans }),
  });
  if (sent.status !== 200) throw new Error(`a trace was refused: ${sent.status}`);
  const acknowledgedAt = performance.now();
  const answer = await fetch(`${on.url}/api/traces/${traceId}`);
  const text = await answer.text();
  if (![caller, callee].every((id) => text.includes(id))) throw new Error(`a trace is not there: ${answer.status}`);
  return { acknowledgedAt, readMs: performance.now() - acknowledgedAt };
}

function spanOf(service: string, ids: object): object {
  const now = BigInt(Date.now()) * 1_000_000n;
  const times = { startTimeUnixNano: String(now - 20_000_000n), endTimeUnixNano: String(now) };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  return { resource, scopeSpans: [{ spans: [{ ...ids, ...times, name: 'ask' }] }] };
}

/** Until the signal. */
async function follow(url: string, signal: AbortSignal, onGraph: (shown: Graph) => void): Promise<void> {
  const answer = await fetch(url, { signal });
  let text = '';
  try {
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
      const events = (text + piece).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = /^event: graph\n[^]*^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) onGraph(graph.parse(JSON.parse(data)));
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function note(shown: Graph, seen: ReadonlyMap<string, Seen>, settleAfterMs: number): void {
  const now = performance.now();
  for (const { source, provisional } of shown.edges) {
    const one = seen.get(source.split('/')[2] ?? '');
    if (one === undefined) continue;
    one.shownMs ??= now - one.acknowledgedAt;
    if (provisional === 0) one.finalMs ??= now - one.acknowledgedAt - settleAfterMs;
  }
}

function lineOf(rate: number, all: readonly Seen[]): string[] {
  const spread = (of: (one: Seen) => number | undefined): string => {
    const times = all.flatMap((one) => of(one) ?? []).toSorted((a, b) => a - b);
    if (times.length < all.length) return `void: ${all.length - times.length} not seen`;
    const { p50Ms, p99Ms } = percentiles(times);
    return `${whole(p50Ms)} / ${whole(p99Ms)}`;
  };
  return [
    whole(rate),
    String(all.length),
    spread((one) => one.readMs),
    spread((one) => one.shownMs),
    spread((one) => one.finalMs),
  ];
}
