/**
 * The real OpenTelemetry SDK sends over each of its three exporters to the running product, and the traces come back out
 * of its API as they went in.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, SpanKind, SpanStatusCode, trace, type Attributes, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Trace } from '#shared/api.ts';
import { startCollector, type RunningCollector } from './run-collector.ts';

const attributes: Attributes = {
  'http.request.method': 'GET',
  'http.response.status_code': 503,
  ratio: 0.25,
  cached: false,
  'größe in µs': 'ä€😀',
  tags: ['a', 'b'],
};

let collector: RunningCollector;

before(async () => {
  collector = await startCollector();
});

after(() => collector.kill());

/** Sends a trace of two spans with the exporter, and resolves when the receiver has answered. out: the trace's id. */
async function send(exporter: SpanExporter, service: string): Promise<string> {
  const failures: unknown[] = [];
  const answered = new SimpleSpanProcessor({
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code !== 0) failures.push(result.error);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': '1.2.3' }),
    spanProcessors: [answered],
  });
  const traceId = makeTrace(provider.getTracer('exporters.test', '1.0'));
  await provider.forceFlush();
  await provider.shutdown();
  assert.deepEqual(failures, []);
  return traceId;
}

function makeTrace(tracer: Tracer): string {
  const parent = tracer.startSpan('GET /cart', { kind: SpanKind.SERVER, attributes });
  const child = tracer.startSpan('ask stock', { kind: SpanKind.CLIENT }, trace.setSpan(context.active(), parent));
  child.addEvent('retrying', { attempt: 2 });
  child.addLink({ context: { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 } });
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'no stock' });
  child.end();
  parent.end();
  return parent.spanContext().traceId;
}

/** The trace as the API gives it. An acknowledged span is stored, so nothing is waited for but the other span. */
async function readTrace(traceId: string): Promise<Trace> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(`${collector.url}/api/traces/${traceId}`);
    if (response.ok) {
      const found = (await response.json()) as Trace;
      if (found.spans.length === 2) return found;
    }
    if (attempt === 20) assert.fail(`no trace ${traceId}: ${response.status}\n${collector.said()}`);
    await sleep(100);
  }
}

async function comesBack(exporter: SpanExporter, service: string): Promise<void> {
  const found = await readTrace(await send(exporter, service));
  const [parent, child] = found.spans;
  assert.ok(parent !== undefined && child !== undefined);
  assert.deepEqual(
    [parent.service, parent.version, parent.name, parent.kind],
    [service, '1.2.3', 'GET /cart', 'SERVER'],
  );
  assert.deepEqual(parent.attributes, attributes);
  assert.deepEqual(parent.scope, { name: 'exporters.test', version: '1.0' });
  assert.equal(parent.parentId, null);
  assert.equal(child.parentId, parent.spanId);
  assert.deepEqual(child.status, { code: 'ERROR', message: 'no stock' });
  assert.deepEqual(
    child.events.map(({ name, attributes: details }) => [name, details]),
    [['retrying', { attempt: 2 }]],
  );
  assert.deepEqual(
    child.links.map(({ traceId, spanId }) => [traceId, spanId]),
    [['ab'.repeat(16), 'cd'.repeat(8)]],
  );
}

describe('the SDK exporters, to the running product', () => {
  for (const compression of [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP]) {
    test(`HTTP with protobuf, compression ${compression}`, async () => {
      const url = `http://${collector.otlpHttp}/v1/traces`;
      await comesBack(new ProtobufExporter({ url, compression }), `proto-${compression}`);
    });

    test(`HTTP with JSON, compression ${compression}`, async () => {
      const url = `http://${collector.otlpHttp}/v1/traces`;
      await comesBack(new JsonExporter({ url, compression }), `json-${compression}`);
    });

    test(`gRPC, compression ${compression}`, async () => {
      await comesBack(new GrpcExporter({ url: `http://${collector.otlpGrpc}`, compression }), `grpc-${compression}`);
    });
  }
});
