/** A trace ID as people paste it: with spaces, capitals, quotes, or as W3C traceparent. */

export type ParsedTraceId = { readonly id: string } | { readonly problem: string };

/** Reads a trace ID. out: 32 lower-case hex digits, or what is wrong with it in words. */
export function parseTraceId(text: string): ParsedTraceId {
  const trimmed = text
    .trim()
    .replaceAll(/^["'`]|["'`]$/g, '')
    .toLowerCase();
  const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(trimmed);
  const id = (traceparent?.[1] ?? trimmed).replaceAll('-', '');
  if (id === '') return { problem: 'Paste a trace ID: 32 hex digits.' };
  const odd = /[^0-9a-f]/.exec(id);
  if (odd) return { problem: `A trace ID has only 0–9 and a–f; this one has “${odd[0]}”.` };
  if (id.length === 16) return { id: id.padStart(32, '0') };
  if (id.length !== 32) return { problem: `A trace ID has 32 hex digits; this one has ${id.length}.` };
  if (/^0+$/.test(id)) return { problem: 'A trace ID of only zeros is invalid.' };
  return { id };
}
