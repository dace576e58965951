/**
 * What the address asks to compare: two traces by their IDs, or two sets by their query lines; and the addresses of other
 * comparisons. Pure.
 */
import { parseTraceQuery, writeTraceQuery, type TraceFilter } from '#shared/trace-query.ts';
import { durationText, parseDuration } from '#shared/time.ts';
import { pathWith } from '../api.ts';
import { parseTraceId } from '../part/trace-id.ts';

export type Asked =
  | { readonly mode: 'none' }
  /** '' for a trace that is still to be chosen. */
  | { readonly mode: 'traces'; readonly a: string; readonly b: string }
  | { readonly mode: 'sets'; readonly a: string; readonly b: string; readonly bfrom: string; readonly bto: string };

/** in: reads one parameter, '' when absent. */
export function askedIn(get: (name: string) => string): Asked {
  const [a, b] = [get('a').trim(), get('b').trim()];
  const [traceA, traceB] = [a, b].map(traceIdIn);
  if (traceA !== undefined || traceB !== undefined) return { mode: 'traces', a: traceA ?? '', b: traceB ?? '' };
  const [bfrom, bto] = [get('bfrom'), get('bto')];
  const other = bfrom !== '' && bto !== '';
  if (a === '' && b === '' && !other) return { mode: 'none' };
  return { mode: 'sets', a, b, bfrom: other ? bfrom : '', bto: other ? bto : '' };
}

/** The trace ID a text is; undefined for a query line. */
function traceIdIn(text: string): string | undefined {
  if (!/^["'\s]*[0-9a-fA-F-]{16,60}["'\s]*$/.test(text)) return undefined;
  const parsed = parseTraceId(text);
  return 'id' in parsed ? parsed.id : undefined;
}

/** Time as it stands in an address: a window that ends now, or epoch ms. */
export type AddressTime = Readonly<Record<string, string>>;

/** The stretch as long just before a time. */
export function before(time: AddressTime): { bfrom: string; bto: string } {
  const [from, to] = [Number(time['from']), Number(time['to'])];
  if (to > from) return { bfrom: String(2 * from - to), bto: String(from) };
  const windowMs = parseDuration(time['window'] ?? '5m');
  return { bfrom: `now-${durationText(2 * windowMs)}`, bto: `now-${durationText(windowMs)}` };
}

/** The search for the traces of a set that something narrows down. in: the set's line and time. */
export function searchHref(line: string, time: AddressTime, more: Partial<TraceFilter> = {}): string {
  const parsed = parseTraceQuery(line);
  const filter: TraceFilter = parsed.ok ? parsed.filter : { attributes: [] };
  const { version, service, ...rest } = filter;
  // a version is that of the workload beside it: of another one it would mean something else
  const moved = more.service !== undefined && service !== undefined && more.service !== service;
  const q = writeTraceQuery({
    ...rest,
    ...(service === undefined ? {} : { service }),
    ...(version === undefined || moved ? {} : { version }),
    ...more,
    attributes: [...filter.attributes, ...(more.attributes ?? [])],
  });
  return pathWith('/search', { q, ...time });
}
