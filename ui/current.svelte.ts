/** What the map shows now, for the parts of the page that stand apart from it: the bar, the palette, the dialogs. */
import type { Graph } from '#shared/api.ts';

export interface Drawing {
  readonly svg: SVGSVGElement;
  /** Does something while all of the map stands in the svg as elements; of a big one, the page shows edges otherwise. */
  whole<T>(use: () => T): Promise<T>;
}

let graph = $state.raw<Graph>();
let drawing = $state.raw<Drawing>();
let moving = $state(false);

export const current = {
  /** The graph as answered by the API, before find and hide; undefined while no map is open. */
  get graph(): Graph | undefined {
    return graph;
  },
  set graph(value: Graph | undefined) {
    graph = value;
  },
  /** The map as it is drawn. */
  get drawing(): Drawing | undefined {
    return drawing;
  },
  set drawing(value: Drawing | undefined) {
    drawing = value;
  },
  /** A hand is on a big map: what can wait does, so that the map follows the hand. */
  get moving(): boolean {
    return moving;
  },
  set moving(value: boolean) {
    moving = value;
  },
};
