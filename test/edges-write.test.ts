/** collector/derive/frames.ts and collector/store/edges-write.ts: what a tick counted comes back from the store, and in a picture. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutcome, type Outcome } from '#shared/calls.ts';
import { totalOf } from '#shared/edge-sum.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { bucketOf } from '#shared/sketch.ts';
import { createWorkloadTable, workloadKind } from '#shared/workload-table.ts';
import { toEdgeFrames } from './frames-of-columns.ts';
import { createFrames } from '../collector/derive/frames.ts';
import { createPairs } from '#shared/pairs.ts';
import { createDb, migrate } from '../collector/store/db.ts';
import { insertEdges } from '../collector/store/edges-write.ts';
import { createRandom } from '../fixtures/mesh/random.ts';
import { edgeRow } from './edge-frame.ts';

const strings = ['', 'v1', 'v2', 'http', 'é', 'spiffe://a', 'spiffe://b'];
const table = createWorkloadTable(strings);
const [a, b, c] = ['a', 'b', 'c'].map((name) => table.named(name, workloadKind.service)) as [number, number, number];
/** Trace n has an id that is greater the greater n is. */
const traceIds = Uint32Array.from({ length: 40 }, (_, word) => (word % 4 === 0 ? 0xfff00000 + word : word));
const call = (more: Partial<Outcome>): Outcome => ({ ...createOutcome(), source: a, target: b, protocol: 3, ...more });
const second = 1_800_000_007;

test('rows of a tick come back from the store as they are in a picture of it', async () => {
  const frames = createFrames(100);
  const error = { code: '503', flag: 'UF', reason: '', origin: 'proxy' as const };
  // Twice: what was gathered before is forgotten.
  for (let tick = 0; tick < 2; tick++) {
    frames.begin({ table, strings, traceIds });
    frames.addCall(call({ clientNs: 1000, serverNs: 900, networkNs: 100, weight: 2.5, requestBytes: 7 }), second, 3);
    frames.addCall(call({ clientNs: 1000, failed: true, error }), second + 1, 9);
    frames.addCall(call({ clientNs: 1000, failed: true, error, attempts: 3 }), second + 1, 1);
    frames.addCall(call({ mtls: true, sourcePrincipal: 5, targetPrincipal: 6, targetVersion: 2 }), second + 60, 2);
    frames.addCall(call({ mtls: true, targetPrincipal: 6, probe: true, clientError: true }), -5, 2);
    const edge = frames.addCall(call({ target: c, clientNs: 0, sourceVersion: 1, protocol: 4 }), 1e12, 2);
    frames.addRoot(a, second, '7|a|é', 5000, 2);
    frames.addShare(edge, 3000);
    frames.addOwnShare(a, 2000);
  }
  const columns = frames.columns();
  const rows = toEdgeFrames(columns);
  const bucket = bucketOf(1000);
  const main = rows.find((row) => row.target === 'b' && row.frame === 1_800_000_000) ?? assert.fail();
  assert.deepEqual(pick(main), {
    calls: 4.5,
    seen: 3,
    failed: 2,
    attempts: 6.5,
    requestBytes: 17.5,
    clientNs: { [bucket]: 4.5 },
    exemplars: { [bucket]: idOf(9) },
    errors: { '503|UF|proxy': 2 },
    errorExemplars: { '503|UF|proxy': idOf(9) },
  });
  assert.deepEqual(
    rows.map((row) => row.principals).filter((map) => Object.keys(map).length > 0),
    [{ 'spiffe://a -> spiffe://b': 1 }, { '? -> spiffe://b': 1 }],
  );
  assert.deepEqual(
    rows
      .filter(({ target }) => target === 'a')
      .map(({ criticalNs, rootCount, rootNs }) => [criticalNs, rootCount, rootNs]),
    [[{ '7|a|é': 4000 }, { '7|a|é': 2 }, { '7|a|é': 10_000 }]],
  );
  assert.deepEqual(
    [rows[2]?.frame, rows.at(-1)?.frame],
    [0, second - 7],
    'a time before the epoch; the last is the root',
  );

  const db = await createDb('chdb::memory:');
  await migrate(db);
  await insertEdges(db, columns, 1_800_000_020);
  const stored = await db.rows<EdgeFrame & { tick: number }>('SELECT * FROM edges');
  await db.close();
  assert.deepEqual(
    stored.map((row) => toText(row)).sort(),
    rows.map((row) => toText({ ...edgeRow(row), ...totalsOf(row), tick: 1_800_000_020 })).sort(),
  );
});

test('calls of edges beyond the bound count as calls of other', () => {
  const frames = createFrames(2);
  frames.begin({ table, strings, traceIds });
  frames.addCall(call({}), second, 0);
  frames.addRoot(a, second, '7|a|x', 10, 1);
  const edge = frames.addCall(call({ target: c }), second, 0);
  frames.addCall(call({ source: b, target: c, weight: 4 }), second, 0);
  frames.addShare(edge, 10);
  assert.equal(frames.overflow, 2);
  const rows = toEdgeFrames(frames.columns());
  assert.deepEqual(
    rows.map(({ source, target, calls, criticalNs }) => [source, target, calls, criticalNs['7|a|x'] ?? 0]),
    [
      ['a', 'b', 1, 0],
      ['', 'a', 0, 0],
      ['other', 'other', 5, 10],
    ],
  );
});

test('a pair keeps its number until all are forgotten', () => {
  const random = createRandom(7);
  const pairs = createPairs();
  for (let round = 0; round < 3; round++) {
    const known = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const [x, y] = [random.below(200) - 100, random.below(60) | (i % 2 === 0 ? -(2 ** 31) : 0)];
      const held = known.get(`${x} ${y}`);
      assert.equal(pairs.find(x, y), held ?? -1);
      assert.equal(pairs.of(x, y), held ?? known.size);
      if (held === undefined) known.set(`${x} ${y}`, known.size);
    }
    assert.equal(pairs.size, known.size);
    for (const [key, number] of known) assert.equal(`${pairs.keys[number * 2]} ${pairs.keys[number * 2 + 1]}`, key);
    pairs.clear();
    assert.equal(pairs.size, 0);
  }
});

function pick(frame: EdgeFrame) {
  const { calls, seen, failed, attempts, requestBytes, clientNs, exemplars, errors, errorExemplars } = edgeRow(frame);
  return { calls, seen, failed, attempts, requestBytes, clientNs, exemplars, errors, errorExemplars };
}

function idOf(trace: number): string {
  return traceIds
    .subarray(trace * 4, trace * 4 + 4)
    .reduce((id, word) => (id << 32n) | BigInt(word), 0n)
    .toString();
}

function totalsOf({ criticalNs, rootCount, rootNs }: EdgeFrame) {
  return { criticalTotalNs: totalOf(criticalNs), rootTotalCount: totalOf(rootCount), rootTotalNs: totalOf(rootNs) };
}

/** A row as text, names in order, and numbers that the store gives as texts as numbers. */
function toText(row: object): string {
  return JSON.stringify(
    Object.entries(row)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([name, value]) => [
        name,
        typeof value === 'object'
          ? Object.entries(value as object).sort(([x], [y]) => (x < y ? -1 : 1))
          : String(value),
      ]),
  );
}
