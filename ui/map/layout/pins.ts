/** Cards that the user has put somewhere: they stand there, and the others make way. */
import { overlaps, type Box } from '../place.ts';
import type { ArrangeInput } from './picture.ts';
import { cardGap, createRoom } from './room.ts';

/** Cards with the pinned ones in their places. in: cards as the layout wants them. */
export function withPins(input: ArrangeInput, cards: ReadonlyMap<string, Box>): Map<string, Box> {
  const { nodes, boxes, pinned } = input;
  const placed = new Map(cards);
  const fixed: Box[] = [];
  for (const [id, { x, y }] of pinned) {
    const card = cards.get(id);
    if (!card) continue;
    const box = { ...card, x, y };
    placed.set(id, box);
    fixed.push(box);
  }
  if (fixed.length === 0) return placed;
  const room = createRoom(nodes, boxes, placed);
  for (const [id, card] of cards) {
    if (pinned.has(id) || !fixed.some((box) => overlaps(card, box, cardGap / 2))) continue;
    placed.set(id, room.nearest(id, card) ?? createRoom(nodes, [], placed).nearest(id, card) ?? card);
  }
  return placed;
}

/** Pinned cards that lie so far from their box that its rectangle would cover strangers: it lets them go. */
export function strays(input: ArrangeInput, cards: ReadonlyMap<string, Box>): Set<string> {
  const { nodes, boxes, pinned } = input;
  const out = new Set<string>();
  if (boxes.length === 0) return out;
  const room = createRoom(nodes, boxes, cards);
  for (const [id] of pinned) {
    const card: Box | undefined = cards.get(id);
    if (card && !room.fits(id, card)) out.add(id);
  }
  return out;
}
