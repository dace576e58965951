/** collector/derive/frames.ts: what does not fit a row's bounds is still counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitRootKey } from '#shared/critical-cut.ts';
import { totalOf } from '#shared/edge-sum.ts';
import { noSource } from '#shared/frame.ts';
import { durationBand } from '#shared/sketch.ts';
import { createWorkloadTable, workloadKind } from '#shared/workload-table.ts';
import { toEdgeFrames } from './frames-of-columns.ts';
import { createFrames } from '../collector/derive/frames.ts';

test('of more root operations than a row names, the rest count under one name, so that shares stay right', () => {
  const table = createWorkloadTable(['']);
  const frames = createFrames(100);
  frames.begin({ table, strings: [''], traceIds: new Uint32Array(4) });
  const gateway = table.named('gateway', workloadKind.service);
  const rare = table.named('rare', workloadKind.service);
  const rootDurationNs = 100e6;
  const second = 1_764_000_000;
  for (let operation = 0; operation < 1000; operation++) {
    frames.addRoot(gateway, second, `${durationBand(rootDurationNs)}|gateway|GET /${operation}`, rootDurationNs, 1);
    // The last hundred spend half of their time where no other trace comes.
    if (operation >= 900) frames.addOwnShare(rare, rootDurationNs / 2);
    else frames.addOwnShare(gateway, rootDurationNs);
  }
  const rows = toEdgeFrames(frames.columns());
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
