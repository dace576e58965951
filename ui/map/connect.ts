/** How to point senders at this collector: the texts of the empty map. Pure. */

export interface Doors {
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
}

export interface Recipe {
  readonly id: string;
  readonly name: string;
  /** One sentence on where the text goes. */
  readonly where: string;
  readonly text: string;
}

/** Host and port of a door. in: `127.0.0.1:4318`, `http://127.0.0.1:4318`, `[::]:4318`. */
export function hostPort(door: string): { readonly host: string; readonly port: string } {
  const found = /^(?:\w+:\/\/)?(\[[^\]]+\]|[^:/]+):(\d+)/.exec(door);
  return { host: found?.[1] ?? '127.0.0.1', port: found?.[2] ?? '4317' };
}

/**
 * Texts to paste, with this collector's address in them.
 * in: its doors; the host name the browser reached it by, which stands in for "any address".
 */
export function recipes(doors: Doors, browserHost: string): Recipe[] {
  const reach = (door: string) => {
    const { host, port } = hostPort(door);
    return { host: ['0.0.0.0', '[::]', '*'].includes(host) ? browserHost : host, port };
  };
  const grpc = reach(doors.otlpGrpc);
  const http = reach(doors.otlpHttp);
  return [
    {
      id: 'otel',
      name: 'OpenTelemetry SDK',
      where: 'Environment of the application, then start it again.',
      text: [
        `export OTEL_EXPORTER_OTLP_ENDPOINT=http://${http.host}:${http.port}`,
        'export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
        'export OTEL_TRACES_EXPORTER=otlp',
        'export OTEL_SERVICE_NAME=checkout',
      ].join('\n'),
    },
    {
      id: 'envoy',
      name: 'Envoy',
      where: 'In the HTTP connection manager, and the cluster beside it.',
      text: envoyText(grpc.host, grpc.port),
    },
    {
      id: 'istio',
      name: 'Istio',
      where: 'kubectl apply, with an address of this collector that the mesh can reach.',
      text: istioText(grpc.host, grpc.port),
    },
  ];
}

function envoyText(host: string, port: string): string {
  return `tracing:
  random_sampling: { value: 100 }
  provider:
    name: envoy.tracers.opentelemetry
    typed_config:
      "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
      service_name: my-service
      grpc_service:
        envoy_grpc: { cluster_name: throughline }
        timeout: 1s

clusters:
  - name: throughline
    type: STRICT_DNS
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: { http2_protocol_options: {} }
    load_assignment:
      cluster_name: throughline
      endpoints:
        - lb_endpoints:
            - endpoint:
                address:
                  socket_address: { address: ${host}, port_value: ${port} }`;
}

function istioText(host: string, port: string): string {
  return `apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  meshConfig:
    enableTracing: true
    extensionProviders:
      - name: throughline
        opentelemetry:
          service: ${host}
          port: ${port}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata:
  name: throughline
  namespace: istio-system
spec:
  tracing:
    - providers: [{ name: throughline }]
      randomSamplingPercentage: 100`;
}
