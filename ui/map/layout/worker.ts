/** The layout in a thread of its own. in: { turn, input }; out: { turn, picture }, or { turn, problem } with its words. */
import type { ArrangeInput } from './picture.ts';
import { toPicture } from './run.ts';

self.addEventListener('message', ({ data }: MessageEvent<{ readonly turn: number; readonly input: ArrangeInput }>) => {
  const { turn, input } = data;
  try {
    self.postMessage({ turn, picture: toPicture(input) });
  } catch (error) {
    self.postMessage({ turn, problem: error instanceof Error ? error.message : String(error) });
  }
});
