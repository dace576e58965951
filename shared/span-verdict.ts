/**
 * Did a span fail, and what do Envoy's response flags say of it (rules C7 and C8). The same verdict counts failures on the
 * map and marks spans on the trace page.
 * Flags: Envoy 1.40, access log command operators, %RESPONSE_FLAGS%.
 */
import { mark, statusCode, type SpanColumns } from './span.ts';

export const verdict = {
  /** The span says nothing: no code, no status. */
  none: 0,
  ok: 1,
  /** 4xx, or a gRPC code that is the caller's fault. */
  clientError: 2,
  failed: 3,
} as const;

/** gRPC codes that are the callee's failure: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const failedGrpc = [2, 4, 12, 13, 14, 15].reduce((bits, code) => bits | (1 << code), 0);

/**
 * What a span says of its request. in: the columns and a row. out: one of `verdict`.
 * A code decides; status and the error mark are heard only when there is no code. `DC` with a 200 is no error.
 */
export function spanVerdict(columns: SpanColumns, row: number): number {
  const http = columns.httpCode[row] as number;
  const grpc = columns.grpcCode[row] as number;
  if (http >= 0 || grpc >= 0) {
    // A shift, not a look-up: most spans have no gRPC code, and index -1 of a list is looked for by name.
    if (http === 0 || http >= 500 || (grpc > 0 && grpc < 17 && (failedGrpc >> grpc) & 1)) return verdict.failed;
    return http >= 400 || grpc > 0 ? verdict.clientError : verdict.ok;
  }
  const status = columns.statusCode[row];
  if (status === statusCode.error) return verdict.failed;
  if (status === statusCode.ok) return verdict.ok;
  return ((columns.marks[row] as number) & mark.error) !== 0 ? verdict.failed : verdict.none;
}

/** Did the span fail? in: fourXxIsFailure as configured. */
export function spanFailed(columns: SpanColumns, row: number, fourXxIsFailure = false): boolean {
  const said = spanVerdict(columns, row);
  return said === verdict.failed || (fourXxIsFailure && said === verdict.clientError);
}

/** Whether a code is a failure by itself; else the caller asked wrongly. in: as in CallError: "503", "grpc 14", "0", a name. */
export function isFailedCode(code: string): boolean {
  const grpc = Number(/^grpc (\d+)$/.exec(code)?.[1]);
  if (grpc >= 0) return grpc < 17 && ((failedGrpc >> grpc) & 1) === 1;
  return !/^\d+$/.test(code) || code === '0' || Number(code) >= 500;
}

/**
 * Response flags in words, and whose word the answer was: `proxy` when the callee never answered, `caller` when the caller
 * went away, `neither` when the flag tells nothing of who answered. URX alone tells only that retries were used up.
 */
const flags: Readonly<Record<string, readonly [reason: string, by: 'proxy' | 'caller' | 'neither']>> = {
  UH: ['no healthy upstream', 'proxy'],
  UF: ['upstream connection failure', 'proxy'],
  UO: ['upstream overflow (circuit breaker)', 'proxy'],
  NR: ['no route', 'proxy'],
  URX: ['retries exhausted', 'proxy'],
  NC: ['no such upstream cluster', 'proxy'],
  DT: ['request or connection too long', 'proxy'],
  DC: ['downstream disconnected', 'caller'],
  DR: ['downstream reset', 'caller'],
  LH: ['local health check failed', 'proxy'],
  UT: ['upstream request timeout', 'proxy'],
  LR: ['connection reset by proxy', 'proxy'],
  UR: ['upstream reset', 'proxy'],
  UC: ['upstream connection terminated', 'proxy'],
  DI: ['delay injected', 'neither'],
  FI: ['fault injected', 'proxy'],
  RL: ['rate limited', 'proxy'],
  UAEX: ['denied by external authorization', 'proxy'],
  RLSE: ['rate limit service error', 'proxy'],
  IH: ['invalid header value', 'proxy'],
  SI: ['stream idle timeout', 'proxy'],
  DPE: ['downstream protocol error', 'caller'],
  UPE: ['upstream protocol error', 'proxy'],
  UMSDR: ['maximum stream duration reached', 'proxy'],
  RFCF: ['response from cache', 'neither'],
  NFCF: ['no filter config', 'proxy'],
  OM: ['overload: connection terminated', 'proxy'],
  DF: ['DNS resolution failed', 'proxy'],
  DO: ['dropped by overload policy', 'proxy'],
};

/** An Envoy response flag in words, '' for one that is not known. in: one flag, `UF`. */
export function flagReason(flag: string): string {
  return Object.hasOwn(flags, flag) ? (flags[flag]?.[0] ?? '') : '';
}

/** What a list of flags says of who answered. in: `URX,UF`. out: 'exhausted' for URX with nothing else by a proxy. */
export function flagsOrigin(list: string): 'proxy' | 'exhausted' | 'unsaid' {
  let origin: 'exhausted' | 'unsaid' = 'unsaid';
  for (const flag of list.split(',')) {
    if (flag === 'URX') origin = 'exhausted';
    else if (Object.hasOwn(flags, flag) && flags[flag]?.[1] === 'proxy') return 'proxy';
  }
  return origin;
}

/** An error type that tells of a connection that gave no answer: ConnectionResetError, ECONNREFUSED, TimeoutError … */
export function isNoAnswer(errorType: string): boolean {
  return /conn|timeout|timed.?out|reset|refused|unreachable|broken.?pipe|\beof\b|dns|resolv|ENOTFOUND|abort/i.test(
    errorType,
  );
}
