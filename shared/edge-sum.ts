/**
 * Sums of edge frames: counts, merged sketches, error types and exemplars of whatever the caller puts together (an edge, a
 * workload's inbound traffic, one step of a series), and the numbers of the API made of a sum. Source: frames of the store
 * and provisional ones of the derivation; both add up alike.
 */
import type { CallError, GraphEdge, Latency } from './api.ts';
import { noSource, type EdgeFrame, type Exemplars, type TextWeights } from './frame.ts';
import { errorReason } from './error-reason.ts';
import { isGreaterId, traceIdHex } from './span.ts';
import { isFailedCode } from './span-verdict.ts';
import { bucketOf, count, joinBuckets, quantiles, valueOf, type Buckets } from './sketch.ts';

export interface EdgeSum {
  calls: number;
  failed: number;
  clientErrors: number;
  attempts: number;
  seen: number;
  requestBytes: number;
  responseBytes: number;
  mtlsCalls: number;
  criticalNs: number;
  /** Of the calls, those of traces that have not settled. */
  provisional: number;
  /** Sketches that together are its own (joinBuckets). */
  readonly clientNs: Buckets[];
  readonly serverNs: Buckets[];
  readonly networkNs: Buckets[];
  /** 'code|flag|origin' to weight. */
  readonly errors: Map<string, number>;
  readonly principals: Map<string, number>;
  readonly exemplars: Exemplars[];
  /** Error type to trace id. */
  readonly errorExemplars: Map<string, string>;
  readonly protocols: Map<string, number>;
}

/** Error types given by name; the rest is one `other` (rule C13). */
const maxErrorTypes = 32;
const maxPrincipals = 32;

const sketches = ['clientNs', 'serverNs', 'networkNs'] as const;

export function emptySum(): EdgeSum {
  return {
    calls: 0,
    failed: 0,
    clientErrors: 0,
    attempts: 0,
    seen: 0,
    requestBytes: 0,
    responseBytes: 0,
    mtlsCalls: 0,
    criticalNs: 0,
    provisional: 0,
    clientNs: [],
    serverNs: [],
    networkNs: [],
    errors: new Map(),
    principals: new Map(),
    exemplars: [],
    errorExemplars: new Map(),
    protocols: new Map(),
  };
}

/** Adds a frame to a sum. A workload's own row brings nothing but its critical path. */
export function addFrame(sum: EdgeSum, frame: EdgeFrame): void {
  sum.criticalNs += totalOf(frame.criticalNs);
  if (frame.sourceKind === noSource) return;
  sum.calls += frame.calls;
  if (frame.provisional) sum.provisional += frame.calls;
  sum.failed += frame.failed;
  sum.clientErrors += frame.clientErrors;
  sum.attempts += frame.attempts;
  sum.seen += frame.seen;
  sum.requestBytes += frame.requestBytes;
  sum.responseBytes += frame.responseBytes;
  sum.mtlsCalls += frame.mtlsCalls;
  for (const name of sketches) if (frame[name].to > frame[name].from) sum[name].push(frame[name]);
  addTexts(sum.errors, frame.errors);
  addTexts(sum.principals, frame.principals);
  for (const part of frame.exemplars) sum.exemplars.push(part);
  for (const type in frame.errorExemplars) keepGreater(sum.errorExemplars, type, frame.errorExemplars[type] ?? '');
  sum.protocols.set(frame.protocol, (sum.protocols.get(frame.protocol) ?? 0) + frame.calls);
}

/** Sum of a map's values. */
export function totalOf(map: TextWeights): number {
  let total = 0;
  for (const key in map) total += map[key] ?? 0;
  return total;
}

function addTexts(into: Map<string, number>, from: TextWeights): void {
  for (const key in from) into.set(key, (into.get(key) ?? 0) + (from[key] ?? 0));
}

/** The same choice as the store's maxMap. */
function keepGreater(into: Map<string, string>, type: string, traceId: string): void {
  const held = into.get(type);
  if (held === undefined || traceId > held) into.set(type, traceId);
}

/** Adds a sum to a sum. */
export function mergeSum(into: EdgeSum, from: EdgeSum): void {
  into.calls += from.calls;
  into.failed += from.failed;
  into.clientErrors += from.clientErrors;
  into.attempts += from.attempts;
  into.seen += from.seen;
  into.requestBytes += from.requestBytes;
  into.responseBytes += from.responseBytes;
  into.mtlsCalls += from.mtlsCalls;
  into.criticalNs += from.criticalNs;
  into.provisional += from.provisional;
  for (const name of sketches) for (const part of from[name]) into[name].push(part);
  for (const name of ['errors', 'principals', 'protocols'] as const) mergeTexts(into[name], from[name]);
  for (const part of from.exemplars) into.exemplars.push(part);
  for (const [type, traceId] of from.errorExemplars) keepGreater(into.errorExemplars, type, traceId);
}

