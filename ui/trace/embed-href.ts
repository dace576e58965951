/** The product's page for what an embedded trace shows. Pure. */

/** What of an address says how a trace is shown. */
const kept = ['view', 'only', 'clocks', 'range', 'order', 'span'];

/** in: query of the embed; what to change in it, '' to leave it out. */
export function embeddedHref(
  traceId: string,
  query: URLSearchParams,
  changes: Readonly<Record<string, string>> = {},
): string {
  const params = new URLSearchParams([...query].filter(([name]) => kept.includes(name)));
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') params.delete(name);
    else params.set(name, value);
  }
  return params.size === 0 ? `/trace/${traceId}` : `/trace/${traceId}?${params}`;
}
