/** The OTLP/gRPC door with grpc-js as the sender, and with bare HTTP/2 where a well-behaved sender would not do. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Client, compressionAlgorithms, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { AppError } from '#shared/error.ts';
import type { Receive } from '../collector/receive/answer.ts';
import type { Door, DoorOptions } from '../collector/receive/door.ts';
import { readTls } from '../collector/receive/guard.ts';
import { createByteBudget, type ByteBudget } from '../collector/receive/limits.ts';
import { createOtlpGrpc } from '../collector/receive/otlp-grpc.ts';

const recorded = 'fixtures/recordings/example';
const body = readFileSync(`${recorded}/${readdirSync(recorded).find((name) => name.endsWith('.pb')) ?? ''}`);
const exportPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const identity = (bytes: Buffer): Buffer => bytes;
const doors: Door[] = [];
const clients: Client[] = [];
const sessions: ClientHttp2Session[] = [];

after(async () => {
  for (const client of clients) client.close();
  for (const session of sessions) session.destroy();
  for (const door of doors) await door.close(100);
});

interface Opened {
  readonly port: number;
  readonly door: Door;
  readonly taken: Buffer[];
  readonly budget: ByteBudget;
  readonly bugs: unknown[];
  readonly client: Client;
}

async function open(options: Partial<DoorOptions> = {}, gzip = false): Promise<Opened> {
  const taken: Buffer[] = [];
  const bugs: unknown[] = [];
  const budget = options.budget ?? createByteBudget(8 << 20);
  const door = await createOtlpGrpc({
    address: { host: '127.0.0.1', port: 0 },
    receive: async (bytes, encoding) => {
      assert.equal(encoding, 'protobuf');
      taken.push(Buffer.from(bytes));
      return { rejected: 0, message: '' };
    },
    maxBodyBytes: 4 << 20,
    maxConnections: 100,
    token: '',
    tls: undefined,
    meter: { received: () => {}, refused: () => {}, dropped: () => {} },
    onBug: (error) => void bugs.push(error),
    ...options,
    budget,
  });
  doors.push(door);
  const { port } = door.address;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
    'grpc.max_send_message_length': -1,
    'grpc.enable_retries': 0,
  });
  clients.push(client);
  return { port, door, taken, budget, bugs, client };
}

function send(
  client: Client,
  message: Buffer,
  metadata: Record<string, string> = {},
  path = exportPath,
): Promise<Buffer> {
  const sent = Metadata.fromHttp2Headers(metadata);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      identity,
      identity,
      message,
      sent,
      { deadline: Date.now() + 5000 },
      (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      },
    );
  });
}

async function refusal(sent: Promise<Buffer>): Promise<ServiceError> {
  return sent.then(
    () => assert.fail('it was taken'),
    (error: ServiceError) => error,
  );
}

function detailsOf(error: ServiceError): Buffer {
  return error.metadata.get('grpc-status-details-bin')[0] as Buffer;
}

/** A call over bare HTTP/2. out: the stream, and the headers and trailers that come back. */
function call(
  port: number,
  headers: Record<string, string> = {},
): { stream: ClientHttp2Stream; answer: Promise<Record<string, unknown>> } {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  sessions.push(session);
  const stream = session.request({
    ':method': 'POST',
    ':path': exportPath,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const seen: Record<string, unknown> = {};
  stream.on('response', (head) => Object.assign(seen, head));
  stream.on('trailers', (trailers) => Object.assign(seen, trailers));
  stream.on('error', () => {});
  stream.resume();
  const answer = new Promise<Record<string, unknown>>((resolve) => stream.on('close', () => resolve(seen)));
  return { stream, answer };
}

function frame(message: Buffer, flag = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

describe('what the OTLP/gRPC door takes', () => {
  test('an export arrives byte for byte and full success is an empty message', async () => {
    const { client, taken, budget } = await open();
    assert.equal((await send(client, body)).length, 0);
    assert.deepEqual(taken, [body]);
    assert.equal(budget.usedBytes, 0);
  });

  test('a gzip message is inflated', async () => {
    const { client, taken, budget } = await open({}, true);
    await send(client, body);
    assert.deepEqual(taken, [body]);
    assert.equal(budget.usedBytes, 0);
  });

  test('an export without spans succeeds', async () => {
    const { client, taken } = await open();
    await send(client, Buffer.alloc(0));
    assert.equal(taken[0]?.length, 0);
  });

  test('many exports at once on one connection all arrive', async () => {
    const { client, taken } = await open();
    const bodies = Array.from({ length: 300 }, (_, at) => Buffer.alloc(2000, at));
    await Promise.all(bodies.map((bytes) => send(client, bytes)));
    assert.equal(taken.length, 300);
  });

  test('a large message in many frames is put together', async () => {
    const { client, taken } = await open();
    const large = Buffer.alloc(3 << 20, body);
    await send(client, large);
    assert.ok(taken[0]?.equals(large));
  });

  test('a sender may have a whole message of usual size under way, several on a connection', async () => {
    const { port, taken } = await open();
    const { stream, answer } = call(port);
    const { session } = stream;
    stream.end(frame(body));
    await answer;
    assert.equal(session?.remoteSettings.initialWindowSize, 1 << 20);
    assert.ok((session.state.remoteWindowSize ?? 0) > 3 << 20);
    assert.deepEqual(taken, [body]);
  });

  test('partial success names the rejected spans and the reason', async () => {
    const { client } = await open({ receive: async () => ({ rejected: 2, message: 'no id' }) });
    assert.equal((await send(client, body)).toString('hex'), `0a09080212056e6f206964`);
  });
});

describe('what the OTLP/gRPC door refuses', () => {
  test('bad data is INVALID_ARGUMENT', async () => {
    const receive: Receive = async () => {
      throw new AppError('bad-request', 'cannot decode body “x”: cut at 100 %');
    };
    const { client, budget } = await open({ receive });
    const error = await refusal(send(client, body));
    assert.equal(error.code, status.INVALID_ARGUMENT);
    assert.equal(error.details, 'cannot decode body “x”: cut at 100 %');
    assert.equal(budget.usedBytes, 0);
  });

  test('a full budget is UNAVAILABLE with RetryInfo, before the message is read', async () => {
    const budget = createByteBudget(1000);
    const { client, port } = await open({ budget });
    const held = budget.open();
    held.take(1000);
    const error = await refusal(send(client, body));
    assert.equal(error.code, status.UNAVAILABLE);
    assert.match(detailsOf(error).toString('latin1'), /type.googleapis.com\/google.rpc.RetryInfo/);
    const { answer } = call(port);
    assert.equal((await answer)['grpc-status'], '14');
    held.release();
    await send(client, Buffer.alloc(900));
  });

  test('a message above the limit is RESOURCE_EXHAUSTED without RetryInfo, as sent or as inflated', async () => {
    for (const gzip of [false, true]) {
      const { client, budget } = await open({ maxBodyBytes: 100_000 }, gzip);
      const error = await refusal(send(client, Buffer.alloc(100_001)));
      assert.equal(error.code, status.RESOURCE_EXHAUSTED);
      assert.doesNotMatch(detailsOf(error).toString('latin1'), /RetryInfo/);
      await send(client, Buffer.alloc(100_000, 'spans of all sorts'));
      assert.equal(budget.usedBytes, 0);
    }
  });

  test('many messages that are never finished hold no more than the budget', async () => {
    const budget = createByteBudget(1 << 20);
    const { port, client } = await open({ budget, maxBodyBytes: 1 << 20 });
    const calls = Array.from({ length: 10 }, () => call(port));
    for (const { stream } of calls) stream.write(frame(Buffer.alloc(200_000), 0, 900_000));
    const refused = await Promise.race(calls.map(({ answer }) => answer));
    assert.equal(refused['grpc-status'], '14');
    assert.ok(budget.usedBytes <= budget.totalBytes);
    for (const { stream } of calls) stream.destroy();
    while (budget.usedBytes > 0) await sleep(5);
    await send(client, body);
  });

  test('gzip bombs side by side inflate no further than the budget', async () => {
    const budget = createByteBudget(8 << 20);
    const { port } = await open({ budget, maxBodyBytes: 6 << 20 });
    const bomb = frame(gzipSync(Buffer.alloc(6 << 20)), 1);
    const calls = Array.from({ length: 20 }, () => call(port, { 'grpc-encoding': 'gzip' }));
    for (const { stream } of calls) stream.end(bomb);
    const answers = await Promise.all(calls.map(({ answer }) => answer));
    assert.ok(
      answers.every((answer) => answer['grpc-status'] === '8' || answer['grpc-status'] === '14'),
      JSON.stringify(answers),
    );
    assert.equal(budget.usedBytes, 0);
  });

  test('the token is asked for in the metadata', async () => {
    const { client, taken } = await open({ token: 'sesame' });
    assert.equal((await refusal(send(client, body))).code, status.UNAUTHENTICATED);
    assert.equal((await refusal(send(client, body, { authorization: 'Basic sesame' }))).code, status.UNAUTHENTICATED);
    assert.equal(taken.length, 0);
    await send(client, body, { authorization: 'Bearer sesame' });
    assert.equal(taken.length, 1);
  });

  test('other methods and codings are UNIMPLEMENTED', async () => {
    const { client, port } = await open();
    const metricsPath = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
    assert.equal((await refusal(send(client, body, {}, metricsPath))).code, status.UNIMPLEMENTED);
    const { stream, answer } = call(port, { 'grpc-encoding': 'snappy' });
    stream.end(frame(body, 1));
    assert.equal((await answer)['grpc-status'], '12');
  });

  test('a message that is not what its prefix says is INVALID_ARGUMENT', async () => {
    const { port, budget } = await open();
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(4),
      frame(body, 0, body.length + 1),
      frame(body, 0, body.length - 1),
      frame(body, 2),
      frame(body, 1),
    ]) {
      const { stream, answer } = call(port);
      stream.end(bytes);
      assert.equal((await answer)['grpc-status'], '3', bytes.subarray(0, 5).toString('hex'));
    }
    const broken = call(port, { 'grpc-encoding': 'gzip' });
    broken.stream.end(frame(body, 1));
    assert.equal((await broken.answer)['grpc-status'], '3');
    assert.equal(budget.usedBytes, 0);
  });

  test('who does not speak gRPC is told so in HTTP, or hung up on', async () => {
    const { port, client } = await open();
    const plain = call(port, { 'content-type': 'application/json' });
    plain.stream.end('{}');
    assert.equal((await plain.answer)[':status'], 415);
    const got = call(port, { ':method': 'GET' });
    got.stream.end();
    assert.equal((await got.answer)[':status'], 405);
    const hostile = call(port, { ['__proto__x']: 'a', constructor: 'b', 'grpc-encoding': '__proto__' });
    hostile.stream.end(frame(body));
    assert.equal((await hostile.answer)['grpc-status'], '12');
    const socket = connectTcp(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
    await new Promise((resolve) =>
      socket
        .on('error', () => {})
        .on('close', resolve)
        .resume(),
    );
    await send(client, body);
  });

  test('a sender that goes away in the middle gives its bytes back', async () => {
    const { port, budget, taken } = await open();
    const { stream } = call(port);
    stream.write(frame(Buffer.alloc(3000), 0, 5000));
    while (budget.usedBytes < 3005) await sleep(5);
    stream.close(8);
    while (budget.usedBytes > 0) await sleep(5);
    assert.equal(taken.length, 0);
  });

  test('a bug is INTERNAL without detail, and is told to the log', async () => {
    const bug = new TypeError('secret detail');
    const { client, bugs } = await open({
      receive: async () => {
        throw bug;
      },
    });
    const error = await refusal(send(client, body));
    assert.equal(error.code, status.INTERNAL);
    assert.doesNotMatch(error.details, /secret/);
    assert.deepEqual(bugs, [bug]);
  });
});

describe('opening and closing the OTLP/gRPC door', () => {
  test('an address that is taken is said in words', async () => {
    const { port } = await open();
    await assert.rejects(open({ address: { host: '127.0.0.1', port } }), {
      code: 'unavailable',
      message: new RegExp(`cannot open OTLP/gRPC door 127.0.0.1:${port}: .*EADDRINUSE`),
    });
  });

  test('closing finishes what was begun', async () => {
    const commit = Promise.withResolvers<void>();
    const { client, door, budget } = await open({
      receive: async () => {
        await commit.promise;
        return { rejected: 0, message: '' };
      },
    });
    const pending = send(client, body);
    while (budget.usedBytes === 0) await sleep(5);
    const closed = door.close(5000);
    await sleep(50);
    commit.resolve();
    await pending;
    await closed;
    assert.equal((await refusal(send(client, body))).code, status.UNAVAILABLE);
  });

  test('closing does not wait for ever', async () => {
    const { port, door, budget } = await open();
    const { stream } = call(port);
    stream.write(frame(Buffer.alloc(3000), 0, 5000));
    while (budget.usedBytes === 0) await sleep(5);
    await door.close(50);
    while (budget.usedBytes > 0) await sleep(5);
  });

  test('with a client CA, senders without a certificate are turned away', async () => {
    const [ca, cert, key] = ['ca', 'client', 'client-key'].map((name) => readFileSync(`test/tls/${name}.pem`));
    const { port, taken } = await open({
      tls: readTls({
        tlsCert: 'test/tls/server.pem',
        tlsKey: 'test/tls/server-key.pem',
        tlsClientCa: 'test/tls/ca.pem',
      }),
    });
    const stranger = new Client(`localhost:${port}`, credentials.createSsl(ca));
    const known = new Client(`localhost:${port}`, credentials.createSsl(ca, key, cert));
    clients.push(stranger, known);
    assert.equal((await refusal(send(stranger, body))).code, status.UNAVAILABLE);
    await send(known, body);
    assert.equal(taken.length, 1);
  });
});
