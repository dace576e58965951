/**
 * The normalised span, in the two shapes the program uses: `Span` (one object; tests, the trace page, file formats) and
 * `SpanColumns` (struct of arrays; what the derivation reads from the store, many traces at a time). calls.ts,
 * trace-tree.ts and critical-path.ts take columns only; `toColumns` makes them from objects.
 * Field meaning: OpenTelemetry trace.proto 1.11 and semantic conventions 1.44; what Envoy really sends is in normalise/.
 */

/** OTLP SpanKind numbers. */
export const kind = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** OTLP StatusCode numbers. */
export const statusCode = { unset: 0, ok: 1, error: 2 } as const;

/** What kind of thing a workload or a named peer is; the index is what the columns and the store hold. `other` is the overflow bucket. */
export const workloadKinds = ['service', 'database', 'messaging', 'external', 'users', 'unknown', 'other'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

/** Bits of `marks`. */
export const mark = {
  /** The span was emitted by a proxy (Envoy's `component=proxy`, Linkerd's `direction`), not by the application. */
  proxy: 1,
  /** The proxy is a gateway: node id `router~…`, or a span named `router … egress`. */
  gateway: 2,
  /** A probe: kubelet, load balancer or gRPC health check (rule C6). */
  probe: 4,
  /** The sender says it failed: `error=true` or an `error.type`. Used only when there is neither code nor status. */
  error: 8,
  /** The request was cancelled by the caller (`canceled=true`, or the response flag DC). */
  canceled: 16,
  /** The hop is mutual TLS: the span names a peer principal. */
  mtls: 32,
} as const;

/** A reference from a span to a span of the same or another trace. Ids are lower-case hex. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

/** One normalised span. Absent text is '', absent codes are -1. */
export interface Span {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits; '' for a root. */
  readonly parentId: string;
  /** Epoch nanoseconds. */
  readonly startNs: bigint;
  /** Nanoseconds; negative when the sender's end lies before its start. */
  readonly durationNs: bigint;
  readonly kind: number;
  readonly statusCode: number;
  readonly name: string;
  /** The emitting workload as this span alone tells it (rule C1); the trace may complete namespace and cluster. */
  readonly service: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly version: string;
  /** Destination named by a CLIENT or PRODUCER span (rule C4), or the source queue of a CONSUMER; '' when it names none. */
  readonly peer: string;
  readonly peerNamespace: string;
  /** Subset of the destination, e.g. `v2` of `outbound|9080|v2|reviews…`. */
  readonly peerVersion: string;
  /** Index into workloadKinds: what the peer is if it has no spans of its own. */
  readonly peerKind: number;
  /** `http`, `grpc`, `kafka`, `postgresql`, …; '' when unknown. */
  readonly protocol: string;
  /** HTTP response code; 0 = no response at all (Envoy), -1 = none said. */
  readonly httpCode: number;
  /** gRPC status number; -1 = none said. */
  readonly grpcCode: number;
  /** Envoy response flags, comma list, `-` removed: `URX,UF`; '' for none. */
  readonly responseFlags: string;
  /** error.type or the like in words, when the sender gives one and there is no code: `ConnectionResetError`; else ''. */
  readonly errorType: string;
  /** Bits of `mark`. */
  readonly marks: number;
  /** Attempts before this one (`retry.count`, `http.request.resend_count`); 0 for the first. */
  readonly retryCount: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** How many calls this span stands for (rule C11); 1 when not sampled. */
  readonly weight: number;
  /** TLS identity of the other side, e.g. `spiffe://cluster.local/ns/shop/sa/auth`; '' when not said. */
  readonly principal: string;
  /** Whole second of ingest, epoch seconds; orders deliveries. */
  readonly tick: number;
  readonly links: readonly SpanLink[];
}

/**
 * Spans of any number of traces as columns; row i of every array is span i.
 * Text columns hold indexes into `strings`, whose entry 0 is ''.
 */
export interface SpanColumns {
  readonly count: number;
  readonly strings: readonly string[];
  /** Epoch ns that `startNs` counts from; with it, start = originNs + startNs. */
  readonly originNs: bigint;
  /** Trace id as four big-endian 32-bit words, row i at 4*i. */
  readonly traceId: Uint32Array;
  /** Span id as two big-endian 32-bit words, row i at 2*i. */
  readonly spanId: Uint32Array;
  /** The same; 0,0 = no parent. */
  readonly parentId: Uint32Array;
  readonly startNs: Float64Array;
  readonly durationNs: Float64Array;
  readonly kind: Uint8Array;
  readonly statusCode: Uint8Array;
  readonly name: Uint32Array;
  readonly service: Uint32Array;
  readonly namespace: Uint32Array;
  readonly cluster: Uint32Array;
  readonly version: Uint32Array;
  readonly peer: Uint32Array;
  readonly peerNamespace: Uint32Array;
  readonly peerVersion: Uint32Array;
  readonly peerKind: Uint8Array;
  readonly protocol: Uint32Array;
  readonly httpCode: Int16Array;
  readonly grpcCode: Int16Array;
  readonly responseFlags: Uint32Array;
  readonly errorType: Uint32Array;
  readonly marks: Uint8Array;
  readonly retryCount: Uint16Array;
  readonly requestBytes: Float64Array;
  readonly responseBytes: Float64Array;
  readonly weight: Float64Array;
  readonly principal: Uint32Array;
  readonly tick: Uint32Array;
  /** Rows that have links; absent rows have none. */
  readonly links: ReadonlyMap<number, readonly SpanLink[]>;
}

/** Number of a hex string's big-endian 32-bit word. */
function word(hex: string, index: number): number {
  return Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16) >>> 0;
}

