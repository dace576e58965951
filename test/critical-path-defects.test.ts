/**
 * What Jaeger's critical path gets wrong, as measured on its UI's own code, each of the seven: it must be right here. The
 * numbers are those of the measurement.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { criticalPath } from '#shared/critical-path.ts';
import { toColumns, type Span } from '#shared/span.ts';
import { buildTree } from '#shared/trace-tree.ts';
import { pathOf } from './path-segments.ts';
import { span } from './span-builder.ts';

/** Names along the path. */
function namesOf(spans: readonly Span[]): string[] {
  return pathOf(spans).map((segment) => segment.name);
}

/** Of R 100..200 with A from 110 and B 150..190: both siblings are on the path, whether A ends at 150 or a unit later. */
function bothSiblings(lengthOfA: number): void {
  const spans = [
    span({ id: 'R', at: 100, ms: 100 }),
    span({ id: 'A', parent: 'R', at: 110, ms: lengthOfA }),
    span({ id: 'B', parent: 'R', at: 150, ms: 40 }),
  ];
  assert.deepEqual(
    pathOf(spans).map((s) => [s.name, s.to - s.from]),
    [
      ['R', 10],
      ['A', 40],
      ['B', 40],
      ['R', 10],
    ],
  );
}

test('defect 1: a sibling that ends exactly when the next starts is on the path', () => bothSiblings(40));

test('defect 2: an overlap of one unit does not drop the earlier sibling', () => bothSiblings(41));

test('defect 3: a root whose parent is not in the trace has a path', () => {
  assert.deepEqual(namesOf([span({ id: 'r', parent: 'gone' }), span({ id: 'a', parent: 'r', at: 1, ms: 5 })]), [
    'r',
    'a',
    'r',
  ]);
});

test('defect 4: a child of no length does not hide a sibling that ends with it', () => {
  const spans = [
    span({ id: 'r', ms: 10 }),
    span({ id: 'a', parent: 'r', at: 2, ms: 6 }),
    span({ id: 'z', parent: 'r', at: 8, ms: 0 }),
  ];
  assert.deepEqual(namesOf(spans), ['r', 'a', 'r']);
});

test('defect 5: negative durations and a start at 0 end', () => {
  const spans = [
    span({ id: 'r', ms: 10 }),
    span({ id: 'a', parent: 'r', at: 4, ms: -3 }),
    span({ id: 'b', parent: 'a', at: 2, ms: 4 }),
    span({ id: 'c', parent: 'r', at: 0, ms: 3 }),
  ];
  assert.equal(toColumns(spans).startNs[0], 0);
  assert.deepEqual(namesOf(spans), ['c', 'r']);
});

test('defect 6: 100,000 serial children and a chain of 100,000 take less than a second each', () => {
  const n = 100_000;
  const spans = [span({ id: '0', ms: n + 1 })];
  for (let i = 1; i <= n; i++) spans.push(span({ id: `${i}`, parent: '0', at: i, ms: 1 }));
  const columns = toColumns(spans);
  const rows = Uint32Array.from(spans, (_, row) => row);
  const timed = (): { took: number; count: number } => {
    // Of the processor: a busy machine is no slow path.
    const before = process.threadCpuUsage();
    const { count } = criticalPath(buildTree(columns, rows));
    const { user, system } = process.threadCpuUsage(before);
    return { took: (user + system) / 1000, count };
  };
  const serial = timed();
  assert.equal(serial.count, n + 1);
  assert.ok(serial.took < 1000, `serial: ${serial.took} ms`);
  // All begin together and end in the worst order.
  for (let i = 1; i <= n; i++) {
    columns.startNs[i] = 0;
    columns.durationNs[i] = ((i * 7919) % n) * 1000;
  }
  const parallel = timed();
  assert.equal(parallel.count, 2);
  assert.ok(parallel.took < 1000, `parallel: ${parallel.took} ms`);
  for (let i = 1; i <= n; i++) {
    columns.startNs[i] = i * 1000;
    columns.durationNs[i] = (2 * n - 2 * i + 1) * 1000;
    columns.parentId[i * 2] = columns.spanId[(i - 1) * 2] ?? 0;
    columns.parentId[i * 2 + 1] = columns.spanId[(i - 1) * 2 + 1] ?? 0;
  }
  columns.durationNs[0] = 2 * n * 1000 + 1000;
  const chain = timed();
  assert.equal(chain.count, 2 * n + 1);
  assert.ok(chain.took < 1000, `chain: ${chain.took} ms`);
});

test('defect 7: the path of the first root has no sections of other roots', () => {
  const spans = [
    span({ id: 'r', ms: 10 }),
    span({ id: 'o', at: 2, ms: 20 }),
    span({ id: 'a', parent: 'o', at: 3, ms: 4 }),
  ];
  assert.deepEqual(namesOf(spans), ['r']);
});
