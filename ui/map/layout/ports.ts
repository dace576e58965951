/**
 * Where lines touch their cards. Those at one side are spread along it in the order of where they go, so that no two
 * share a stub and none cross at the card.
 */
import type { Box } from '../place.ts';
import type { ArrangeEdge } from './picture.ts';

export type Side = 'left' | 'right' | 'top' | 'bottom';

/** Whether positions along a side are heights. */
const upright = (side: Side): boolean => side === 'left' || side === 'right';

/** Room between two ports, and from the corners of the card, px. */
const apart = 9;
const corner = 8;

interface Wish {
  readonly edge: string;
  readonly toward: number;
  readonly far: number;
}

export function createPorts(cards: ReadonlyMap<string, Box>) {
  const wishes = new Map<string, Wish[]>();
  const found = new Map<string, number>();
  const keyOf = (card: string, side: Side) => `${side}\n${card}`;
  const at = (card: string, side: Side, edge: string) => found.get(`${keyOf(card, side)}\n${edge}`) ?? 0;
  const set = (card: string, side: Side, edge: string, y: number) => found.set(`${keyOf(card, side)}\n${edge}`, y);

  return {
    /** in: the height (for top and bottom: the x) a line goes to from here; far = what orders lines to the same one. */
    want(card: string, side: Side, edge: string, toward: number, far: number): void {
      const key = keyOf(card, side);
      const known = wishes.get(key);
      if (known) known.push({ edge, toward, far });
      else wishes.set(key, [{ edge, toward, far }]);
    },
    /** Gives every wish a place along its side. in: edges between neighbours, which run straight where a slight shift allows it. */
    settle(direct: readonly ArrangeEdge[]): void {
      for (const [key, some] of wishes) {
        const [side, card = ''] = key.split('\n', 2) as [Side, string];
        const box = cards.get(card);
        if (!box) continue;
        const [start, length] = upright(side) ? [box.y, box.height] : [box.x, box.width];
        const centre = start + length / 2;
        some.sort((a, b) => a.toward - b.toward || (a.toward < centre ? b.far - a.far : a.far - b.far));
        const gap = Math.min(upright(side) ? apart : 2 * apart, (length - 2 * corner) / Math.max(1, some.length - 1));
        for (const [i, { edge }] of some.entries()) set(card, side, edge, centre + gap * (i - (some.length - 1) / 2));
      }
      for (const { id, source, target } of direct) {
        const side: Side = wishes.get(keyOf(source, 'right'))?.some(({ edge }) => edge === id) ? 'right' : 'left';
        const other: Side = side === 'right' ? 'left' : 'right';
        const [a, b] = [at(source, side, id), at(target, other, id)];
        if (a === b || Math.abs(a - b) > 2 * apart) continue;
        const one = wishes.get(keyOf(source, side))?.length === 1;
        const two = wishes.get(keyOf(target, other))?.length === 1;
        if (two && inside(cards.get(target), a)) set(target, other, id, a);
        else if (one && inside(cards.get(source), b)) set(source, side, id, b);
      }
    },
    at,
  };
}

function inside(box: Box | undefined, y: number): boolean {
  return box !== undefined && y >= box.y + corner && y <= box.y + box.height - corner;
}
