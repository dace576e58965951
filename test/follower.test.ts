/** The derivation's thread as the program sees it: what happens when it fails, and that it goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createFollower } from '../collector/derive/follower.ts';
import { createDb, migrate } from '../collector/store/db.ts';
import type { ToldSpans } from '../collector/store/spans-told.ts';
import { createMesh } from '../fixtures/mesh.ts';
import { toRequest } from '../fixtures/mesh/otlp.ts';
import { storeBodies } from './serve.ts';

const options = { settleTicks: 1, lateTicks: 10, maxEdges: 100, calls: {} };

test('a derivation that fails says so, answers that the map is away, and goes on by itself', async (t) => {
  const db = await createDb('chdb::memory:');
  const failures = new EventTarget();
  let failed = 0;
  let ahead = 0;
  let newest = 0;
  const told: ToldSpans[] = [];
  // The store has no tables yet: the derivation cannot begin.
  const follower = createFollower({
    store: db.url,
    options,
    sealedTick: () => Math.floor(Date.now() / 1000) - 1 + ahead,
    newestTick: () => newest,
    tellUntil: (tick) => (tick < newest ? [] : told.splice(0)),
    onEnd: assert.fail,
    onFailure: () => {
      failed += 1;
      failures.dispatchEvent(new Event('failure'));
    },
  });
  t.after(async () => {
    await follower.close();
    await db.close();
  });
  await once(failures, 'failure');
  await assert.rejects(
    follower.consistent(async () => 1),
    { code: 'unavailable' },
  );
  ahead = 60;
  assert.ok(follower.status().lagMs >= 60_000, 'what waits for a derivation that has not begun is behind');
  ahead = 0;
  await migrate(db);
  for (;;) {
    try {
      const { value, unsettled } = await follower.consistent(async () => 7);
      assert.deepEqual({ value, unsettled }, { value: 7, unsettled: 0 });
      break;
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'unavailable');
      await pause(100);
    }
  }
  assert.ok(failed >= 1);
  await new Promise<void>((resolve) => follower.onAdvanced(resolve));

  // Who asked for a picture is told of what is written from then on.
  const before = follower.told.now();
  newest = Math.floor(Date.now() / 1000) + 3;
  const trace = createMesh({ seed: 1 })
    .traces(newest * 1000, 1)
    .flatMap(({ spans }) => spans);
  told.push(await storeBodies(db, [writeOtlp(toRequest(trace))], newest));
  // What is told is not read.
  await db.exec('TRUNCATE TABLE spans');
  while (follower.told.now() < before + 2) await pause(20);
  const { value, unsettled } = await follower.consistent(async (_, writes) => follower.told.between(before, writes));
  assert.equal(value?.length, 1);
  assert.ok((value[0]?.edges.rows ?? 0) > 0);
  assert.ok((value[0]?.tick ?? 0) > newest);
  assert.equal(unsettled, 0);
  assert.equal(follower.told.between(before - 2, before + 2), undefined, 'what was written before is not known');
});
