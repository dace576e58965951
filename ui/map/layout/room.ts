/**
 * Free room for one more card on a map that stands: not on another card, not in a strange box, and not so that its own
 * box would have to swallow a stranger.
 */
import { overlaps, type Box } from '../place.ts';
import { frameOf, toFrames } from './frames.ts';
import type { ArrangeBox, ArrangeNode } from './picture.ts';
import { chainOf, toTree } from './tree.ts';

/** Least room between two cards above one another, and between a card and a strange box, px. */
export const cardGap = 24;
const frameGap = 10;

/** Finds free room. cards: what stands; it may grow between two searches. */
export function createRoom(
  nodes: readonly ArrangeNode[],
  boxes: readonly ArrangeBox[],
  cards: ReadonlyMap<string, Box>,
) {
  const tree = toTree(nodes, boxes);
  const chains = new Map(
    nodes.map(({ id }, i) => [id, new Set(chainOf(tree, tree.ofNode[i] ?? -1).map((box) => tree.ids[box] ?? ''))]),
  );
  const noChain: ReadonlySet<string> = new Set();

  /** Whether a card may stand there. */
  const fits = (id: string, card: Box): boolean => {
    const own = chains.get(id) ?? noChain;
    for (const [other, box] of cards) {
      if (other !== id && overlaps(card, box, cardGap - 1)) return false;
    }
    if (boxes.length === 0) return true;
    const without = new Map([...cards].filter(([other]) => other !== id));
    const frames = toFrames(nodes, boxes, without);
    for (const [box, frame] of frames) if (!own.has(box) && overlaps(card, frame, frameGap)) return false;
    for (const box of own) {
      const frame = frames.get(box);
      const grown = frameOf([card]);
      if (!grown) return false;
      const whole = frame ? union(frame, grown) : grown;
      for (const [other, stands] of without) {
        if (!chains.get(other)?.has(box) && overlaps(whole, stands, 1)) return false;
      }
      for (const [other, stands] of frames) {
        const inside = tree.ids.indexOf(other);
        if (own.has(other) || chainOf(tree, inside).some((at) => tree.ids[at] === box)) continue;
        if (overlaps(whole, stands, 1)) return false;
      }
    }
    return true;
  };

  return {
    fits,
    /** The corner nearest to a wish, straight above or below it. out: undefined when nothing fits. */
    nearest(id: string, wish: Box): Box | undefined {
      const heights = [wish.y];
      for (const { y, height } of [
        ...cards.values(),
        ...(boxes.length > 0 ? toFrames(nodes, boxes, cards).values() : []),
      ]) {
        heights.push(y - cardGap - wish.height, y + height + cardGap, y - 2 * cardGap - wish.height - 12);
      }
      heights.sort((a, b) => Math.abs(a - wish.y) - Math.abs(b - wish.y));
      const y = heights.find((at) => fits(id, { ...wish, y: at }));
      return y === undefined ? undefined : { ...wish, y };
    },
  };
}

function union(a: Box, b: Box): Box {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}
