/** The live tail of a question: the API's event stream, kept open while the switch is on. */
import { untrack } from 'svelte';
import type { TracesSettled, TraceSummary } from '#shared/api.ts';
import { pathWith } from '../api.ts';
import { arrive, emptyTail, show, type Tail } from './tail.ts';

const retryMs = 5_000;

export interface LiveTail {
  readonly traces: readonly TraceSummary[];
  readonly fresh: ReadonlySet<string>;
  /** How many wait, those included that are more than a list holds. */
  readonly waiting: number;
  readonly state: 'off' | 'connecting' | 'live' | 'away';
  /** Shows what waits, now. */
  release(): void;
}

/**
 * in: the question, undefined = off; whether the reader looks, so that what comes has to wait; what to do when the collector
 * answers again: it need not tell what settled while it was away. Call inside a component's initialisation.
 */
export function createTail(
  ask: () => Readonly<Record<string, string>> | undefined,
  paused: () => boolean,
  back: () => void,
): LiveTail {
  let tail = $state.raw<Tail>(emptyTail);
  let state = $state<LiveTail['state']>('off');
  let missed = $state(false);
  const path = $derived.by(() => {
    const query = ask();
    return query && pathWith('/api/traces/live', query);
  });

  $effect(() => {
    const url = path;
    tail = emptyTail;
    state = url === undefined ? 'off' : 'connecting';
    if (url === undefined) return;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      if (state === 'away') missed = true;
      state = 'live';
    };
    const open = (): void => {
      source = new EventSource(url);
      source.addEventListener('open', heard);
      source.addEventListener('heartbeat', heard);
      source.addEventListener('traces', (event: MessageEvent<string>) => {
        heard();
        tail = arrive(tail, JSON.parse(event.data) as TracesSettled, paused());
      });
      source.addEventListener('error', () => {
        state = 'away';
        // the browser tries again by itself, unless it was refused
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, retryMs);
      });
    };
    open();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  });
  $effect(() => {
    if (!paused()) tail = show(tail);
  });
  $effect(() => {
    if (!missed || paused()) return;
    missed = false;
    untrack(back);
  });

  return {
    get traces() {
      return tail.shown;
    },
    get fresh() {
      return tail.fresh;
    },
    get waiting() {
      return tail.waiting.length + tail.missed;
    },
    get state() {
      return state;
    },
    release() {
      tail = show(tail);
    },
  };
}
