/** Group commit behind the log: what is acknowledged when, and what becomes of it when a commit or the process fails. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { createBatcher, type BatcherOptions } from '../collector/store/batch.ts';
import { openLog, type CommitMark, type Log } from '../collector/store/log.ts';

/** A block of small numbers; a body is one of them. */
function createNumbers() {
  let values: number[] = [];
  let recorded = 0;
  const push = (value: number): void => void values.push(value);
  return {
    get rows() {
      return values.length;
    },
    get bytes() {
      return values.length;
    },
    push,
    record() {
      const record = Uint8Array.from(values.slice(recorded));
      recorded = values.length;
      return record;
    },
    restore: (record: Uint8Array) => record.forEach(push),
    seal({ tick, batch }: CommitMark) {
      const sealed = Uint8Array.from([tick, batch, ...values]);
      values = [];
      recorded = 0;
      return sealed;
    },
  };
}

type Failure = 'before' | 'after' | 'silence before' | 'silence after';

/**
 * A store that keeps commits by their mark; `fail` makes the next tries fail, before or after the commit took place, or
 * leaves them without an answer.
 */
function createStore() {
  const commits: number[][] = [];
  const failures: Failure[] = [];
  return {
    commits,
    fail: (...when: Failure[]) => failures.push(...when),
    async insert(sealed: Uint8Array): Promise<void> {
      const when = failures.shift();
      if (when === 'before') throw new Error('the store is away');
      if (when === 'silence before') return new Promise(() => undefined);
      commits.push([...sealed]);
      if (when === 'after') throw new Error('the answer got lost');
      if (when === 'silence after') return new Promise(() => undefined);
      await wait(1);
    },
    holds: async ({ tick, batch }: CommitMark) => commits.some(([t, b]) => t === tick && b === batch),
  };
}

function setUp(t: TestContext, lingerMs = 20) {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-log-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = createStore();
  /** How many commits there were when each was told. */
  const committed: number[] = [];
  const open = (around = (log: Log): Log => log) => {
    const { log: opened, left } = openLog(directory);
    const log = around(opened);
    const batcher = createBatcher({
      block: createNumbers(),
      ...store,
      committed: () => committed.push(store.commits.length),
      log,
      afterTick: 0,
      waited: { ms: 1, rows: 10, bytes: 1000 },
      logged: { leadMs: 1000 - lingerMs, rows: 1000, bytes: 1000 },
      most: { rows: 4, bytes: 1000 },
      retryMs: 5,
      nowMs: () => 9000,
      steadyMs: () => 0,
    });
    const push = (...values: number[]) => batcher.add((block) => values.forEach(block.push));
    const recover = async () => {
      for (const segment of left) await batcher.recover(segment, (block, body) => block.restore(body));
    };
    return { ...batcher, push, recover };
  };
  return { store, open, directory, committed };
}

const done = async (): Promise<void> => undefined;

/** Behind a log that takes everything at once and keeps nothing. in: how the store takes commits. */
function createLoggedBatcher(
  insert: (sealed: Uint8Array) => Promise<void>,
  options: Partial<BatcherOptions<ReturnType<typeof createNumbers>>> = {},
) {
  const batcher = createBatcher({
    block: createNumbers(),
    insert,
    holds: async () => false,
    log: { append: done, cut: () => ({ stamp: done, forget: done }), close: done },
    afterTick: 0,
    waited: { ms: 10, rows: 10, bytes: 1000 },
    logged: { leadMs: 100, rows: 1000, bytes: 1000 },
    most: { rows: 1000, bytes: 1000 },
    nowMs: () => 9000,
    steadyMs: () => 0,
    ...options,
  });
  return { ...batcher, push: (value: number) => batcher.add((block) => block.push(value)) };
}

test('a body is acknowledged when it is logged, and can be read after a flush', async (t) => {
  const { store, open } = setUp(t, 999);
  const batcher = open();
  await batcher.push(1);
  await batcher.push(2);
  assert.deepEqual(store.commits, []);
  await batcher.flush();
  assert.deepEqual(store.commits, [[9, 0, 1, 2]]);
  await batcher.push(3);
  await batcher.close();
  assert.deepEqual(store.commits.at(-1), [9, 1, 3]);
});