function mergeTexts(into: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [key, weight] of from) into.set(key, (into.get(key) ?? 0) + weight);
}

/**
 * Percentiles in ms, rounded to what a sketch of 1 % error can tell. in: the sum, and one of its sketches.
 * n is the calls really seen: of sampled traffic fewer than the calls they stand for.
 */
export function toLatencyOf(sum: EdgeSum, parts: readonly Buckets[]): Latency {
  const sketch = joinBuckets(parts);
  return toLatency(sum, sketch, percentilesOf(sketch));
}

type Percentiles = readonly (number | undefined)[];

function percentilesOf(sketch: Buckets): Percentiles {
  return quantiles(sketch, [0.5, 0.9, 0.99]);
}

function toLatency(sum: EdgeSum, sketch: Buckets, percentiles: Percentiles): Latency {
  const [p50 = null, p90 = null, p99 = null] = percentiles.map((ns) => (ns === undefined ? null : toMs(ns)));
  const weight = count(sketch);
  const n = sum.calls > 0 && sum.seen !== sum.calls ? Math.round((weight * sum.seen) / sum.calls) : round(weight);
  return { p50, p90, p99, n };
}

/** ms of ns at four significant digits. */
export function toMs(valueNs: number): number {
  return Number((valueNs / 1e6).toPrecision(4));
}

/** Takes float dust off a weighted sum: 6 decimals. */
export function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** The numbers of an edge. in: the seconds the sum spans; the latency of all traces together, for criticalShare. */
export function toNumbers(
  sum: EdgeSum,
  seconds: number,
  totalRootNs: number,
): Omit<GraphEdge, 'id' | 'source' | 'target' | 'sourceVersion' | 'targetVersion'> {
  const clientNs = joinBuckets(sum.clientNs);
  const percentiles = percentilesOf(clientNs);
  return {
    protocol: greatest(sum.protocols) ?? '',
    calls: round(sum.calls),
    failed: round(sum.failed),
    clientErrors: round(sum.clientErrors),
    attempts: round(sum.attempts),
    successRate: successRate(sum),
    rate: perSecond(sum.calls, seconds),
    latencyMs: toLatency(sum, clientNs, percentiles),
    serverLatencyMs: toLatencyOf(sum, sum.serverNs),
    networkMs: toLatencyOf(sum, sum.networkNs),
    networkShare: networkShare(sum),
    errors: toErrors(sum),
    bytesPerSecond: { request: perSecond(sum.requestBytes, seconds), response: perSecond(sum.responseBytes, seconds) },
    criticalShare: shareOf(sum.criticalNs, totalRootNs),
    exemplars: toExemplars(sum, percentiles),
    mtls:
      sum.mtlsCalls > 0
        ? { share: round(Math.min(1, sum.mtlsCalls / sum.calls)), principals: largest(sum.principals) }
        : null,
    weight: sum.seen > 0 ? round(sum.calls / sum.seen) : 1,
    provisional: round(sum.provisional),
  };
}

export function successRate({ calls, failed }: Pick<EdgeSum, 'calls' | 'failed'>): number | null {
  return calls > 0 ? round(Math.max(0, 1 - failed / calls)) : null;
}

export function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? Number((count / seconds).toPrecision(6)) : 0;
}

export function shareOf(partNs: number, totalNs: number): number | null {
  return totalNs > 0 ? round(Math.min(1, partNs / totalNs)) : null;
}

/**
 * Share of what callers waited that was network and proxies, over the calls seen from both ends: those of the network
 * sketch. What such a call took at its caller is read from the client sketch when that holds no other calls, else put
 * together from network and server; either is scaled to the calls of the network sketch.
 */
function networkShare({ clientNs, serverNs, networkNs }: EdgeSum): number | null {
  const [client, server, network] = [clientNs, serverNs, networkNs].map(totalNs);
  if (client === undefined || server === undefined || network === undefined || network.calls === 0) return null;
  const byClient = Math.abs(client.calls - network.calls) <= Math.abs(server.calls - network.calls);
  const waitedNs = byClient
    ? client.ns * (network.calls / client.calls)
    : network.ns + server.ns * (network.calls / server.calls);
  return waitedNs > 0 ? round(Math.min(1, network.ns / waitedNs)) : null;
}

