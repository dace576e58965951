/**
 * The live graph: one EventSource on /api/graph/live. Says how long ago the server was last heard, connects again by
 * itself, and lets go of the connection while the page is hidden or the past is looked at. While a hand moves a big map,
 * only the newest text is kept: it is read when the map rests.
 */
import { untrack } from 'svelte';
import type { Graph } from '#shared/api.ts';
import { pathWith } from '../api.ts';
import { current } from '../current.svelte.ts';

/** Without any word from the server for this long the picture is called stale. */
const staleAfterMs = 6_000;
const firstRetryMs = 1_000;
const lastRetryMs = 15_000;

export type LiveState = 'connecting' | 'live' | 'stale';

/**
 * Follows a live question. in: its parameters as a getter, undefined for none; what to do with each graph, and when the
 * last one is said to be still so, with the present by the collector's clock, epoch ms. Call inside a component's
 * initialisation. out: reactive reads.
 */
export function createLiveGraph(
  query: () => Readonly<Record<string, string>> | undefined,
  take: (graph: Graph, path: string) => void,
  still: (nowMs: number, path: string) => void,
) {
  let held = $state.raw<{ readonly text: string; readonly path: string }>();
  let heardAt = $state(0);
  let askedAt = $state(0);
  let now = $state(Date.now());
  let tries = $state(0);
  let visible = $state(document.visibilityState === 'visible');
  // text, so that an equal question does not connect anew
  const path = $derived.by(() => {
    const asked = query();
    return asked && livePath(asked);
  });

  $effect(() => {
    const seen = () => {
      visible = document.visibilityState === 'visible';
      now = Date.now();
    };
    document.addEventListener('visibilitychange', seen);
    const clock = setInterval(() => {
      if (document.visibilityState === 'visible') now = Date.now();
    }, 1_000);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      clearInterval(clock);
    };
  });

  $effect(() => {
    if (!visible || path === undefined) return;
    const asked = path;
    askedAt = now = Date.now();
    let retry: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let source: EventSource | undefined;
    const heard = () => {
      heardAt = now = Date.now();
      failures = 0;
      tries = 0;
    };
    const connect = () => {
      source = new EventSource(asked);
      source.addEventListener('open', heard);
      source.addEventListener('heartbeat', (event: MessageEvent<string>) => {
        heard();
        // what waits to be read is newer than what is shown
        if (!held && !current.moving) still(Number(event.data), asked);
      });
      source.addEventListener('graph', (event: MessageEvent<string>) => {
        heard();
        held = { text: event.data, path: asked };
      });
      source.addEventListener('error', () => {
        tries = ++failures;
        // a refused request closes the source for good; a lost connection it takes up by itself
        if (source?.readyState !== EventSource.CLOSED) return;
        source.close();
        clearTimeout(retry);
        retry = setTimeout(connect, Math.min(lastRetryMs, firstRetryMs * 2 ** (failures - 1)));
      });
    };
    connect();
    return () => {
      clearTimeout(retry);
      source?.close();
      held = undefined;
      tries = 0;
    };
  });

  $effect(() => {
    if (!held || current.moving) return;
    const { text, path: asked } = held;
    held = undefined;
    untrack(() => void read(text, asked));
  });

  /** Text, graph and picture are a task of the page each: of a big map each of them is long enough. */
  async function read(text: string, asked: string): Promise<void> {
    await nextTask();
    const graph = JSON.parse(text) as Graph;
    await nextTask();
    if (asked === path) take(graph, asked);
  }

  return {
    get state(): LiveState {
      if (tries > 0) return 'stale';
      // what was heard of an earlier question says nothing of this one
      const waiting = heardAt < askedAt;
      if (now - (waiting ? askedAt : heardAt) > staleAfterMs && heardAt > 0) return 'stale';
      return waiting || heardAt === 0 ? 'connecting' : 'live';
    },
    /** Milliseconds since the server was last heard; undefined before the first time. */
    get ageMs(): number | undefined {
      return heardAt === 0 ? undefined : Math.max(0, now - heardAt);
    },
    /** Failed attempts to connect since the last word. */
    get tries(): number {
      return tries;
    },
  };
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Path of the stream that answers a question; names what a live graph is of. */
export function livePath(query: Readonly<Record<string, string>>): string {
  return pathWith('/api/graph/live', query);
}
