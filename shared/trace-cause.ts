/**
 * Where the failure of a trace comes from: of the calls that failed, and whose callers failed with them up to the root, the
 * deepest. A call that failed below one that did not was made good, and is no cause.
 */
import type { Trace, TraceCall, TraceSpan } from './api-trace.ts';

export interface Cause {
  readonly root: TraceSpan;
  /** Absent when no call tells: the root's own word. */
  readonly call: TraceCall | undefined;
  /** What the root says of its status, '' for nothing. */
  readonly reason: string;
  /** The call's key span and its callee, or the root. */
  readonly spanIds: readonly string[];
}

/** out: undefined when the root did not fail. */
export function findCause({ spans, calls }: Pick<Trace, 'spans' | 'calls'>): Cause | undefined {
  const [root] = spans;
  if (root === undefined || !root.failed) return undefined;
  const depthOf = new Map<string, number>();
  const spanOf = new Map<string, TraceSpan>();
  for (const span of spans) {
    if (spanOf.has(span.spanId)) continue;
    spanOf.set(span.spanId, span);
    const above = span.parentId === null ? undefined : depthOf.get(span.parentId);
    depthOf.set(span.spanId, above === undefined ? 0 : above + 1);
  }
  /** By call: 1 passes its failure on to the root, 0 does not; calls of a caller's own span come after it. */
  const passes = new Map<number, boolean>();
  let cause: TraceCall | undefined;
  let deepest = -1;
  let latest = -1;
  calls.forEach((call, index) => {
    const key = spanOf.get(call.spanId);
    if (key === undefined) return;
    const above = key.parentId === null ? undefined : spanOf.get(key.parentId);
    const answered = above === undefined || above.callId === index ? null : above.callId;
    const inTrace = above !== undefined || key === root;
    const passed =
      call.failed && inTrace && (answered === null ? reaches(key, root, spanOf) : passes.get(answered) === true);
    passes.set(index, passed);
    if (!passed) return;
    const depth = depthOf.get(call.spanId) ?? 0;
    const endNs = key.startNs + key.durationNs;
    if (depth > deepest || (depth === deepest && endNs > latest)) {
      cause = call;
      deepest = depth;
      latest = endNs;
    }
  });
  const ids = cause === undefined ? [root.spanId] : [cause.spanId, cause.calleeSpanId ?? cause.spanId];
  return { root, call: cause, reason: root.status.message, spanIds: [...new Set(ids)] };
}

/** Is the span in the root's tree? */
function reaches(span: TraceSpan, root: TraceSpan, spanOf: ReadonlyMap<string, TraceSpan>): boolean {
  let at: TraceSpan | undefined = span;
  for (let steps = 0; at !== undefined && steps <= spanOf.size; steps++) {
    if (at === root) return true;
    at = at.parentId === null || at.parentId === at.spanId ? undefined : spanOf.get(at.parentId);
  }
  return false;
}
