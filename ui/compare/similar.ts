/** Traces to compare one with: those that start with the same operation, and which of them says most. Pure. */
import type { Trace, TraceSummary } from '#shared/api.ts';
import { writeTraceQuery } from '#shared/trace-query.ts';

/** The query line of the traces that begin as this one. */
export function similarLine({ spans }: Pick<Trace, 'spans'>): string {
  const root = spans[0];
  return root === undefined ? '' : writeTraceQuery({ root: `${root.service}|${root.name}`, attributes: [] });
}

export interface Suggestion {
  readonly trace: TraceSummary;
  /** Why this one: '' for any of the others. */
  readonly why: '' | 'typical' | 'fastest' | 'slowest';
}

/** The fastest, the one in the middle and the slowest first, then the most recent. in: the most recent first; the trace itself is left out. */
export function suggestions(traces: readonly TraceSummary[], ownId: string, most = 12): Suggestion[] {
  const others = traces.filter(({ traceId }) => traceId !== ownId);
  const byDuration = [...others].sort((x, y) => x.durationMs - y.durationMs);
  const picked: Suggestion[] = [];
  const pick = (why: Suggestion['why'], trace: TraceSummary | undefined): void => {
    if (trace && !picked.some((one) => one.trace.traceId === trace.traceId)) picked.push({ trace, why });
  };
  pick('typical', byDuration[Math.floor(byDuration.length / 2)]);
  pick('fastest', byDuration[0]);
  pick('slowest', byDuration.at(-1));
  for (const trace of others) if (picked.length < most) pick('', trace);
  return picked;
}
