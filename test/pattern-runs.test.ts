/** Runs of attributes that are compared in one go: only what was noted between two nodes leads from one to the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areEqual } from '../collector/decode/equal.ts';
import { createPatternRuns } from '../collector/decode/pattern-runs.ts';

const viewOf = (text: string): DataView => new DataView(new TextEncoder().encode(text).buffer);

test('a run is found again by its bytes, wherever they are, and by no others', () => {
  const runs = createPatternRuns();
  runs.note(3, 5, viewOf('..node=a,zone=b..'), 2, 15, 2);
  assert.equal(runs.follow(3, viewOf('node=a,zone=b'), 0, 13), 5);
  assert.deepEqual([runs.lengths[5], runs.attributes[5]], [13, 2]);
  assert.equal(runs.follow(3, viewOf('node=a,zone=c'), 0, 13), 0, 'other bytes');
  assert.equal(runs.follow(3, viewOf('node=a,zone=b'), 0, 12), 0, 'the span ends before');
  assert.equal(runs.follow(4, viewOf('node=a,zone=b'), 0, 13), 0, 'another node');
});

test('of two runs that end at one node the one noted last is known', () => {
  const runs = createPatternRuns();
  const fields = viewOf('node=a,zone=b');
  runs.note(3, 5, fields, 0, 13, 2);
  runs.note(4, 5, fields, 7, 13, 1);
  assert.equal(runs.follow(4, fields, 7, 13), 5);
  assert.deepEqual([runs.lengths[5], runs.attributes[5]], [6, 1]);
  assert.equal(runs.follow(3, fields, 0, 13), 0);
  assert.equal(runs.follow(3, fields, 7, 13), 0, 'the bytes of the one from another node');
});

test('of two runs from one node the one noted last is tried, and comes back', () => {
  const runs = createPatternRuns();
  const [first, second] = [viewOf('code=200'), viewOf('code=503')];
  runs.note(3, 5, first, 0, 8, 1);
  runs.note(3, 6, second, 0, 8, 1);
  assert.equal(runs.follow(3, second, 0, 8), 6);
  assert.equal(runs.follow(3, first, 0, 8), 0);
  runs.note(3, 5, first, 0, 8, 1);
  assert.equal(runs.follow(3, first, 0, 8), 5);
});

test('runs of many nodes are kept, until their bytes are too many; cleared, none is', () => {
  const runs = createPatternRuns();
  const large = new DataView(new Uint8Array(1 << 20).buffer);
  for (let node = 1; node <= 5000; node++) runs.note(node, node + 5000, viewOf(`node=${node}`), 0, 6, 1);
  assert.equal(runs.follow(4711, viewOf('node=4711'), 0, 9), 9711);
  for (let node = 0; node < 8; node++) runs.note(20_000, 20_001 + node, large, 0, large.byteLength, 1);
  assert.equal(runs.follow(20_000, large, 0, large.byteLength), 20_007, 'the eighth has no room');
  assert.equal(runs.follow(1, viewOf('node=1'), 0, 6), 5001);
  runs.clear();
  assert.equal(runs.follow(1, viewOf('node=1'), 0, 6), 0);
  runs.note(20_000, 20_008, large, 0, large.byteLength, 1);
  assert.equal(runs.follow(20_000, large, 0, large.byteLength), 20_008);
});

test('runs of bytes of any length are equal when each byte is', () => {
  for (let length = 0; length < 40; length++) {
    const a = Uint8Array.from({ length: length + 3 }, (_, at) => at * 7);
    const b = Uint8Array.from({ length: length + 5 }, (_, at) => (at - 2) * 7);
    const equal = (): boolean => areEqual(new DataView(a.buffer), 3, new DataView(b.buffer), 5, length);
    assert.equal(equal(), true, `${length}`);
    for (let at = 0; at < length; at++) {
      b[5 + at]! ^= 1;
      assert.equal(equal(), false, `${length}, byte ${at}`);
      b[5 + at]! ^= 1;
    }
  }
});
