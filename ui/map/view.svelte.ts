/**
 * What of the map is in view: pan by drag, zoom at the pointer, pinch, fit. d3-zoom does the gestures. Until the user takes
 * hold of the map it keeps fitting by itself.
 *
 * The drawing carries a transform (`transform`, state). A small map is drawn anew with every step of a gesture. A larger one
 * is not: its finished picture is moved and scaled as a whole by the browser (a CSS transform of the sheet), and drawn anew
 * when the gesture has come to rest, a part with each frame: first the scale, then labels and detail, then new numbers. A
 * picture that was only shifted stays. What must keep step within a gesture (edges, dots, minimap) listens with `onStep`.
 */
import { select, zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from 'd3';
import type { Box } from './place.ts';
import type { Room, Transform } from './room.ts';
import { fitTo } from './scene.ts';

const margin = { x: 28, top: 50, bottom: 56 };
/**
 * A picture that is scaled as a whole is blurred when it grows, and when it shrinks far more of the map is painted at a size
 * nobody sees: beyond these factors it is drawn anew within the gesture.
 */
const scaled = { least: 0.15, most: 6 } as const;
/** A gesture is over when nothing has come for this long: a sharper picture may come a little late. */
const restMs = 350;

interface ViewOptions {
  /** Too much to draw with every step: the map is moved as a picture. */
  readonly pictured: () => boolean;
  /** Nothing glides. */
  readonly still: () => boolean;
}

/** Whether the user has asked for less motion. */
export function isCalm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** A view. attachStage takes the element that gestures happen on, attachSheet the drawing in it. */
export function createView({ pictured, still }: ViewOptions) {
  const start: Transform = { k: 1, x: 0, y: 0 };
  let transform = $state.raw(start);
  let settled = $state.raw(start);
  let labelled = $state.raw(start);
  let held = $state(false);
  let moving = $state(false);
  let settling = $state(false);
  let dragging = $state(false);
  let now = start;
  let stage: HTMLElement | undefined;
  let sheet: HTMLElement | undefined;
  let behaviour: ZoomBehavior<HTMLElement, unknown> | undefined;
  let rest: ReturnType<typeof setTimeout> | undefined;
  let resting = 0;
  const listeners = new Set<() => void>();

  /** Moves the picture; `fresh`: draws it anew where it has been scaled. */
  const show = (fresh: boolean) => {
    const s = now.k / transform.k;
    if (pictured() && (fresh ? s === 1 : s > scaled.least && s < scaled.most)) {
      const [x, y] = [now.x - s * transform.x, now.y - s * transform.y];
      if (sheet) sheet.style.transform = s === 1 && x === 0 && y === 0 ? '' : `translate(${x}px, ${y}px) scale(${s})`;
    } else {
      transform = now;
      if (sheet) sheet.style.transform = '';
    }
    for (const listener of listeners) listener();
  };
  const wake = () => {
    clearTimeout(rest);
    cancelAnimationFrame(resting);
    settling = false;
    moving = true;
  };
  const settle = (steps: readonly (() => void)[]) => {
    const [step, ...others] = steps;
    settling = others.length > 0;
    step?.();
    // a frame after the next: the one between shows what the step has done
    if (others.length > 0)
      resting = requestAnimationFrame(() => (resting = requestAnimationFrame(() => settle(others))));
  };
  const go = ({ k, x, y }: Transform, glide: boolean) => {
    if (!stage || !behaviour) return;
    const target = zoomIdentity.translate(x, y).scale(k);
    const chosen = select(stage);
    if (glide && !still() && !isCalm()) chosen.transition().duration(180).call(behaviour.transform, target);
    else {
      chosen.interrupt().call(behaviour.transform, target);
      // there is no gesture to wait for
      clearTimeout(rest);
      show(true);
      settled = labelled = now;
      moving = false;
    }
  };

  return {
    /** The transform that the drawing carries. */
    get transform(): Transform {
      return transform;
    },
    /** The transform of the last rest: what the detail goes by. */
    get settled(): Transform {
      return settled;
    },
    /** The same, a little later: what labels go by. */
    get labelled(): Transform {
      return labelled;
    },
    /** The transform that is seen at this moment; not state. */
    get now(): Transform {
      return now;
    },
    /** The user has panned or zoomed; fitting by itself has ended. */
    get held(): boolean {
      return held;
    },
    /** A gesture or a glide is under way, or has only just ended. */
    get moving(): boolean {
      return moving;
    },
    /** A gesture has ended, and what it has left is drawn: nothing of that is to glide. */
    get settling(): boolean {
      return pictured() && settling;
    },
    /** The map is dragged. */
    get dragging(): boolean {
      return dragging;
    },
    /** Calls back with every step of a gesture. out: stops it. */
    onStep(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    attachSheet(element: HTMLElement): () => void {
      sheet = element;
      return () => (sheet = undefined);
    },
    attachStage(element: HTMLElement): () => void {
      stage = element;
      behaviour = zoom<HTMLElement, unknown>()
        .scaleExtent([0.04, 3])
        .clickDistance(4)
        // a card is dragged by itself, and buttons are pressed
        .filter(
          (event: MouseEvent) =>
            !event.button &&
            !(event.ctrlKey && event.type !== 'wheel') &&
            !(event.type === 'mousedown' && (event.target as Element).closest('[data-node], [role=button]')),
        )
        .on('start', (event: D3ZoomEvent<HTMLElement, unknown>) => {
          wake();
          if (event.sourceEvent instanceof MouseEvent && event.sourceEvent.type === 'mousedown') dragging = true;
        })
        .on('zoom', (event: D3ZoomEvent<HTMLElement, unknown>) => {
          const { k, x, y } = event.transform;
          now = { k, x, y };
          if (event.sourceEvent) held = true;
          show(!pictured());
          if (!pictured()) settled = labelled = now;
        })
        .on('end', () => {
          dragging = false;
          rest = setTimeout(
            () => settle([() => show(true), () => (settled = now), () => (labelled = now), () => (moving = false)]),
            pictured() ? restMs : 0,
          );
        });
      select(element).call(behaviour).on('dblclick.zoom', null);
      return () => {
        clearTimeout(rest);
        cancelAnimationFrame(resting);
        select(element).interrupt().on('.zoom', null);
        stage = undefined;
      };
    },
    /** Shows the box whole, and goes on doing so. */
    fit(bounds: Box, room: Room, glide = true): void {
      held = false;
      if (bounds.width > 0 && room.width > 0) go(fitTo(bounds, room, margin), glide);
    },
    /** Ends fitting by itself. */
    hold(): void {
      held = true;
    },
    zoomBy(factor: number): void {
      if (!stage || !behaviour) return;
      held = true;
      const chosen = select(stage);
      if (still() || isCalm()) chosen.call(behaviour.scaleBy, factor);
      else chosen.transition().duration(160).call(behaviour.scaleBy, factor);
    },
    /** Puts a point of the map into the middle of the room. */
    centre({ x, y }: { readonly x: number; readonly y: number }, room: Room, glide = true): void {
      held = true;
      go({ k: now.k, x: room.width / 2 - x * now.k, y: room.height / 2 - y * now.k }, glide);
    },
    /** Brings a box into view when it is not. */
    reveal(box: Box, room: Room): void {
      const { k, x, y } = now;
      const left = box.x * k + x;
      const top = box.y * k + y;
      const inside = left >= 0 && top >= 0 && left + box.width * k <= room.width && top + box.height * k <= room.height;
      if (inside) return;
      const [midX, midY] = [box.x + box.width / 2, box.y + box.height / 2];
      go({ k, x: room.width / 2 - midX * k, y: room.height / 2 - midY * k }, true);
    },
  };
}

export type View = ReturnType<typeof createView>;
