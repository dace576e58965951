/** The OTLP/HTTP door over real sockets: what it takes, what it refuses and when, and that nothing is left held. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { AppError } from '#shared/error.ts';
import type { Receive } from '../collector/receive/answer.ts';
import type { Door } from '../collector/receive/door.ts';
import { readTls } from '../collector/receive/guard.ts';
import { createByteBudget, type ByteBudget } from '../collector/receive/limits.ts';
import { createOtlpHttp, type HttpDoorOptions } from '../collector/receive/otlp-http.ts';

const recorded = 'fixtures/recordings/example';
const body = readFileSync(`${recorded}/${readdirSync(recorded).find((name) => name.endsWith('.pb')) ?? ''}`);
const protobuf = 'application/x-protobuf';
const json = 'application/json';
const doors: Door[] = [];

after(async () => {
  for (const door of doors) await door.close(100);
});

interface Opened {
  readonly url: string;
  readonly port: number;
  readonly door: Door;
  readonly taken: { body: Buffer; encoding: string }[];
  readonly budget: ByteBudget;
  readonly refused: string[];
  readonly bugs: unknown[];
}

async function open(options: Partial<HttpDoorOptions> = {}): Promise<Opened> {
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

function post(url: string, content: BodyInit | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body: content as BodyInit, headers: { 'content-type': protobuf, ...headers } });
}

/** Sends text over a bare socket. out: all that comes back until the peer closes or says nothing for 300 ms. */
async function exchange(port: number, ...parts: (string | Buffer)[]): Promise<string> {
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

describe('what the OTLP/HTTP door takes', () => {
  test('a protobuf body arrives byte for byte, and full success is zero bytes of the same type', async () => {
    const { url, taken, budget } = await open();
    const response = await post(url, body);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), protobuf);
    assert.equal((await response.arrayBuffer()).byteLength, 0);
    assert.deepEqual(taken, [{ body, encoding: 'protobuf' }]);
    assert.equal(budget.usedBytes, 0);
  });

  test('a JSON body is answered {} in JSON', async () => {
    const { url, taken } = await open();
    const response = await post(url, '{"resourceSpans":[]}', { 'content-type': `${json}; charset=utf-8` });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), json);
    assert.equal(await response.text(), '{}');
    assert.equal(taken[0]?.encoding, 'json');
  });

  for (const [coding, encode] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['deflate', deflateSync],
    ['identity', (bytes: Buffer) => bytes],
    ['GZIP', gzipSync],
  ] as const) {
    test(`a body with content-encoding ${coding} is inflated`, async () => {
      const { url, taken, budget } = await open();
      const response = await post(url, encode(body), { 'content-encoding': coding });
      assert.equal(response.status, 200);
      assert.deepEqual(taken[0]?.body, body);
      assert.equal(budget.usedBytes, 0);
    });
  }

  test('a chunked body without a length is taken, as Envoy sends it, many on one connection', async () => {
    const { port, taken } = await open();
    const chunked = (bytes: Buffer): (string | Buffer)[] => [
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${protobuf}\r\ntransfer-encoding: chunked\r\n\r\n`,
      `${(100).toString(16)}\r\n`,
      bytes.subarray(0, 100),
      `\r\n${(bytes.length - 100).toString(16)}\r\n`,
      bytes.subarray(100),
      '\r\n0\r\n\r\n',
    ];
    const answers = await exchange(port, ...chunked(body), ...chunked(body));
    assert.equal(answers.match(/HTTP\/1.1 200 OK/g)?.length, 2);
    assert.deepEqual(
      taken.map(({ body: bytes }) => bytes),
      [body, body],
    );
  });

  test('an empty body is taken: an export without spans succeeds', async () => {
    const { url, taken } = await open();
    assert.equal((await post(url, Buffer.alloc(0))).status, 200);
    assert.equal(taken[0]?.body.length, 0);
  });

  test('a body sent with Expect: 100-continue is asked for, then taken', async () => {
    const { port, taken } = await open();
    const head = `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${protobuf}\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\n\r\n`;
    const answers = await exchange(port, head, body);
    assert.match(answers, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
    assert.equal(taken.length, 1);
  });

  test('partial success names the rejected spans and the reason, in the encoding of the request', async () => {
    const { url } = await open({ receive: async () => ({ rejected: 300, message: 'no trace id' }) });
    const inJson = await post(url, '{}', { 'content-type': json });
    assert.deepEqual(await inJson.json(), { partialSuccess: { rejectedSpans: '300', errorMessage: 'no trace id' } });
    const inProtobuf = Buffer.from(await (await post(url, body)).arrayBuffer());
    assert.equal(inProtobuf.toString('hex'), `0a1008ac02120b${Buffer.from('no trace id').toString('hex')}`);
  });

  test('Zipkin bodies are taken at their own path and answered 202, when there is somebody to take them', async () => {
    const taken: string[] = [];
    const receiveZipkin = async (bytes: Uint8Array): Promise<{ rejected: number; message: string }> => {
      taken.push(Buffer.from(bytes).toString());
      return { rejected: 0, message: '' };
    };
    const { port } = await open({ receiveZipkin });
    const url = `http://127.0.0.1:${port}/api/v2/spans`;
    const response = await post(url, gzipSync('[]'), { 'content-type': json, 'content-encoding': 'gzip' });
    assert.equal(response.status, 202);
    assert.equal(await response.text(), '');
    assert.deepEqual(taken, ['[]']);
    assert.equal((await post(url, body)).status, 415);
    const without = await open();
    const refused = await post(`http://127.0.0.1:${without.port}/api/v2/spans`, '[]', { 'content-type': json });
    assert.equal(refused.status, 404);
  });

  test('GET / says where spans go', async () => {
    const { port } = await open();
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /POST them to \/v1\/traces/);
  });
});

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
    const { url, taken } = await open({ token: 'correct horse'.replace(' ', '-') });
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

