/**
 * How far the clocks of a trace are apart, for showing its spans where they most likely lay. Only a request over the network
 * tells: a SERVER span belongs inside the CLIENT span that waited for it. Where it breaks out, it and all below it are moved.
 * What is stored, and the critical path, stay as they are.
 *
 *     CLIENT      |---------------|            CLIENT   |---------------|
 *     SERVER  |-------|               ──▶      SERVER       |-------|        in the middle: both ways of the network alike
 *     below     |---|                          below          |---|
 *
 * After the adjusters of Zipkin and Jaeger, without what they do when nothing is broken.
 */
import { kind } from './span.ts';
import { nodeFlag, type TraceTree } from './trace-tree.ts';

/** One request whose two ends do not agree on the time. */
export interface SkewedHop {
  /** The SERVER span; the CLIENT span is its parent. */
  readonly node: number;
  /** What the callee's times lack, ns, against the caller's: above 0 its clock is behind. */
  readonly ns: number;
}

export interface Skew {
  /** By node: what to add to its times to put them on the clock of its root, ns. */
  readonly ns: Float64Array;
  /** In tree order. */
  readonly hops: readonly SkewedHop[];
}

/** Starts are told this exactly; senders with microseconds cut the rest off. */
const startToleranceNs = 1000;
/** A server may be done a little after its client has the answer; beyond this part of the client's time it is the clock. */
const endTolerance = 0.01;
/** Clocks further apart are not believed: such a child rather has a wrong parent. */
export const maxSkewNs = 60e9;

/**
 * in: `gaveUp`: the caller did not get an answer; a server that goes on after it then is no matter of clocks.
 * cost: O(n).
 */
export function findSkew(tree: TraceTree, gaveUp: (client: number) => boolean, maxNs = maxSkewNs): Skew {
  const { columns, count, parent, row, startNs, endNs, flags } = tree;
  const ns = new Float64Array(count);
  const hops: SkewedHop[] = [];
  for (let node = 0; node < count; node++) {
    const up = parent[node] as number;
    if (up < 0) continue;
    ns[node] = ns[up] as number;
    const crosses =
      columns.kind[row[node] as number] === kind.server &&
      columns.kind[row[up] as number] === kind.client &&
      ((flags[node] as number) & nodeFlag.linked) === 0;
    if (!crosses) continue;
    // Whatever moved the parent has moved the child along.
    const early = (startNs[up] as number) - (startNs[node] as number);
    const late = (endNs[node] as number) - (endNs[up] as number);
    const clientNs = (endNs[up] as number) - (startNs[up] as number);
    const spareNs = clientNs - ((endNs[node] as number) - (startNs[node] as number));
    let by = 0;
    if (early > startToleranceNs) by = early + Math.max(0, spareNs) / 2;
    else if (late > Math.max(startToleranceNs, clientNs * endTolerance) && spareNs >= 0 && !gaveUp(up))
      by = early + spareNs / 2;
    by = Math.round(by);
    if (by === 0 || Math.abs(by) > maxNs) continue;
    ns[node] = (ns[node] as number) + by;
    hops.push({ node, ns: by });
  }
  return { ns, hops };
}
