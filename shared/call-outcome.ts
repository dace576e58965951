/**
 * What a call came to: verdict (rule C7), error type (C8), latencies (C9), weight (C11) and the rest that its spans say. The
 * caller's spans are asked from the outermost in, then the callee's.
 */
import { isCaller, type Identities } from './call-identity.ts';
import { maxLayers } from './call-hops.ts';
import { errorReason } from './error-reason.ts';
import { kind, mark, type SpanColumns } from './span.ts';
import { flagsOrigin, isNoAnswer, spanVerdict, verdict } from './span-verdict.ts';
import type { TraceTree } from './trace-tree.ts';
import type { KnownWorkload, WorkloadTable } from './workload-table.ts';

/** Why a call failed, or was refused as the caller's fault. */
export interface CallError {
  /** `503`, `grpc 14`, `0` for no response, or the sender's error type. */
  readonly code: string;
  /** Envoy response flags, comma list; '' for none. */
  readonly flag: string;
  /** In words; '' when nothing is known beyond the code. */
  readonly reason: string;
  /** `proxy`: the callee never answered. */
  readonly origin: 'proxy' | 'app';
}

/** One logical request from one workload to another. Nodes are those of the tree; -1 stands for none. */
export interface Call {
  /** The span the call is counted by: the caller's outermost CLIENT or PRODUCER, else the callee's outermost span. */
  readonly key: number;
  /** The callee's outermost span; of several attempts the last one's. */
  readonly callee: number;
  readonly source: KnownWorkload;
  readonly target: KnownWorkload;
  /** '' when not said. */
  readonly sourceVersion: string;
  readonly targetVersion: string;
  /** `http`, `grpc`, …; '' when not said. */
  readonly protocol: string;
  /** Start of the key span, as in the tree. */
  readonly startNs: number;
  /** Duration as the caller saw it, all attempts together; of an entry, the entry span's. */
  readonly clientNs: number;
  /** Duration as the callee saw it, the last attempt's; -1 without a span of the callee. */
  readonly serverNs: number;
  /** Caller's time less the callee's (all attempts'): network and proxies. NaN when not both are known, or nobody waited. */
  readonly networkNs: number;
  readonly failed: boolean;
  /** Refused as the caller's fault, and not counted as a failure. */
  readonly clientError: boolean;
  /** Set when failed or clientError. */
  readonly error: CallError | undefined;
  /** Requests that were sent for it, at least 1. */
  readonly attempts: number;
  /** How many calls it stands for. */
  readonly weight: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly probe: boolean;
  /** 'source principal -> target principal' of mutual TLS, `?` for a side that is not told; undefined without mTLS. */
  readonly principals: string | undefined;
  /** The earliest tick at which a span came that the call is counted by: it is counted in that span's settlement (C12). */
  readonly tick: number;
}

/** A call as numbers, for whoever makes no object of each; one outcome is filled again and again. What is not said here is as in Call. */
export interface Outcome {
  key: number;
  callee: number;
  /** Workload numbers. */
  source: number;
  target: number;
  /** Text ids of the columns. */
  sourceVersion: number;
  targetVersion: number;
  protocol: number;
  startNs: number;
  clientNs: number;
  serverNs: number;
  networkNs: number;
  failed: boolean;
  clientError: boolean;
  error: CallError | undefined;
  attempts: number;
  weight: number;
  requestBytes: number;
  responseBytes: number;
  probe: boolean;
  mtls: boolean;
  /** Text ids of the two principals of mutual TLS. */
  sourcePrincipal: number;
  targetPrincipal: number;
  tick: number;
}

export function createOutcome(): Outcome {
  return {
    key: -1,
    callee: -1,
    source: 0,
    target: 0,
    sourceVersion: 0,
    targetVersion: 0,
    protocol: 0,
    startNs: 0,
    clientNs: 0,
    serverNs: -1,
    networkNs: Number.NaN,
    failed: false,
    clientError: false,
    error: undefined,
    attempts: 1,
    weight: 1,
    requestBytes: 0,
    responseBytes: 0,
    probe: false,
    mtls: false,
    sourcePrincipal: 0,
    targetPrincipal: 0,
    tick: 0,
  };
}

/** A call while its spans are gathered. Drafts are used again for the next trace. */
export interface Draft {
  key: number;
  /** Workload numbers. */
  source: number;
  target: number;
  /** A node of the source; -1 when it has no spans. */
  sourceNode: number;
  /** The key span of the last attempt, and the layer from which the last attempt went out. */
  lastKey: number;
  leaf: number;
  callee: number;
  endNs: number;
  /** Sum of the callee's outermost spans. */
  servedNs: number;
  attempts: number;
  /** retry.count of the last attempt. */
  retry: number;
  /** An earlier call of the same parent to the same target. */
  previous: number;
  tick: number;
  probe: number;
}

