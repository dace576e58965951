/**
 * Spans for tests in few words: short ids, times in milliseconds, everything else absent unless given. `callsIn` and
 * `edgesIn` run the shared functions over them.
 */
import { callsOf, type Call, type CallOptions, type TraceCalls } from '#shared/calls.ts';
import { kind, mark, toColumns, workloadKinds, type Span, type WorkloadKind } from '#shared/span.ts';
import { buildTree, type TraceTree } from '#shared/trace-tree.ts';

export interface Given extends Partial<Omit<Span, 'kind' | 'peerKind' | 'startNs' | 'durationNs' | 'links'>> {
  /** Any short text; the span id is made of it. */
  readonly id: string;
  /** Short text of the parent, '' for a root. */
  readonly parent?: string;
  readonly kind?: keyof typeof kind;
  readonly peerKind?: WorkloadKind;
  /** Milliseconds; 0 to 10 unless given. */
  readonly at?: number;
  readonly ms?: number;
  readonly links?: readonly string[];
}

export const traceId = '0af7651916cd43dd8448eb211c80319c';

/** 2026-11-23, in nanoseconds. */
export const epochNs = 1_795_392_000_000_000_000n;

/** The span id of a short text. */
export function spanId(text: string): string {
  return text === '' ? '' : Buffer.from(text.padStart(8, '.')).toString('hex').slice(-16);
}

export function span(given: Given): Span {
  const {
    id,
    parent = '',
    kind: spanKind = 'internal',
    peerKind = 'service',
    at = 0,
    ms = 10,
    links = [],
    ...rest
  } = given;
  return {
    traceId,
    spanId: spanId(id),
    parentId: spanId(parent),
    startNs: epochNs + BigInt(Math.round(at * 1e6)),
    durationNs: BigInt(Math.round(ms * 1e6)),
    kind: kind[spanKind],
    statusCode: 0,
    name: id,
    service: '',
    namespace: '',
    cluster: '',
    version: '',
    peer: '',
    peerNamespace: '',
    peerVersion: '',
    peerKind: workloadKinds.indexOf(peerKind),
    protocol: '',
    httpCode: -1,
    grpcCode: -1,
    responseFlags: '',
    errorType: '',
    marks: 0,
    retryCount: 0,
    requestBytes: 0,
    responseBytes: 0,
    weight: 1,
    principal: '',
    tick: 1,
    links: links.map((link) => ({ traceId, spanId: spanId(link) })),
    ...rest,
  };
}

/** A span of an Envoy sidecar in namespace `shop`. */
export function proxy(given: Given): Span {
  return span({
    namespace: 'shop',
    cluster: 'east',
    httpCode: 200,
    protocol: 'http',
    ...given,
    marks: mark.proxy | (given.marks ?? 0),
  });
}

/** A span of an Envoy gateway. */
export function gateway(given: Given): Span {
  return proxy({ service: 'gateway', namespace: 'edge', ...given, marks: mark.gateway | (given.marks ?? 0) });
}

export function treeOf(spans: readonly Span[]): TraceTree {
  const columns = toColumns(spans);
  return buildTree(
    columns,
    spans.map((_, row) => row),
  );
}

export function traceCalls(spans: readonly Span[], options?: CallOptions): TraceCalls & { tree: TraceTree } {
  const tree = treeOf(spans);
  return { tree, ...callsOf(tree, options) };
}

export function callsIn(spans: readonly Span[], options?: CallOptions): readonly Call[] {
  return traceCalls(spans, options).calls;
}

/** `source -> target` of every call, sorted; with its number when there are several. */
export function edgesIn(spans: readonly Span[], options?: CallOptions): string[] {
  const counts = new Map<string, number>();
  for (const { source, target } of callsIn(spans, options)) {
    const edge = `${source.name} -> ${target.name}`;
    counts.set(edge, (counts.get(edge) ?? 0) + 1);
  }
  return [...counts].map(([edge, count]) => (count === 1 ? edge : `${edge} ×${count}`)).sort();
}

/** The call between two names; fails the test when there is not exactly one. */
export function callBetween(calls: readonly Call[], source: string, target: string): Call {
  const found = calls.filter((call) => call.source.name === source && call.target.name === target);
  const [call] = found;
  if (call === undefined || found.length > 1) {
    const all = calls.map((one) => `${one.source.name} -> ${one.target.name}`).join(', ');
    throw new Error(`${found.length} calls ${source} -> ${target} among: ${all}`);
  }
  return call;
}
