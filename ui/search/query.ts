/**
 * The search's question as it stands in the address: the query line `q`, and the parameters that older links and links of
 * the map carry beside it or in its place. Whatever changes the question writes the line alone. Pure.
 */
import { formatMs } from '#shared/format.ts';
import {
  parseTraceQuery,
  traceStatuses,
  writeQueryDuration,
  writeTraceQuery,
  type AttributeTerm,
  type ParsedTraceQuery,
  type TraceFilter,
} from '#shared/trace-query.ts';

export interface Question {
  /** As it is typed or linked; of a link without one, the line that says the same. */
  readonly line: string;
  readonly parsed: ParsedTraceQuery;
  readonly order: 'recent' | 'slowest';
}

/** Parameters that say what the line can say; those of the map's links among them. */
const beside = ['service', 'operation', 'version', 'minMs', 'maxMs', 'status', 'edge', 'attr'] as const;

/** The question of an address. What a parameter beside the line cannot mean is dropped; the line wins over them. */
export function questionIn(params: URLSearchParams): Question {
  const order = params.get('order') === 'slowest' ? 'slowest' : 'recent';
  const line = params.get('q') ?? '';
  const parsed = parseTraceQuery(line);
  const more = besideIn(params);
  if (!parsed.ok || !hasTerms(more)) return { line, parsed, order };
  const filter = { ...more, ...parsed.filter, attributes: [...parsed.filter.attributes, ...more.attributes] };
  return { line: writeTraceQuery(filter), parsed: { ok: true, filter }, order };
}

function besideIn(params: URLSearchParams): TraceFilter {
  const text = (name: (typeof beside)[number]): string => params.get(name)?.trim() ?? '';
  const [service, operation, version] = [text('service'), text('operation'), text('version')];
  const [minMs, maxMs] = [readMs(text('minMs')), readMs(text('maxMs'))];
  const status = traceStatuses.find((one) => one === text('status'));
  const edge = text('edge').toLowerCase();
  return {
    ...(service === '' ? {} : { service }),
    ...(operation === '' ? {} : { operation }),
    ...(version === '' ? {} : { version }),
    ...(minMs === undefined ? {} : { minMs }),
    ...(maxMs === undefined ? {} : { maxMs }),
    ...(status === undefined ? {} : { status }),
    ...(/^[0-9a-f]{16}$/.test(edge) ? { edge } : {}),
    attributes: params.getAll('attr').flatMap((term) => readAttribute(term)),
  };
}

function readMs(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function readAttribute(term: string): AttributeTerm[] {
  const equals = term.indexOf('=');
  return equals > 0 ? [{ key: term.slice(0, equals), op: '=', value: term.slice(equals + 1) }] : [];
}

/** Anything is asked for. */
export function hasTerms({ attributes, ...words }: TraceFilter): boolean {
  return attributes.length > 0 || Object.keys(words).length > 0;
}

/** What to change in the address so that it asks for a line, and nothing beside it. */
export function lineChanges(line: string): Record<string, string | undefined> {
  return { ...Object.fromEntries(beside.map((name) => [name, undefined])), q: line };
}

/** The same of a filter. */
export function filterChanges(filter: TraceFilter): Record<string, string | undefined> {
  return lineChanges(writeTraceQuery(filter));
}

/** Parameters of an embed alone. */
const ofEmbed = ['refresh', 'theme', 'contrast', 'kiosk'];

/** The search's own page for the question of an embed. in: its query; what to change in it, undefined takes away. */
export function searchHref(query: URLSearchParams, changes: Readonly<Record<string, string | undefined>>): string {
  const params = new URLSearchParams([...query].filter(([name]) => !ofEmbed.includes(name)));
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') params.delete(name);
    else params.set(name, value);
  }
  return params.size === 0 ? '/search' : `/search?${params}`;
}

/** A filter with some parts set; undefined and '' take one away. */
export function withParts(
  filter: TraceFilter,
  parts: { readonly [Part in keyof TraceFilter]?: TraceFilter[Part] | undefined },
): TraceFilter {
  const kept = Object.entries({ ...filter, ...parts }).filter(([, value]) => value !== undefined && value !== '');
  return { attributes: [], ...Object.fromEntries(kept) } as TraceFilter;
}

export interface Part {
  /** What it asks, in words. */
  readonly text: string;
  /** The question without it. */
  readonly without: TraceFilter;
}

const statusWords = { ok: 'without errors', error: 'with an error', failed: 'failed' } as const;

/** The parts of a question in words: what to loosen when nothing matches. in: names an edge of the map, '' when it cannot. */
export function partsOf(filter: TraceFilter, edgeName: (id: string) => string = () => ''): Part[] {
  const { service, operation, root, version, minMs, maxMs, status, edge, attributes } = filter;
  const part = (text: string, name: keyof TraceFilter): Part => ({
    text,
    without: withParts(filter, { [name]: undefined }),
  });
  return [
    ...(service === undefined ? [] : [part(`workload ${service}`, 'service')]),
    ...(operation === undefined ? [] : [part(`operation ${operation}`, 'operation')]),
    ...(root === undefined ? [] : [part(`started by ${root.replace('|', ' ')}`, 'root')]),
    ...(version === undefined ? [] : [part(`version ${version}`, 'version')]),
    ...(minMs === undefined ? [] : [part(`at least ${formatMs(minMs)}`, 'minMs')]),
    ...(maxMs === undefined ? [] : [part(`at most ${formatMs(maxMs)}`, 'maxMs')]),
    ...(status === undefined ? [] : [part(statusWords[status], 'status')]),
    ...(edge === undefined ? [] : [part(`over ${edgeName(edge) || 'one edge of the map'}`, 'edge')]),
    ...attributes.map(({ key, op, value }, index) => ({
      text: op === 'exists' ? `${key} exists` : `${key} ${op} ${value === '' ? '""' : value}`,
      without: { ...filter, attributes: attributes.filter((_, other) => other !== index) },
    })),
  ];
}

/** Milliseconds typed into a field of the form: `100`, `1.5s`, `2 m`; undefined for none, NaN for what cannot be read. */
export function readFieldMs(text: string): number | undefined {
  const typed = text.trim().replaceAll(/\s+/g, '');
  if (typed === '') return undefined;
  const parsed = parseTraceQuery(`duration >= ${/^\d+(\.\d+)?$/.test(typed) ? `${typed}ms` : typed}`);
  return (parsed.ok ? parsed.filter.minMs : undefined) ?? Number.NaN;
}

/** The same the other way: `250 ms`, exact where that would round. */
export function fieldMs(ms: number | undefined): string {
  if (ms === undefined) return '';
  const text = formatMs(ms);
  return readFieldMs(text) === ms ? text : writeQueryDuration(ms);
}
