/** Spans, calls and a trace as the API answers them, for tests of the trace page's maths. */
import type { Trace, TraceCall, TraceSpan } from '#shared/api.ts';

export const ms = 1e6;

/** in: times in ms. */
export function span(
  spanId: string,
  parentId: string | null,
  startMs: number,
  durationMs: number,
  part: Partial<TraceSpan> = {},
): TraceSpan {
  return {
    spanId,
    parentId,
    service: 'frontend',
    namespace: 'shop',
    version: 'v1',
    name: `op ${spanId}`,
    kind: 'SERVER',
    startNs: startMs * ms,
    durationNs: durationMs * ms,
    status: { code: 'UNSET', message: '' },
    attributes: {},
    events: [],
    links: [],
    resource: {},
    scope: { name: '', version: '' },
    failed: false,
    callId: null,
    retry: 0,
    async: false,
    skewNs: 0,
    ...part,
  };
}

export function call(part: Partial<TraceCall>): TraceCall {
  return {
    edgeId: 'e',
    source: '/shop/frontend',
    target: '/shop/reviews',
    sourceVersion: '',
    targetVersion: '',
    protocol: 'http',
    spanId: 'b',
    calleeSpanId: null,
    failed: false,
    clientError: false,
    error: null,
    attempts: 1,
    clientNs: null,
    serverNs: null,
    networkNs: null,
    probe: false,
    ...part,
  };
}

/**
 *   a ├────────────────────┤ 0..100   path 0..10 and 90..100
 *   b   ├──────┤             10..50   path 10..30
 *   c     ├──┤               30..50   path 30..50
 *   d            ├─────┤     50..90   path 50..90
 */
export const trace: Trace = {
  traceId: '1'.repeat(32),
  start: 0,
  durationMs: 100,
  spans: [
    span('a', null, 0, 100, { name: 'frontend.shop.svc.cluster.local:9080/*' }),
    span('b', 'a', 10, 40, { service: 'reviews', kind: 'CLIENT' }),
    span('c', 'b', 30, 20, { service: 'reviews', name: 'GET /reviews' }),
    span('d', 'a', 50, 40, { service: 'auth' }),
  ],
  criticalPath: [
    { spanId: 'a', startNs: 0, endNs: 10 * ms },
    { spanId: 'b', startNs: 10 * ms, endNs: 30 * ms },
    { spanId: 'c', startNs: 30 * ms, endNs: 50 * ms },
    { spanId: 'd', startNs: 50 * ms, endNs: 90 * ms },
    { spanId: 'a', startNs: 90 * ms, endNs: 100 * ms },
  ],
  calls: [],
  warnings: [],
  light: false,
};
