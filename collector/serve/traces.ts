/** Answers of /api/traces: the query's text becomes a question to the store. */
import type { TraceList } from '#shared/api.ts';
import { AppError, quoted } from '#shared/error.ts';
import { toInterval } from '#shared/time.ts';
import { readTraces } from '../store/traces-read.ts';
import type { TracesQuery } from './contract.ts';
import type { ServeDeps } from './deps.ts';

/** Traces of the last hour when nothing is said. */
const defaultWindow = '1h';
const defaultLimit = 50;

export async function listTraces({ db, now = Date.now }: ServeDeps, query: TracesQuery): Promise<TraceList> {
  const { service, operation, minMs, maxMs, status, edge, cursor, attr = [] } = query;
  const { fromMs, toMs, live } = toInterval(query, now(), defaultWindow);
  const attributes = (typeof attr === 'string' ? [attr] : attr).map(splitAttribute);
  return readTraces(db, {
    fromMs,
    // A sender's clock may be a little ahead of ours.
    toMs: live ? toMs + clockSlackMs : toMs,
    order: query.order,
    limit: query.limit ?? defaultLimit,
    probes: query.probes === 'true',
    attributes,
    ...(service === undefined || service === '' ? {} : { service }),
    ...(operation === undefined || operation === '' ? {} : { operation }),
    ...(minMs === undefined ? {} : { minMs }),
    ...(maxMs === undefined ? {} : { maxMs }),
    ...(status === undefined ? {} : { status }),
    ...(edge === undefined ? {} : { edge }),
    ...(cursor === undefined ? {} : { cursor }),
  });
}

const clockSlackMs = 60_000;

function splitAttribute(text: string): [key: string, value: string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new AppError('bad-request', `cannot read parameter attr "${quoted(text)}": write key=value`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