export function createDraft(): Draft {
  return {
    key: -1,
    source: 0,
    target: 0,
    sourceNode: -1,
    lastKey: -1,
    leaf: -1,
    callee: -1,
    endNs: 0,
    servedNs: 0,
    attempts: 0,
    retry: 0,
    previous: -1,
    tick: 0,
    probe: 0,
  };
}

/** Fills `to` with the finished call. in: fourXxIsFailure as configured. */
export function readOutcome(
  tree: TraceTree,
  ids: Identities,
  draft: Draft,
  fourXxIsFailure: boolean,
  to: Outcome,
): void {
  const { columns, row, startNs, endNs } = tree;
  const { key, callee, sourceNode } = draft;
  const isEntry = key === callee;
  const calleeRow = callee < 0 ? -1 : (row[callee] as number);
  listen(tree, isEntry ? callee : draft.leaf, isEntry ? callee : draft.lastKey);
  if (said.verdictRow < 0 && calleeRow >= 0) hearVerdict(columns, calleeRow);
  const isClientError = said.verdict === verdict.clientError;
  to.key = key;
  to.callee = callee;
  to.source = draft.source;
  to.target = draft.target;
  to.failed = said.verdict === verdict.failed || (isClientError && fourXxIsFailure);
  to.clientError = isClientError && !fourXxIsFailure;
  to.error = to.failed || to.clientError ? errorOf(columns, calleeRow, isEntry) : undefined;
  // A callee known only by a call of its own has not told how long it took.
  const served = callee >= 0 && (isEntry || !isCaller(columns.kind[calleeRow]));
  const waited = served && !isEntry && columns.kind[row[key] as number] === kind.client;
  const clientNs = draft.endNs - (startNs[key] as number);
  to.startNs = startNs[key] as number;
  to.clientNs = clientNs;
  to.serverNs = served ? (endNs[callee] as number) - (startNs[callee] as number) : -1;
  to.networkNs = waited && columns.kind[calleeRow] !== kind.consumer ? clientNs - draft.servedNs : Number.NaN;
  const calleeVersion = callee < 0 ? 0 : (ids.version[callee] as number);
  to.sourceVersion = sourceNode < 0 ? 0 : (ids.version[sourceNode] as number);
  to.targetVersion = calleeVersion !== 0 ? calleeVersion : said.version;
  to.protocol = protocolOf(columns, calleeRow);
  to.attempts = Math.max(1, draft.attempts, draft.retry + 1);
  const weight = columns.weight[row[key] as number] as number;
  to.weight = weight > 0 && weight < Infinity ? weight : 1;
  to.requestBytes = said.requestBytes || (calleeRow < 0 ? 0 : (columns.requestBytes[calleeRow] as number));
  to.responseBytes = said.responseBytes || (calleeRow < 0 ? 0 : (columns.responseBytes[calleeRow] as number));
  to.probe = draft.probe !== 0;
  const told = calleeRow >= 0 && ((columns.marks[calleeRow] as number) & mark.mtls) !== 0;
  const mtlsRow = isEntry ? -1 : said.mtlsRow;
  to.mtls = told || mtlsRow >= 0;
  to.sourcePrincipal = told ? (columns.principal[calleeRow] as number) : 0;
  to.targetPrincipal = mtlsRow < 0 ? 0 : (columns.principal[mtlsRow] as number);
  to.tick = draft.tick;
}

/** The call as an object. in: texts of the columns. */
export function toCall(table: WorkloadTable, strings: readonly string[], outcome: Outcome): Call {
  const { sourceVersion, targetVersion, protocol, mtls, sourcePrincipal, targetPrincipal, ...rest } = outcome;
  return {
    ...rest,
    source: table.list[outcome.source] as KnownWorkload,
    target: table.list[outcome.target] as KnownWorkload,
    sourceVersion: strings[sourceVersion] ?? '',
    targetVersion: strings[targetVersion] ?? '',
    protocol: strings[protocol] ?? '',
    principals: mtls ? principalsOf(strings, sourcePrincipal, targetPrincipal) : undefined,
  };
}

/** 'source principal -> target principal'. in: text ids; 0 is `?`. */
export function principalsOf(strings: readonly string[], source: number, target: number): string {
  return `${strings[source] || '?'} -> ${strings[target] || '?'}`;
}

/** What the spans of one side say together: of each thing, what the outermost span says. Rows and text ids. */
const said = {
  verdict: 0,
  verdictRow: -1,
  /** Of the spans that tell an error: the outermost with a code. */
  codeRow: -1,
  flags: 0,
  protocol: 0,
  /** The destination's, of the innermost span that tells it: proxies choose subsets. */
  version: 0,
  mtlsRow: -1,
  requestBytes: 0,
  responseBytes: 0,
  byProxy: false,
};

