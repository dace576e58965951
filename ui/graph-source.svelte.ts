/**
 * The graph a page shows, whatever time it is of: live (a stream), past (one read), or a moment of a travel through the
 * past (made in the page from frames, ui/time/). The last picture stays until that of what is asked for is there.
 */
import { untrack } from 'svelte';
import type { Graph } from '#shared/api.ts';
import { parseDuration } from '#shared/time.ts';
import { api, type ApiError } from './api.ts';
import { createReader } from './part/reader.svelte.ts';
import { createLiveGraph, livePath, type LiveState } from './time/live-graph.svelte.ts';
import { stillAt } from './time/still.ts';
import type { Stretch } from './time/stretch.ts';
import { createTravel, momentKey, toTime, type Travel } from './time/travel.svelte.ts';

export interface GraphQuestion {
  /** Parameters of /api/graph, time apart. */
  readonly params: () => Readonly<Record<string, string>>;
  /** Length of the live window: `5m`. */
  readonly window: () => string;
  /** A past stretch, epoch ms; undefined = live. */
  readonly interval: () => Stretch | undefined;
}

/** A time as parameters of the API. */
export type ShownTime = { readonly window: string } | { readonly from: string; readonly to: string };

/** live: the window that ends now; past: a stretch at rest; playing: a stretch that is played or scrubbed. */
export type Mode = 'live' | 'past' | 'playing';

/** Again after a failed read of the past, ms. */
const retryMs = 5_000;

/** Follows a question. Call inside a component's initialisation. out: reactive reads. */
export function createGraphSource({ params, window, interval }: GraphQuestion) {
  let shown = $state.raw<{ readonly graph: Graph; readonly key: string }>();
  let liveTo = $state<number>();
  let aheadMs = 0;

  const travel: Travel = createTravel({
    params,
    window,
    interval,
    liveTo: () => liveTo,
    nowMs: () => Date.now() + aheadMs,
  });
  const mode = $derived<Mode>(travel.at ? 'playing' : interval() ? 'past' : 'live');
  const liveQuery = $derived({ ...params(), window: window() });
  const key = $derived.by(() => {
    const past = travel.at ?? interval();
    return past ? momentKey(past, params()) : livePath(liveQuery);
  });

  function takeLive(graph: Graph, path: string): void {
    liveTo = graph.to;
    aheadMs = graph.generatedAt - Date.now();
    shown = { graph, key: path };
  }

  const live = createLiveGraph(
    () => (mode === 'live' ? liveQuery : undefined),
    takeLive,
    (nowMs, path) => {
      if (shown?.key !== path) return;
      const graph = stillAt(shown.graph, parseDuration(window()), nowMs);
      if (graph !== shown.graph) takeLive(graph, path);
    },
  );

  const past = createReader(
    () => (mode === 'past' ? key : ''),
    () => {
      // a text, not the address: what else changes there asks nothing anew
      const asked = key;
      if (mode !== 'past') return undefined;
      return async (signal) => ({
        graph: await api.graph(JSON.parse(asked) as Record<string, string>, signal),
        key: asked,
      });
    },
    (value) => (value === undefined ? retryMs : undefined),
  );

  $effect(() => {
    if (past.value) shown = past.value;
  });

  $effect(() => {
    if (mode === 'playing' && travel.frames.shown) shown = travel.frames.shown;
  });

  const shownTime = $derived.by((): ShownTime | undefined => {
    const stretch = interval();
    if (mode === 'playing') return undefined;
    return stretch ? toTime(stretch) : { window: window() };
  });
  let restTime = $state.raw<ShownTime>(untrack(() => shownTime ?? { window: window() }));
  $effect.pre(() => {
    if (shownTime) restTime = shownTime;
  });

  return {
    /** The last graph that came, of whatever time. */
    get graph(): Graph | undefined {
      return shown?.graph;
    },
    get mode(): Mode {
      return mode;
    },
    /** Whether whoever answers does: connecting before the first word, stale when no word comes. */
    get state(): LiveState {
      if (mode === 'live') return live.state;
      if (past.error && mode === 'past') return 'stale';
      return shown ? 'live' : 'connecting';
    },
    /** Milliseconds since the server was last heard; undefined when it never was, and in the past. */
    get ageMs(): number | undefined {
      return mode === 'live' ? live.ageMs : undefined;
    },
    /** Failed attempts since the last word. */
    get tries(): number {
      return mode === 'live' ? live.tries : 0;
    },
    /** The graph shown is not yet that of what is asked for. */
    get changing(): boolean {
      return shown !== undefined && shown.key !== key;
    },
    /** Why the past cannot be shown. */
    get error(): ApiError | undefined {
      return mode === 'past' ? past.error : undefined;
    },
    /**
     * The time at rest, as parameters of the API: what reads beside the map must ask for to agree with it. While it plays,
     * undefined: nothing is to be asked then, what is shown stays.
     */
    get shownTime(): ShownTime | undefined {
      return shownTime;
    },
    /** The same, and while it plays that of before: for links and captions. */
    get restTime(): ShownTime {
      return restTime;
    },
    /** Moves through time; what TimeStrip takes. */
    travel,
  };
}

export type GraphSource = ReturnType<typeof createGraphSource>;
