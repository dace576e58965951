/** Questions to a collector's API one after another over one connection that is kept, and what they take. */
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { percentiles } from '../fixtures/load.ts';
import { cpuSeconds } from './pinned.ts';

export interface Question {
  readonly what: string;
  /** Asked once each, in order. */
  readonly paths: readonly string[];
  /** How many of the paths come first, unmeasured but for the very first. */
  readonly warmUp: number;
  /** Throws when the answer is not what was asked for; what it says of it is shown. */
  check(body: unknown, path: string): string;
}

export interface Asked {
  readonly what: string;
  /** The first after the start. */
  readonly coldMs: number;
  readonly times: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the collector, a question. */
  readonly cpuMs: number;
  /** Of the last answer, as sent. */
  readonly bytes: number;
  readonly says: string;
}

interface Answer {
  readonly body: Buffer;
  readonly encoding: string | undefined;
  readonly status: number;
  readonly ms: number;
}

/** Slow questions are asked less often, and none longer than that. */
const slowMs = 200;
const slowTimes = 50;
const limitMs = 180_000;

export interface Reader {
  /** The first of each question, then each question's others. errors: Error when an answer is not 200 or not as it must be. */
  ask(questions: readonly Question[]): Promise<Asked[]>;
  close(): void;
}

/** in: base of the API; the collector's process group. */
export function createReader(url: string, group: number): Reader {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  async function get(path: string): Promise<Answer> {
    const startedAt = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    // As a page asks.
    const headers = { 'accept-encoding': 'gzip, deflate, br, zstd' };
    const asking = request(`${url}${path}`, { agent, headers, timeout: 60_000 });
    asking.on('error', reject);
    asking.on('timeout', () => asking.destroy(new Error(`no answer in 60 s: ${path}`)));
    asking.on('response', (response) => {
      buffer(response).then((body) => {
        const ms = performance.now() - startedAt;
        resolve({ body, encoding: response.headers['content-encoding'], status: response.statusCode ?? 0, ms });
      }, reject);
    });
    asking.end();
    return promise;
  }

  async function askOne({ what, paths, warmUp, check }: Question, coldMs: number): Promise<Asked> {
    const timesMs: number[] = [];
    const answers: Answer[] = [];
    let says = '';
    for (const path of paths.slice(1, warmUp)) timesMs.push((await get(path)).ms);
    const slow = percentiles(timesMs.toSorted((a, b) => a - b)).p50Ms > slowMs;
    timesMs.length = 0;
    const deadline = performance.now() + limitMs;
    const cpuBefore = cpuSeconds(group);
    for (const path of paths.slice(warmUp, slow ? warmUp + slowTimes : undefined)) {
      if (performance.now() > deadline) break;
      answers.push(await get(path));
    }
    const cpuMs = ((cpuSeconds(group) - cpuBefore) * 1000) / answers.length;
    answers.forEach((answer, index) => {
      const path = paths[warmUp + index] ?? '';
      says = checked(answer, path, check);
      timesMs.push(answer.ms);
    });
    timesMs.sort((a, b) => a - b);
    const spread = percentiles(timesMs);
    return { what, coldMs, times: timesMs.length, ...spread, cpuMs, bytes: answers.at(-1)?.body.length ?? 0, says };
  }

  return {
    async ask(questions) {
      const colds: number[] = [];
      for (const { paths, check } of questions) {
        const answer = await get(paths[0] ?? '');
        checked(answer, paths[0] ?? '', check);
        colds.push(answer.ms);
      }
      const asked: Asked[] = [];
      for (const [index, question] of questions.entries()) asked.push(await askOne(question, colds[index] ?? 0));
      return asked;
    },
    close: () => agent.destroy(),
  };
}

function checked({ body, encoding, status }: Answer, path: string, check: Question['check']): string {
  const text = (
    encoding === 'zstd' ? zstdDecompressSync(body) : encoding === 'gzip' ? gunzipSync(body) : body
  ).toString();
  if (status !== 200) throw new Error(`cannot read ${path}: ${status} ${text.slice(0, 200)}`);
  return check(JSON.parse(text), path);
}
