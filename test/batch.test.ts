import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createBatcher, type BatcherOptions } from '../collector/store/batch.ts';

/** A block of plain numbers; seal gives the rows as bytes behind their tick. */
function createNumbers() {
  let values: number[] = [];
  return {
    get rows() {
      return values.length;
    },
    push: (value: number) => values.push(value),
    seal: (tick: number) => [Uint8Array.from([tick, ...values])],
    reset() {
      values = [];
    },
  };
}

/** A store whose inserts last until they are let go. */
function createGate() {
  const commits: number[][] = [];
  const open: ((error?: Error) => void)[] = [];
  return {
    commits,
    insert: (block: readonly Uint8Array[]) =>
      new Promise<void>((resolve, reject) => {
        commits.push(block.flatMap((bytes) => [...bytes]));
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

function createTestBatcher({ insert }: Gate, options: Partial<Options> = {}) {
  return createBatcher({ createBlock: createNumbers, insert, afterTick: 0, lingerMs: 1, lingerRows: 10, ...options });
}

test('a body is acknowledged after its commit, and a commit takes all that came during the one before', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate, { nowMs: () => 7000 });
  let acknowledged = 0;
  const first = batcher.add((block) => block.push(1)).then(() => acknowledged++);
  while (gate.commits.length === 0) await wait(1);
  const others = [2, 3, 4].map((value) => batcher.add((block) => block.push(value)).then(() => acknowledged++));
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
  const batcher = createTestBatcher(gate, { lingerMs: 60_000, lingerRows: 3 });
  const bodies = [1, 2, 3].map((value) => batcher.add((block) => block.push(value)));
  await gate.letGo();
  await Promise.all(bodies);
  assert.equal(gate.commits.length, 1);
});

test('closing commits what lingers', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate, { lingerMs: 60_000, lingerRows: 3 });
  const body = batcher.add((block) => block.push(1));
  const closed = batcher.close();
  await gate.letGo();
  await Promise.all([body, closed]);
});

test('a failed commit refuses exactly the bodies it held', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate);
  const first = batcher.add((block) => block.push(1));
  while (gate.commits.length === 0) await wait(1);
  const second = batcher.add((block) => block.push(2));
  const refused = assert.rejects(first, /disk full/);
  await gate.letGo(new Error('disk full'));
  await refused;
  await gate.letGo();
  await second;
});

test('ticks never go back when the clock does, and never meet a tick that was called sealed', async () => {
  const gate = createGate();
  let nowMs = 50_000;
  const batcher = createTestBatcher(gate, { afterTick: 20, lingerMs: 0, nowMs: () => nowMs });
  const commit = async () => {
    const done = batcher.add((block) => block.push(0));
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

test('a tick is not sealed while a commit stamped with it is under way', async () => {
  const gate = createGate();
  let nowMs = 50_000;
  const batcher = createTestBatcher(gate, { lingerMs: 0, nowMs: () => nowMs });
  const done = batcher.add((block) => block.push(0));
  while (gate.commits.length === 0) await wait(1);
  nowMs = 99_000;
  assert.equal(batcher.sealedTick(), 49);
  await gate.letGo();
  await done;
  assert.equal(batcher.sealedTick(), 98);
});

test('a restarted store is never stamped with a tick it holds', async () => {
  const gate = createGate();
  const batcher = createTestBatcher(gate, { afterTick: 80, lingerMs: 0, nowMs: () => 50_000 });
  const done = batcher.add((block) => block.push(0));
  await gate.letGo();
  await done;
  assert.equal(gate.commits[0]?.[0], 81);
});
