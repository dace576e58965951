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

/** users → a (SDK and sidecar) → b (SDK and sidecar), as Istio sends it. */
export const oneHop = (): Span[] => [
  proxy({ id: 'aS', service: 'a', kind: 'server', ms: 20, version: 'v1' }),
  span({ id: 'aApp', parent: 'aS', service: 'a', kind: 'server', at: 1, ms: 18, version: '1.2.3' }),
  span({ id: 'work', parent: 'aApp', service: 'a', at: 2, ms: 15 }),
  span({ id: 'aC', parent: 'work', service: 'a', kind: 'client', at: 2, ms: 14, httpCode: 200, peer: 'b.shop' }),
  proxy({
    id: 'aOut',
    parent: 'aC',
    service: 'a',
    kind: 'client',
    at: 3,
    ms: 12,
    peer: 'b',
    peerNamespace: 'shop',
    version: 'v1',
  }),
  proxy({ id: 'bS', parent: 'aOut', service: 'b', kind: 'server', at: 4, ms: 10, version: 'v2' }),
  span({ id: 'bApp', parent: 'bS', service: 'b', kind: 'server', at: 5, ms: 8 }),
];

/** An attempt of the gateway's to reach b, of 8 ms. */
export const attempt = (retry: number, at: number, code: number, parent = 'S'): Span =>
  gateway({
    id: `r${parent}${retry}${at}`,
    parent,
    kind: 'client',
    at,
    ms: 8,
    httpCode: code,
    retryCount: retry,
    peer: 'b',
    peerNamespace: 'shop',
  });

/** The sidecar of a calls b. */
export const out = (given: Partial<Given>): Span =>
  proxy({ id: 'out', service: 'a', kind: 'client', peer: 'b', peerNamespace: 'shop', ...given });

/** The sidecar of b is called by it. */
export const into = (given: Partial<Given>): Span =>
  proxy({ id: 'in', parent: 'out', service: 'b', kind: 'server', ...given });
