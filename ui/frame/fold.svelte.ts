/**
 * How many things of a bar must fold away so that the rest fits: measured, not guessed from the window's width, since names
 * of clusters and namespaces are as long as they are.
 */
import { flushSync } from 'svelte';

/** in: how many can fold. attach goes on the bar; its last child is the one that would run out at the right. */
export function createFold(most: () => number) {
  let level = $state(0);
  /** Width that each level was seen to take when it did not fit. */
  const needs: number[] = [];
  let bar: HTMLElement | undefined;
  let frame = 0;

  const overBy = (): number => {
    const last = bar?.lastElementChild;
    if (!bar || !last) return 0;
    const edge = bar.getBoundingClientRect().right - Number.parseFloat(getComputedStyle(bar).paddingRight);
    return last.getBoundingClientRect().right - edge;
  };

  const measure = (): void => {
    if (!bar) return;
    const width = bar.clientWidth;
    while (level > 0 && width >= (needs[level - 1] ?? Infinity)) flushSync(() => level--);
    for (let over = overBy(); over > 0.5 && level < most(); over = overBy()) {
      needs[level] = width + over;
      flushSync(() => level++);
    }
  };

  return {
    /** 0 = everything stands in the bar. */
    get level(): number {
      return Math.min(level, most());
    },
    attach(element: HTMLElement): () => void {
      bar = element;
      const observer = new ResizeObserver(() => {
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(measure);
      });
      const observe = () => {
        observer.disconnect();
        observer.observe(element);
        for (const child of element.children) observer.observe(child);
      };
      const changes = new MutationObserver(observe);
      changes.observe(element, { childList: true });
      observe();
      return () => {
        cancelAnimationFrame(frame);
        observer.disconnect();
        changes.disconnect();
      };
    },
  };
}
