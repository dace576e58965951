/**
 * Which part of the trace's time is shown. It stands in the address; while a hand moves it, it is held here and written there
 * when the hand rests, since browsers bound how often an address may change.
 */
import { address, change } from '../address.svelte.ts';
import { moved, parseRange, rangeText, zoomed } from './range.ts';
import type { Stretch } from './rows.ts';

const restMs = 250;

/** Call inside a component's initialisation. in: all of the trace's time. */
export function createRange(whole: () => Stretch) {
  const text = $derived(address.get('range'));
  let held = $state.raw<{ readonly range: Stretch | undefined }>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const shown = $derived((held ? held.range : parseRange(text, whole())) ?? whole());

  $effect(() => {
    void text;
    held = undefined;
  });
  $effect(() => () => clearTimeout(timer));

  /** undefined: all of it. */
  function show(range: Stretch | undefined): void {
    held = { range };
    clearTimeout(timer);
    timer = setTimeout(() => {
      const next = range && rangeText(range);
      if ((next ?? '') === text) held = undefined;
      else change({ range: next }, { replace: true });
    }, restMs);
  }

  return {
    get shown(): Stretch {
      return shown;
    },
    get narrowed(): boolean {
      return shown.startNs > whole().startNs || shown.endNs < whole().endNs;
    },
    show,
    /** in: > 1 shows more of the time; the share of the view that stays where it is. */
    zoom: (factor: number, at: number) => show(zoomed(shown, factor, at, whole())),
    /** in: by this part of what is shown; > 0 shows what is later. */
    pan: (share: number) => show(moved(shown, share, whole())),
  };
}
