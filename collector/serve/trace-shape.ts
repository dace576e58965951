/**
 * The spans of one trace as columns → what is shown of it but for attributes, events and resources: tree order, calls,
 * critical path, marks and warnings. The tree, the calls and the path are those of shared/, the same that the map is made of.
 */
import type { Trace, TraceCall } from '#shared/api.ts';
import { callsOf, type Call, type CallOptions } from '#shared/calls.ts';
import { criticalPath } from '#shared/critical-path.ts';
import type { LightSpan, TraceRows } from '#shared/light-trace.ts';
import { findSkew } from '#shared/skew.ts';
import { spanIdHex, traceIdHex, type SpanColumns } from '#shared/span.ts';
import { buildTree, nodeFlag, type TraceTree } from '#shared/trace-tree.ts';
import { edgeId } from '#shared/workload.ts';
import { marksOf } from './trace-marks.ts';
import { warningsOf } from './trace-warnings.ts';

/** What must be known beside the spans. */
export interface ShapeOptions {
  /** The rules calls are made with. */
  readonly calls: CallOptions;
  readonly truncated: boolean;
  readonly settled: boolean;
}

export interface TraceShape {
  readonly tree: TraceTree;
  readonly head: Omit<Trace, 'spans' | 'light'>;
  readonly rows: TraceRows;
  /** in: 0 to tree.count - 1, in tree order. */
  spanAt(node: number): LightSpan;
}

/** in: the columns of the spans of one trace, at least one; what a row says of its status in words. */
export function toTraceShape(
  columns: SpanColumns,
  statusMessageOf: (row: number) => string,
  options: ShapeOptions,
): TraceShape {
  const tree = buildTree(
    columns,
    Uint32Array.from({ length: columns.count }, (_, row) => row),
  );
  const found = callsOf(tree, options.calls);
  const skew = findSkew(tree, found.failedOf);
  const marks = marksOf(tree, found.callOf, skew.ns);
  const path = criticalPath(tree);
  const ids: string[] = [];
  let endNs = 0;
  for (let node = 0; node < tree.count; node++) {
    ids.push(spanIdHex(columns.spanId, tree.row[node] as number));
    endNs = Math.max(endNs, tree.endNs[node] as number);
  }
  const idOf = (node: number): string => ids[node] ?? '';
  return {
    tree,
    head: {
      traceId: traceIdHex(columns.traceId, 0),
      start: Number(columns.originNs) / 1e6,
      durationMs: endNs / 1e6,
      criticalPath: Array.from({ length: path.count }, (_, i) => ({
        spanId: idOf(path.node[i] as number),
        startNs: path.startNs[i] as number,
        endNs: path.endNs[i] as number,
      })),
      calls: createCallWriter(idOf)(found.calls),
      warnings: warningsOf(tree, found, skew.hops, options),
    },
    rows: {
      parent: tree.parent,
      key: found.calls.map(({ key }) => key),
      callee: found.calls.map(({ callee }) => callee),
      path: path.node,
    },
    spanAt(node) {
      const row = tree.row[node] as number;
      const workload = found.workloadOf(node);
      const startNs = tree.startNs[node] as number;
      const callId = found.callOf[node] as number;
      return {
        spanId: idOf(node),
        parentId: parentOf(tree, node, idOf),
        service: workload.name,
        namespace: workload.namespace,
        version: found.versionOf(node),
        name: columns.strings[columns.name[row] as number] ?? '',
        kind: kinds[columns.kind[row] as number] ?? 'UNSPECIFIED',
        startNs,
        durationNs: (tree.endNs[node] as number) - startNs,
        status: { code: statuses[columns.statusCode[row] as number] ?? 'UNSET', message: statusMessageOf(row) },
        failed: found.failedOf(node),
        callId: callId < 0 ? null : callId,
        retry: marks.retry[node] as number,
        async: marks.async[node] === 1,
        skewNs: skew.ns[node] as number,
      };
    },
  };
}

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
const statuses = ['UNSET', 'OK', 'ERROR'] as const;

/** The parent in the tree; of an orphan the one it names. Never one that would close a cycle. */
function parentOf(tree: TraceTree, node: number, idOf: (node: number) => string): string | null {
  const up = tree.parent[node] as number;
  if (up >= 0) return idOf(up);
  const flags = tree.flags[node] as number;
  if ((flags & nodeFlag.orphan) === 0 || (flags & nodeFlag.cycle) !== 0) return null;
  const named = spanIdHex(tree.columns.parentId, tree.row[node] as number);
  return named === '' || named === idOf(node) ? null : named;
}

/** Edge ids are hashes: of the many calls between two workloads one is made. */
function createCallWriter(idOf: (node: number) => string): (calls: readonly Call[]) => TraceCall[] {
  const edges = new Map<string, Map<string, string>>();
  const edgeOf = (source: string, target: string): string => {
    let targets = edges.get(source);
    if (targets === undefined) edges.set(source, (targets = new Map()));
    let id = targets.get(target);
    if (id === undefined) targets.set(target, (id = edgeId(source, target)));
    return id;
  };
  return (calls) =>
    calls.map((call) => ({
      edgeId: edgeOf(call.source.id, call.target.id),
      source: call.source.id,
      target: call.target.id,
      sourceVersion: call.sourceVersion,
      targetVersion: call.targetVersion,
      protocol: call.protocol,
      spanId: idOf(call.key),
      calleeSpanId: call.callee < 0 ? null : idOf(call.callee),
      failed: call.failed,
      clientError: call.clientError,
      error:
        call.error === undefined
          ? null
          : { code: call.error.code, flag: call.error.flag, reason: call.error.reason, origin: call.error.origin },
      attempts: call.attempts,
      clientNs: known(call.clientNs),
      serverNs: known(call.serverNs),
      networkNs: Number.isNaN(call.networkNs) ? null : call.networkNs,
      probe: call.probe,
    }));
}

function known(ns: number): number | null {
  return ns >= 0 ? ns : null;
}
