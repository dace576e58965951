/** Marks on the strip that do not run into each other: near ones become one, and a label is left out where it has no room. */
import type { Timeline } from '#shared/api.ts';

export type Mark = Timeline['marks'][number];

export interface PlacedMark {
  /** px from the strip's left end. */
  readonly x: number;
  /** All that was first seen here, in time order. */
  readonly marks: readonly Mark[];
  /** `reviews v2 first seen`, `reviews v2 +2`; undefined when there is no room for it. */
  readonly label: string | undefined;
  /** The side of the line that the label stands on. */
  readonly side: 'left' | 'right';
}

/** Marks nearer than this are one. */
const joinPx = 6;
const gapPx = 5;
const spacePx = 8;

/**
 * Places marks on a strip. in: xOf gives px of a moment, widthOf the px of a text. The newest speaks first: when labels
 * collide the older one keeps its line and loses its text.
 */
export function placeMarks(
  marks: readonly Mark[],
  width: number,
  xOf: (atMs: number) => number,
  widthOf: (text: string) => number,
): PlacedMark[] {
  const groups: { x: number; marks: Mark[] }[] = [];
  for (const mark of [...marks].sort((a, b) => a.at - b.at)) {
    const x = xOf(mark.at);
    if (x < 0 || x > width) continue;
    const last = groups.at(-1);
    if (last && x - last.x < joinPx) last.marks.push(mark);
    else groups.push({ x, marks: [mark] });
  }
  const taken: { left: number; right: number }[] = groups.map(({ x }) => ({ left: x - 1, right: x + 1 }));
  const placed: PlacedMark[] = [];
  for (const group of groups.toReversed()) {
    const own = taken.find(({ left }) => left === group.x - 1);
    const fits = (left: number, right: number): boolean =>
      left >= 0 &&
      right <= width &&
      taken.every((box) => box === own || right + spacePx <= box.left || left - spacePx >= box.right);
    let label: string | undefined;
    let side: 'left' | 'right' = 'right';
    for (const text of textsOf(group.marks)) {
      const size = widthOf(text) + gapPx;
      if (fits(group.x, group.x + size)) side = 'right';
      else if (fits(group.x - size, group.x)) side = 'left';
      else continue;
      label = text;
      taken.push(
        side === 'right' ? { left: group.x, right: group.x + size } : { left: group.x - size, right: group.x },
      );
      break;
    }
    placed.push({ x: group.x, marks: group.marks, label, side });
  }
  return placed.reverse();
}

/** Texts for marks that are one, the longest first. */
function textsOf(marks: readonly Mark[]): string[] {
  const [first, ...rest] = marks;
  if (!first) return [];
  const name = `${first.name} ${first.version}`;
  return rest.length === 0
    ? [`${name} first seen`, name]
    : [`${name} +${rest.length} first seen`, `${name} +${rest.length}`];
}
