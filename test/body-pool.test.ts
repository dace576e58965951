/** Bodies of several pieces share their buffers, one after the other: never two at a time, and never before the last one is done with. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Client, credentials } from '@grpc/grpc-js';
import { AppError } from '#shared/error.ts';
import type { Receive } from '../collector/receive/answer.ts';
import { createBodyPool } from '../collector/receive/body-pool.ts';
import { createByteBudget } from '../collector/receive/limits.ts';
import { createOtlpGrpc } from '../collector/receive/otlp-grpc.ts';
import { open, post, protobuf } from './open-door.ts';

describe('the pool', () => {
  test('gives a buffer again when it is back, and to nobody else before', () => {
    const pool = createBodyPool();
    const first = pool.take(100_000);
    const second = pool.take(100_000);
    assert.ok(first.length >= 100_000);
    assert.notEqual(first.buffer, second.buffer);
    pool.give(first);
    assert.equal(pool.take(70_000).buffer, first.buffer);
    assert.notEqual(pool.take(100_000).buffer, first.buffer);
  });

  test('keeps no more than it may, and nothing huge', () => {
    const pool = createBodyPool(300_000);
    const taken = Array.from({ length: 4 }, () => pool.take(100_000));
    for (const buffer of taken) pool.give(buffer);
    const kept = Array.from({ length: 4 }, () => pool.take(100_000)).filter(({ buffer }) =>
      taken.some((other) => other.buffer === buffer),
    );
    assert.equal(kept.length, 2);
    const huge = pool.take(5 << 20);
    pool.give(huge);
    assert.notEqual(pool.take(5 << 20).buffer, huge.buffer);
  });
});

describe('a share', () => {
  const sizeBytes = 100_000;
  const piece = (): Buffer => Buffer.alloc(sizeBytes, 'piece');

  test('grows a body in buffers with room for more, in proportion to what has come and up to the most it may have', () => {
    const share = createByteBudget(1 << 20).open();
    let body = piece();
    const capacities = new Set<number>();
    for (let at = 1; at < 20; at++) {
      body = share.join(body, at * sizeBytes, piece(), 2_500_000);
      assert.ok(body.length <= Math.max(8 * (at + 1) * sizeBytes, 16 << 10));
      capacities.add(body.length);
    }
    assert.ok(body.subarray(0, 20 * sizeBytes).equals(Buffer.concat(Array(20).fill(piece()))));
    assert.ok(capacities.size <= 3, `${capacities.size} buffers`);
    const large = share.join(Buffer.alloc(4_000_000), 4_000_000, piece(), 5_000_000);
    assert.equal(large.length, 5_000_000);
  });

  test('gives the memory of pieces back that it has copied, but none that others use', () => {
    const pieces = [piece(), piece(), piece().subarray(1)] as const;
    const share = createByteBudget(1 << 20).open();
    const joined = share.join(pieces[0], sizeBytes, pieces[1], 1 << 20);
    assert.equal(share.join(joined, 2 * sizeBytes, pieces[2], 1 << 20), joined);
    assert.deepEqual(
      [...pieces, joined].map(({ buffer }) => buffer.byteLength),
      [0, 0, sizeBytes, joined.length],
    );
  });

  test('gives the memory of adopted buffers back with the rest, but none that others use', () => {
    const share = createByteBudget(1 << 20).open();
    const [large, small] = [Buffer.allocUnsafeSlow(1 << 18).subarray(0, 200_000), Buffer.from('small')];
    share.adopt(large);
    share.adopt(small);
    assert.deepEqual([large.length, small.length], [200_000, 5]);
    share.release();
    share.release();
    assert.deepEqual([large.length, small.toString()], [0, 'small']);
  });

  test('gives its buffers back once, however often it is released', () => {
    const budget = createByteBudget(1 << 20);
    const share = budget.open();
    const joined = share.join(piece(), sizeBytes, piece(), 1 << 20);
    share.release();
    share.release();
    const next = [1, 2].map(() => budget.open().join(piece(), sizeBytes, piece(), 1 << 20).buffer);
    assert.equal(next[0], joined.buffer);
    assert.notEqual(next[1], joined.buffer);
  });
});

describe('bodies that are taken at the same time keep their bytes until they are answered', () => {
  const bodies = Array.from({ length: 60 }, (_, i) =>
    Buffer.alloc(70_000 + i * 9001, createHash('sha256').update(`body ${i}`).digest()),
  );
  const wanted = new Set(bodies.map(digest));

  /** Takes every other body after a while, refuses the others; looks at the bytes when it is done with them. */
  function watch(): { seen: Set<string>; receive: Receive } {
    const seen = new Set<string>();
    let count = 0;
    const receive: Receive = async (bytes) => {
      const refused = count++ % 2 === 1;
      await sleep(count % 17);
      seen.add(digest(bytes));
      if (refused) throw new AppError('bad-request', 'cannot parse');
      return { rejected: 0, message: '' };
    };
    return { seen, receive };
  }

  test('over HTTP, compressed or not, taken or refused, while others are cut short', async () => {
    const { seen, receive } = watch();
    const { url, port, budget } = await open({ receive, budget: createByteBudget(1 << 30) });
    const cutShort = setInterval(() => {
      const socket = connectTcp(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${protobuf}\r\ncontent-length: 900000\r\n\r\n`,
      );
      socket.write(Buffer.alloc(300_000, 'cut'), () => socket.destroy());
    }, 5);
    const statuses = await Promise.all(
      bodies.map(async (bytes, i) => {
        const coded = i % 3 === 0;
        const sent = coded ? gzipSync(bytes) : bytes;
        return (await post(url, sent, coded ? { 'content-encoding': 'gzip' } : {})).status;
      }),
    );
    clearInterval(cutShort);
    assert.deepEqual([...new Set(statuses)].sort(), [200, 400]);
    assert.deepEqual(seen, wanted);
    while (budget.usedBytes > 0) await sleep(5);
  });

  test('over gRPC', async () => {
    const { seen, receive } = watch();
    const bugs: unknown[] = [];
    const door = await createOtlpGrpc({
      address: { host: '127.0.0.1', port: 0 },
      receive,
      budget: createByteBudget(1 << 30),
      maxBodyBytes: 4 << 20,
      maxConnections: 100,
      token: '',
      tls: undefined,
      meter: { received: () => {}, refused: () => {}, dropped: () => {} },
      onBug: (error) => void bugs.push(error),
    });
    const client = new Client(`127.0.0.1:${door.address.port}`, credentials.createInsecure());
    after(async () => {
      client.close();
      await door.close(100);
    });
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    const identity = (bytes: Buffer): Buffer => bytes;
    await Promise.all(
      bodies.map(
        (bytes) => new Promise<void>((done) => client.makeUnaryRequest(path, identity, identity, bytes, () => done())),
      ),
    );
    assert.deepEqual(seen, wanted);
    assert.deepEqual(bugs, []);
  });
});

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
