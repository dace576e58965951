/** How an embed keeps up: the `refresh` of its address, and the link from it to the whole product. Pure. */

/** stream: live, by event stream. poll: a read every so often. once: a still picture. */
export type Refresh =
  { readonly mode: 'stream' } | { readonly mode: 'poll'; readonly everyMs: number } | { readonly mode: 'once' };

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const leastMs = 1_000;
/** A timer that is set for more than 24.8 days fires at once. */
const mostMs = 86_400_000;

/** in: '' or absent = stream; `off`; `10s`, `1m`. What cannot be read streams. A poll rests a second at least, a day at most. */
export function parseRefresh(text: string): Refresh {
  if (text === 'off') return { mode: 'once' };
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const everyMs = Number(amount) * (unitsMs[unit ?? ''] ?? Number.NaN);
  return everyMs > 0 ? { mode: 'poll', everyMs: Math.min(mostMs, Math.max(leastMs, everyMs)) } : { mode: 'stream' };
}

/** How often what has no event stream is read, ms; undefined = once. in: how often for `stream`. */
export function readEveryMs(refresh: Refresh, streamMs: number): number | undefined {
  if (refresh.mode === 'poll') return refresh.everyMs;
  return refresh.mode === 'stream' ? streamMs : undefined;
}

/** What is of the embed alone: the reader's own page has its own theme. */
const ofEmbed = ['refresh', 'theme', 'contrast', 'kiosk', 'edge', 'select'];

/** The product's page for what the embed shows. in: query of the embed; what to change in it, select among it. */
export function productHref(query: URLSearchParams, changes: Readonly<Record<string, string>> = {}): string {
  const params = new URLSearchParams([...query].filter(([name]) => !ofEmbed.includes(name)));
  const select = query.get('select');
  if (select !== null) params.set('select', select);
  for (const [name, value] of Object.entries(changes)) params.set(name, value);
  return params.size === 0 ? '/' : `/?${params}`;
}

/** `as of 14:02, 3 min ago`: how old the picture is, for a reader who was not there. in: clock text of the picture. */
export function ageText(clock: string, ageMs: number): string {
  const minutes = Math.floor(ageMs / 60_000);
  if (minutes < 1) return `as of ${clock}, ${Math.max(0, Math.round(ageMs / 1_000))} s ago`;
  return minutes < 120 ? `as of ${clock}, ${minutes} min ago` : `as of ${clock}, ${Math.floor(minutes / 60)} h ago`;
}
