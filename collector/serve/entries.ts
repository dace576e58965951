/** Answers of /api/entries: the operations that traces start with, where the time of the mesh is spent. */
import type { Entries } from '#shared/api.ts';
import { splitRootKey } from '#shared/critical-cut.ts';
import { round } from '#shared/edge-sum.ts';
import type { RootReader } from '../store/roots-read.ts';
import type { TimeOnlyQuery } from './contract.ts';
import type { ServeDeps } from './deps.ts';
import { seconds, toFrames } from './interval.ts';

const maxEntries = 200;

export function createEntries(
  { follower, now = Date.now }: ServeDeps,
  roots: RootReader,
): (query: TimeOnlyQuery) => Promise<Entries> {
  return async (query) => {
    const span = toFrames(query, now());
    const { fromSecond, toSecond } = seconds(span);
    const { value, provisional } = await follower.consistent(() => roots.read(fromSecond, toSecond));
    const sums = new Map<string, { traces: number; totalNs: number }>();
    const add = (key: string, traces: number, totalNs: number): void => {
      const { entry } = splitRootKey(key);
      const sum = sums.get(entry);
      if (sum) {
        sum.traces += traces;
        sum.totalNs += totalNs;
      } else {
        sums.set(entry, { traces, totalNs });
      }
    };
    for (const { key, traces, totalNs } of value) add(key, traces, totalNs);
    for (const { frame, rootCount, rootNs } of provisional.frames) {
      if (frame < fromSecond || frame >= toSecond) continue;
      for (const [key, traces] of Object.entries(rootCount)) add(key, traces, rootNs[key] ?? 0);
    }
    const sorted = [...sums].sort(([a, x], [b, y]) => y.totalNs - x.totalNs || (a < b ? -1 : 1));
    return {
      from: span.fromMs,
      to: span.toMs,
      entries: sorted.slice(0, maxEntries).map(([id, { traces, totalNs }]) => {
        const bar = id.indexOf('|');
        return {
          id,
          service: id.slice(0, bar),
          operation: id.slice(bar + 1),
          traces: round(traces),
          meanMs: traces > 0 ? Number((totalNs / traces / 1e6).toPrecision(4)) : 0,
        };
      }),
    };
  };
}
