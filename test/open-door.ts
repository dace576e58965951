/** An OTLP/HTTP door on a free port for the tests of the doors, and ways to send to it, well-behaved and not. */
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Door } from '../collector/receive/door.ts';
import { createByteBudget, type ByteBudget } from '../collector/receive/limits.ts';
import { createOtlpHttp, type HttpDoorOptions } from '../collector/receive/otlp-http.ts';

const recorded = 'fixtures/recordings/example';
/** A recorded export of an Envoy. */
export const body = readFileSync(`${recorded}/${readdirSync(recorded).find((name) => name.endsWith('.pb')) ?? ''}`);
export const protobuf = 'application/x-protobuf';
export const json = 'application/json';
const doors: Door[] = [];

after(async () => {
  for (const door of doors) await door.close(100);
});

export interface Opened {
  readonly url: string;
  readonly port: number;
  readonly door: Door;
  readonly taken: { body: Buffer; encoding: string }[];
  readonly budget: ByteBudget;
  readonly refused: string[];
  readonly bugs: unknown[];
}

/** Opens a door that takes everything, closed after the tests of the file. */
export async function open(options: Partial<HttpDoorOptions> = {}): Promise<Opened> {
  const taken: Opened['taken'] = [];
  const refused: string[] = [];
  const bugs: unknown[] = [];
  const budget = options.budget ?? createByteBudget(8 << 20);
  const door = await createOtlpHttp({
    address: { host: '127.0.0.1', port: 0 },
    receive: async (bytes, encoding) => {
      taken.push({ body: Buffer.from(bytes), encoding });
      return { rejected: 0, message: '' };
    },
    maxBodyBytes: 4 << 20,
    maxConnections: 100,
    token: '',
    tls: undefined,
    meter: { received: () => {}, refused: (_door, code) => void refused.push(code), dropped: () => {} },
    onBug: (error) => void bugs.push(error),
    ...options,
    budget,
  });
  doors.push(door);
  const { port } = door.address;
  return { url: `http://127.0.0.1:${port}/v1/traces`, port, door, taken, budget, refused, bugs };
}

/** Sends a body as protobuf unless the headers say otherwise. */
export function post(
  url: string,
  content: BodyInit | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', body: content as BodyInit, headers: { 'content-type': protobuf, ...headers } });
}

/** Sends text over a bare socket. out: all that comes back until the peer closes or says nothing for 300 ms. */
export async function exchange(port: number, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const answers: Buffer[] = [];
  socket.on('data', (part) => answers.push(part));
  socket.on('error', () => {});
  for (const part of parts) {
    socket.write(part);
    await sleep(20);
  }
  let seen = -1;
  while (seen !== answers.length && !socket.destroyed) {
    seen = answers.length;
    await sleep(300);
  }
  socket.destroy();
  return Buffer.concat(answers).toString('latin1');
}
