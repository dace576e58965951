/**
 * How the program watches itself: its metrics (throughline_…, shown at /metrics) and, only when --own-traces names a
 * receiver, traces of API requests and derivation ticks. The way of the spans is never traced: a program that traces what
 * it does with traces feeds itself.
 */
import type { Span as OwnSpan, Tracer } from '@opentelemetry/api';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const registry = new Registry();
const registers = [registry];

function counter<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
  return new Counter({ name: `throughline_${name}_total`, help, labelNames, registers });
}

function gauge(name: string, help: string): Gauge {
  return new Gauge({ name: `throughline_${name}`, help, registers });
}

function histogram<Label extends string>(
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly Label[] = [],
): Histogram<Label> {
  return new Histogram({ name: `throughline_${name}`, help, buckets: [...buckets], labelNames, registers });
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const spansBuckets = [1, 10, 100, 1000, 5000, 10_000, 50_000, 100_000, 500_000];
const bytesBuckets = [1e3, 1e4, 1e5, 1e6, 4e6, 16e6, 64e6, 256e6];

/** Every metric of the program. Seconds and bytes, as Prometheus wants them. */
export const metrics = {
  receivedBodies: counter('received_bodies', 'Bodies read at a door', ['door', 'encoding']),
  receivedBytes: counter('received_bytes', 'Bytes of bodies read at a door, inflated', ['door']),
  refusedRequests: counter('refused_requests', 'Requests refused at a door, by error code', ['door', 'code']),
  droppedConnections: counter('dropped_connections', 'Connections turned away because too many were open', ['door']),
  spansAccepted: counter('spans_accepted', 'Spans committed to the store'),
  spansRejected: counter('spans_rejected', 'Spans that could not be taken, by reason', ['reason']),
  attributesCut: counter('attributes_cut', 'Attributes, events or links shortened or left out, by limit', ['limit']),
  commitSeconds: histogram('commit_seconds', 'Duration of a commit', secondsBuckets),
  commitSpans: histogram('commit_spans', 'Spans of a commit', spansBuckets),
  commitBytes: histogram('commit_bytes', 'Bytes of a commit as sent to the store', bytesBuckets),
  commitFailures: counter('commit_failures', 'Commits the store refused'),
  bufferedBytes: gauge('buffered_bytes', 'Bytes of bodies that wait to be committed'),
  budgetBytes: gauge('budget_bytes', 'Bytes of bodies that may wait to be committed'),
  deriveLagSeconds: gauge('derive_lag_seconds', 'How far the derivation stands behind what could be derived'),
  unsettledTraces: gauge('unsettled_traces', 'Traces that are not settled yet'),
  apiSeconds: histogram('api_seconds', 'Duration of API requests', secondsBuckets, ['route', 'status']),
  liveClients: gauge('live_clients', 'Browsers that follow the live map'),
} as const;

/** Bodies read at a door in an encoding, and their bytes, that the counters do not have yet. */
interface Received {
  readonly door: string;
  readonly encoding: string;
  bodies: number;
  sizeBytes: number;
}

const received: Received[] = [];

/** Counts what happens at the doors (receive/door.ts, DoorMeter). */
export const doorMeter = {
  /** In plain numbers: a counter with labels takes a microsecond, and here there would be two for each body. */
  received(door: string, encoding: string, sizeBytes: number): void {
    let one = received.find((known) => known.door === door && known.encoding === encoding);
    if (one === undefined) received.push((one = { door, encoding, bodies: 0, sizeBytes: 0 }));
    one.bodies += 1;
    one.sizeBytes += sizeBytes;
  },
  refused(door: string, code: string): void {
    metrics.refusedRequests.inc({ door, code });
  },
  dropped(door: string): void {
    metrics.droppedConnections.inc({ door });
  },
} as const;

/** Gauges that are asked for when somebody looks. */
export type Watched = 'bufferedBytes' | 'budgetBytes' | 'deriveLagSeconds' | 'unsettledTraces' | 'liveClients';
const watched = new Map<Watched, () => number>();
let processWatched = false;

/** How often the event loop's delay is sampled: each 10 ms, the default, it is 9 ms of CPU a second, two thirds of an idle main thread's. */
const lagSampleMs = 100;

/** Says where gauges get their value from; also starts to measure the process (memory, event loop). Called once by main. */
export function watch(sources: Readonly<Partial<Record<Watched, () => number>>>): void {
  for (const [name, source] of Object.entries(sources)) watched.set(name as Watched, source);
  if (!processWatched) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagSampleMs });
  processWatched = true;
}

/** Everything in Prometheus' text format. */
export async function renderMetrics(): Promise<{ readonly contentType: string; readonly text: string }> {
  for (const [name, source] of watched) metrics[name].set(source());
  for (const { door, encoding, bodies, sizeBytes } of received.splice(0)) {
    metrics.receivedBodies.inc({ door, encoding }, bodies);
    metrics.receivedBytes.inc({ door }, sizeBytes);
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** Sum of a counter over its labels, optionally of those with the given ones. */
export async function readCounter(
  counted: Counter<string>,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { values } = await counted.get();
  return values
    .filter((value) => Object.entries(labels).every(([name, wanted]) => value.labels[name] === wanted))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Name, type and help of every metric, for the README's table. */
export function describeMetrics(): { readonly name: string; readonly help: string }[] {
  return registry.getMetricsAsArray().map(({ name, help }) => ({ name, help }));
}

let tracer: Tracer | undefined;

/**
 * Starts own traces.
 * in: the OTLP/HTTP address (without /v1/traces), undefined = no traces and nothing is loaded. out: stops and flushes.
 */
export async function startOwnTraces(url: string | undefined, version: string): Promise<() => Promise<void>> {
  if (url === undefined) return async () => {};
  const [{ trace }, { BatchSpanProcessor, NodeTracerProvider }, { resourceFromAttributes }, { OTLPTraceExporter }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'throughline', 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }))],
  });
  provider.register();
  tracer = trace.getTracer('throughline', version);
  return async () => {
    tracer = undefined;
    await provider.shutdown();
  };
}

/** Runs fn inside an own span; without own traces it just runs it. An error marks the span and is thrown on. */
export async function traced<T>(
  name: string,
  attributes: Readonly<Record<string, string | number | boolean>>,
  fn: () => T | Promise<T>,
): Promise<T> {
  if (tracer === undefined) return fn();
  return tracer.startActiveSpan(name, { attributes }, async (span: OwnSpan) => {
    try {
      return await fn();
    } catch (error) {
      // 2 is SpanStatusCode.ERROR; the enum would load the package when own traces are off.
      span.setStatus({ code: 2, message: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}
