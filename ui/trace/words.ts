/** Words for a trace: what a span owns of the critical path, how a call failed, what the trace is called. Pure. */
import { formatNs } from '#shared/format.ts';
import { shortOperation, workloadName } from '../part/names.ts';
import type { Trace, TraceCall, TraceSpan } from '#shared/api.ts';

/** What one span owns of the critical path. */
export interface PathShare {
  readonly span: TraceSpan;
  readonly selfNs: number;
  /** Of the whole path, 0 to 1. */
  readonly share: number;
  /** When it first decides, ns since the trace's first start. */
  readonly startNs: number;
}

const known = new WeakMap<object, readonly PathShare[]>();

/** Spans on the critical path in the order they first decide. The shares sum to 1. Made once a trace. */
export function pathShares(trace: Pick<Trace, 'spans' | 'criticalPath'>): readonly PathShare[] {
  let shares = known.get(trace);
  if (shares === undefined) known.set(trace, (shares = toShares(trace)));
  return shares;
}

function toShares({ spans, criticalPath }: Pick<Trace, 'spans' | 'criticalPath'>): PathShare[] {
  const byId = new Map<string, TraceSpan>();
  for (const span of spans) if (!byId.has(span.spanId)) byId.set(span.spanId, span);
  const total = criticalPath.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
  const owned = new Map<TraceSpan, { selfNs: number; startNs: number }>();
  for (const { spanId, startNs, endNs } of criticalPath) {
    const span = byId.get(spanId);
    if (!span) continue;
    const held = owned.get(span);
    if (held) held.selfNs += endNs - startNs;
    else owned.set(span, { selfNs: endNs - startNs, startNs });
  }
  return [...owned].map(([span, { selfNs, startNs }]) => ({
    span,
    selfNs,
    startNs,
    share: total > 0 ? selfNs / total : 0,
  }));
}

/** The span of the path before or after one, in the order they first decide. in: undefined for none, which leads to the first. */
export function alongPath(
  shares: readonly PathShare[],
  from: TraceSpan | undefined,
  step: 1 | -1,
): TraceSpan | undefined {
  if (!from) return shares[0]?.span;
  const at = shares.findIndex(({ span }) => span === from);
  const after = shares.findIndex(({ startNs }) => startNs > from.startNs);
  const beside = step === 1 ? after : (after < 0 ? shares.length : after) - 1;
  const next = at >= 0 ? at + step : beside;
  return shares[Math.max(0, Math.min(shares.length - 1, next))]?.span;
}

/** "frontend → reviews never got through: connection refused (503 UF)". */
export function callFailure({ source, target, error }: TraceCall): string {
  const ends = `${workloadName(source)} → ${workloadName(target)}`;
  if (!error) return `${ends} failed`;
  const verb = error.origin === 'proxy' ? 'never got through' : 'failed in the callee';
  const code = [error.code === '0' ? 'no response' : error.code, error.flag].filter((part) => part !== '').join(' ');
  return `${ends} ${verb}: ${error.reason === '' ? code : `${error.reason} (${code})`}`;
}

/** What a span says of itself in its panel: kind, operation, duration, and what of it decides the total. */
export function spanSentence(span: TraceSpan, selfNs: number): string {
  const owns =
    selfNs > 0 ? `, of which ${formatNs(selfNs)} of its own decide the total` : ', none of which decides the total';
  const kind = span.kind === 'UNSPECIFIED' ? '' : `${span.kind} · `;
  return `${kind}${shortOperation(span.name)} · ${formatNs(span.durationNs)}${owns}.`;
}

/**
 * What the trace is called: the first operation an application named, since a gateway's is only the host it routes to
 * (`frontend.shop.svc.cluster.local:9080/*`). The root's own when no span says more.
 */
export function traceTitle({ spans }: Pick<Trace, 'spans'>): string {
  const entry = spans.slice(0, 8).find(({ kind, name }) => kind === 'SERVER' && !isRoute(name));
  return shortOperation(entry?.name ?? spans[0]?.name ?? '');
}

/** A name that Envoy makes of its routing: host and port, or `router … egress`. */
function isRoute(name: string): boolean {
  return /:\d+\/\*$/.test(name) || name.startsWith('router ') || name === 'ingress' || name === 'egress';
}