describe('opening and closing the OTLP/HTTP door', () => {
  test('an address that is taken is said in words', async () => {
    const { port } = await open();
    await assert.rejects(open({ address: { host: '127.0.0.1', port } }), {
      code: 'unavailable',
      message: new RegExp(`cannot open OTLP/HTTP door 127.0.0.1:${port}: .*EADDRINUSE`),
    });
  });

  test('closing finishes what was begun and lets idle connections go', async () => {
    const commit = Promise.withResolvers<void>();
    const { url, door, budget } = await open({
      receive: async () => {
        await commit.promise;
        return { rejected: 0, message: '' };
      },
    });
    const pending = post(url, body);
    while (budget.usedBytes === 0) await sleep(5);
    const closed = door.close(5000);
    await sleep(50);
    commit.resolve();
    const response = await pending;
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('connection'), 'close');
    await closed;
    await assert.rejects(post(url, body));
  });

  test('with a client CA, senders without a certificate are turned away', async () => {
    const tls = readTls({
      tlsCert: 'test/tls/server.pem',
      tlsKey: 'test/tls/server-key.pem',
      tlsClientCa: 'test/tls/ca.pem',
    });
    const { port, taken } = await open({ tls });
    const send = (options: object): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': protobuf };
        const request = tlsRequest(
          {
            host: '127.0.0.1',
            port,
            path: '/v1/traces',
            method: 'POST',
            headers,
            ca: readFileSync('test/tls/ca.pem'),
            ...options,
          },
          (response) => resolve(response.resume().statusCode),
        );
        request.on('error', reject);
        request.end(body);
      });
    await assert.rejects(send({}));
    const shown = { cert: readFileSync('test/tls/client.pem'), key: readFileSync('test/tls/client-key.pem') };
    assert.equal(await send(shown), 200);
    assert.equal(taken.length, 1);
  });

  test('connections beyond the limit are turned away', async () => {
    let dropped = 0;
    const meter = { received: () => {}, refused: () => {}, dropped: () => void dropped++ };
    const { port } = await open({ maxConnections: 2, meter });
    const request = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        httpRequest({ port, host: '127.0.0.1', agent: false }, (response) => resolve(response.statusCode))
          .on('error', reject)
          .end();
      });
    const idle = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    await sleep(50);
    await assert.rejects(request());
    assert.equal(dropped, 1);
    for (const socket of idle) socket.destroy();
    await sleep(50);
    assert.equal(await request(), 200);
  });
});
