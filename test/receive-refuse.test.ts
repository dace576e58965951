/** The OTLP/HTTP door over real sockets: what it refuses and when, and that nothing is left held. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { AppError } from '#shared/error.ts';
import type { Receive } from '../collector/receive/answer.ts';
import { createByteBudget } from '../collector/receive/limits.ts';
import { body, exchange, json, open, post, protobuf } from './open-door.ts';

/** Code and message of a google.rpc.Status, read field by field. */
function readStatus(bytes: Buffer): { code: number; message: string; retrySeconds: number | undefined } {
  assert.equal(bytes[0], 0x08);
  assert.equal(bytes[2], 0x12);
  let at = 3;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  const message = bytes.subarray(at, at + length).toString();
  const details = bytes.subarray(at + length);
  const retry = details.includes('google.rpc.RetryInfo') ? details.at(-1) : undefined;
  return { code: bytes[1] ?? -1, message, retrySeconds: retry };
}

describe('what the OTLP/HTTP door refuses', () => {
  test('every refusal is a google.rpc.Status in the encoding of the request', async () => {
    const receive: Receive = async () => {
      throw new AppError('bad-request', 'cannot decode body: cut short');
    };
    const { url } = await open({ receive });
    const inProtobuf = await post(url, body);
    assert.equal(inProtobuf.status, 400);
    assert.equal(inProtobuf.headers.get('content-type'), protobuf);
    const status = readStatus(Buffer.from(await inProtobuf.arrayBuffer()));
    assert.deepEqual(status, { code: 3, message: 'cannot decode body: cut short', retrySeconds: undefined });
    const inJson = await post(url, '{', { 'content-type': json });
    assert.deepEqual(await inJson.json(), { code: 3, message: 'cannot decode body: cut short' });
  });

  test('other content types are 415, and so is none', async () => {
    const { url, port } = await open();
    for (const type of ['text/plain', 'application/x-protobuffer', 'multipart/form-data', 'application/json-seq']) {
      assert.equal((await post(url, body, { 'content-type': type })).status, 415, type);
    }
    const answers = await exchange(port, 'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
    assert.match(answers, /^HTTP\/1.1 415/);
  });

  test('unknown codings are 415, and so are several', async () => {
    const { url, taken } = await open();
    for (const coding of ['br', 'snappy', 'gzip, gzip', 'gzip,identity', '__proto__', 'constructor']) {
      assert.equal((await post(url, body, { 'content-encoding': coding })).status, 415, coding);
    }
    assert.equal(taken.length, 0);
  });

  test('other methods are 405 with Allow, other paths 404, and preflights are refused while CORS is off', async () => {
    const { url, port } = await open();
    const got = await fetch(url);
    assert.equal(got.status, 405);
    assert.equal(got.headers.get('allow'), 'POST');
    assert.equal((await fetch(url, { method: 'OPTIONS' })).status, 405);
    assert.equal((await post(`http://127.0.0.1:${port}/v1/metrics`, body)).status, 404);
    assert.equal((await post(`${url}/`, body)).status, 404);
    assert.equal((await post(`${url}?x=1`, body)).status, 200);
  });

  test('pages may send only from listed origins', async () => {
    const { port, taken } = await open({ corsOrigins: ['https://shop.example'] });
    const send = (origin: string, method = 'POST'): Promise<string> =>
      exchange(
        port,
        `${method} /v1/traces HTTP/1.1\r\nhost: x\r\norigin: ${origin}\r\ncontent-type: ${json}\r\ncontent-length: 2\r\n\r\n{}`,
      );
    assert.match(await send('https://evil.example'), /^HTTP\/1.1 403/);
    assert.match(await send('https://evil.example', 'OPTIONS'), /^HTTP\/1.1 403/);
    assert.match(await send('https://shop.example', 'OPTIONS'), /^HTTP\/1.1 204[^]*Access-Control-Allow-Methods: POST/);
    assert.match(
      await send('https://shop.example'),
      /^HTTP\/1.1 200[^]*Access-Control-Allow-Origin: https:\/\/shop.example/,
    );
    assert.equal(taken.length, 1);
  });

  test('a body above the limit is 413: by its announced length, while it arrives, and while it inflates', async () => {
    const { url, taken, budget } = await open({ maxBodyBytes: 100_000 });
    const large = Buffer.alloc(100_001, 'spans');
    assert.equal((await post(url, large)).status, 413);
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < 20; at++) controller.enqueue(Buffer.alloc(10_000, at));
        controller.close();
      },
    });
    const chunked = await fetch(url, {
      method: 'POST',
      body: stream,
      headers: { 'content-type': json },
      duplex: 'half',
    } as RequestInit);
    assert.equal(chunked.status, 413);
    assert.equal(((await chunked.json()) as { code: number }).code, 8);
    assert.equal((await post(url, gzipSync(large), { 'content-encoding': 'gzip' })).status, 413);
    assert.equal((await post(url, Buffer.alloc(100_000, 'spans'))).status, 200);
    assert.equal(taken.length, 1);
    assert.equal(budget.usedBytes, 0);
  });

  for (const [coding, encode] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    test(`a ${coding} bomb is 413 long before it is inflated`, async () => {
      const { url, budget } = await open({ budget: createByteBudget(1 << 30), maxBodyBytes: 1 << 30 });
      const bomb = encode(Buffer.alloc(256 << 20));
      const before = process.memoryUsage().rss;
      const response = await post(url, bomb, { 'content-encoding': coding });
      assert.equal(response.status, 413);
      assert.ok(process.memoryUsage().rss - before < 128 << 20, 'memory grew with the bomb');
      assert.equal(budget.usedBytes, 0);
    });

    test(`broken ${coding} is 400, cut short or not ${coding} at all`, async () => {
      const { url, taken, budget } = await open();
      const encoded = encode(body);
      const cut = encoded.subarray(0, encoded.length - 5);
      assert.equal((await post(url, cut, { 'content-encoding': coding })).status, 400);
      assert.equal((await post(url, body, { 'content-encoding': coding })).status, 400);
      assert.equal((await post(url, Buffer.alloc(0), { 'content-encoding': coding })).status, 400);
      const large = encode(randomBytes(100_000));
      assert.equal((await post(url, large.subarray(0, -5), { 'content-encoding': coding })).status, 400);
      assert.equal(taken.length, 0);
      assert.equal(budget.usedBytes, 0);
    });
  }

  test('a full budget is 503 with Retry-After and RetryInfo before the body is read', async () => {
    const budget = createByteBudget(1000);
    const { port, taken } = await open({ budget });
    const held = budget.open();
    held.take(1000);
    const head = `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${protobuf}\r\ncontent-length: 500\r\nexpect: 100-continue\r\n\r\n`;
    const answer = await exchange(port, head);
    assert.match(answer, /^HTTP\/1.1 503/);
    assert.match(answer, /\r\nRetry-After: 1\r\n/);
    const { code, retrySeconds } = readStatus(Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1'));
    assert.deepEqual({ code, retrySeconds }, { code: 14, retrySeconds: 1 });
    held.release();
    assert.match(await exchange(port, head, Buffer.alloc(500)), /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200/);
    assert.equal(taken.length, 1);
  });

  test('bytes count until their spans are committed, and a body that would not fit is 503', async () => {
    const budget = createByteBudget(1000);
    const commit = Promise.withResolvers<void>();
    const receive: Receive = async () => {
      await commit.promise;
      return { rejected: 0, message: '' };
    };
    const { url } = await open({ budget, receive });
    const first = post(url, Buffer.alloc(700));
    while (budget.usedBytes < 700) await sleep(5);
    const second = await post(url, Buffer.alloc(400));
    assert.equal(second.status, 503);
    assert.equal(second.headers.get('retry-after'), '1');
    const inflated = await post(url, gzipSync(Buffer.alloc(400)), { 'content-encoding': 'gzip' });
    assert.equal(inflated.status, 503);
    assert.equal(budget.usedBytes, 700);
    commit.resolve();
    assert.equal((await first).status, 200);
    assert.equal(budget.usedBytes, 0);
  });

  test('a refused body leaves the connection usable', async () => {
    const { port } = await open();
    const request = (type: string): string =>
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: 2\r\n\r\n{}`;
    const answers = await exchange(port, request('text/plain') + request(json));
    assert.match(answers, /^HTTP\/1.1 415[^]*HTTP\/1.1 200/);
  });

  test('a sender that goes away in the middle gives its bytes back', async () => {
    const { port, budget, taken } = await open();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${protobuf}\r\ncontent-length: 5000\r\n\r\n`);
    socket.write(Buffer.alloc(3000));
    while (budget.usedBytes < 3000) await sleep(5);
    socket.destroy();
    while (budget.usedBytes > 0) await sleep(5);
    assert.equal(taken.length, 0);
  });

  test('the token is asked for under the scheme Bearer and no other', async () => {
    const { url, taken } = await open({ token: 'correct-horse' });
    const status = async (authorization?: string): Promise<number> =>
      (await post(url, body, authorization === undefined ? {} : { authorization })).status;
    assert.equal(await status(), 401);
    for (const wrong of [
      'Bearer',
      'Bearer wrong',
      'Basic correct-horse',
      'correct-horse',
      'Bearer correct-horse x',
      'Bearer correct-hors',
    ]) {
      assert.equal(await status(wrong), 401, wrong);
    }
    assert.equal(taken.length, 0);
    assert.equal(await status('Bearer correct-horse'), 200);
    const refused = await post(url, body);
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
  });

  test('a bug is 500 without detail, and is told to the log', async () => {
    const bug = new TypeError('secret detail');
    const { url, bugs, budget } = await open({
      receive: async () => {
        throw bug;
      },
    });
    const response = await post(url, '{}', { 'content-type': json });
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /secret/);
    assert.deepEqual(bugs, [bug]);
    assert.equal(budget.usedBytes, 0);
  });

  test('hostile heads are answered or cut off, and the door lives on', async () => {
    const { port, url } = await open();
    const heads = [
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\n__proto__: a\r\nconstructor: b\r\ncontent-type: __proto__\r\ncontent-length: 0\r\n\r\n`,
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n`,
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n`,
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(5000)}\r\n`,
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
      `POST //evil\0 HTTP/1.1\r\nhost: x\r\n\r\n`,
      `GET http://[::bad HTTP/1.1\r\nhost: x\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ];
    for (const head of heads) assert.match(await exchange(port, head), /^(HTTP\/1.1 [45]\d\d|$)/, head.slice(0, 80));
    assert.equal((await post(url, body)).status, 200);
  });
});
