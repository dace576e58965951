/**
 * A trace as OTLP → a list of Zipkin v2 spans. Times are microseconds, cut off; tags are text. What Zipkin has no field for
 * becomes a tag, named as OpenTelemetry's mapping names it, after the span's own tags so that decode/zipkin-json.ts can tell
 * the two apart. Resource attributes become tags of each span.
 * source: https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/
 */
import {
  kindNames,
  microsOf,
  plain,
  statusName,
  toAttributes,
  type OtlpKeyValue,
  type OtlpSpan,
  type OtlpTraces,
} from './trace-otlp.ts';

type Pairs = (readonly [key: string, value: string])[];

/** in: the spans of one trace. */
export function toZipkin({ resourceSpans = [] }: OtlpTraces): object[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const { attributes = [] } = resource ?? {};
    const serviceName = attributes.find(({ key }) => key === 'service.name')?.value?.stringValue;
    const about = toPairs(attributes.filter(({ key }) => key !== 'service.name' || serviceName === undefined));
    return scopeSpans.flatMap(({ scope, spans = [] }) => {
      const scopeTags = [...text('otel.scope.name', scope?.name), ...text('otel.scope.version', scope?.version)];
      return spans.map((span) => toSpan(span, serviceName ?? 'unknown_service', about, scopeTags));
    });
  });
}

function toSpan(span: OtlpSpan, serviceName: string, about: Pairs, scopeTags: Pairs): object {
  const timestamp = microsOf(span.startTimeUnixNano);
  const kind = kindNames[span.kind ?? 0] ?? '';
  const own = toPairs(span.attributes ?? []);
  const known = new Map(own);
  const remote = known.get('peer.service');
  const { parentSpanId = '', events = [], links = [] } = span;
  return {
    traceId: span.traceId,
    id: span.spanId,
    ...(parentSpanId !== '' && { parentId: parentSpanId }),
    ...(kind !== '' && kind !== 'internal' && { kind: kind.toUpperCase() }),
    name: span.name ?? '',
    timestamp,
    // Zipkin takes a span without a length for one that has not ended.
    duration: Math.max(1, microsOf(span.endTimeUnixNano) - timestamp),
    localEndpoint: { serviceName },
    ...(remote !== undefined && remote !== '' && { remoteEndpoint: { serviceName: remote } }),
    annotations: events.map((event) => ({ timestamp: microsOf(event.timeUnixNano), value: annotation(event) })),
    tags: Object.fromEntries([
      ...own,
      ...about.filter(([key]) => !known.has(key)),
      ...text('span.kind', kind === 'internal' ? kind : ''),
      ...scopeTags,
      ...text('otel.status_code', statusName(span)),
      ...(span.status?.code === 2 && !known.has('error') ? [['error', span.status.message || 'true'] as const] : []),
      ...text('otel.status_description', span.status?.message),
      ...text('w3c.tracestate', span.traceState),
      ...links.map((link, i) => {
        const said = JSON.stringify(toAttributes(link.attributes));
        const parts = [link.traceId, link.spanId, link.traceState ?? '', said];
        return [`otlp.link.${i}`, [...parts, link.droppedAttributesCount ?? 0].join('|')] as const;
      }),
    ]),
  };
}

function text(key: string, value: string | undefined): Pairs {
  return value === undefined || value === '' ? [] : [[key, value]];
}

function toPairs(attributes: readonly OtlpKeyValue[]): Pairs {
  return attributes.map(({ key = '', value = {} }) => [key, plain(value)]);
}

/** The name, and after it the attributes as JSON when there are some. */
function annotation({ name = '', attributes = [] }: NonNullable<OtlpSpan['events']>[number]): string {
  if (attributes.length === 0) return name;
  return `${JSON.stringify(name)}: ${JSON.stringify(toAttributes(attributes))}`;
}
