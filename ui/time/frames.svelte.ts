/**
 * The page's side of the playing worker: loads a history, asks for moments one at a time (of those that come while it is
 * busy only the last), and keeps the last map that came with the name of what it is of.
 */
import type { Graph } from '#shared/api.ts';
import { ApiError } from '../api.ts';
import type { PlayOptions, Steps } from './player.ts';
import type { PlayAnswer, PlayAsk } from './play-worker.ts';
import type { Stretch } from './stretch.ts';

type Query = Readonly<Record<string, string>>;
type Moment = { readonly key: string; readonly stretch: Stretch; readonly options: PlayOptions };

/** Frames of one history at a time. Call inside a component's initialisation; the worker starts with the first load. */
export function createFrames() {
  let worker: Worker | undefined;
  let turn = 0;
  let asked: Query | undefined;
  let busy: Moment | undefined;
  let next: Moment | undefined;
  let lastKey = '';
  let steps = $state.raw<Steps>();
  let loading = $state(false);
  let problem = $state.raw<ApiError>();
  let shown = $state.raw<{ readonly key: string; readonly graph: Graph }>();

  function ask(message: PlayAsk): void {
    if (!worker) {
      worker = new Worker(new URL('./play-worker.ts', import.meta.url), { type: 'module' });
      worker.addEventListener('message', ({ data }: MessageEvent<PlayAnswer>) => heard(data));
      worker.addEventListener('error', () => failed('internal', 'The frames of this time cannot be played.'));
    }
    worker.postMessage(message);
  }

  function heard(answer: PlayAnswer): void {
    if (answer.turn !== turn) return;
    if (answer.type === 'failed') failed(answer.code, answer.message);
    else if (answer.type === 'loaded') {
      steps = answer.steps;
      loading = false;
      send();
    } else {
      if (busy) shown = { key: busy.key, graph: answer.graph };
      busy = undefined;
      send();
    }
  }

  function failed(code: string, message: string): void {
    problem = new ApiError(code, message);
    loading = false;
    busy = next = undefined;
  }

  function send(): void {
    if (busy || !next || !steps) return;
    busy = next;
    next = undefined;
    ask({ type: 'show', turn, stretch: busy.stretch, options: busy.options });
  }

  function drop(): void {
    worker?.terminate();
    worker = undefined;
    turn++;
    asked = busy = next = undefined;
    lastKey = '';
    steps = shown = problem = undefined;
    loading = false;
  }

  $effect(() => drop);

  return {
    /** Asks for a history, unless it is the one held or on its way. */
    load(query: Query): void {
      if (asked && JSON.stringify(asked) === JSON.stringify(query) && !problem) return;
      asked = query;
      turn++;
      busy = next = undefined;
      lastKey = '';
      steps = problem = undefined;
      loading = true;
      ask({ type: 'load', turn, query });
    },
    /** Asks for the map of a moment; `key` comes back with it. */
    show(moment: Moment): void {
      if (moment.key === lastKey) return;
      lastKey = moment.key;
      next = moment;
      send();
    },
    /** Lets go of the frames and of the worker. */
    drop,
    /** How the history held is cut; undefined before it is there. */
    get steps(): Steps | undefined {
      return steps;
    },
    get loading(): boolean {
      return loading;
    },
    get problem(): ApiError | undefined {
      return problem;
    },
    /** The last map that came. */
    get shown(): { readonly key: string; readonly graph: Graph } | undefined {
      return shown;
    },
  };
}

export type Frames = ReturnType<typeof createFrames>;
