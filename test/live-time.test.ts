import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveTime } from '../collector/derive/live-time.ts';

test('time the collector was down does not count', () => {
  const { toLive, toTick } = createLiveTime([{ tick: 140, after: 99 }]);
  assert.deepEqual([98, 99, 140, 141].map(toLive), [98, 99, 100, 101]);
  assert.deepEqual([98, 99, 100, 101].map(toTick), [98, 99, 140, 141]);
});

test('a process that did nothing before it ended leaves one gap with the next', () => {
  const { toLive, toTick } = createLiveTime([
    { tick: 150, after: 99 },
    { tick: 140, after: 99 },
  ]);
  assert.deepEqual([99, 150].map(toLive), [99, 100]);
  assert.deepEqual([99, 100].map(toTick), [99, 150]);
});

test('a later start changes nothing of what came before it', () => {
  const first = [{ tick: 140, after: 99 }];
  const before = createLiveTime(first);
  const later = createLiveTime([...first, { tick: 300, after: 200 }]);
  for (let tick = 140; tick <= 200; tick++) assert.equal(later.toLive(tick), before.toLive(tick));
  assert.equal(later.toLive(300), later.toLive(200) + 1);
});

test('every live tick is that of its tick', () => {
  const { toLive, toTick } = createLiveTime([
    { tick: 40, after: 30 },
    { tick: 41, after: 40 },
    { tick: 90, after: 50 },
  ]);
  for (const tick of [1, 30, 40, 41, 50, 90, 91]) assert.equal(toTick(toLive(tick)), tick);
});
