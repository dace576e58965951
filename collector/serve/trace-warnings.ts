/** What was mended in a trace or is missing from it, in words. */
import type { TraceCalls } from '#shared/calls.ts';
import { formatNs } from '#shared/format.ts';
import type { SkewedHop } from '#shared/skew.ts';
import { nodeFlag, type TraceTree } from '#shared/trace-tree.ts';
import type { ShapeOptions } from './trace-shape.ts';

/** Pairs of workloads whose clocks are told of one by one. */
const maxClocks = 5;

export function warningsOf(
  tree: TraceTree,
  { workloadOf }: TraceCalls,
  hops: readonly SkewedHop[],
  { settled, truncated }: ShapeOptions,
): string[] {
  const { columns, row } = tree;
  const flagged = (flag: number): number => {
    let count = 0;
    for (let node = 0; node < tree.count; node++) if (((tree.flags[node] as number) & flag) !== 0) count += 1;
    return count;
  };
  const warnings: string[] = [];
  const warn = (count: number, one: string, many: string): void => {
    if (count > 0) warnings.push(count === 1 ? one : `${count} ${many}`);
  };
  if (!settled) warnings.push('Not settled yet: more spans may come, and the map counts these as provisional.');
  if (truncated) warnings.push(`Only the first ${columns.count} spans are shown.`);
  warn(
    flagged(nodeFlag.orphan),
    'One span names a parent that never arrived.',
    'spans name a parent that never arrived.',
  );
  if (tree.roots.length > 1) {
    const root = tree.roots[0] ?? 0;
    const name = columns.strings[columns.name[row[root] as number] as number] ?? '';
    const { name: service } = workloadOf(root);
    warnings.push(`${tree.roots.length} spans have no parent; the critical path is that of ${service} ${name}.`);
  }
  warn(
    flagged(nodeFlag.duplicate),
    'One span was delivered more than once and is shown once.',
    'spans were delivered more than once and are shown once.',
  );
  warn(
    flagged(nodeFlag.cycle),
    'One parent closed a cycle and was cut off.',
    'parents closed a cycle and were cut off.',
  );
  warn(
    flagged(nodeFlag.negative),
    'One span ends before it starts; it is taken to have no length.',
    'spans end before they start; they are taken to have no length.',
  );
  warn(
    flagged(nodeFlag.skew),
    'One span starts before its parent: clocks of the two differ. Times are as sent.',
    'spans start before their parents: clocks differ. Times are as sent.',
  );
  warnings.push(...clocks(tree, workloadOf, hops));
  return warnings;
}

/** Whose clock is off against whose, by how much: the middle of what their requests tell. */
function clocks(tree: TraceTree, workloadOf: TraceCalls['workloadOf'], hops: readonly SkewedHop[]): string[] {
  const pairs = new Map<string, { callee: string; caller: string; ns: number[] }>();
  for (const { node, ns } of hops) {
    const callee = workloadOf(node);
    const caller = workloadOf(tree.parent[node] as number);
    const key = `${caller.index} ${callee.index}`;
    let pair = pairs.get(key);
    if (pair === undefined) pairs.set(key, (pair = { callee: callee.name, caller: caller.name, ns: [] }));
    pair.ns.push(ns);
  }
  const told = [...pairs.values()].map(({ callee, caller, ns }) => {
    const sorted = ns.toSorted((a, b) => a - b);
    const middle = sorted[sorted.length >> 1] ?? 0;
    const from = ns.length === 1 ? 'one request' : `${ns.length} requests`;
    const whose = callee === caller ? `of one ${callee} against another` : `of ${callee} against ${caller}`;
    const text = `The clock ${whose} is about ${formatNs(Math.abs(middle))} ${middle > 0 ? 'behind' : 'ahead'}, as ${from} tell${ns.length === 1 ? 's' : ''}.`;
    return { size: Math.abs(middle), text };
  });
  const most = told.toSorted((a, b) => b.size - a.size).map(({ text }) => text);
  const more = most.length - maxClocks;
  return more > 0 ? [...most.slice(0, maxClocks), `${more} more clocks are off by less.`] : most;
}
