/**
 * Words for a trace: the sentence it opens with, what a span owns of the critical path, what went wrong. Pure.
 */
import { formatNs, formatShare } from '#shared/format.ts';
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

/** Spans on the critical path in the order they first decide. The shares sum to 1. */
export function pathShares({ spans, criticalPath }: Pick<Trace, 'spans' | 'criticalPath'>): PathShare[] {
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

/** The trace in one sentence or two: who decides its time, and what failed. */
export function traceSentence(trace: Trace): string {
  const shares = pathShares(trace);
  return [lateSentence(trace, shares), timeSentence(shares, trace.calls), failureSentence(trace)]
    .filter((part) => part !== '')
    .join(' ');
}

/** Spans that outlive the answer (a callee after its caller's timeout, work done later) make the trace longer than its path. */
function lateSentence({ durationMs }: Trace, shares: readonly PathShare[]): string {
  const answeredNs = shares.reduce((sum, { selfNs }) => sum + selfNs, 0);
  if (answeredNs <= 0 || answeredNs > 0.99 * durationMs * 1e6) return '';
  return `Answered after ${formatNs(answeredNs)}; the last span ends at ${formatNs(durationMs * 1e6)}.`;
}

interface Owner {
  readonly name: string;
  /** Its own spans are not in the trace: the time is a caller's, waiting for it. */
  readonly awaited: boolean;
  selfNs: number;
  readonly parts: PathShare[];
}

function timeSentence(shares: readonly PathShare[], calls: readonly TraceCall[]): string {
  const total = shares.reduce((sum, { selfNs }) => sum + selfNs, 0);
  if (total <= 0) return '';
  const owners = new Map<string, Owner>();
  for (const part of shares) {
    const { span } = part;
    const call = span.callId === null ? undefined : calls[span.callId];
    const calling = span.kind === 'CLIENT' || span.kind === 'PRODUCER';
    const awaited = call !== undefined && call.calleeSpanId === null && calling;
    const name = awaited ? workloadName(call.target) : span.service;
    const key = `${awaited}${name}`;
    const owner = owners.get(key) ?? { name, awaited, selfNs: 0, parts: [] };
    owner.selfNs += part.selfNs;
    owner.parts.push(part);
    owners.set(key, owner);
  }
  const [first, second] = [...owners.values()].sort((a, b) => b.selfNs - a.selfNs);
  if (!first) return '';
  const share = formatShare(round(first.selfNs / total));
  const what = first.awaited ? `waiting for ${first.name}` : `${first.name}'s own work`;
  const [most] = [...first.parts].sort((a, b) => b.selfNs - a.selfNs);
  const mostly =
    most && first.parts.length > 1
      ? `, ${2 * most.selfNs > first.selfNs ? 'most of it' : 'the longest part'} ${shortOperation(most.span.name)} (${formatNs(most.selfNs)})`
      : ` (${most ? `${shortOperation(most.span.name)}, ` : ''}${formatNs(first.selfNs)})`;
  const head = `${share} of the time is ${what}${mostly}`;
  if (!second) return `${head}.`;
  return `${head}; ${formatNs(second.selfNs)} ${second.awaited ? 'wait for' : 'belong to'} ${second.name}.`;
}

function round(share: number): number {
  return share > 0.995 || share < 0.005 ? share : Math.round(share * 100) / 100;
}

function failureSentence({ spans, calls }: Trace): string {
  const failed = calls.filter((call) => call.failed);
  const retried = calls.filter(({ attempts }) => attempts > 1);
  const retries = retried.map(
    ({ source, target, attempts }) => `${workloadName(source)} tried ${workloadName(target)} ${attempts} times`,
  );
  if (failed.length === 0) {
    const marked = spans.filter((span) => span.failed).length;
    const spansSay = marked === 1 ? 'one span reports an error' : `${marked} spans report an error`;
    const plain = marked === 0 ? 'Nothing failed' : `No call failed, though ${spansSay}`;
    const tail = retried.length === 0 ? 'nothing was retried' : retries.slice(0, 2).join(', ');
    return `${plain}${marked === 0 && retried.length === 0 ? ', ' : '; '}${tail}.`;
  }
  // the failure that lies deepest is the one the others pass on
  const depthOf = depths(spans);
  const [worst] = [...failed].sort((a, b) => depthOf(b.spanId) - depthOf(a.spanId));
  const also =
    failed.length > 1 ? ` ${failed.length - 1} more ${failed.length === 2 ? 'call' : 'calls'} failed with it.` : '';
  const tail = retries.length > 0 ? ` ${retries.slice(0, 2).join(', ')}.` : '';
  return worst ? `${callFailure(worst)}.${also}${tail}` : '';
}

/** "frontend → reviews never got through: connection refused (503 UF)". */
export function callFailure({ source, target, error }: TraceCall): string {
  const ends = `${workloadName(source)} → ${workloadName(target)}`;
  if (!error) return `${ends} failed`;
  const verb = error.origin === 'proxy' ? 'never got through' : 'failed in the callee';
  const code = [error.code === '0' ? 'no response' : error.code, error.flag].filter((part) => part !== '').join(' ');
  return `${ends} ${verb}: ${error.reason === '' ? code : `${error.reason} (${code})`}`;
}

/** Depth of a span in the tree. in: spans in tree order, parents before children. */
function depths(spans: readonly TraceSpan[]): (spanId: string) => number {
  const known = new Map<string, number>();
  for (const { spanId, parentId } of spans) {
    known.set(spanId, parentId === null ? 0 : (known.get(parentId) ?? -1) + 1);
  }
  return (spanId) => known.get(spanId) ?? 0;
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
