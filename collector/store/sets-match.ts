/** The traces a filter keeps of a time, for sets-read.ts. */
import { matchTraces, type TraceScope } from './traces-match.ts';
import type { Db } from './db.ts';
import type { TraceSet } from './sets-read.ts';

/** in: a name that makes the parameters the set's own, so that two sets fit in one query. */
export async function matchSet(db: Db, name: string, scope: TraceScope): Promise<TraceSet> {
  const { sql, params } = await matchTraces(db, scope);
  return {
    sql: `${sql.replaceAll(/\{(\w+):/g, `{${name}_$1:`)} SELECT m.tick, m.traceId FROM matched AS m`,
    params: Object.fromEntries(Object.entries(params).map(([key, value]) => [`${name}_${key}`, value])),
  };
}
