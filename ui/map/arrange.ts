/**
 * Where everything on the map stands. In: nodes, edges and boxes, the layout, the room, what the user has pinned, and the
 * picture that is shown now. Out: boxes and lines in map px. The work is done in layout/, in a worker where there is one.
 */
import { layoutEngine } from './engine.ts';
import type { ArrangeInput, Picture } from './layout/picture.ts';

export {
  cardSize,
  entrySize,
  noPicture,
  type ArrangeBox,
  type ArrangeEdge,
  type ArrangeInput,
  type ArrangeNode,
  type Picture,
  type PictureBox,
} from './layout/picture.ts';

/**
 * Arranges the graph. Little change moves little: what stood in `before` stays where it was, unless much has changed,
 * the layout or the boxes are others, or `fresh` asks for a new one.
 * errors: only what a defect throws.
 */
export function arrange({
  nodes,
  edges,
  boxes,
  pinned,
  before,
  room,
  layout,
  fresh,
  centre,
}: ArrangeInput): Promise<Picture> {
  // plain copies: a worker takes no reactive proxies, and needs no lines of the old picture
  return layoutEngine()({
    nodes: nodes.map(({ id, entry, box }) => ({ id, entry, box })),
    edges: edges.map(({ id, source, target }) => ({ id, source, target })),
    boxes: boxes.map(({ id, label, parent }) => ({ id, label, parent })),
    pinned: new Map([...pinned].map(([id, { x, y }]) => [id, { x, y }])),
    before: { ...before, edges: new Map() },
    room: { width: room.width, height: room.height },
    layout,
    fresh,
    centre,
  });
}
