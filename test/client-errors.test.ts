/** 4xx answers, from spans to the map: the caller's mistakes, or failures where the settings say so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph } from '#shared/api.ts';
import type { CallOptions } from '#shared/calls.ts';
import { kind } from '#shared/span.ts';
import { isFailedCode } from '#shared/span-verdict.ts';
import { bodyOf } from './otlp-span.ts';
import { settle, startServing, storeBodies } from './serve.ts';

const nowMs = 1_800_000_000_000;
const served = await startServing({ now: () => nowMs });
let tick = nowMs / 1000;

/** Stores an answer of each code by a service, settled under these settings. out: its edge. */
async function edgeOf(service: string, codes: readonly number[], calls: CallOptions): Promise<Graph['edges'][number]> {
  tick += 100;
  const startNs = BigInt(nowMs - 60_000) * 1_000_000n;
  const bodies = codes.map((code, at) =>
    bodyOf(
      { 'http.status_code': code },
      { 'service.name': service },
      {
        traceId: (tick * 10 + at).toString(16).padStart(32, '0'),
        spanId: (tick * 10 + at).toString(16).padStart(16, '0'),
        name: 'GET /',
        kind: kind.server,
        startTimeUnixNano: String(startNs),
        endTimeUnixNano: String(startNs + 1_000_000n),
      },
    ),
  );
  await storeBodies(served.db, bodies, tick);
  await settle(served.db, tick, calls);
  const { edges } = (await served.json('/api/graph?window=5m')) as Graph;
  return edges.find(({ target }) => target === `//${service}`) ?? assert.fail();
}
const brief = ({ failed, clientErrors, errors }: Graph['edges'][number]): unknown => [
  failed,
  clientErrors,
  errors.map((error) => `${error.code} ${error.failed ? 'failed' : 'client error'}`).sort(),
];

test('an error type says whether it counts as failed', async () => {
  assert.deepEqual(brief(await edgeOf('usual', [200, 404, 404], {})), [0, 2, ['404 client error']]);
  assert.deepEqual(brief(await edgeOf('both', [200, 404, 404, 503], {})), [1, 2, ['404 client error', '503 failed']]);
});

test('it does also where 4xx are failures', async () => {
  const calls = { fourXxIsFailure: true };
  assert.deepEqual(brief(await edgeOf('strict', [200, 404, 404, 503], calls)), [3, 0, ['404 failed', '503 failed']]);
});

test('a code is a failure by itself as a span of it is', () => {
  const failures = ['0', '500', '503', '599', 'grpc 2', 'grpc 4', 'grpc 12', 'grpc 13', 'grpc 14', 'grpc 15'];
  for (const code of [...failures, 'error', 'ConnectionResetError', 'grpc x', '']) assert.ok(isFailedCode(code), code);
  for (const code of ['400', '404', '499', 'grpc 1', 'grpc 5', 'grpc 16', 'grpc 17', 'grpc 34', 'grpc 99'])
    assert.ok(!isFailedCode(code), code);
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