test('a body without rows is acknowledged at once', async (t) => {
  const { store, open } = setUp(t, 999);
  const batcher = open((log) => ({ ...log, append: () => assert.fail('nothing to log') }));
  await batcher.push();
  await batcher.flush();
  assert.deepEqual(store.commits, []);
});

test('when a record cannot be written its sender is told, and bodies after it wait for their commit', async (t) => {
  const { store, open } = setUp(t, 999);
  let broken = false;
  const batcher = open((log) => ({
    ...log,
    append(record) {
      if (broken) return undefined;
      if (record[0] !== 2) return log.append(record);
      broken = true;
      return Promise.reject(new Error('the disk is full'));
    },
  }));
  await batcher.push(1);
  await assert.rejects(batcher.push(2), { code: 'unavailable', message: /log cannot be written/ });
  await batcher.push(3);
  assert.deepEqual(store.commits, [[9, 0, 1, 2, 3]]);
});

test('bodies that an earlier version left are committed', async (t) => {
  const { store, open, directory } = setUp(t, 999);
  const payload = Uint8Array.of(7);
  const head = Uint32Array.of(payload.length, 0, 1, 1);
  head[1] = crc32(payload, crc32(new Uint8Array(head.buffer)));
  writeFileSync(join(directory, '0'), Buffer.concat([new Uint8Array(head.buffer), payload]));
  const batcher = open();
  await batcher.recover();
  assert.deepEqual(store.commits, [[9, 0, 7]]);
  await batcher.push(8);
  await batcher.close();
  assert.deepEqual(store.commits.at(-1), [9, 1, 8]);
});

test('logged bodies are committed once a second: before it ends, or in the next one when it nearly has', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 9700;
  const commits: number[][] = [];
  let steadyMs = 0;
  const { push } = createLoggedBatcher(async (sealed) => void commits.push([...sealed]), {
    nowMs: () => nowMs,
    steadyMs: () => steadyMs,
  });
  const pass = async (ms: number) => {
    nowMs += ms;
    steadyMs += ms;
    t.mock.timers.tick(ms);
    await new Promise(setImmediate);
  };
  await push(1);
  await pass(150);
  await push(2);
  await pass(49);
  assert.deepEqual(commits, []);
  await pass(1);
  assert.deepEqual(commits, [[9, 0, 1, 2]]);
  await push(3);
  await pass(999);
  assert.equal(commits.length, 1);
  await pass(1);
  assert.deepEqual(commits[1], [10, 0, 3]);
  // The clock is set back: a second of ingest ends when it would have.
  nowMs -= 1600;
  await push(4);
  await pass(999);
  assert.equal(commits.length, 2);
  await pass(1);
  assert.deepEqual(commits[2], [11, 0, 4]);
});

test('what was acknowledged during a commit can be read after a flush, whoever starts the next commit', async () => {
  for (const [rows, readers] of [
    [1000, 2],
    [1, 1],
  ] as const) {
    const ends: (() => void)[] = [];
    const batcher = createLoggedBatcher(() => new Promise((resolve) => ends.push(resolve)), {
      logged: { leadMs: 100, rows, bytes: 1000 },
    });
    await batcher.push(1);
    const first = batcher.flush();
    while (ends.length === 0) await turn();
    await batcher.push(2);
    let read = 0;
    const others = Array.from({ length: readers }, () => batcher.flush().then(() => read++));
    ends[0]!();
    await first;
    for (let i = 0; i < 3; i++) await turn();
    assert.deepEqual([ends.length, read], [2, 0]);
    ends[1]!();
    await Promise.all(others);
  }
});

