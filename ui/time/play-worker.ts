/**
 * The worker that plays: holds the frames of one history and answers with the map of a moment. In a worker because a
 * history is megabytes to decode and a moment tens of milliseconds to add up, and the page is to stay smooth meanwhile.
 */
import type { FramesWire, Graph } from '#shared/api.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { decodeFrames } from '#shared/frames-wire.ts';
import { api, ApiError } from '../api.ts';
import { createPlayer, type Player, type PlayOptions, type Steps } from './player.ts';
import type { Stretch } from './stretch.ts';

/** Page → worker. `load` replaces the history held. */
export type PlayAsk =
  | { readonly type: 'load'; readonly turn: number; readonly query: Readonly<Record<string, string>> }
  | { readonly type: 'show'; readonly turn: number; readonly stretch: Stretch; readonly options: PlayOptions };

/** Worker → page, with the turn of what was asked. */
export type PlayAnswer =
  | { readonly type: 'loaded'; readonly turn: number; readonly steps: Steps }
  | { readonly type: 'shown'; readonly turn: number; readonly graph: Graph }
  | { readonly type: 'failed'; readonly turn: number; readonly code: string; readonly message: string };

const rowsAtOnce = 500;

let player: Player | undefined;
let loading: AbortController | undefined;

const answer = (message: PlayAnswer): void => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<PlayAsk>) => {
  const { turn } = data;
  const work = data.type === 'load' ? load(data.query, turn) : show(data, turn);
  work.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    const { code, message } = error instanceof ApiError ? error : { code: 'internal', message: String(error) };
    answer({ type: 'failed', turn, code, message });
  });
});

async function load(query: Readonly<Record<string, string>>, turn: number): Promise<void> {
  loading?.abort();
  loading = new AbortController();
  player = undefined;
  const wire = await api.frames(query, loading.signal);
  player = createPlayer(wire, decodeInParts(wire));
  const { from, to, stepMs } = player;
  answer({ type: 'loaded', turn, steps: { from, to, stepMs } });
}

/** A part at a time, so that the frames are never all there in their wide form. */
function* decodeInParts({ texts, ends, rows }: FramesWire): Generator<EdgeFrame> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) {
    yield* decodeFrames({ texts, ends, rows: rows.slice(at, at + rowsAtOnce) });
  }
}

async function show({ stretch, options }: Extract<PlayAsk, { type: 'show' }>, turn: number): Promise<void> {
  if (player) answer({ type: 'shown', turn, graph: player.graphAt(stretch, options) });
}