/** Calls of a sketch and the time they took, each by its bucket's middle. */
function totalNs(parts: readonly Buckets[]): { calls: number; ns: number } {
  let calls = 0;
  let ns = 0;
  for (const { buckets, weights, from, to } of parts) {
    for (let at = from; at < to; at++) {
      calls += weights[at]!;
      ns += weights[at]! * valueOf(buckets[at]!);
    }
  }
  return { calls, ns };
}

/** Error types, the most frequent first, at most 32 and then one `other`. */
function toErrors({ errors, failed, clientErrors }: EdgeSum): CallError[] {
  const sorted = [...errors].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  // The derivation's own overflow goes into the same bucket as ours.
  const named = sorted.filter(([type]) => !type.startsWith('other||'));
  const shown = named.slice(0, maxErrorTypes);
  const rest = new Map<string, number>();
  for (const [type, count] of [
    ...sorted.filter(([type]) => type.startsWith('other||')),
    ...named.slice(maxErrorTypes),
  ]) {
    const { origin } = splitType(type);
    rest.set(origin, (rest.get(origin) ?? 0) + count);
  }
  // where only failures or only client errors were counted, each type is one: by the settings a 4xx may be either
  const isFailed = (code: string): boolean => clientErrors === 0 || (failed > 0 && isFailedCode(code));
  const restTotal = [...rest.values()].reduce((sum, count) => sum + count, 0);
  const list = shown.map(([type, count]) => {
    const { code, flag, origin } = splitType(type);
    return { code, flag, reason: errorReason(code, flag), origin, failed: isFailed(code), count: round(count) };
  });
  if (restTotal > 0) {
    const origin = (rest.get('proxy') ?? 0) > (rest.get('app') ?? 0) ? 'proxy' : 'app';
    const count = round(restTotal);
    list.push({ code: 'other', flag: '', reason: 'other errors', origin, failed: isFailed('other'), count });
  }
  return list;
}

/** 'code|flag|origin'; a code is the sender's and may hold bars itself. */
function splitType(type: string): { code: string; flag: string; origin: 'proxy' | 'app' } {
  const parts = type.split('|');
  const origin = parts.pop() === 'proxy' ? 'proxy' : 'app';
  const flag = parts.pop() ?? '';
  return { code: parts.join('|'), flag, origin };
}

function toExemplars(sum: EdgeSum, percentiles: Percentiles): GraphEdge['exemplars'] {
  const [p50 = null, p90 = null, p99 = null] = percentiles.map((ns) =>
    ns === undefined ? null : nearest(sum.exemplars, bucketOf(ns)),
  );
  const errors: [string, string][] = [];
  const types = [...sum.errorExemplars].sort((a, b) => (sum.errors.get(b[0]) ?? 0) - (sum.errors.get(a[0]) ?? 0));
  for (const [type, traceId] of types.slice(0, maxErrorTypes + 1)) {
    const { code, flag } = splitType(type);
    errors.push([`${code}|${flag}`, traceId]);
  }
  // The same code and flag may come from proxy and app: the more frequent, which comes first, stays.
  return { p50, p90, p99, errors: Object.fromEntries(errors.reverse()) };
}

/** The trace of the bucket nearest to one, the lower of two; of several of a bucket the greatest, as the store's maxMap. */
function nearest(exemplars: readonly Exemplars[], bucket: number): string | null {
  let best: Exemplars | undefined;
  let bestAt = 0;
  let bestDistance = Infinity;
  for (const one of exemplars) {
    const { buckets, traceIds, from, to } = one;
    for (let at = from; at < to; at++) {
      // One that is higher counts as a little further.
      const distance = Math.abs(buckets[at]! - bucket + 0.25);
      if (distance > bestDistance) continue;
      if (distance === bestDistance && best !== undefined && !isGreaterId(traceIds, at, best.traceIds, bestAt))
        continue;
      best = one;
      bestAt = at;
      bestDistance = distance;
    }
  }
  return best === undefined ? null : traceIdHex(best.traceIds, bestAt);
}

function greatest(weights: ReadonlyMap<string, number>): string | undefined {
  let best: string | undefined;
  for (const [key, weight] of weights) {
    const held = best === undefined ? -1 : (weights.get(best) ?? 0);
    if (weight > held || (weight === held && key < (best ?? ''))) best = key;
  }
  return best;
}

function largest(weights: ReadonlyMap<string, number>): string[] {
  const sorted = [...weights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return sorted.slice(0, maxPrincipals).map(([key]) => key);
}
