/** The OTLP/HTTP door over real sockets: what it takes, and how it opens and closes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { readTls } from '../collector/receive/guard.ts';
import { body, exchange, json, open, post, protobuf } from './open-door.ts';

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

    test(`a large body with content-encoding ${coding} is inflated, whatever it is as sent`, async () => {
      const { url, taken, budget } = await open();
      const block = randomBytes(16 << 10);
      const repeats = Buffer.concat(Array.from({ length: 96 }, () => block));
      const bodies = [randomBytes(100_000), repeats.subarray(0, 1 << 20), repeats.subarray(0, (1 << 20) + 1), repeats];
      for (const large of bodies) {
        assert.equal((await post(url, encode(large), { 'content-encoding': coding })).status, 200);
        assert.ok(taken.pop()?.body.equals(large), `${large.length} bytes came out as others`);
        assert.equal(budget.usedBytes, 0);
      }
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
