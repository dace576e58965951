/** collector/derive/frames.ts: what does not fit a row's bounds is still counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitRootKey } from '#shared/critical-cut.ts';
import { totalOf } from '#shared/edge-sum.ts';
import { noSource } from '#shared/frame.ts';
import { durationBand } from '#shared/sketch.ts';
import { workloadKinds } from '#shared/span.ts';
import { nodeId, type Workload } from '#shared/workload.ts';
import { createFrames } from '../collector/derive/frames.ts';

const workload = (name: string): Workload => ({
  id: nodeId('', '', name),
  cluster: '',
  namespace: '',
  name,
  kind: workloadKinds.indexOf('service'),
});

test('of more root operations than a row names, the rest count under one name, so that shares stay right', () => {
  const frames = createFrames(100);
  const gateway = workload('gateway');
  const rare = workload('rare');
  const rootDurationNs = 100e6;
  for (let operation = 0; operation < 1000; operation++) {
    frames.addPath({
      originNs: 1_764_000_000_000_000_000n,
      startNs: 0,
      key: `${durationBand(rootDurationNs)}|gateway|GET /${operation}`,
      root: gateway,
      rootDurationNs,
      weight: 1,
      calls: new Map(),
      // The last hundred spend half of their time where no other trace comes.
      uncalled: new Map(operation >= 900 ? [[rare, rootDurationNs / 2]] : [[gateway, rootDurationNs]]),
    });
  }
  const rows = frames.rows();
  const own = (name: string) => rows.find(({ sourceKind, target }) => sourceKind === noSource && target === name);
  const root = own('gateway') ?? assert.fail();
  assert.equal(totalOf(root.rootCount), 1000);
  assert.equal(totalOf(root.rootNs), 1000 * rootDurationNs);
  assert.equal(totalOf(own('rare')?.criticalNs ?? {}), 50 * rootDurationNs);
  const entries = Object.keys(root.rootCount).map((key) => splitRootKey(key).entry);
  assert.ok(entries.length <= 257 && entries.includes('other|other operations'));
  assert.deepEqual(
    Object.keys(own('rare')?.criticalNs ?? {}).map((key) => splitRootKey(key).entry),
    ['other|other operations'],
    'under the key that the root counts it by',
  );
});
