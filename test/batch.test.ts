import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { createBatcher, type BatcherOptions } from '../collector/store/batch.ts';
import type { CommitMark } from '../collector/store/log.ts';

/** A block of plain numbers, which weigh as much as they are; seal gives the rows as bytes behind their tick. */
function createNumbers() {
  let values: number[] = [];
  return {
    get rows() {
      return values.length;
    },
    get bytes() {
      return values.reduce((sum, value) => sum + value, 0);
    },
    push: (value: number) => values.push(value),
    record: () => assert.fail('there is no log'),
    restore: () => assert.fail('there is no log'),
    seal({ tick }: CommitMark) {
      const sealed = Uint8Array.from([tick, ...values]);
      values = [];
      return sealed;
    },
  };
}

/** A store whose inserts last until they are let go. */
function createGate() {
  const commits: number[][] = [];
  const open: ((error?: Error) => void)[] = [];
  return {
    commits,
    insert: (sealed: Uint8Array) =>
      new Promise<void>((resolve, reject) => {
        commits.push([...sealed]);
        open.push((error) => (error ? reject(error) : resolve()));
      }),
    async letGo(error?: Error) {
      while (open.length === 0) await wait(1);
      open.shift()?.(error);
    },
  };
}

type Gate = ReturnType<typeof createGate>;
type Options = BatcherOptions<ReturnType<typeof createNumbers>>;

/** Adds one number; the body waits for its commit. */
function createTestBatcher({ insert }: Gate, options: Partial<Options> = {}) {
  const batcher = createBatcher({
    block: createNumbers(),
    insert,
    holds: () => Promise.resolve(false),
    afterTick: 0,
    waited: { ms: 1, rows: 10, bytes: 1000 },
    most: { rows: 100, bytes: 1000 },
    steadyMs: () => 0,
    ...options,
  });
  return {
    ...batcher,
    push: (value: number) => batcher.add((block) => block.push(value)),
  };
}

test('a body is acknowledged after its commit, and a commit takes all that came during the one before', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate, { nowMs: () => 7000 });
  let acknowledged = 0;
  const first = batcher.push(1).then(() => acknowledged++);
  while (gate.commits.length === 0) await wait(1);
  const others = [2, 3, 4].map((value) => batcher.push(value).then(() => acknowledged++));
  await wait(5);
  assert.equal(acknowledged, 0);
  await gate.letGo();
  await first;
  assert.equal(acknowledged, 1);
  await gate.letGo();
  await Promise.all(others);
  assert.deepEqual(gate.commits, [
    [7, 1],
    [7, 2, 3, 4],
  ]);
});

test('a commit does not linger when enough rows have gathered', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate, { waited: { ms: 60_000, rows: 3, bytes: 1000 } });
  const bodies = [1, 2, 3].map((value) => batcher.push(value));
  assert.equal(gate.commits.length, 1);
  await gate.letGo();
  await Promise.all(bodies);
});

test('a commit does not linger when enough bytes have gathered', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate, { waited: { ms: 60_000, rows: 10, bytes: 30 } });
  const bodies = [10, 10, 10].map((value) => batcher.push(value));
  assert.equal(gate.commits.length, 1);
  await gate.letGo();
  await Promise.all(bodies);
});

test('bodies wait when more bytes have gathered than may while a commit runs, and go on when it ends', async (t) => {
  // Nobody is woken by time here.
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const gate = createGate();
  const most = { rows: 100, bytes: 50 };
  const batcher = createTestBatcher(gate, { waited: { ms: 1, ...most }, most, nowMs: () => 7000 });
  const bodies = [50, 25, 25, 30, 20].map((value) => batcher.push(value));
  for (const values of [[50], [25, 25], [30, 20]]) {
    for (let i = 0; i < 3; i++) await turn();
    assert.deepEqual(gate.commits.at(-1), [7, ...values]);
    await gate.letGo();
  }
  await Promise.all(bodies);
});

