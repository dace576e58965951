/**
 * What of the map is in view: pan by drag, zoom at the pointer, pinch, fit. d3-zoom does the gestures. Until the user takes
 * hold of the map it keeps fitting by itself.
 *
 * The drawing carries a transform (`transform`, state). A small map is drawn anew with every step of a gesture. A heavy one
 * is not: its finished picture is moved and scaled as a whole by the browser (a CSS transform of the sheet), and drawn anew
 * when the gesture has come to rest. What must keep step within a gesture (dots, minimap) listens with `onStep`.
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
const scaled = { least: 0.5, most: 2.5 } as const;
/** A gesture is over when nothing has come for this long. */
const restMs = 140;

interface ViewOptions {
  /** Too much to draw with every step. */
  readonly heavy: () => boolean;
  /** Nothing glides. */
  readonly still: () => boolean;
}

/** Whether the user has asked for less motion. */
export function isCalm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** A view. attachStage takes the element that gestures happen on, attachSheet the drawing in it. */
export function createView({ heavy, still }: ViewOptions) {
  const start: Transform = { k: 1, x: 0, y: 0 };
  let transform = $state.raw(start);
  let settled = $state.raw(start);
  let held = $state(false);
  let moving = $state(false);
  let dragging = $state(false);
  let now = start;
  let stage: HTMLElement | undefined;
  let sheet: HTMLElement | undefined;
  let behaviour: ZoomBehavior<HTMLElement, unknown> | undefined;
  let rest: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();

  const show = () => {
    const s = now.k / transform.k;
    if (heavy() && moving && s > scaled.least && s < scaled.most) {
      if (sheet)
        sheet.style.transform = `translate(${now.x - s * transform.x}px, ${now.y - s * transform.y}px) scale(${s})`;
    } else {
      transform = now;
      if (!heavy() || !moving) settled = now;
      if (sheet) sheet.style.transform = '';
    }
    for (const listener of listeners) listener();
  };
  const go = ({ k, x, y }: Transform, glide: boolean) => {
    if (!stage || !behaviour) return;
    const target = zoomIdentity.translate(x, y).scale(k);
    const chosen = select(stage);
    if (glide && !still() && !isCalm()) chosen.transition().duration(180).call(behaviour.transform, target);
    else chosen.interrupt().call(behaviour.transform, target);
  };

  return {
    /** The transform that the drawing carries. */
    get transform(): Transform {
      return transform;
    },
    /** The transform of the last rest: what labels and the detail go by. */
    get settled(): Transform {
      return settled;
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
          clearTimeout(rest);
          moving = true;
          if (event.sourceEvent instanceof MouseEvent && event.sourceEvent.type === 'mousedown') dragging = true;
        })
        .on('zoom', (event: D3ZoomEvent<HTMLElement, unknown>) => {
          const { k, x, y } = event.transform;
          now = { k, x, y };
          if (event.sourceEvent) held = true;
          show();
        })
        .on('end', () => {
          dragging = false;
          rest = setTimeout(
            () => {
              moving = false;
              show();
            },
            heavy() ? restMs : 0,
          );
        });
      select(element).call(behaviour).on('dblclick.zoom', null);
      return () => {
        clearTimeout(rest);
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