/** Columns of the given spans, in their order. in: ids in hex. out: columns with originNs = the least start. */
export function toColumns(spans: readonly Span[]): SpanColumns {
  const count = spans.length;
  const strings: string[] = [''];
  const ids = new Map<string, number>([['', 0]]);
  const text = (get: (span: Span) => string): Uint32Array => {
    const column = new Uint32Array(count);
    spans.forEach((span, row) => {
      const value = get(span);
      let id = ids.get(value);
      if (id === undefined) {
        id = strings.push(value) - 1;
        ids.set(value, id);
      }
      column[row] = id;
    });
    return column;
  };
  const words = (width: number, get: (span: Span) => string): Uint32Array => {
    const column = new Uint32Array(count * width);
    spans.forEach((span, row) => {
      const hex = get(span);
      if (hex !== '') for (let w = 0; w < width; w++) column[row * width + w] = word(hex, w);
    });
    return column;
  };
  const numbers = <T extends { [row: number]: number }>(column: T, get: (span: Span) => number): T => {
    spans.forEach((span, row) => {
      column[row] = get(span);
    });
    return column;
  };
  const originNs = spans.reduce((least, { startNs }) => (startNs < least ? startNs : least), spans[0]?.startNs ?? 0n);
  const links = new Map<number, readonly SpanLink[]>();
  spans.forEach((span, row) => {
    if (span.links.length > 0) links.set(row, span.links);
  });
  return {
    count,
    strings,
    originNs,
    traceId: words(4, (s) => s.traceId),
    spanId: words(2, (s) => s.spanId),
    parentId: words(2, (s) => s.parentId),
    startNs: numbers(new Float64Array(count), (s) => Number(s.startNs - originNs)),
    durationNs: numbers(new Float64Array(count), (s) => Number(s.durationNs)),
    kind: numbers(new Uint8Array(count), (s) => s.kind),
    statusCode: numbers(new Uint8Array(count), (s) => s.statusCode),
    name: text((s) => s.name),
    service: text((s) => s.service),
    namespace: text((s) => s.namespace),
    cluster: text((s) => s.cluster),
    version: text((s) => s.version),
    peer: text((s) => s.peer),
    peerNamespace: text((s) => s.peerNamespace),
    peerVersion: text((s) => s.peerVersion),
    peerKind: numbers(new Uint8Array(count), (s) => s.peerKind),
    protocol: text((s) => s.protocol),
    httpCode: numbers(new Int16Array(count), (s) => s.httpCode),
    grpcCode: numbers(new Int16Array(count), (s) => s.grpcCode),
    responseFlags: text((s) => s.responseFlags),
    errorType: text((s) => s.errorType),
    marks: numbers(new Uint8Array(count), (s) => s.marks),
    retryCount: numbers(new Uint16Array(count), (s) => s.retryCount),
    requestBytes: numbers(new Float64Array(count), (s) => s.requestBytes),
    responseBytes: numbers(new Float64Array(count), (s) => s.responseBytes),
    weight: numbers(new Float64Array(count), (s) => s.weight),
    principal: text((s) => s.principal),
    tick: numbers(new Uint32Array(count), (s) => s.tick),
    links,
  };
}

/** Hex of a span id held as words, '' for 0,0. in: the column and the row. */
export function spanIdHex(column: Uint32Array, row: number): string {
  const hi = column[row * 2] ?? 0;
  const lo = column[row * 2 + 1] ?? 0;
  return hi === 0 && lo === 0 ? '' : hex32(hi) + hex32(lo);
}

/** Hex of a trace id held as words. in: the column and the row. */
export function traceIdHex(column: Uint32Array, row: number): string {
  let hex = '';
  for (let w = 0; w < 4; w++) hex += hex32(column[row * 4 + w] ?? 0);
  return hex;
}

/** Whether one trace id, as a number, is greater than another. in: columns of words, and a row of each. */
export function isGreaterId(a: Uint32Array, i: number, b: Uint32Array, j: number): boolean {
  for (let word = 0; word < 4; word++) {
    const difference = a[i * 4 + word]! - b[j * 4 + word]!;
    if (difference !== 0) return difference > 0;
  }
  return false;
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Two fifths of the time of Number's toString: a map shows some hundred ids. */
function hex32(value: number): string {
  return (
    hexOfByte[value >>> 24]! +
    hexOfByte[(value >>> 16) & 255]! +
    hexOfByte[(value >>> 8) & 255]! +
    hexOfByte[value & 255]!
  );
}
