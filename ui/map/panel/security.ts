/**
 * Mutual TLS of an edge in words, and how to make the spans say it. A span names the other side of its hop by a SPIFFE URI
 * in any attribute (collector/normalise/istio.ts): on the callee's span under a key with `source`, `src`, `downstream` or
 * `client` in it, on the caller's under one with `dest`, `dst`, `upstream` or `server`. Proxies add one only when asked to.
 */
import { formatShare } from '#shared/format.ts';
import type { GraphEdge } from '#shared/api.ts';

/** Who spoke with whom: SPIFFE URIs; `?` is a side whose span does not say. */
export interface Principals {
  readonly source: string;
  readonly target: string;
}

/** in: `source -> target`, as the API writes a pair. */
export function parsePrincipals(text: string): Principals {
  const [source = '?', target = '?'] = text.split(' -> ');
  return { source, target };
}

/** What is known of an edge's mutual TLS, as a sentence. */
export function mtlsText({ mtls, calls }: Pick<GraphEdge, 'mtls' | 'calls'>): string {
  if (calls === 0) return 'No calls in this time.';
  if (mtls === null)
    return 'Unknown: the spans do not say whether calls are mutual TLS. That is not the same as plain text.';
  if (mtls.share >= 0.9995) return 'Every call is mutual TLS.';
  return `${formatShare(mtls.share)} of the calls are known to be mutual TLS; the spans of the others do not say.`;
}

export interface Snippet {
  readonly id: string;
  readonly name: string;
  readonly where: string;
  readonly text: string;
}

/** Settings that make proxies put the principals into their spans. */
export const snippets: readonly Snippet[] = [
  {
    id: 'istio',
    name: 'Istio',
    where: 'kubectl apply, for the whole mesh; custom tags with a formatter.',
    text: `apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata:
  name: mesh-principals
  namespace: istio-system
spec:
  tracing:
    - customTags:
        source.principal:
          formatter:
            value: "%DOWNSTREAM_PEER_URI_SAN%"
        destination.principal:
          formatter:
            value: "%UPSTREAM_PEER_URI_SAN%"`,
  },
  {
    id: 'envoy',
    name: 'Envoy',
    where: 'In the tracing block of the HTTP connection manager; custom tags with a value.',
    text: `tracing:
  custom_tags:
    - tag: source.principal
      value: "%DOWNSTREAM_PEER_URI_SAN%"
    - tag: destination.principal
      value: "%UPSTREAM_PEER_URI_SAN%"`,
  },
];
