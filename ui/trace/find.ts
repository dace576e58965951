/** Find in a trace: spans whose workload, operation or attributes hold all the words. Pure. */
import type { AttributeValue, TraceSpan } from '#shared/api.ts';

/** An attribute's value as text. */
export function valueText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What of a span is searched, lower case. */
function haystack(span: TraceSpan): string {
  const parts = [span.service, span.namespace, span.name, span.spanId, span.status.message];
  for (const [key, value] of Object.entries(span.attributes)) parts.push(`${key}=${valueText(value)}`);
  for (const { name } of span.events) parts.push(name);
  return parts.join('\n').toLowerCase();
}

/** A finder over the spans of a trace; the texts are made with the first search. out: ids in the spans' order. */
export function createFinder(spans: readonly TraceSpan[]): (query: string) => string[] {
  let texts: string[] | undefined;
  return (query) => {
    const words = query
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) return [];
    texts ??= spans.map(haystack);
    return spans.filter((_, i) => words.every((word) => texts?.[i]?.includes(word))).map(({ spanId }) => spanId);
  };
}
