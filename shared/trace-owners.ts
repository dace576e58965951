/** Whose the time of a critical path is: a workload's own work, a wait for one that sends no spans, or the network between two. */
import type { Trace, TraceCall } from './api-trace.ts';

export interface Owner {
  readonly kind: 'work' | 'wait' | 'network';
  /** The workload that works. */
  readonly name: string;
  /** Of wait and network: the first of its calls. */
  readonly call: TraceCall | undefined;
  /** ns of the critical path. */
  readonly selfNs: number;
  /** Its spans on the path, the one that owns most first. */
  readonly spanIds: readonly string[];
  /** Operation of that one, and what it owns, ns. */
  readonly longest: string;
  readonly longestNs: number;
  /** The longest stretch of a span that has spans below it, but none then. */
  readonly quietNs: number;
  readonly calls: number;
}

interface Gathering {
  readonly kind: Owner['kind'];
  readonly name: string;
  readonly call: TraceCall | undefined;
  readonly calls: Set<number>;
  readonly spans: Map<string, number>;
  selfNs: number;
  quietNs: number;
}

/** The one that owns most first; their times sum to the path's. */
export function ownersOf({ spans, calls, criticalPath }: Pick<Trace, 'spans' | 'calls' | 'criticalPath'>): Owner[] {
  const spanOf = new Map<string, (typeof spans)[0]>();
  const parents = new Set<string>();
  for (const span of spans) {
    if (!spanOf.has(span.spanId)) spanOf.set(span.spanId, span);
    if (span.parentId !== null) parents.add(span.parentId);
  }
  const found = new Map<string, Gathering>();
  for (const { spanId, startNs, endNs } of criticalPath) {
    const span = spanOf.get(spanId);
    if (span === undefined) continue;
    const call = span.callId === null ? undefined : calls[span.callId];
    // Of an entry call there is no caller here: its span works.
    const calling = (span.kind === 'CLIENT' || span.kind === 'PRODUCER') && call?.calleeSpanId !== call?.spanId;
    const kind = call === undefined || !calling ? 'work' : call.calleeSpanId === null ? 'wait' : 'network';
    const key = kind === 'work' ? `work ${span.service}` : `${kind} ${call?.edgeId}`;
    let owner = found.get(key);
    if (owner === undefined) {
      const told = kind === 'work' ? undefined : call;
      owner = { kind, name: span.service, call: told, calls: new Set(), spans: new Map(), selfNs: 0, quietNs: 0 };
      found.set(key, owner);
    }
    const ns = endNs - startNs;
    owner.selfNs += ns;
    owner.spans.set(spanId, (owner.spans.get(spanId) ?? 0) + ns);
    if (parents.has(spanId)) owner.quietNs = Math.max(owner.quietNs, ns);
    if (span.callId !== null) owner.calls.add(span.callId);
  }
  return [...found.values()]
    .map(({ spans: owned, calls: made, ...owner }): Owner => {
      const order = [...owned].sort((a, b) => b[1] - a[1]);
      const [[longestId, longestNs] = ['', 0] as const] = order;
      return {
        ...owner,
        spanIds: order.map(([id]) => id),
        longest: spanOf.get(longestId)?.name ?? '',
        longestNs,
        calls: made.size,
      };
    })
    .sort((a, b) => b.selfNs - a.selfNs);
}
