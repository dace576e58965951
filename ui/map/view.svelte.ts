/**
 * What of the map is in view: pan by drag, zoom at the pointer, pinch, fit. d3-zoom does the gestures; the transform is
 * state, and until the user takes hold of the map it keeps fitting by itself.
 */
import { select, zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from 'd3';
import type { Box } from './place.ts';
import { fitTo } from './scene.ts';

const margin = { x: 28, top: 50, bottom: 56 };

export interface Room {
  readonly width: number;
  readonly height: number;
}

/** A view of an SVG element. attach returns what undoes it. */
export function createView() {
  let transform = $state.raw({ k: 1, x: 0, y: 0 });
  let held = $state(false);
  let moving = $state(false);
  let element: SVGSVGElement | undefined;
  let behaviour: ZoomBehavior<SVGSVGElement, unknown> | undefined;

  const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
  const go = ({ k, x, y }: { readonly k: number; readonly x: number; readonly y: number }, glide: boolean) => {
    if (!element || !behaviour) return;
    const target = zoomIdentity.translate(x, y).scale(k);
    const chosen = select(element);
    if (glide && !calm()) chosen.transition().duration(180).call(behaviour.transform, target);
    else chosen.interrupt().call(behaviour.transform, target);
  };

  return {
    get transform() {
      return transform;
    },
    /** The user has panned or zoomed; fitting by itself has ended. */
    get held(): boolean {
      return held;
    },
    /** A drag is under way. */
    get moving(): boolean {
      return moving;
    },
    attach(svg: SVGSVGElement): () => void {
      element = svg;
      behaviour = zoom<SVGSVGElement, unknown>()
        .scaleExtent([0.08, 3])
        .clickDistance(4)
        .on('start', (event: D3ZoomEvent<SVGSVGElement, unknown>) => {
          if (event.sourceEvent instanceof MouseEvent && event.sourceEvent.type === 'mousedown') moving = true;
        })
        .on('zoom', (event: D3ZoomEvent<SVGSVGElement, unknown>) => {
          const { k, x, y } = event.transform;
          transform = { k, x, y };
          if (event.sourceEvent) held = true;
        })
        .on('end', () => (moving = false));
      select(svg).call(behaviour).on('dblclick.zoom', null);
      return () => select(svg).on('.zoom', null);
    },
    /** Shows the box whole. */
    fit(bounds: Box, room: Room, glide = true): void {
      held = false;
      if (bounds.width > 0 && room.width > 0) go(fitTo(bounds, room, margin), glide);
    },
    zoomBy(factor: number): void {
      if (!element || !behaviour) return;
      held = true;
      const chosen = select(element);
      if (calm()) chosen.call(behaviour.scaleBy, factor);
      else chosen.transition().duration(160).call(behaviour.scaleBy, factor);
    },
    /** Brings a box into view when it is not. */
    reveal(box: Box, room: Room): void {
      const { k, x, y } = transform;
      const left = box.x * k + x;
      const top = box.y * k + y;
      const inside = left >= 0 && top >= 0 && left + box.width * k <= room.width && top + box.height * k <= room.height;
      if (inside) return;
      go(
        { k, x: room.width / 2 - (box.x + box.width / 2) * k, y: room.height / 2 - (box.y + box.height / 2) * k },
        true,
      );
    },
  };
}

export type View = ReturnType<typeof createView>;
