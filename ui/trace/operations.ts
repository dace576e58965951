/**
 * A trace by workload and operation: how many spans, how long they took together, how long they worked themselves, and what
 * of the critical path they own. Pure.
 */
import type { TraceSpan } from '#shared/api.ts';
import type { Rows } from './rows.ts';

export interface OperationSum {
  readonly service: string;
  readonly operation: string;
  count: number;
  failed: number;
  /** Durations added up: more than the trace's when spans run side by side. */
  totalNs: number;
  /** Without the time in which a child was running. */
  selfNs: number;
  /** Of the critical path. */
  pathNs: number;
  /** Row of the longest span, and its duration. */
  longest: number;
  longestNs: number;
}

/** One entry an operation of a workload, in the order they first come. */
export function operationsOf(rows: Rows): OperationSum[] {
  const self = selfTimes(rows);
  const sums = new Map<string, OperationSum>();
  for (let row = 0; row < rows.count; row++) {
    const { service, name } = rows.spans[row] as TraceSpan;
    const key = `${service}\n${name}`;
    let sum = sums.get(key);
    if (sum === undefined) {
      const none = { count: 0, failed: 0, totalNs: 0, selfNs: 0, pathNs: 0, longest: row, longestNs: -1 };
      sums.set(key, (sum = { service, operation: name, ...none }));
    }
    const durationNs = (rows.endNs[row] as number) - (rows.startNs[row] as number);
    sum.count += 1;
    sum.failed += rows.failed[row] as number;
    sum.totalNs += durationNs;
    sum.selfNs += self[row] as number;
    sum.pathNs += rows.pathNs[row] as number;
    if (durationNs > sum.longestNs) [sum.longest, sum.longestNs] = [row, durationNs];
  }
  return [...sums.values()];
}

/**
 * A span's time without that in which a child was running; children may overlap and outlive their parent.
 *
 *     parent  |-----------|         self: 2 + 3
 *     a         |---|
 *     b           |----|
 *
 * in: siblings by start, as rows are.
 */
export function selfTimes({ count, parent, startNs, endNs }: Rows): Float64Array {
  const self = new Float64Array(count);
  const coveredTo = startNs.slice();
  for (let row = 0; row < count; row++) self[row] = (endNs[row] as number) - (startNs[row] as number);
  for (let row = 0; row < count; row++) {
    const up = parent[row] as number;
    if (up < 0) continue;
    const from = Math.max(startNs[row] as number, coveredTo[up] as number);
    const to = Math.min(endNs[row] as number, endNs[up] as number);
    if (to <= from) continue;
    self[up] = (self[up] as number) - (to - from);
    coveredTo[up] = to;
  }
  return self;
}

export const columns = ['service', 'operation', 'count', 'totalNs', 'selfNs', 'pathNs'] as const;
export type Column = (typeof columns)[number];

/** Sorted by a column; ties by what owns more of the path, then by name. */
export function sortOperations(sums: readonly OperationSum[], by: Column, descending: boolean): OperationSum[] {
  const turn = descending ? -1 : 1;
  const compare = (a: OperationSum, b: OperationSum): number => {
    const [x, y] = [a[by], b[by]];
    return turn * (typeof x === 'string' ? (x < String(y) ? -1 : x > String(y) ? 1 : 0) : x - Number(y));
  };
  return sums.toSorted(
    (a, b) =>
      compare(a, b) || b.pathNs - a.pathNs || (`${a.service} ${a.operation}` < `${b.service} ${b.operation}` ? -1 : 1),
  );
}
