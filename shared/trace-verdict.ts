/**
 * A trace in one sentence: why it failed, what decided how long it took, what was tried again, and what makes all that less
 * sure. Made of what the trace says itself: critical path, calls, marks. Who waited for whom is inferred from times.
 */
import type { Trace, TraceCall } from './api-trace.ts';
import { formatNs } from './format.ts';
import { findCause, type Cause } from './trace-cause.ts';
import { ownersOf, type Owner } from './trace-owners.ts';
import { parseNodeId } from './workload.ts';

export interface TraceVerdict {
  /** "412 of 503 ms wait for product-api → inventory-db; it was retried twice after 503 UF." */
  readonly text: string;
  /** The spans it is about, those that matter most first. */
  readonly spanIds: readonly string[];
  /** The edge it is about. */
  readonly edgeId?: string;
}

/** The least part of the time that is worth a word. */
const worthShare = 0.05;
/** Spans named. */
const maxSpans = 20;

export function traceVerdict(trace: Trace): TraceVerdict {
  const { spans, criticalPath } = trace;
  const [root] = spans;
  if (root === undefined) return { text: 'No span of it is held.', spanIds: [] };
  const totalNs = criticalPath.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
  const owners = ownersOf(trace);
  const [first] = owners;
  const cause = findCause(trace);
  const clauses = [
    cause ? failure(cause, totalNs) : '',
    time(owners, totalNs, cause),
    retries(trace, first, cause),
    cause ? '' : recovered(trace),
    caveat(trace, totalNs),
  ].filter((clause) => clause !== '');
  if (clauses.length === 0) clauses.push('it took no time that was measured');
  const text = `${clauses.join('; ')}.`;
  const subject = cause?.call ?? first?.call;
  return {
    text: text.charAt(0).toUpperCase() + text.slice(1),
    spanIds: [...new Set([...(cause ? cause.spanIds : []), ...(first?.spanIds ?? [])])].slice(0, maxSpans),
    ...(subject && { edgeId: subject.edgeId }),
  };
}

/** "failed after 503 ms because product-api → inventory-db got no answer: upstream connection failure (503 UF)". */
function failure({ root, call, reason }: Cause, totalNs: number): string {
  const head = totalNs > 0 ? `failed after ${formatNs(totalNs)}` : 'failed';
  if (call === undefined) return `${head}: ${root.service} itself says so${reason === '' ? '' : ` (${reason})`}`;
  const said = toldError(call);
  if (isEntry(call)) return `${head} because ${nameOf(call.target)} itself failed${said}`;
  const how = call.error?.origin === 'proxy' ? 'got no answer' : 'failed in the callee';
  return `${head} because ${edgeName(call)} ${how}${said}`;
}

/** ": upstream connection failure (503 UF)". */
function toldError({ error }: TraceCall): string {
  if (error === null) return '';
  const code = codeOf(error);
  if (error.reason === '') return ` (${code})`;
  return error.reason === code ? `: ${code}` : `: ${error.reason} (${code})`;
}

function codeOf({ code, flag }: NonNullable<TraceCall['error']>): string {
  return [code === '0' ? 'no response' : code, flag].filter((part) => part !== '').join(' ');
}

/** "412 of 503 ms wait for product-api → inventory-db". */
function time(owners: readonly Owner[], totalNs: number, cause: Cause | undefined): string {
  const [first, second] = owners;
  if (first === undefined || totalNs <= 0) return '';
  const isCause = cause?.call !== undefined && first.call?.edgeId === cause.call.edgeId;
  const head = `${partOf(first.selfNs, totalNs)} ${isCause && first.kind === 'wait' ? 'waited for it' : saying(first, totalNs)}`;
  const isMost = first.selfNs >= 0.6 * totalNs;
  if (isMost || second === undefined || second.selfNs < 2 * worthShare * totalNs) return head;
  return `${head}, ${formatNs(second.selfNs)} ${saying(second, totalNs)}`;
}

function saying(owner: Owner, totalNs: number): string {
  const { kind, name, call, calls } = owner;
  const many = calls > 1 ? `, in ${calls} calls` : '';
  if (kind === 'wait' && call) return `wait for ${edgeName(call)}${many}`;
  if (kind === 'network' && call) {
    const again = call.attempts > 1 ? 'network, proxies and further attempts' : 'network and proxies';
    return `are ${again} of ${edgeName(call)}${many}`;
  }
  const where = `${2 * owner.longestNs >= owner.selfNs ? '' : 'longest: '}${shortOperation(owner.longest)}`;
  const quiet = owner.quietNs > 0.3 * totalNs ? `, ${formatNs(owner.quietNs)} of it without a span below` : '';
  return `are ${name}'s own work (${where}${quiet})`;
}

