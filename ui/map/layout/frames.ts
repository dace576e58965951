/** Rectangles round the workloads of each box, with room for the label at the top. */
import type { Box } from '../place.ts';
import { boxPad, type ArrangeBox, type ArrangeNode, type PictureBox } from './picture.ts';
import { chainOf, toTree } from './tree.ts';

/** in: where the cards stand. out: box id to rectangle, outer ones first; boxes without a card are left out. */
export function toFrames(
  nodes: readonly ArrangeNode[],
  boxes: readonly ArrangeBox[],
  cards: ReadonlyMap<string, Box>,
): Map<string, PictureBox> {
  const tree = toTree(nodes, boxes);
  const labels = new Map(boxes.map(({ id, label }) => [id, label]));
  const depths = tree.ids.map((_, box) => chainOf(tree, box).length - 1);
  const inside = tree.ids.map((): Box[] => []);
  for (const [i, { id }] of nodes.entries()) {
    const card = cards.get(id);
    if (card) inside[tree.ofNode[i] ?? -1]?.push(card);
  }
  const frames: (Box | undefined)[] = [];
  const order = tree.ids.map((_, box) => box).sort((a, b) => (depths[b] ?? 0) - (depths[a] ?? 0) || a - b);
  for (const box of order) {
    const frame = frameOf(inside[box] ?? []);
    frames[box] = frame;
    if (frame) inside[tree.parents[box] ?? -1]?.push(frame);
  }
  return new Map(
    order.toReversed().flatMap((box) => {
      const [id, frame] = [tree.ids[box], frames[box]];
      if (id === undefined || !frame) return [];
      return [[id, { ...frame, label: labels.get(id) ?? id, depth: depths[box] ?? 0 }] as const];
    }),
  );
}

/** The rectangle round some boxes, with its padding. out: undefined for none. */
export function frameOf(boxes: readonly Box[]): Box | undefined {
  if (boxes.length === 0) return undefined;
  const left = Math.min(...boxes.map(({ x }) => x)) - boxPad.side;
  const top = Math.min(...boxes.map(({ y }) => y)) - boxPad.top;
  const right = Math.max(...boxes.map(({ x, width }) => x + width)) + boxPad.side;
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height)) + boxPad.bottom;
  return { x: left, y: top, width: right - left, height: bottom - top };
}
