/** What is written on a card and where: long names give up size before they give up letters, the rate stands where room is left. */
import { formatRate } from '#shared/format.ts';
import { middleEllipsis } from '../part/ellipsis.ts';
import type { Rulers } from './scene.ts';
import type { CardShape } from './shapes.ts';

/** A text with its baseline's start (the rate's: its end) on the card and its size against the font's. */
export interface PlacedText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

export interface CardTexts {
  readonly name: PlacedText;
  readonly subtitle?: PlacedText;
  readonly rate?: PlacedText;
}

type Facts = Pick<CardShape, 'name' | 'subtitle' | 'rate' | 'entry' | 'width' | 'height'>;

/** Room at the card's right edge, and between a text and the rate after it. */
const edge = 10;
const gap = 14;

/** in: how much larger than its size text is to be, against the zoom. */
export function toCardTexts(card: Facts, boost: number, rulers: Rulers): CardTexts {
  const x = card.entry ? 36 : 43;
  const room = card.width - x - edge;
  const middle = card.height / 2;
  const rate = card.rate === undefined ? '' : formatRate(card.rate);
  const second = card.entry ? rate : card.subtitle;
  // legible on the screen, whatever the zoom
  const sizeOf = (width: number, least: number) => Math.min(boost, Math.max(0.9, least, room / Math.max(1, width)));
  const nameSize = sizeOf(rulers.name(card.name), boost * 0.76);
  const subSize = sizeOf(rulers.sub(second), boost * 0.86);
  const cut = (text: string, size: number, ruler: Rulers['name']) => middleEllipsis(text, room / size + 0.1, ruler);
  const name: PlacedText = {
    text: cut(card.name, nameSize, rulers.name),
    x,
    y: second === '' ? middle + 4.5 * nameSize : middle - 2.5 * boost,
    size: nameSize,
  };
  const subtitle: PlacedText = { text: cut(second, subSize, rulers.sub), x, y: middle + 12 * boost, size: subSize };
  const need = (rulers.sub(rate) + gap) * subSize;
  const host =
    card.entry || rate === ''
      ? undefined
      : second !== '' && room - rulers.sub(subtitle.text) * subSize >= need
        ? subtitle
        : room - rulers.name(name.text) * nameSize >= need
          ? name
          : undefined;
  return {
    name,
    ...(second === '' ? {} : { subtitle }),
    ...(host ? { rate: { text: rate, x: card.width - edge, y: host.y, size: subSize } } : {}),
  };
}
