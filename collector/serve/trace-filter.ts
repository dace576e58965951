/** The filter and the time of a question about traces: the query line, and the parameters that say the same one by one. */
import { AppError, quoted } from '#shared/error.ts';
import { toInterval, type TimeQuery } from '#shared/time.ts';
import { parseTraceQuery, type TraceFilter } from '#shared/trace-query.ts';
import type { TraceScope } from '../store/traces-match.ts';
import type { TracesQuery } from './contract-search.ts';

/** A sender's clock may be a little ahead of ours. */
const clockSlackMs = 60_000;
/** Traces of the last hour when nothing is said. */
export const defaultSearchWindow = '1h';

type Single = Pick<TracesQuery, 'service' | 'operation' | 'minMs' | 'maxMs' | 'status' | 'edge' | 'attr'>;

/** errors: bad-request that says what is wrong with the line, and where. */
export function toFilter(line: string | undefined, single: Partial<Single> = {}): TraceFilter {
  const parsed = parseTraceQuery(line ?? '');
  if (!parsed.ok) {
    throw new AppError('bad-request', `cannot read query at ${parsed.at + 1}: ${parsed.message}`);
  }
  const { attr = [], ...words } = single;
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(words)) {
    if (value === undefined || value === '') continue;
    if (Object.hasOwn(parsed.filter, name)) {
      throw new AppError(
        'bad-request',
        `cannot read parameter ${name} "${quoted(value)}": the query line q has it too`,
      );
    }
    own[name] = value;
  }
  const attributes = (typeof attr === 'string' ? [attr] : attr).map(splitAttribute);
  return { ...parsed.filter, ...own, attributes: [...parsed.filter.attributes, ...attributes] };
}

/** The traces a question is about. */
export function toScope(
  query: TimeQuery & { readonly q?: string | undefined; readonly probes: string },
  nowMs: number,
  single?: Partial<Single>,
): TraceScope {
  const { fromMs, toMs, live } = toInterval(query, nowMs, defaultSearchWindow);
  return {
    filter: toFilter(query.q, single),
    fromMs,
    toMs: live ? toMs + clockSlackMs : toMs,
    probes: query.probes === 'true',
  };
}

function splitAttribute(text: string): TraceFilter['attributes'][number] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new AppError('bad-request', `cannot read parameter attr "${quoted(text)}": write key=value`);
  return { key: text.slice(0, equals), op: '=', value: text.slice(equals + 1) };
}
