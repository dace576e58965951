/** Answers of /api/traces and what its live tail is made of: the query's text becomes a question to the store. */
import type { TraceList } from '#shared/api.ts';
import { newestSettlement, readSettled, readTraces } from '../store/traces-read.ts';
import type { TailQuery, TracesQuery } from './contract-search.ts';
import type { ServeDeps } from './deps.ts';
import type { TailOptions } from './tail.ts';
import { toFilter, toScope } from './trace-filter.ts';

const defaultLimit = 50;

export async function listTraces({ db, now = Date.now }: ServeDeps, query: TracesQuery): Promise<TraceList> {
  const { service, operation, minMs, maxMs, status, edge, attr, order, limit = defaultLimit, cursor } = query;
  return readTraces(db, {
    ...toScope(query, now(), { service, operation, minMs, maxMs, status, edge, attr }),
    order,
    limit,
    ...(cursor === undefined ? {} : { cursor }),
  });
}

/** What the live tail reads: settlements by their second, whenever their traces began. */
export function tailOptions({ db, onBug }: ServeDeps): TailOptions<TailQuery> {
  return {
    newest: (from) => newestSettlement(db, from),
    read({ q, probes }, after, until, limit) {
      const scope = { filter: toFilter(q), fromMs: 0, toMs: endOfTimeMs, probes: probes === 'true' };
      return readSettled(db, { ...scope, settled: { after, until } }, limit);
    },
    onBug,
  };
}

/** The store keeps no later start. */
const endOfTimeMs = 2 ** 64 / 1e6;