/** Fills `said` from the spans between two nodes, going up from the inner one; of a long way only its ends. */
function listen({ columns, row, parent }: TraceTree, inner: number, outer: number): void {
  said.verdict = verdict.none;
  said.verdictRow = -1;
  said.codeRow = -1;
  said.flags = 0;
  said.protocol = 0;
  said.version = 0;
  said.mtlsRow = -1;
  said.requestBytes = 0;
  said.responseBytes = 0;
  said.byProxy = false;
  let node = inner;
  for (let layer = 1; layer < maxLayers && node !== outer && node >= 0; layer++) {
    const at = row[node] as number;
    if (isCaller(columns.kind[at])) hear(columns, at);
    node = parent[node] as number;
  }
  hear(columns, row[outer] as number);
}

/** Later spans are further out and overrule. */
function hear(columns: SpanColumns, at: number): void {
  hearVerdict(columns, at);
  if (columns.responseFlags[at] !== 0) said.flags = columns.responseFlags[at] as number;
  const protocol = columns.protocol[at] as number;
  if (protocol !== 0 && (said.protocol === 0 || columns.strings[protocol] !== 'http')) said.protocol = protocol;
  if (said.version === 0) said.version = columns.peerVersion[at] as number;
  if ((columns.requestBytes[at] as number) > 0) said.requestBytes = columns.requestBytes[at] as number;
  if ((columns.responseBytes[at] as number) > 0) said.responseBytes = columns.responseBytes[at] as number;
  const marks = columns.marks[at] as number;
  if ((marks & mark.mtls) !== 0) said.mtlsRow = at;
  if ((marks & mark.proxy) !== 0) said.byProxy = true;
}

function hearVerdict(columns: SpanColumns, at: number): void {
  const own = spanVerdict(columns, at);
  if (own === verdict.none) return;
  said.verdict = own;
  said.verdictRow = at;
  if (own !== verdict.ok && ((columns.httpCode[at] as number) >= 0 || (columns.grpcCode[at] as number) >= 0))
    said.codeRow = at;
}

function protocolOf({ protocol, strings }: SpanColumns, calleeRow: number): number {
  const callees = calleeRow < 0 ? 0 : (protocol[calleeRow] as number);
  return said.protocol === 0 || (strings[said.protocol] === 'http' && callees !== 0) ? callees : said.protocol;
}

/** The error type of a call that went wrong, from `said` and the callee's outermost span. */
function errorOf(columns: SpanColumns, calleeRow: number, isEntry: boolean): CallError {
  const { strings, errorType } = columns;
  const kindOfError = strings[errorType[said.verdictRow] as number] ?? '';
  const code = said.codeRow >= 0 ? codeOf(columns, said.codeRow) : kindOfError || 'error';
  const calleeFlags = calleeRow < 0 ? '' : (strings[columns.responseFlags[calleeRow] as number] ?? '');
  const own = strings[said.flags] ?? '';
  // What the callee's proxy says explains an answer that came through; that its caller left does not.
  const flag = own !== '' || flagsOrigin(calleeFlags) !== 'proxy' ? own : calleeFlags;
  const origin = originOf(columns, flag, code, kindOfError, calleeRow, calleeFlags, isEntry);
  return { code, flag, reason: reasonOf(code, flag), origin };
}

function codeOf({ httpCode, grpcCode }: SpanColumns, at: number): string {
  const http = httpCode[at] as number;
  const grpc = grpcCode[at] as number;
  return http === 0 || http >= 400 || grpc <= 0 ? String(http) : `grpc ${grpc}`;
}

function originOf(
  columns: SpanColumns,
  flag: string,
  code: string,
  kindOfError: string,
  calleeRow: number,
  calleeFlags: string,
  isEntry: boolean,
): 'proxy' | 'app' {
  const byFlag = flagsOrigin(flag);
  if (byFlag === 'proxy' || code === '0') return 'proxy';
  if (byFlag === 'exhausted') {
    // The last of the attempts may well have been answered, with an error.
    const answered = calleeRow >= 0 && (columns.httpCode[calleeRow] as number) !== 0;
    return answered && flagsOrigin(calleeFlags) !== 'proxy' ? 'app' : 'proxy';
  }
  if (said.codeRow >= 0) {
    // No proxy stands between: UNAVAILABLE and DEADLINE_EXCEEDED are the client's own words for no answer.
    const ownWords = !said.byProxy && calleeRow < 0 && (code === 'grpc 14' || code === 'grpc 4');
    return ownWords ? 'proxy' : 'app';
  }
  if (isEntry) return 'app';
  if (kindOfError !== '') return isNoAnswer(kindOfError) ? 'proxy' : 'app';
  const protocol = columns.strings[said.protocol];
  return calleeRow < 0 && (protocol === 'http' || protocol === 'grpc') ? 'proxy' : 'app';
}

const reasons = new Map<string, string>();

/** errorReason, remembered: in a storm every call fails alike. */
function reasonOf(code: string, flag: string): string {
  const key = `${code}|${flag}`;
  let reason = reasons.get(key);
  if (reason === undefined) {
    if (reasons.size > 1000) reasons.clear();
    reason = errorReason(code, flag);
    reasons.set(key, reason);
  }
  return reason;
}
