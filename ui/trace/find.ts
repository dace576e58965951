/** Find in a trace: spans whose workload, operation or attributes hold all the words. Pure. */
import type { AttributeValue, TraceSpan } from '#shared/api.ts';

/** An attribute's value as text. */
export function valueText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The same to be read: what is nested stands on lines of its own, also when it was sent as JSON in a text. */
export function readableText(value: AttributeValue | undefined): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value, null, 2);
  if (typeof value === 'string' && /^\s*[[{]/.test(value)) {
    try {
      return JSON.stringify(JSON.parse(value), null, 2);
    } catch {
      return value;
    }
  }
  return valueText(value);
}

/** What of a span is searched, lower case. */
function haystack(span: TraceSpan): string {
  const parts = [span.service, span.namespace, span.name, span.spanId, span.status.message];
  for (const [key, value] of Object.entries(span.attributes)) parts.push(`${key}=${valueText(value)}`);
  for (const { name } of span.events) parts.push(name);
  return parts.join('\n').toLowerCase();
}

/** A finder over the spans of a trace; the texts are made with the first search. out: rows, in order. */
export function createFinder(spans: readonly TraceSpan[]): (query: string) => number[] {
  let texts: string[] | undefined;
  return (query) => {
    const words = query
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) return [];
    texts ??= spans.map(haystack);
    const found: number[] = [];
    texts.forEach((text, row) => {
      if (words.every((word) => text.includes(word))) found.push(row);
    });
    return found;
  };
}
