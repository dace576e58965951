/**
 * Dragging a card with the mouse or a pen (a finger pans the map). The card under way is state; letting go pins it. A press
 * that does not move stays a click.
 */
import type { Box, Point } from './place.ts';

/** Less than this is a click, px on the screen. */
const leastPx = 5;

interface DragOptions {
  readonly boxOf: (id: string) => Box | undefined;
  /** Map px to screen px. */
  readonly scale: () => number;
  readonly drop: (id: string, at: Point) => void;
}

/** in: attach to the element around the cards; cards carry `data-node`. */
export function createDrag({ boxOf, scale, drop }: DragOptions) {
  let held = $state.raw<{ readonly id: string; readonly at: Point }>();
  return {
    /** The card under way and where its corner is; undefined when none is. */
    get held() {
      return held;
    },
    attach(element: HTMLElement): () => void {
      const down = (event: PointerEvent) => {
        if (event.button !== 0 || event.pointerType === 'touch' || !(event.target instanceof Element)) return;
        const id = event.target.closest('[data-node]')?.getAttribute('data-node') ?? undefined;
        const box = id === undefined ? undefined : boxOf(id);
        if (id === undefined || !box) return;
        const move = ({ clientX, clientY }: PointerEvent) => {
          const [dx, dy] = [clientX - event.clientX, clientY - event.clientY];
          if (!held && Math.hypot(dx, dy) < leastPx) return;
          held = { id, at: { x: box.x + dx / scale(), y: box.y + dy / scale() } };
        };
        const end = ({ type }: PointerEvent) => {
          removeEventListener('pointermove', move);
          removeEventListener('pointerup', end);
          removeEventListener('pointercancel', end);
          if (!held) return;
          const { at } = held;
          held = undefined;
          if (type === 'pointercancel') return;
          drop(id, at);
          swallowClick();
        };
        addEventListener('pointermove', move);
        addEventListener('pointerup', end);
        addEventListener('pointercancel', end);
      };
      element.addEventListener('pointerdown', down);
      return () => element.removeEventListener('pointerdown', down);
    },
  };
}

/** The click that ends a drag selects nothing. */
function swallowClick(): void {
  const swallow = (event: MouseEvent) => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener('click', swallow, { capture: true, once: true });
  // where the browser sends none, the next one is meant
  setTimeout(() => removeEventListener('click', swallow, { capture: true }), 0);
}
