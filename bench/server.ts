/** The collector as the benchmark runs it: its own process group on core 0, free ports on loopback, a store of its own or a given one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type * as Api from '#shared/api.ts';
import type { Count } from '../fixtures/truth.ts';
import { pinnedNode, stopOnSignal } from './pinned.ts';

export interface BenchServer {
  /** Also its process group. */
  readonly pid: number;
  /** host:port. */
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  /** Base of the pages and the API. */
  readonly url: string;
  status(): Promise<Api.Status>;
  /** Edges since the server started, in the terms of a truth. */
  edges(): Promise<Record<string, Count>>;
  /** Waits until no trace is open any more. errors: Error when that takes longer than the limit, a minute and a half unless told. */
  settled(limitMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Flags of Node, for profiles and experiments. */
  readonly nodeFlags?: readonly string[];
  /** Where its store is or shall be, and stays; absent: a new one that goes with the server. */
  readonly directory?: string;
  /** The project whose collector it is; absent: this one. */
  readonly root?: string;
}

const ownRoot = join(import.meta.dirname, '..');
const settleLimitMs = 90_000;

/** What `npm start` gives Node. */
interface Setup {
  readonly collectorEnvironment: () => NodeJS.ProcessEnv;
  readonly collectorFlags: readonly string[];
}

/** errors: Error with what it said when it does not listen. */
export async function startServer({
  nodeFlags = [],
  directory: given,
  root = ownRoot,
}: ServerOptions = {}): Promise<BenchServer> {
  const load = (...path: string[]): Promise<unknown> => import(pathToFileURL(join(root, ...path)).href);
  const { collectorEnvironment, collectorFlags } = (await load('scripts', 'setup.js')) as Setup;
  // Its own contract: answers of another version may have other fields.
  const { graph, status } = (await load('shared', 'api.ts')) as typeof Api;
  const main = join(root, 'collector', 'main.ts');
  const directory = given ?? mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  const doors = ['--otlp-http', '127.0.0.1:0', '--otlp-grpc', '127.0.0.1:0', '--listen', '127.0.0.1:0'];
  const flags = ['serve', '--store', `chdb:${join(directory, 'store')}`, ...doors];
  const child = spawn(...pinnedNode(0, [...collectorFlags, ...nodeFlags, main, ...flags]), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: collectorEnvironment(),
  });
  const gone = once(child, 'close');
  const lines: string[] = [];
  const listening = Promise.withResolvers<Record<string, string>>();
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (line.includes('"listening"')) listening.resolve(JSON.parse(line) as Record<string, string>);
    // Its failures, and what Node itself says when it is told to trace something.
    else if (line.includes('"level":50') || !line.startsWith('{')) process.stderr.write(`${line}\n`);
  });
  void gone.then(() => listening.reject(new Error(`the collector does not run:\n${lines.join('\n')}`)));
  const { otlpHttp = '', otlpGrpc = '', listen = '' } = await listening.promise;
  const startedAt = Date.now();
  const get = async (path: string): Promise<unknown> => {
    const answer = await fetch(`http://${listen}${path}`);
    if (answer.status !== 200) throw new Error(`cannot read ${path}: ${answer.status}`);
    return answer.json();
  };
  const stop = async (): Promise<void> => {
    unwatch();
    child.kill('SIGTERM');
    await gone;
    if (given === undefined) rmSync(directory, { recursive: true, force: true });
  };
  const unwatch = stopOnSignal(stop);
  const readStatus = async (): Promise<Api.Status> => status.parse(await get('/api/status'));
  return {
    pid: child.pid ?? 0,
    otlpHttp,
    otlpGrpc,
    url: `http://${listen}`,
    status: readStatus,
    async edges() {
      const shown = graph.parse(await get(`/api/graph?from=${startedAt - 120_000}&to=${Date.now()}`));
      const nameOf = (id: string): string => id.split('/')[2] ?? id;
      return Object.fromEntries(
        shown.edges.map(({ source, target, calls, failed }) => [
          `${nameOf(source)} -> ${nameOf(target)}`,
          { requests: calls, failed },
        ]),
      );
    },
    async settled(limitMs = settleLimitMs) {
      const deadline = performance.now() + limitMs;
      for (;;) {
        const { derive } = await readStatus();
        if (derive.unsettledTraces === 0) return;
        if (performance.now() > deadline) throw new Error(`${derive.unsettledTraces} traces do not settle`);
        await pause(500);
      }
    },
    stop,
  };
}
