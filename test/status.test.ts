/** What /api/status says of how far the map is behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '#shared/api.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { edgeFrame } from './edge-frame.ts';
import { startServing, storeBodies, storeFrames } from './serve.ts';

const served = await startServing();
const read = async (): Promise<Status['store']> => ((await served.json('/api/status')) as Status).store;

test('an empty store has no newest call', async () => {
  const { oldest, newest, newestCall } = await read();
  assert.deepEqual([oldest, newest, newestCall], [null, null, null]);
});

test('senders that send the past are told by a newest call that is older than the newest span', async () => {
  const tick = 1_764_000_400;
  const span = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'GET', startTimeUnixNano: 1n };
  const body = writeOtlp({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
  await storeBodies(served.db, [body], tick);
  await storeFrames(served.db, [
    edgeFrame('web', 'auth', { frame: tick - 400, calls: 1 }),
    edgeFrame('', 'web', { frame: tick - 200, rootNs: { k: 1 } }),
    edgeFrame('kubelet', 'web', { frame: tick - 100, calls: 1, probe: 1 }),
    edgeFrame('web', 'late', { frame: tick + 600, calls: 1 }),
  ]);
  const { newest, newestCall } = await read();
  assert.deepEqual([newest, newestCall], [tick * 1000, (tick - 400) * 1000]);
});
