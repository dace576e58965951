/**
 * A decoded span -> the promoted columns of the store: the rules, in order. Each rule is a function that reads the cursor
 * and answers with numbers (texts as vocabulary numbers), so that a span costs no object and no string. What the fields mean
 * is said once, in shared/span.ts; why proxies need rules of their own is in envoy.ts and istio.ts.
 */
import { mark } from '#shared/span.ts';
import type { SpanCursor } from '../decode/cursor.ts';
import { isEnvoy, isLinkerd, proxyMarks, responseFlags } from './envoy.ts';
import { identify } from './identity.ts';
import { principal } from './istio.ts';
import { refresh } from './memo.ts';
import { findPeer } from './peer.ts';
import {
  bodyBytes,
  errorMarks,
  errorType,
  grpcCode,
  httpCode,
  probeMark,
  protocol,
  requestSizes,
  responseSizes,
  retryCount,
  sampledWeight,
} from './semconv.ts';

/** What an operator says about workloads. Replace the object to change it: answers are remembered per object. */
export interface NormaliseConfig {
  /** `namespace/name` or `name` to the same forms: both ends of calls are renamed before anything else looks at them. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Calls a span stands for, by `namespace/name` or `name`, for senders that sample without saying so (Envoy). */
  readonly weights: ReadonlyMap<string, number>;
  /** service.name values that all Linkerd proxies of a mesh share. */
  readonly linkerdNames: readonly string[];
}

export const defaultConfig: NormaliseConfig = {
  aliases: new Map(),
  weights: new Map(),
  linkerdNames: ['linkerd-proxy', 'linkerd2-proxy', 'linkerd'],
};

/** The promoted fields of one span; texts are vocabulary numbers. Meaning: Span in shared/span.ts. */
export interface Normalised {
  service: number;
  namespace: number;
  cluster: number;
  version: number;
  peer: number;
  peerNamespace: number;
  peerVersion: number;
  peerKind: number;
  protocol: number;
  httpCode: number;
  grpcCode: number;
  responseFlags: number;
  errorType: number;
  marks: number;
  retryCount: number;
  requestBytes: number;
  responseBytes: number;
  weight: number;
  principal: number;
}

/** An object to pass to `normalise` again and again. */
export function createNormalised(): Normalised {
  return {
    service: 0,
    namespace: 0,
    cluster: 0,
    version: 0,
    peer: 0,
    peerNamespace: 0,
    peerVersion: 0,
    peerKind: 0,
    protocol: 0,
    httpCode: -1,
    grpcCode: -1,
    responseFlags: 0,
    errorType: 0,
    marks: 0,
    retryCount: 0,
    requestBytes: 0,
    responseBytes: 0,
    weight: 1,
    principal: 0,
  };
}

/** Fills `out` from the span under the cursor. */
export function normalise(span: SpanCursor, out: Normalised, config: NormaliseConfig = defaultConfig): void {
  refresh(config);
  const envoy = isEnvoy(span);
  const identity = identify(span, envoy || isLinkerd(span), config);
  out.service = identity.service;
  out.namespace = identity.namespace;
  out.cluster = identity.cluster;
  out.version = identity.version;
  const flags = responseFlags(span);
  out.responseFlags = flags.id;
  out.httpCode = httpCode(span);
  out.grpcCode = grpcCode(span);
  out.protocol = protocol(span, out.httpCode, out.grpcCode);
  out.errorType = errorType(span, out.httpCode, out.grpcCode);
  out.principal = principal(span);
  out.marks =
    proxyMarks(span, envoy) |
    probeMark(span) |
    errorMarks(span) |
    (flags.disconnected ? mark.canceled : 0) |
    (out.principal === 0 ? 0 : mark.mtls);
  const peer = findPeer(span, config);
  out.peer = peer.name;
  out.peerNamespace = peer.namespace;
  out.peerVersion = peer.version;
  out.peerKind = peer.kind;
  out.retryCount = retryCount(span);
  out.requestBytes = bodyBytes(span, requestSizes);
  out.responseBytes = bodyBytes(span, responseSizes);
  out.weight = sampledWeight(span) || identity.weight;
}
