/** The definition of a critical path, written for reading: recursive, quadratic, on objects. What critical-path.ts must give. */
import { kind } from '#shared/span.ts';
import { nodeFlag, type TraceTree } from '#shared/trace-tree.ts';
import type { Segment } from './path-segments.ts';

export function plainPath(tree: TraceTree, root: number): Segment[] {
  const { columns, row, startNs, endNs } = tree;
  const kindAt = (node: number) => columns.kind[row[node] ?? 0];
  const found: Segment[] = [];
  const emit = (node: number, from: number, to: number): void => {
    const label = columns.strings[columns.name[row[node] ?? 0] ?? 0] ?? '';
    if (to > from) found.push({ name: label, from: from / 1e6, to: to / 1e6 });
  };
  const visit = (node: number, lo: number, hi: number): void => {
    const kids = [];
    for (let child = 0; child < tree.count; child++) {
      if (tree.parent[child] !== node || kindAt(node) === kind.producer || kindAt(child) === kind.consumer) continue;
      if (((tree.flags[child] ?? 0) & nodeFlag.linked) !== 0) continue;
      const kid = { node: child, lo: Math.max(startNs[child] ?? 0, lo), hi: Math.min(endNs[child] ?? 0, hi) };
      if (kid.hi > kid.lo) kids.push(kid);
    }
    kids.sort((a, b) => b.hi - a.hi || b.lo - a.lo || a.node - b.node);
    let t = hi;
    for (const kid of kids) {
      if (kid.lo >= t) continue;
      if (kid.hi > t && kid.hi - t > Math.min((hi - lo) * 0.01, (kid.hi - kid.lo) / 2)) continue;
      const end = Math.min(kid.hi, t);
      emit(node, end, t);
      visit(kid.node, kid.lo, end);
      t = kid.lo;
    }
    emit(node, lo, t);
  };
  visit(root, startNs[root] ?? 0, endNs[root] ?? 0);
  return found.sort((a, b) => a.from - b.from);
}
