/**
 * Rules for the spans of Envoy: every tag is a string, `-` and '' mean absent. What Envoy 1.40 sends was measured on
 * fixtures/recordings; names from envoyproxy/envoy source/common/tracing. Linkerd's proxy is here too.
 */
import { kind, mark } from '#shared/span.ts';
import type { SpanCursor } from '../decode/cursor.ts';
import { key, texts, word } from '../decode/keys.ts';
import { kindIndex, type NamedPeer, noPeer, parseHost } from './hosts.ts';
import { perText, textAt, valueStartsWith } from './memo.ts';

/** Whether the span comes from an Envoy. */
export function isEnvoy(span: SpanCursor): boolean {
  return textAt(span, key.component) === word.proxy;
}

/** Whether the span comes from a Linkerd proxy, which labels each span inbound or outbound. */
export function isLinkerd(span: SpanCursor): boolean {
  const direction = textAt(span, key.direction);
  return direction === word.inbound || direction === word.outbound;
}

/** What a span name of Envoy says. */
interface EnvoyName {
  /** `router <cluster> egress`: the upstream span of a gateway. */
  readonly router: boolean;
  /** Vocabulary number of the authority in `egress <authority>`: no route matched. */
  readonly authority: number;
}

const nameOf = perText<EnvoyName>((name) => ({
  router: name.startsWith('router ') && name.endsWith(' egress'),
  authority: name.startsWith('egress ') ? texts.of(name.slice('egress '.length)) : 0,
}));

const routerPrefix = Buffer.from('router~');
const isInboundCluster = perText((cluster) => cluster.startsWith('inbound'));

/** The marks proxy and gateway. A SERVER span that forwards to something not its own pod is a gateway's as well. */
export function proxyMarks(span: SpanCursor, envoy: boolean): number {
  if (!envoy) return isLinkerd(span) ? mark.proxy : 0;
  if (nameOf(span.name).router) return mark.proxy | mark.gateway;
  if (valueStartsWith(span, key.nodeId, routerPrefix)) return mark.proxy | mark.gateway;
  if (span.kind === kind.server) {
    const cluster = textAt(span, key.upstreamCluster);
    if (cluster !== 0 && !isInboundCluster(cluster)) return mark.proxy | mark.gateway;
  }
  return mark.proxy;
}

/**
 * Destination of `upstream_cluster`; undefined when the cluster names none (inbound, pass-through, black hole).
 * in: `outbound|9080|v1|reviews.shop.svc.cluster.local`, its DNAT form `outbound_.9080_.v1_.…`, or a plain name.
 */
export function parseCluster(text: string): NamedPeer | undefined {
  const cluster = text.endsWith(';') ? text.slice(0, -1) : text;
  if (/^(inbound|InboundPassthroughCluster|PassthroughCluster|BlackHoleCluster)/.test(cluster)) return undefined;
  const parts = cluster.includes('|') ? cluster.split('|') : cluster.split('_.');
  if (parts.length === 4 && parts[0]!.startsWith('outbound')) {
    const peer = parseHost(parts[3]!);
    return peer === noPeer ? undefined : { ...peer, version: parts[2]! };
  }
  // Envoy Gateway: httproute/<namespace>/<route>/rule/<n>. The route is the best name there is.
  const route = /^(?:http|grpc|tls|tcp|udp)route\/([^/]+)\/([^/]+)\/rule\//.exec(cluster);
  if (route !== null) return { name: route[2]!, namespace: route[1]!, version: '', kind: kindIndex('service') };
  const peer = parseHost(cluster);
  // A static cluster's name is no host name: a dot in it does not make it external.
  return peer === noPeer ? undefined : { ...peer, kind: kindIndex('service') };
}

/** Vocabulary number of the authority of a request that found no route, from the span's name; else 0. */
export function authorityOf(span: SpanCursor): number {
  return nameOf(span.name).authority;
}

/** Response flags without `-`, and whether the downstream disconnected. */
export interface Flags {
  readonly id: number;
  readonly disconnected: boolean;
}

const noFlags: Flags = { id: 0, disconnected: false };

const flagsOf = perText<Flags>((text) => {
  const flags = text.split(',').filter((flag) => flag !== '-' && flag !== '');
  return { id: texts.of(flags.join(',')), disconnected: flags.includes('DC') };
});

/** `response_flags` of the span. */
export function responseFlags(span: SpanCursor): Flags {
  const id = textAt(span, key.responseFlags);
  return id === 0 ? noFlags : flagsOf(id);
}
