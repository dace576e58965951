/**
 * A long list of things to draw, a few changes with every frame, so that no big picture holds up the page when it arrives
 * or when it comes to rest at another zoom. What has gone goes at once.
 */
import { withSome, type Item } from './with-some.ts';

/**
 * in: the list as it is to be, where the same object means no change; how many changes a frame, Infinity for all at once;
 * whether it is its turn (until then what was there stays). Call inside a component. out: reactive reads.
 */
export function createPaced<T extends Item>(
  wanted: () => readonly T[],
  perFrame: () => number,
  turn: () => boolean = () => true,
) {
  let paced = $state.raw<readonly T[]>([]);
  let whole = $state(false);
  $effect(() => {
    if (!turn()) return;
    const [list, most] = [wanted(), perFrame()];
    let request = 0;
    const step = () => {
      const next = most === Infinity ? { list, left: 0 } : withSome(shown, list, most);
      shown = paced = next.list;
      whole = next.left === 0;
      if (!whole) request = requestAnimationFrame(step);
    };
    step();
    return () => cancelAnimationFrame(request);
  });
  let shown: readonly T[] = [];
  return {
    get list(): readonly T[] {
      return perFrame() === Infinity ? wanted() : paced;
    },
    /** Nothing is still to come. */
    get whole(): boolean {
      return perFrame() === Infinity || whole;
    },
  };
}
