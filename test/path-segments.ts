/** Critical paths in words, for tests. */
import { criticalPath } from '#shared/critical-path.ts';
import type { Span } from '#shared/span.ts';
import type { TraceTree } from '#shared/trace-tree.ts';
import { treeOf } from './span-builder.ts';

export interface Segment {
  name: string;
  from: number;
  to: number;
}

/** Segments with span names and times in ms since the origin of the columns. */
export function segments(tree: TraceTree, root?: number): Segment[] {
  const { columns, row } = tree;
  const path = criticalPath(tree, root);
  return Array.from({ length: path.count }, (_, i) => ({
    name: columns.strings[columns.name[row[path.node[i] ?? 0] ?? 0] ?? 0] ?? '',
    from: (path.startNs[i] ?? 0) / 1e6,
    to: (path.endNs[i] ?? 0) / 1e6,
  }));
}

/** The critical path of the first root. */
export function pathOf(spans: readonly Span[]): Segment[] {
  return segments(treeOf(spans));
}
