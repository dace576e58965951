import assert from 'node:assert/strict';
import fs, { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, statSync, appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { openLog, type Segment } from '../collector/store/log.ts';

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-log-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (segments: readonly Segment[]): string[][] =>
  segments.map(({ records }) => records.map((record) => new TextDecoder().decode(record)));

test('what was appended is found by the next process, in order, also without a close', async (t) => {
  const directory = newDirectory(t);
  const { log, left } = openLog(directory);
  assert.deepEqual(left, []);
  await Promise.all([log.append(bytes('a')), log.append(bytes('b')), log.append(bytes(''))]);
  await log.append(bytes('c'));
  assert.deepEqual(texts(openLog(directory).left), [['a', 'b', '', 'c']]);
});

test('senders that were answered by different syncs come together in one', async (t) => {
  const { log } = openLog(newDirectory(t));
  const records = 30;
  let answers = 0;
  let answering = false;
  const sender = async (): Promise<void> => {
    for (let i = 0; i < records; i++) {
      await log.append(bytes('x'));
      if (!answering) answers++;
      answering = true;
      await turn();
      answering = false;
    }
  };
  const first = sender();
  // Its record is being synced now: the others wait for the next sync.
  await turn();
  await Promise.all([first, ...Array.from({ length: 7 }, sender)]);
  assert.ok(answers < records * 1.5, `${answers} syncs of ${records} records a sender`);
  await log.close();
});

test('a sync waits until all senders are back and no longer, and for a missing one only so long', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { log } = openLog(newDirectory(t));
  const send = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => log.append(bytes('x'))));
  // No time passes here.
  for (let i = 0; i < 20; i++) await send(8);
  let answered = false;
  const fewer = send(7).then(() => (answered = true));
  for (let i = 0; i < 200; i++) await turn();
  assert.equal(answered, false);
  t.mock.timers.tick(4);
  await fewer;
  const closed = log.close();
  t.mock.timers.tick(4);
  await closed;
});

test('a segment that is being committed is found with its mark, before the one that followed it', async (t) => {
  const directory = newDirectory(t);
  const { log } = openLog(directory);
  await log.append(bytes('a'));
  const late = log.append(bytes('b'));
  const segment = log.cut();
  await segment.stamp({ tick: 70_000, batch: 3 });
  await late;
  await log.append(bytes('c'));
  const { left } = openLog(directory);
  assert.deepEqual(texts(left), [['a', 'b'], ['c']]);
  assert.deepEqual(
    left.map(({ mark }) => mark),
    [{ tick: 70_000, batch: 3 }, undefined],
  );
  await segment.forget();
  assert.deepEqual(texts(openLog(directory).left), [['c']]);
});

test('two files take turns for as many segments as there are', async (t) => {
  const directory = newDirectory(t);
  const { log } = openLog(directory);
  for (let i = 0; i < 5; i++) {
    await log.append(bytes(`record ${i}`));
    const segment = log.cut();
    await segment.stamp({ tick: i, batch: 0 });
    await segment.forget();
  }
  await log.append(bytes('last'));
  assert.deepEqual(texts(openLog(directory).left), [['last']]);
});

test('what a forgotten segment left in its file is never found again, whatever is written over it', async (t) => {
  const directory = newDirectory(t);
  const file = join(directory, '0');
  const { log } = openLog(directory);
  for (const record of ['one', 'two', 'three']) await log.append(bytes(record));
  const first = log.cut();
  await first.forget();
  assert.ok(statSync(file).size > 0);
  assert.deepEqual(openLog(cloneOf(directory)).left, []);
  await log.append(bytes('other'));
  await log.cut().forget();
  // As long as the first one: the second one's header is where it was.
  await log.append(bytes('ONE'));
  assert.deepEqual(texts(openLog(cloneOf(directory)).left), [['ONE']]);
  await log.append(bytes('of another length'));
  assert.deepEqual(texts(openLog(cloneOf(directory)).left), [['ONE', 'of another length']]);
  await log.cut().forget();
  await log.close();
  assert.equal(statSync(file).size, 0);

  /** A copy to open as the next process would, which cuts off what it does not read. */
  function cloneOf(from: string): string {
    const to = newDirectory(t);
    cpSync(from, to, { recursive: true });
    return to;
  }
});