/** An operation without the part of Kubernetes host names that all of them share. */
function shortOperation(name: string): string {
  return name.replaceAll('.svc.cluster.local', '');
}

/** "412 of 503 ms", "80 µs of 1.2 s". */
function partOf(ns: number, ofNs: number): string {
  const part = formatNs(ns);
  const whole = formatNs(ofNs);
  if (ns >= 0.98 * ofNs) return `${ns === ofNs ? '' : 'nearly '}all of ${whole}`;
  const unit = /[^\d.]+$/.exec(whole)?.[0] ?? '';
  return part.endsWith(unit) ? `${part.slice(0, -unit.length)} of ${whole}` : `${part} of ${whole}`;
}

/** "it was retried twice after 503 UF": the call the sentence is about, else the one that was tried most often. */
function retries(trace: Trace, first: Owner | undefined, cause: Cause | undefined): string {
  const { calls } = trace;
  const subject = cause?.call ?? first?.call;
  const retried = calls.filter(({ attempts }) => attempts > 1);
  const own = subject && retried.find(({ edgeId }) => edgeId === subject.edgeId);
  const call = own ?? retried.toSorted((a, b) => b.attempts - a.attempts)[0];
  if (call === undefined) return '';
  const times = ['', 'once', 'twice'][call.attempts - 1] ?? `${call.attempts - 1} times`;
  const after = afterWhat(trace, call);
  return `${own ? 'it' : edgeName(call)} was retried ${times}${after === '' ? '' : ` after ${after}`}`;
}

/** What the attempts before the last one came to, as far as it is told. */
function afterWhat({ spans, calls }: Trace, call: TraceCall): string {
  const index = calls.indexOf(call);
  const tried = spans.find((span) => span.callId === index && span.failed && span.kind === 'CLIENT');
  const { attributes = {} } = tried ?? {};
  const code = attributes['http.response.status_code'] ?? attributes['http.status_code'];
  const flag = attributes['response_flags'] ?? '';
  if (code !== undefined)
    return codeOf({ code: String(code), flag: flag === '-' ? '' : String(flag), reason: '', origin: 'app' });
  return call.error === null ? '' : codeOf(call.error);
}

/** Calls that failed though the request did not. */
function recovered({ calls }: Trace): string {
  const failed = calls.filter((call) => call.failed);
  const [one] = failed;
  if (one === undefined) return '';
  if (failed.length === 1) return `${edgeName(one)} failed on the way${toldError(one)}`;
  const edges = new Set(failed.map(({ edgeId }) => edgeId)).size;
  return edges === 1
    ? `${edgeName(one)} failed ${failed.length} times on the way${toldError(one)}`
    : `${failed.length} calls failed on the way`;
}

/** What makes the rest less sure: the one that matters most. */
function caveat({ spans, durationMs, criticalPath }: Trace, totalNs: number): string {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const lost = spans.filter(({ parentId }) => parentId !== null && !known.has(parentId)).length;
  if (lost > 0) return lost === 1 ? 'one span lacks its parent' : `${lost} spans lack their parents`;
  const roots = spans.filter(({ parentId }) => parentId === null).length;
  if (roots > 1) return `it has ${roots} beginnings, and this is of the first`;
  const skewNs = spans.reduce((most, span) => Math.max(most, Math.abs(span.skewNs)), 0);
  if (skewNs > worthShare * totalNs) return `clocks differ by up to ${formatNs(skewNs)}`;
  const endNs = criticalPath.at(-1)?.endNs ?? 0;
  const lateNs = durationMs * 1e6 - endNs;
  return totalNs > 0 && lateNs > worthShare * totalNs ? `spans go on for ${formatNs(lateNs)} after the answer` : '';
}

/** Nobody in the trace made it: it came from users or from outside. */
function isEntry({ spanId, calleeSpanId }: TraceCall): boolean {
  return spanId === calleeSpanId;
}

function edgeName({ source, target }: TraceCall): string {
  return `${nameOf(source)} → ${nameOf(target)}`;
}

function nameOf(nodeId: string): string {
  try {
    return parseNodeId(nodeId).name;
  } catch {
    return nodeId;
  }
}
