/**
 * Critical paths of the recorded traffic: all of them against the plain definition, and some of each recording against the
 * paths as they were once written (fixtures/golden/critical-paths.txt, to be read; `--write` writes it anew).
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { callsOf } from '#shared/calls.ts';
import { criticalPath } from '#shared/critical-path.ts';
import { toColumns, traceIdHex } from '#shared/span.ts';
import { buildTree, type TraceTree } from '#shared/trace-tree.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { segments } from './path-segments.ts';
import { plainPath } from './plain-path.ts';
import { recordedBodies, recordings } from './recordings.ts';

const folder = new URL('../fixtures/golden/', import.meta.url);
const golden = new URL('critical-paths.txt', folder);

/** By trace id. */
function treesOf(bodies: readonly Uint8Array[]): Map<string, TraceTree> {
  const columns = toColumns(bodies.flatMap((body) => spansOf(body)));
  const rows = new Map<string, number[]>();
  for (let row = 0; row < columns.count; row++) {
    const id = traceIdHex(columns.traceId, row);
    const held = rows.get(id);
    if (held) held.push(row);
    else rows.set(id, [row]);
  }
  return new Map(
    Array.from(rows, ([id, of]) => [id, buildTree(columns, of)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** A line a stretch: when it begins and how long it is, in microseconds, and whose it is. */
function written(recording: string, id: string, tree: TraceTree): string {
  const { columns, row, startNs, endNs } = tree;
  const { workloadOf } = callsOf(tree);
  const root = tree.roots[0] ?? 0;
  const micros = (ns: number): string => (ns / 1000).toFixed(3).padStart(14);
  const path = criticalPath(tree);
  const lines = Array.from({ length: path.count }, (_, i) => {
    const node = path.node[i] ?? 0;
    const from = (path.startNs[i] ?? 0) - (startNs[root] ?? 0);
    const name = columns.strings[columns.name[row[node] ?? 0] ?? 0] ?? '';
    return `${micros(from)}${micros((path.endNs[i] ?? 0) - (path.startNs[i] ?? 0))}  ${workloadOf(node).name} ${name}`;
  });
  const total = micros((endNs[root] ?? 0) - (startNs[root] ?? 0)).trim();
  return [`${recording} ${id}: ${tree.count} spans, ${total} µs`, ...lines, ''].join('\n');
}

/** Of a recording: the first traces, the ones with the most spans and the longest. */
function chosen(trees: ReadonlyMap<string, TraceTree>): string[] {
  const length = (tree: TraceTree): number =>
    (tree.endNs[tree.roots[0] ?? 0] ?? 0) - (tree.startNs[tree.roots[0] ?? 0] ?? 0);
  const all = [...trees];
  const most = all.toSorted(([, a], [, b]) => b.count - a.count).slice(0, 2);
  const longest = all.toSorted(([, a], [, b]) => length(b) - length(a)).slice(0, 2);
  return [...new Set([...all.slice(0, 2), ...most, ...longest].map(([id]) => id))].sort();
}

for (const recording of recordings) {
  test(`${recording}: every path is that of the plain definition`, () => {
    const trees = treesOf(recordedBodies(recording));
    assert.ok(trees.size > 5);
    for (const tree of trees.values()) {
      for (const root of tree.roots) assert.deepEqual(segments(tree, root), plainPath(tree, root));
    }
  });
}

test('chosen paths of each recording are as they were found right', () => {
  const text = recordings
    .flatMap((recording) => {
      const trees = treesOf(recordedBodies(recording));
      return chosen(trees).flatMap((id) => {
        const tree = trees.get(id);
        return tree ? [written(recording, id, tree)] : [];
      });
    })
    .join('\n');
  if (process.argv.includes('--write')) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(golden, text);
  }
  assert.equal(text, readFileSync(golden, 'utf8'));
});
