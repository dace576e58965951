/**
 * The layout worker of the page, started with the first use, so that a big mesh never holds up the page. Where there are
 * no workers (tests), the layout runs in place.
 */
import type { ArrangeInput, Picture } from './layout/picture.ts';
import { toPicture } from './layout/run.ts';

type Answer =
  { readonly turn: number; readonly picture: Picture } | { readonly turn: number; readonly problem: string };

/** What lays out. errors: the promise fails with the words of what went wrong. */
export type Engine = (input: ArrangeInput) => Promise<Picture>;

let engine: Engine | undefined;

/** The one engine of the page. Call it early to have the worker ready. */
export function layoutEngine(): Engine {
  engine ??= typeof Worker === 'undefined' ? (input) => Promise.resolve().then(() => toPicture(input)) : inWorker();
  return engine;
}

function inWorker(): Engine {
  const worker = new Worker(new URL('./layout/worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, { resolve: (picture: Picture) => void; reject: (error: Error) => void }>();
  let turns = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    const asked = waiting.get(data.turn);
    waiting.delete(data.turn);
    if ('picture' in data) asked?.resolve(data.picture);
    else asked?.reject(new Error(data.problem));
  });
  worker.addEventListener('error', ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(message || 'the layout did not start'));
    waiting.clear();
  });
  return (input) =>
    new Promise((resolve, reject) => {
      waiting.set(++turns, { resolve, reject });
      worker.postMessage({ turn: turns, input });
    });
}
