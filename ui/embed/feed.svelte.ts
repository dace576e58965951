/**
 * The graph of an embed: from the live stream, or read every so often, or once, as its address says. Keeps the last good
 * picture when the collector goes away, and says how old it is.
 */
import type { Graph } from '#shared/api.ts';
import { address, graphParams, timeParams } from '../address.svelte.ts';
import { api } from '../api.ts';
import { createGraphSource } from '../graph-source.svelte.ts';
import { createReader } from '../part/reader.svelte.ts';
import { parseRefresh } from './refresh.ts';

/** After a failed read, ms; a poll that is slower than this tries at its own pace. */
const retryMs = 5_000;

export interface Feed {
  readonly graph: Graph | undefined;
  readonly state: 'connecting' | 'live' | 'stale';
  /** Failed attempts since the last word. */
  readonly tries: number;
  /** The picture is of another time or question than asked for. */
  readonly changing: boolean;
  /** When the picture came, or was last said to be still so, epoch ms of the viewer's clock. */
  readonly heardAt: number | undefined;
}

/** Call inside a component's initialisation. The way of refreshing is that of the address at that time. */
export function createFeed(): Feed {
  const refresh = parseRefresh(address.get('refresh'));
  const feed =
    refresh.mode === 'stream'
      ? createGraphSource({ params: graphParams, window: () => address.window, interval: () => address.interval })
      : createPoll(refresh.mode === 'poll' ? refresh.everyMs : undefined);
  let heardAt = $state<number>();
  $effect(() => {
    if (feed.graph) heardAt = Date.now();
  });
  return {
    get graph() {
      return feed.graph;
    },
    get state() {
      return feed.state;
    },
    get tries() {
      return feed.tries;
    },
    get changing() {
      return feed.changing;
    },
    get heardAt() {
      return heardAt;
    },
  };
}

function createPoll(everyMs: number | undefined): Omit<Feed, 'heardAt'> {
  const question = $derived({ ...graphParams(), ...timeParams() });
  const key = $derived(new URLSearchParams(question).toString());
  let shown = $state.raw<{ readonly graph: Graph; readonly key: string }>();
  let failures = $state(0);
  const reader = createReader(
    () => key,
    () => {
      const [query, asked] = [question, key];
      return async (signal) => {
        try {
          const graph = await api.graph(query, signal);
          failures = 0;
          return { graph, key: asked };
        } catch (error) {
          if (!signal.aborted) failures++;
          throw error;
        }
      };
    },
    () => (failures > 0 ? Math.min(retryMs, everyMs ?? retryMs) : address.interval ? undefined : everyMs),
  );
  $effect(() => {
    if (reader.value) shown = reader.value;
  });
  return {
    get graph() {
      return shown?.graph;
    },
    get state() {
      return failures > 0 ? 'stale' : shown ? 'live' : 'connecting';
    },
    get tries() {
      return failures;
    },
    get changing() {
      return shown !== undefined && shown.key !== key;
    },
  };
}
