/** The live tail's list: what has come, what waits while the reader looks, what is new. Pure. */
import type { TraceSummary } from '#shared/api.ts';

export interface Tail {
  /** Shown, in the order they came, the newest first. */
  readonly shown: readonly TraceSummary[];
  /** Held back while the reader looks. */
  readonly waiting: readonly TraceSummary[];
  /** Of the shown ones those that came with the last event. */
  readonly fresh: ReadonlySet<string>;
  /** Came since the list was shown last, but are neither in it nor waiting: more than are carried or kept. */
  readonly missed: number;
}

/** Rows that are kept; older ones leave by the foot. */
export const mostTail = 200;

export const emptyTail: Tail = { shown: [], waiting: [], fresh: new Set(), missed: 0 };

/** An event has come: its traces go on top, or wait. A trace that settles again takes the place of what it was. */
export function arrive(
  tail: Tail,
  { traces, more }: { readonly traces: readonly TraceSummary[]; readonly more: number },
  paused: boolean,
): Tail {
  const waiting = merge(traces, tail.waiting);
  const held = new Set(tail.waiting.map(({ traceId }) => traceId));
  const came = tail.waiting.length + traces.filter(({ traceId }) => !held.has(traceId)).length;
  const missed = tail.missed + more + came - waiting.length;
  return paused ? { ...tail, waiting, missed } : show({ ...tail, waiting, missed });
}

/** What waited is shown. */
export function show(tail: Tail): Tail {
  if (tail.waiting.length === 0) return tail.missed === 0 ? tail : { ...tail, missed: 0 };
  const held = new Set(tail.shown.map(({ traceId }) => traceId));
  return {
    ...tail,
    shown: merge(tail.waiting, tail.shown),
    waiting: [],
    missed: 0,
    fresh: new Set(tail.waiting.flatMap(({ traceId }) => (held.has(traceId) ? [] : [traceId]))),
  };
}

function merge(newer: readonly TraceSummary[], older: readonly TraceSummary[]): TraceSummary[] {
  const ids = new Set(newer.map(({ traceId }) => traceId));
  return [...newer, ...older.filter(({ traceId }) => !ids.has(traceId))].slice(0, mostTail);
}

/** The list with the tail over it, the last start first; each trace once, as it settled last. */
export function withTail(tail: readonly TraceSummary[], list: readonly TraceSummary[]): TraceSummary[] {
  if (tail.length === 0) return [...list];
  const all = new Map([...list, ...tail.toReversed()].map((trace) => [trace.traceId, trace]));
  return [...all.values()].toSorted((a, b) => b.start - a.start || (a.traceId < b.traceId ? 1 : -1));
}