test('a torn or damaged end is left out, and what is noted afterwards is read', async (t) => {
  const directory = newDirectory(t);
  const { log } = openLog(directory);
  await log.append(bytes('whole'));
  const { size } = statSync(join(directory, '0'));
  await log.append(bytes('torn by a crash'));
  truncateSync(join(directory, '0'), size + 20);
  const found = openLog(directory).left;
  assert.deepEqual(texts(found), [['whole']]);
  await found[0]?.stamp({ tick: 5, batch: 6 });
  assert.deepEqual(openLog(directory).left[0]?.mark, { tick: 5, batch: 6 });
  appendFileSync(join(directory, '0'), readFileSync(join(directory, '0')).fill(255));
  assert.deepEqual(texts(openLog(directory).left), [['whole']]);
});

test('after a record that could not be written its segment takes no more, the next one does', async (t) => {
  const directory = newDirectory(t);
  const { log } = openLog(directory);
  await log.append(bytes('whole'));
  const full = t.mock.method(fs, 'writevSync', () => {
    throw new Error('the disk is full');
  });
  syncBuiltinESMExports();
  const lost = [log.append(bytes('lost')), log.append(bytes('with it'))];
  for (const one of lost) await assert.rejects(one!, /the disk is full/);
  full.mock.restore();
  syncBuiltinESMExports();
  assert.equal(log.append(bytes('says nothing without it')), undefined);
  const segment = log.cut();
  await segment.stamp({ tick: 1, batch: 2 });
  await log.append(bytes('next'));
  const { left } = openLog(directory);
  assert.deepEqual(texts(left), [['whole'], ['next']]);
  assert.deepEqual(left[0]?.mark, { tick: 1, batch: 2 });
  await segment.forget();
  await log.cut().forget();
  await log.append(bytes('in the same file'));
  assert.deepEqual(texts(openLog(directory).left), [['in the same file']]);
});

test('when a sync fails all that wait are refused, also for the next one, and their segment takes no more', async (t) => {
  const directory = newDirectory(t);
  const { fdatasync } = fs;
  type Done = Parameters<typeof fdatasync>[1];
  const calls: Done[] = [];
  let isBroken = true;
  t.mock.method(fs, 'fdatasync', (descriptor: number, done: Done) =>
    isBroken ? calls.push(done) : fdatasync(descriptor, done),
  );
  syncBuiltinESMExports();
  // The module takes hold of the function when it is loaded.
  const anew = '../collector/store/log.ts?anew';
  const { log } = ((await import(anew)) as { openLog: typeof openLog }).openLog(directory);
  t.mock.restoreAll();
  syncBuiltinESMExports();
  const first = log.append(bytes('first'));
  while (calls.length === 0) await turn();
  const refused = [first, log.append(bytes('second'))].map((one) => assert.rejects(one!, /the disk is gone/));
  calls[0]!(new Error('the disk is gone'));
  await Promise.all(refused);
  assert.equal(log.append(bytes('says nothing without them')), undefined);
  isBroken = false;
  const segment = log.cut();
  await log.append(bytes('next'));
  assert.deepEqual(texts(openLog(directory).left), [['next']]);
  await segment.stamp({ tick: 1, batch: 2 });
  assert.equal(calls.length, 1);
});

test('a log of a newer version is left as it is', (t) => {
  const directory = newDirectory(t);
  const head = Uint32Array.of(1, 0, 1, 9);
  head[1] = crc32(bytes('x'), crc32(new Uint8Array(head.buffer)));
  const file = Buffer.concat([new Uint8Array(head.buffer), bytes('x')]);
  fs.writeFileSync(join(directory, '0'), file);
  assert.throws(() => openLog(directory), { code: 'unsupported' });
  assert.deepEqual(readFileSync(join(directory, '0')), file);
});

test('a damaged record and all after it are left out', async (t) => {
  const directory = newDirectory(t);
  const { log } = openLog(directory);
  for (const record of ['one', 'two', 'three']) await log.append(bytes(record));
  const file = join(directory, '0');
  const content = readFileSync(file);
  const at = content.indexOf('two');
  const { writeFileSync } = await import('node:fs');
  content[at] = 0;
  writeFileSync(file, content);
  assert.deepEqual(texts(openLog(directory).left), [['one']]);
});
