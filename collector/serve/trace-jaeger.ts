/**
 * A trace as OTLP → the JSON that Jaeger's UI downloads and opens: { data: [trace] }. Times are microseconds, cut off; what
 * Jaeger has no field for becomes a tag, named as OpenTelemetry's mapping names it, after the span's own tags so that
 * decode/jaeger-json.ts can tell the two apart. Lists and maps become their JSON; attributes of links are lost.
 * source: https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/
 */
import {
  kindNames,
  microsOf,
  plain,
  statusName,
  type OtlpKeyValue,
  type OtlpSpan,
  type OtlpTraces,
} from './trace-otlp.ts';

interface Tag {
  readonly key: string;
  readonly type: 'string' | 'bool' | 'int64' | 'float64' | 'binary';
  readonly value: string | number | boolean;
}

/** in: the spans of one trace. */
export function toJaeger({ resourceSpans = [] }: OtlpTraces): object {
  const processes: Record<string, { serviceName: string; tags: Tag[] }> = {};
  const spans: object[] = [];
  let traceID = '';
  resourceSpans.forEach(({ resource, scopeSpans = [] }, i) => {
    const processID = `p${i + 1}`;
    const { attributes = [] } = resource ?? {};
    const named = attributes.find(({ key }) => key === 'service.name')?.value?.stringValue;
    processes[processID] = {
      serviceName: named ?? 'unknown_service',
      tags: attributes.filter(({ key }) => key !== 'service.name' || named === undefined).map(toTag),
    };
    for (const { scope, spans: list = [] } of scopeSpans) {
      const scopeTags = [text('otel.scope.name', scope?.name), text('otel.scope.version', scope?.version)].flat();
      for (const span of list) {
        traceID = span.traceId ?? '';
        spans.push(toSpan(span, processID, scopeTags));
      }
    }
  });
  const trace = { traceID, spans, processes, warnings: null };
  return { data: [trace], total: 0, limit: 0, offset: 0, errors: null };
}

function toSpan(span: OtlpSpan, processID: string, scopeTags: readonly Tag[]): object {
  const { traceId: traceID = '', spanId: spanID = '', parentSpanId = '', links = [], events = [] } = span;
  const startTime = microsOf(span.startTimeUnixNano);
  const reference = (refType: string, toTrace = '', toSpanId = '') => ({ refType, traceID: toTrace, spanID: toSpanId });
  return {
    traceID,
    spanID,
    flags: span.flags === undefined ? 1 : span.flags & 255,
    operationName: span.name ?? '',
    references: [
      ...(parentSpanId === '' ? [] : [reference('CHILD_OF', traceID, parentSpanId)]),
      ...links.map((link) => reference('FOLLOWS_FROM', link.traceId, link.spanId)),
    ],
    startTime,
    duration: Math.max(0, microsOf(span.endTimeUnixNano) - startTime),
    tags: [
      ...(span.attributes ?? []).map(toTag),
      ...text('span.kind', kindNames[span.kind ?? 0]),
      ...scopeTags,
      ...text('otel.status_code', statusName(span)),
      ...(span.status?.code === 2 ? [{ key: 'error', type: 'bool' as const, value: true }] : []),
      ...text('otel.status_description', span.status?.message),
      ...text('w3c.tracestate', span.traceState),
    ],
    logs: events.map((event) => ({
      timestamp: microsOf(event.timeUnixNano),
      fields: [...text('event', event.name), ...(event.attributes ?? []).map(toTag)],
    })),
    processID,
    warnings: null,
  };
}

function text(key: string, value: string | undefined): Tag[] {
  return value === undefined || value === '' ? [] : [{ key, type: 'string', value }];
}

function toTag({ key = '', value = {} }: OtlpKeyValue): Tag {
  if (value.boolValue !== undefined) return { key, type: 'bool', value: value.boolValue };
  if (value.doubleValue !== undefined) return { key, type: 'float64', value: value.doubleValue };
  if (value.bytesValue !== undefined) return { key, type: 'binary', value: value.bytesValue };
  if (value.intValue !== undefined) {
    const number = Number(value.intValue);
    return { key, type: 'int64', value: Number.isSafeInteger(number) ? number : String(value.intValue) };
  }
  return { key, type: 'string', value: plain(value) };
}
