/** What the map shows now, for the parts of the page that stand apart from it: the bar, the palette, the dialogs. */
import type { Graph } from '#shared/api.ts';

let graph = $state.raw<Graph>();
let drawing = $state.raw<SVGSVGElement>();

export const current = {
  /** The graph as answered by the API, before find and hide; undefined while no map is open. */
  get graph(): Graph | undefined {
    return graph;
  },
  set graph(value: Graph | undefined) {
    graph = value;
  },
  /** The map as it is drawn. */
  get drawing(): SVGSVGElement | undefined {
    return drawing;
  },
  set drawing(value: SVGSVGElement | undefined) {
    drawing = value;
  },
};
