/** Where a profile leads: searches of its traces, comparisons of its versions, the map's critical layer. Pure. */
import type { Profile, ProfileStep } from '#shared/api-profile.ts';
import { parseTraceQuery, writeTraceQuery, type TraceFilter } from '#shared/trace-query.ts';
import { pathWith } from '../api.ts';
import { splitStep } from './words.ts';

/** Parameters of time as they stand in the address. */
export type Time = Readonly<Record<string, string>>;

/** A profile's traces; with a `line` only those that match this query line. */
type Asked = Pick<Profile, 'entry' | 'version' | 'band' | 'fromMs'> & { readonly line?: string };

/**
 * The query line of the traces that a profile is of, its upper bound apart; a step narrows to those that hold its span. A line
 * says each word once: what the profile and the step say goes before what the profile's own line does.
 */
export function profileQuery(
  { entry, version, band, fromMs, line = '' }: Asked,
  step?: Pick<ProfileStep, 'service' | 'operation'>,
): string {
  const parsed = parseTraceQuery(line);
  const own: TraceFilter = parsed.ok ? parsed.filter : { attributes: [] };
  const filter: TraceFilter = {
    ...own,
    ...(step ? { service: step.service, operation: step.operation } : {}),
    ...(entry === '' ? {} : { root: entry }),
    // a version is of the workload that the line names: the entry's, so only where no other one is named
    ...(version === '' || (step && step.service !== splitStep(entry).service) ? {} : versionOf(entry, version)),
    ...(band === 'all' ? {} : { minMs: Math.max(fromMs, own.minMs ?? 0) }),
  };
  return writeTraceQuery(filter);
}

function versionOf(entry: string, version: string): Pick<TraceFilter, 'service' | 'version'> {
  const { service } = splitStep(entry);
  return service === '' ? { version } : { service, version };
}

/** Traces of the profile, of one of its steps when given. */
export function searchHref(asked: Asked, time: Time, step?: Pick<ProfileStep, 'service' | 'operation'>): string {
  return pathWith('/search', { q: profileQuery(asked, step), ...time });
}

/** Two versions of the entry side by side. */
export function compareHref(asked: Asked, time: Time, versions: readonly [a: string, b: string]): string {
  const lines = versions.map((version) => profileQuery({ ...asked, version, band: 'all' }));
  return pathWith('/compare', { a: lines[0] ?? '', b: lines[1] ?? '', ...time });
}

/** The map with the same critical paths laid over it; the slow bands are its slowest tenth. */
export function mapHref({ entry, band }: Asked, time: Time, service = ''): string {
  return pathWith('/', { layer: 'critical', entry, band: band === 'all' ? '' : 'slow', focus: service, ...time });
}

/** What is of an embed alone: the reader's own page has its own theme. */
const ofEmbed = ['refresh', 'theme', 'contrast', 'kiosk'];

/** The product's page for what an embed shows. in: query of the embed; what to change in it, '' to leave out. */
export function productHref(query: URLSearchParams, changes: Readonly<Record<string, string>> = {}): string {
  const params = Object.fromEntries([...query].filter(([name]) => !ofEmbed.includes(name)));
  return pathWith('/profile', { ...params, ...changes });
}
