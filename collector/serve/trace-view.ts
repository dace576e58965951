/**
 * Stored spans of one trace → what the trace page shows: their shape, and of each span all it says. Spans are made one at a
 * time, for a trace may have 100,000 of them.
 */
import type { AttributeValue, TraceSpan } from '#shared/api.ts';
import type { LightSpan } from '#shared/light-trace.ts';
import { toColumns } from '#shared/span.ts';
import { toKeyValue, toOtlpJson, toSpan, type StoredSpan } from '../store/stored-span.ts';
import { toTraceShape, type ShapeOptions, type TraceShape } from './trace-shape.ts';

/** What spans of one sender share. */
export interface Emitter {
  readonly resource: TraceSpan['resource'];
  readonly scope: TraceSpan['scope'];
}

export interface TraceView {
  readonly head: TraceShape['head'];
  readonly spanCount: number;
  /** in: 0 to spanCount - 1, in tree order. */
  spanAt(node: number): Omit<TraceSpan, 'resource' | 'scope'>;
  emitterOf(node: number): Emitter;
}

/** in: the spans of one trace, at least one. */
export function toTraceView(spans: readonly StoredSpan[], options: ShapeOptions): TraceView {
  const columns = toColumns(spans.map(toSpan));
  const { tree, head, spanAt } = toTraceShape(columns, (row) => spans[row]?.statusMessage ?? '', options);
  const emitterOf = createEmitters();
  const storedAt = (node: number): StoredSpan => spans[tree.row[node] as number] as StoredSpan;
  return {
    head,
    spanCount: tree.count,
    spanAt(node) {
      const span = storedAt(node);
      return { ...spanAt(node), ...saidBy(span, columns.originNs) };
    },
    emitterOf: (node) => emitterOf(storedAt(node)),
  };
}

/** Attributes, events and links of a span. in: epoch ns that times count from. */
function saidBy(span: StoredSpan, originNs: bigint): Pick<TraceSpan, 'attributes' | 'events' | 'links'> {
  const detail = detailOf(span);
  return {
    attributes: toAttributes(span.attributes.map(toKeyValue)),
    events: (detail.events ?? []).map(({ name, timeUnixNano, attributes }) => ({
      name: name ?? '',
      atNs: Number(BigInt(timeUnixNano ?? 0) - originNs),
      attributes: toAttributes(attributes),
    })),
    links: (detail.links ?? []).map((link) => ({
      traceId: link.traceId ?? '',
      spanId: link.spanId ?? '',
      attributes: toAttributes(link.attributes),
    })),
  };
}

/** A span of a shape with all it says. */
export function toTraceSpan(light: LightSpan, stored: StoredSpan, originNs: bigint): TraceSpan {
  return { ...light, ...saidBy(stored, originNs), ...createEmitters()(stored) };
}

type OtlpTraces = ReturnType<typeof toOtlpJson>;
type OtlpScopeSpans = NonNullable<NonNullable<OtlpTraces['resourceSpans']>[number]['scopeSpans']>[number];
type OtlpSpan = NonNullable<OtlpScopeSpans['spans']>[number];
type OtlpKeyValue = ReturnType<typeof toKeyValue>;
type OtlpAnyValue = NonNullable<OtlpKeyValue['value']>;

const noBytes = new Uint8Array();

/** Events and links of a span. */
function detailOf(span: StoredSpan): OtlpSpan {
  if (span.rest.length === 0) return {};
  return firstSpan(toOtlpJson([{ ...span, attributes: [], resource: noBytes, scope: noBytes }])) ?? {};
}

function firstSpan({ resourceSpans }: OtlpTraces): OtlpSpan | undefined {
  return resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0];
}

/** Unpacks resource and scope once for all spans that share them: the same dictionary entry is the same array. */
function createEmitters(): (span: StoredSpan) => Emitter {
  const known = new Map<Uint8Array, Map<Uint8Array, Emitter>>();
  return (span) => {
    let byScope = known.get(span.resource);
    if (byScope === undefined) known.set(span.resource, (byScope = new Map()));
    let emitter = byScope.get(span.scope);
    if (emitter === undefined) {
      const [envelope] = toOtlpJson([{ ...span, attributes: [], rest: noBytes }]).resourceSpans ?? [];
      const scope = envelope?.scopeSpans?.[0]?.scope;
      emitter = {
        resource: toAttributes(envelope?.resource?.attributes),
        scope: { name: scope?.name ?? '', version: scope?.version ?? '' },
      };
      byScope.set(span.scope, emitter);
    }
    return emitter;
  };
}

function toAttributes(pairs: readonly OtlpKeyValue[] = []): Record<string, AttributeValue> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key ?? '', toValue(value)]));
}

/** JSON's own value where it is exact; 64-bit integers beyond 2^53, NaN and the infinities as text, bytes as base64. */
function toValue(value: OtlpAnyValue = {}): AttributeValue {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue !== undefined) return value.bytesValue;
  if (value.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : String(value.intValue);
  }
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(toValue);
  if (value.kvlistValue !== undefined) return toAttributes(value.kvlistValue.values);
  return null;
}
