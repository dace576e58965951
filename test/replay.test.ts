/** The replay of recorded bodies, against a real HTTP receiver, and the demo's traffic as a receiver sees it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { AppError } from '#shared/error.ts';
import { eachField } from '../collector/decode/otlp-read.ts';
import { demoGuide, runDemo } from '../fixtures/demo.ts';
import { readRecording, replay } from '../fixtures/replay.ts';
import { newestEnd, shiftTimes } from '../fixtures/shift.ts';

const recordings = fileURLToPath(new URL('../fixtures/recordings', import.meta.url));
const temporary = await mkdtemp(join(tmpdir(), 'throughline-replay-'));
after(() => rm(temporary, { recursive: true, force: true }));

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly atMs: number;
}

/** A receiver that keeps what it gets. in: the status it answers body number n with, and after how long. */
async function startReceiver(status: (n: number) => number = () => 200, answerAfterMs = 0) {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      received.push({
        path: req.url ?? '',
        headers: req.headers,
        body: Buffer.concat(chunks),
        atMs: performance.now(),
      });
      const answer = status(received.length - 1);
      setTimeout(() => res.writeHead(answer, { 'content-type': 'application/x-protobuf' }).end(), answerAfterMs);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const silent = { now: false, speed: 0, log: () => {} };

test('every body arrives byte for byte, with its own content encoding', async () => {
  const receiver = await startReceiver();
  const dir = join(recordings, 'healthy');
  const counts = await replay({ ...silent, dir, to: receiver.url });
  await receiver.close();
  const recorded = await readRecording(dir);
  assert.equal(counts.accepted, recorded.length);
  const key = ({ body, encoding }: { body: Buffer; encoding: string }) => `${encoding} ${body.toString('base64')}`;
  const sent = receiver.received.map(({ body, headers }) => key({ body, encoding: headers['content-encoding'] ?? '' }));
  const wanted = recorded.map(({ body, contentEncoding }) => key({ body, encoding: contentEncoding }));
  assert.deepEqual(sent.toSorted(), wanted.toSorted());
  assert.ok(
    recorded.some(({ contentEncoding }) => contentEncoding === 'gzip'),
    'the recording has gzip bodies',
  );
  assert.ok(receiver.received.every(({ path }) => path === '/v1/traces'));
  assert.equal(receiver.received[0]?.headers['transfer-encoding'], 'chunked');
});

test('with --now the newest span ends now and all times move by the same', async () => {
  const receiver = await startReceiver();
  const dir = join(recordings, 'example');
  await replay({ ...silent, dir, to: receiver.url, now: true });
  await receiver.close();
  const plain = (body: Buffer): Buffer => (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body);
  const originals = (await readRecording(dir)).map(({ body }) => plain(body));
  const bodies = receiver.received.map(({ body }) => plain(body));
  const newest = (all: readonly Buffer[]) => all.map(newestEnd).reduce((a, b) => (a > b ? a : b));
  const behindMs = Date.now() - Number(newest(bodies) / 1_000_000n);
  assert.ok(behindMs >= 0 && behindMs < 5000, `newest ended ${behindMs} ms ago`);
  const by = newest(bodies) - newest(originals);
  const back = bodies.map((body) => Buffer.from(shiftTimes(body, -by)).toString('base64'));
  assert.deepEqual(back.toSorted(), originals.map((body) => body.toString('base64')).toSorted());
});

test('bodies come at the recorded pace, times the speed', async () => {
  const receiver = await startReceiver();
  const body = await readFile(join(recordings, 'example', '0001.pb'));
  await writeFile(join(temporary, '1.pb'), body);
  const lines = [5000, 6000, 7000].map((t_ms) => JSON.stringify({ file: '1.pb', t_ms, headers: [] }));
  await writeFile(join(temporary, 'index.jsonl'), lines.join('\n'));
  await replay({ ...silent, dir: temporary, to: receiver.url, speed: 4 });
  await receiver.close();
  const [first, second, third] = receiver.received.map(({ atMs }) => atMs);
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.ok(second - first > 200 && third - first > 450, `after ${second - first} and ${third - first} ms`);
  assert.ok(third - first < 1500, `after ${third - first} ms`);
});

test('refused bodies are counted by status and said, the rest is sent', async () => {
  const receiver = await startReceiver((n) => (n % 3 === 1 ? 503 : 200));
  const said: string[] = [];
  const dir = join(recordings, 'example');
  const { accepted, refused } = await replay({ ...silent, dir, to: receiver.url, log: (line) => said.push(line) });
  await receiver.close();
  assert.equal(accepted + (refused.get('503') ?? 0), (await readRecording(dir)).length);
  assert.match(said.at(-1) ?? '', /^done: \d+ of \d+ bodies accepted; not accepted: \d+ × 503$/);
});

test('what cannot be replayed says why', async () => {
  const fails = (dir: string, to: string, code: string, message: RegExp) =>
    assert.rejects(replay({ ...silent, dir, to }), (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  const closed = await startReceiver();
  await closed.close();
  await fails(
    join(temporary, 'nowhere'),
    closed.url,
    'not-found',
    /cannot replay .*nowhere: no index\.jsonl there \(ENOENT\)/,
  );
  await fails(join(recordings, 'example'), closed.url, 'unavailable', /ECONNREFUSED/);
  const refusing = await startReceiver(() => 401);
  await fails(join(recordings, 'example'), refusing.url, 'unavailable', /\d+ × 401/);
  await refusing.close();
  await writeFile(join(temporary, 'index.jsonl'), '{"file":"../../etc/passwd","t_ms":1}');
  await fails(temporary, closed.url, 'bad-request', /line 1 of index\.jsonl names no file/);
  await writeFile(join(temporary, 'index.jsonl'), 'no json');
  await fails(temporary, closed.url, 'bad-request', /line 1 of index\.jsonl is no JSON/);
});

test('the demo sends the past first, then small chunked bodies of one sender each, until it is told to stop', async () => {
  const receiver = await startReceiver();
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 4500);
  const historySeconds = 3;
  await runDemo({ otlpHttp: receiver.url, ratePerSecond: 20, seed: 1, signal: stop.signal, historySeconds });
  await receiver.close();
  const sizes = receiver.received.map(({ body }) => {
    let senders = 0;
    let spans = 0;
    eachField(body, 0, body.length, (_field, _type, at, end) => {
      senders += 1;
      eachField(body, at, end, (field, _t, scopeAt, scopeEnd) => {
        if (field !== 2) return;
        eachField(body, scopeAt, scopeEnd, (inScope) => {
          if (inScope === 2) spans += 1;
        });
      });
    });
    return { senders, spans };
  });
  const past = sizes.slice(0, historySeconds);
  assert.ok(
    past.every(({ senders, spans }) => senders > 5 && spans > 100),
    JSON.stringify(past),
  );
  const live = sizes.slice(historySeconds);
  assert.ok(live.length > 10, `${live.length} live bodies`);
  assert.ok(live.every(({ senders, spans }) => senders === 1 && spans >= 1 && spans <= 20));
  assert.ok(receiver.received.every(({ headers }) => headers['transfer-encoding'] === 'chunked'));
  const ages = receiver.received.map(({ body }) => Date.now() - Number(newestEnd(body) / 1_000_000n));
  assert.ok(
    ages.every((age) => age > -500 && age < 10_000),
    'no span ends in the future',
  );
});

test('a demo that cannot keep up leaves time out instead of sending the past', async () => {
  const receiver = await startReceiver(() => 200, 120);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 6000);
  const said: string[] = [];
  const pace = { ratePerSecond: 80, seed: 1, historySeconds: 0 };
  await runDemo({ otlpHttp: receiver.url, ...pace, signal: stop.signal, log: (line) => said.push(line) });
  const endedMs = Date.now();
  await receiver.close();
  const last = receiver.received.slice(-10).map(({ body }) => endedMs - Number(newestEnd(body) / 1_000_000n));
  // 33 bodies a second are taken of more than a hundred: a queue would be four seconds old by now, and grow.
  assert.ok(Math.min(...last) < 3500, `the newest is ${Math.min(...last)} ms old`);
  assert.deepEqual(said, ['the collector is slower than the demo: some of its traces are left out']);
});

test("the demo's guide names the address and what to look for", () => {
  const guide = demoGuide('http://127.0.0.1:4319');
  assert.match(guide, /http:\/\/127\.0\.0\.1:4319/);
  assert.match(guide, /20–40 s {2}payment → api\.stripe\.example/);
  assert.ok(guide.split('\n').length <= 12);
});
