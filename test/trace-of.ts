/** Spans of span-builder.ts as the trace that the API would answer with, without attributes. */
import type { Trace } from '#shared/api.ts';
import { toColumns, type Span } from '#shared/span.ts';
import { toTraceShape, type TraceShape } from '../collector/serve/trace-shape.ts';

const light = { attributes: {}, events: [], links: [], resource: {}, scope: { name: '', version: '' } };

/** in: what spans say of their status in words, by name. */
export function shapeOf(spans: readonly Span[], messages: Readonly<Record<string, string>> = {}): TraceShape {
  return toTraceShape(toColumns(spans), (row) => messages[spans[row]?.name ?? ''] ?? '', {
    calls: {},
    truncated: false,
    settled: true,
  });
}

export function toTrace({ head, tree, spanAt }: TraceShape): Trace {
  return {
    ...head,
    light: true,
    spans: Array.from({ length: tree.count }, (_, node) => ({ ...spanAt(node), ...light })),
  };
}

/** in: as shapeOf. */
export function traceOf(spans: readonly Span[], messages?: Readonly<Record<string, string>>): Trace {
  return toTrace(shapeOf(spans, messages));
}