test('a body that finds no room in time is refused, and nothing of it is kept', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate, { most: { rows: 1, bytes: 1000 }, roomMs: 2, nowMs: () => 7000 });
  const first = batcher.push(1);
  while (gate.commits.length === 0) await wait(1);
  const second = batcher.push(2);
  await assert.rejects(batcher.push(3), { code: 'unavailable' });
  await gate.letGo();
  await gate.letGo();
  await Promise.all([first, second]);
  await batcher.close();
  assert.deepEqual(gate.commits, [
    [7, 1],
    [7, 2],
  ]);
  await assert.rejects(batcher.push(4), { code: 'unavailable' });
});

test('a flush is over when the commit it waits for has failed', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate);
  const refused = assert.rejects(batcher.push(1), /disk full/);
  const flushed = batcher.flush();
  await gate.letGo(new Error('disk full'));
  await Promise.all([refused, flushed]);
});

test('closing commits what lingers', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate, { waited: { ms: 60_000, rows: 3, bytes: 1000 } });
  const body = batcher.push(1);
  const closed = batcher.close();
  await gate.letGo();
  await Promise.all([body, closed]);
});

test('a failed commit refuses exactly the bodies it held', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate);
  const first = batcher.push(1);
  while (gate.commits.length === 0) await wait(1);
  const second = batcher.push(2);
  const refused = assert.rejects(first, /disk full/);
  await gate.letGo(new Error('disk full'));
  await refused;
  await gate.letGo();
  await second;
});

test('ticks never go back when the clock does, and never meet a tick that was called sealed', async () => {
  const gate = createGate();
  let nowMs = 50_000;
  const batcher = createTestBatcher(gate, {
    afterTick: 20,
    waited: { ms: 0, rows: 10, bytes: 1000 },
    nowMs: () => nowMs,
  });
  const commit = async () => {
    const done = batcher.push(0);
    await gate.letGo();
    await done;
    return gate.commits.at(-1)?.[0];
  };
  assert.equal(await commit(), 50);
  assert.equal(batcher.sealedTick(), 49);
  nowMs = 61_000;
  assert.equal(batcher.sealedTick(), 60);
  nowMs = 30_000;
  assert.equal(await commit(), 61);
  assert.equal(batcher.sealedTick(), 60);
});

test('ticks go on by the steady clock when the clock is set back, until it is there again', async () => {
  const gate = createGate();
  let nowMs = 4_000_700;
  let steadyMs = 50.9;
  const batcher = createTestBatcher(gate, { nowMs: () => nowMs, steadyMs: () => steadyMs });
  assert.equal(batcher.sealedTick(), 3999);
  nowMs -= 3_600_000;
  steadyMs += 5_000;
  assert.equal(batcher.sealedTick(), 4004);
  steadyMs += 300;
  assert.equal(batcher.sealedTick(), 4005);
  nowMs = 4_300_000;
  assert.equal(batcher.sealedTick(), 4299);
});

test('a tick is not sealed while a commit stamped with it is under way', async () => {
  const gate = createGate();
  let nowMs = 50_000;
  const batcher = createTestBatcher(gate, { waited: { ms: 0, rows: 10, bytes: 1000 }, nowMs: () => nowMs });
  const done = batcher.push(0);
  while (gate.commits.length === 0) await wait(1);
  nowMs = 99_000;
  assert.equal(batcher.sealedTick(), 49);
  await gate.letGo();
  await done;
  assert.equal(batcher.sealedTick(), 98);
});

test('a restarted store is never stamped with a tick it holds', async () => {
  const gate = createGate();
  let steadyMs = 7_999;
  const batcher = createTestBatcher(gate, {
    afterTick: 80,
    waited: { ms: 0, rows: 10, bytes: 1000 },
    nowMs: () => 50_000,
    steadyMs: () => steadyMs,
  });
  const done = batcher.push(0);
  await gate.letGo();
  await done;
  assert.equal(gate.commits[0]?.[0], 81);
  // The clock stands behind the store, and its ticks go on.
  steadyMs += 3_000;
  assert.equal(batcher.sealedTick(), 83);
});
