/**
 * Stored spans of one trace → what the trace page shows: their shape, and of each span all it says. Spans are made one at a
 * time, for a trace may have 100,000 of them.
 */
import type { TraceSpan } from '#shared/api.ts';
import type { LightSpan } from '#shared/light-trace.ts';
import { toColumns } from '#shared/span.ts';
import { toKeyValue, toOtlpJson, toSpan, type StoredSpan } from '../store/stored-span.ts';
import { toAttributes, type OtlpSpan, type OtlpTraces } from './trace-otlp.ts';
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
