/** Which spans of a trace are further attempts, and for which nobody waits: as calls.ts and critical-path.ts take them. */
import { kind } from '#shared/span.ts';
import { nodeFlag, type TraceTree } from '#shared/trace-tree.ts';

export interface Marks {
  /** By node: attempts of the same request before this one. */
  readonly retry: Uint16Array;
  /** By node: 1 where nobody waits for it. What is below such a span is waited for by it, and has no mark of its own. */
  readonly async: Uint8Array;
}

/** in: the call each node is part of, -1 for none; what to add to its times to put them on one clock. */
export function marksOf(tree: TraceTree, callOf: Int32Array, skewNs: Float64Array): Marks {
  const { columns, count, parent, row, flags, startNs, endNs } = tree;
  const retry = new Uint16Array(count);
  const async = new Uint8Array(count);
  /** Callees met so far below one client, by the client. */
  const answers = new Map<number, number>();
  for (let node = 0; node < count; node++) {
    const at = row[node] as number;
    const up = parent[node] as number;
    retry[node] = columns.retryCount[at] as number;
    if (up < 0) continue;
    const spanKind = columns.kind[at];
    const parentKind = columns.kind[row[up] as number];
    const start = (startNs[node] as number) + (skewNs[node] as number);
    const waited = (endNs[up] as number) + (skewNs[up] as number);
    if (
      spanKind === kind.consumer ||
      parentKind === kind.producer ||
      ((flags[node] as number) & nodeFlag.linked) !== 0 ||
      (start >= waited && waited > (startNs[up] as number) + (skewNs[up] as number))
    )
      async[node] = 1;
    // A proxy that tries again within one span of its own: the callees below it tell the attempts.
    if (spanKind === kind.server && parentKind === kind.client && (callOf[node] as number) === callOf[up]) {
      const before = answers.get(up) ?? 0;
      answers.set(up, before + 1);
      retry[node] = Math.max(retry[node] as number, before);
    }
  }
  return { retry, async };
}