test('a flush gives up while the store refuses commits, and what was acknowledged is committed later', async () => {
  const commits: number[][] = [];
  let isAway = true;
  const insert = async (sealed: Uint8Array): Promise<void> => {
    if (isAway) throw new Error('the store is away');
    commits.push([...sealed]);
  };
  const batcher = createLoggedBatcher(insert, { flushMs: 1, retryMs: 1 });
  await batcher.push(1);
  await batcher.flush();
  await batcher.push(2);
  await batcher.flush();
  assert.deepEqual(commits, []);
  isAway = false;
  await batcher.close();
  assert.deepEqual(commits, [
    [9, 0, 1],
    [9, 1, 2],
  ]);
});

test('rows that there is no memory to seal stay, are not tried again at once, and do not keep a process from its end', async () => {
  const commits: number[][] = [];
  const block = createNumbers();
  const { seal } = block;
  let tries = 0;
  let failures = 1;
  block.seal = (mark) => {
    if (tries++ < failures) throw new RangeError('Array buffer allocation failed');
    return seal(mark);
  };
  const batcher = createLoggedBatcher(async (sealed) => void commits.push([...sealed]), {
    block,
    logged: { leadMs: 100, rows: 1, bytes: 1000 },
    retryMs: 300,
  });
  await batcher.push(1);
  await turn();
  assert.equal(tries, 1);
  while (commits.length === 0) await wait(10);
  assert.deepEqual(commits, [[9, 1, 1]]);
  failures = Infinity;
  await batcher.push(2);
  await batcher.close();
});

test('what a killed process acknowledged is committed by the next one, once', async (t) => {
  const { store, open, committed } = setUp(t);
  store.fail('silence before');
  const killed = open();
  await killed.push(1);
  await wait(60);
  await killed.push(2);
  const next = open();
  await next.recover();
  const both = [
    [9, 0, 1],
    [9, 1, 2],
  ];
  assert.deepEqual(committed, [1, 2]);
  assert.deepEqual(store.commits, both);
  await open().recover();
  assert.deepEqual(store.commits, both);
});

test('a commit that took place before the process died is not made again', async (t) => {
  const { store, open } = setUp(t);
  const killed = open();
  store.fail('silence after');
  await killed.push(1);
  await wait(60);
  assert.equal(store.commits.length, 1);
  await open().recover();
  assert.deepEqual(store.commits, [[9, 0, 1]]);
});

test('a commit that fails is tried again, and not when it took place after all; each is told once', async (t) => {
  const { store, open, committed } = setUp(t, 1);
  const batcher = open();
  store.fail('before', 'before', 'after');
  await batcher.push(1);
  await batcher.flush();
  assert.deepEqual(store.commits, [[9, 0, 1]]);
  assert.deepEqual(committed, [1]);
  await batcher.push(2);
  await batcher.close();
  assert.deepEqual(store.commits, [
    [9, 0, 1],
    [9, 1, 2],
  ]);
  assert.deepEqual(committed, [1, 2]);
});

test('a segment whose mark cannot be written is tried again, and keeps what was acknowledged', async (t) => {
  const { store, open } = setUp(t, 1);
  let full = 2;
  const batcher = open((log) => ({
    ...log,
    cut() {
      const segment = log.cut();
      return {
        ...segment,
        stamp: (mark) => (full-- > 0 ? Promise.reject(new Error('the disk is full')) : segment.stamp(mark)),
      };
    },
  }));
  await batcher.push(1);
  await batcher.flush();
  assert.deepEqual(store.commits, [[9, 0, 1]]);
  await batcher.push(2);
  await batcher.close();
  assert.equal(store.commits.length, 2);
});

test('bodies wait when more rows have gathered than may while a commit runs', async (t) => {
  const { store, open } = setUp(t, 1);
  const batcher = open();
  // For so long that a slow disk has synced what there is room for.
  store.fail(...Array.from({ length: 100 }, () => 'before' as const));
  await batcher.push(1);
  await wait(5);
  let acknowledged = 0;
  const bodies = [2, 3, 4, 5, 6, 7, 8].map((value) => batcher.push(value).then(() => acknowledged++));
  while (acknowledged < 4) await wait(1);
  await wait(10);
  assert.equal(acknowledged, 4);
  await Promise.all(bodies);
  await batcher.close();
  assert.deepEqual(
    store.commits.flatMap(([, , ...values]) => values),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
});
