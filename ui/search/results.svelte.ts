/**
 * What a question finds: a page of traces and more on demand, and all of them as points or heatmap. The last answer stays,
 * called old, while the next is under way.
 */
import type { TraceList, TracePoints, TraceSummary } from '#shared/api.ts';
import { api, ApiError } from '../api.ts';
import { createReader } from '../part/reader.svelte.ts';

/** Parameters of both reads; the order is the list's alone. */
export interface Asked {
  readonly query: Readonly<Record<string, string>>;
  readonly order: 'recent' | 'slowest';
}

const pageSize = 50;

/** A page may bring again what has moved down since the last one; a trace whose end came long after is listed twice. */
function eachOnce(traces: readonly TraceSummary[]): TraceSummary[] {
  const seen = new Set<string>();
  return traces.filter(({ traceId }) => !seen.has(traceId) && seen.add(traceId));
}

interface Held {
  readonly key: string;
  readonly traces: readonly TraceSummary[];
  readonly next: string | null;
}

export interface Pace {
  /** How often points and list are read anew, ms. */
  readonly pointsMs?: number | undefined;
  readonly listMs?: number | undefined;
  /** The same while there is nothing: traces settle a few seconds after they ended. */
  readonly emptyMs?: number | undefined;
}

/** in: the question, undefined = none; the pace of its reads. Call inside a component's initialisation. */
export function createResults(ask: () => Asked | undefined, pace: () => Pace) {
  const asked = $derived(ask());
  const listKey = $derived(asked === undefined ? '' : JSON.stringify(asked));
  const pointsKey = $derived(asked === undefined ? '' : JSON.stringify(asked.query));

  let held = $state.raw<Held>();
  let heldPoints = $state.raw<{ readonly key: string; readonly answer: TracePoints; readonly heardAt: number }>();
  let moreError = $state.raw<ApiError>();
  let loadingMore = $state(false);

  const list = createReader<TraceList>(
    () => listKey,
    () => {
      const now = asked;
      return now && ((signal) => api.traces({ ...now.query, order: now.order, limit: pageSize }, signal));
    },
    (answer) => pace().listMs ?? (answer?.traces.length === 0 ? pace().emptyMs : undefined),
  );
  const points = createReader<TracePoints>(
    () => pointsKey,
    () => {
      const now = asked;
      return now && ((signal) => api.tracePoints(now.query, signal));
    },
    (answer) => pace().pointsMs ?? (answer?.total === 0 ? pace().emptyMs : undefined),
  );

  $effect(() => {
    if (list.value) held = { key: listKey, ...list.value, traces: eachOnce(list.value.traces) };
  });
  $effect(() => {
    if (points.value) heldPoints = { key: pointsKey, answer: points.value, heardAt: Date.now() };
  });

  async function more(): Promise<void> {
    const before = held;
    const now = asked;
    if (!before || before.next === null || !now || loadingMore) return;
    loadingMore = true;
    moreError = undefined;
    try {
      const page = await api.traces({ ...now.query, order: now.order, limit: pageSize, cursor: before.next });
      if (held?.key !== before.key) return;
      held = { key: before.key, traces: eachOnce([...before.traces, ...page.traces]), next: page.next };
    } catch (error) {
      moreError = error instanceof ApiError ? error : new ApiError('internal', String(error));
    } finally {
      loadingMore = false;
    }
  }

  return {
    get traces(): readonly TraceSummary[] | undefined {
      return held?.traces;
    },
    get next(): string | null {
      return held?.key === listKey ? held.next : null;
    },
    get points(): TracePoints | undefined {
      return heldPoints?.answer;
    },
    /** When the points came, epoch ms of the viewer's clock. */
    get heardAt(): number | undefined {
      return heldPoints?.heardAt;
    },
    /** What is shown is the answer to another question. */
    get old(): boolean {
      return (held !== undefined && held.key !== listKey) || (heldPoints !== undefined && heldPoints.key !== pointsKey);
    },
    get pending(): boolean {
      return list.pending || points.pending;
    },
    get error(): ApiError | undefined {
      return list.error ?? points.error;
    },
    get moreError(): ApiError | undefined {
      return moreError;
    },
    get loadingMore(): boolean {
      return loadingMore;
    },
    more,
    again(): void {
      list.again();
      points.again();
    },
  };
}
