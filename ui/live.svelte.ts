/**
 * The live graph: one EventSource on /api/graph/live. Keeps the last graph while the connection is away, says how old it
 * is, connects again by itself, and lets go of the connection while the page is hidden.
 */
import type { Graph } from '#shared/api.ts';
import { pathWith } from './api.ts';

/** Without any word from the server for this long the picture is called stale. */
const staleAfterMs = 6_000;
const firstRetryMs = 1_000;
const lastRetryMs = 15_000;

export type LiveState = 'connecting' | 'live' | 'stale';

/**
 * Follows the graph of a window that ends now.
 * in: the window as a getter; call inside a component's initialisation. out: reactive reads.
 */
export function createLive(window: () => string) {
  let graph = $state.raw<Graph>();
  let heardAt = $state(0);
  let now = $state(Date.now());
  let tries = $state(0);
  let visible = $state(document.visibilityState === 'visible');
  let shownWindow = $state('');

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
    if (!visible) return;
    const asked = window();
    let retry: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let source: EventSource | undefined;
    const heard = () => {
      heardAt = now = Date.now();
      failures = 0;
      tries = 0;
    };
    const connect = () => {
      source = new EventSource(pathWith('/api/graph/live', { window: asked }));
      source.addEventListener('open', heard);
      source.addEventListener('heartbeat', heard);
      source.addEventListener('graph', (event: MessageEvent<string>) => {
        heard();
        graph = JSON.parse(event.data) as Graph;
        shownWindow = asked;
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
    };
  });

  return {
    /** The last graph that came, of whatever window. */
    get graph(): Graph | undefined {
      return graph;
    },
    /** The graph shown is not yet that of the window asked for. */
    get changing(): boolean {
      return graph !== undefined && shownWindow !== window();
    },
    get state(): LiveState {
      if (heardAt === 0) return tries > 0 ? 'stale' : 'connecting';
      return tries > 0 || now - heardAt > staleAfterMs ? 'stale' : 'live';
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

export type Live = ReturnType<typeof createLive>;
