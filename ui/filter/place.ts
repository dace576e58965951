/** Puts a popover beside what opened it: below, or above where there is more room; always within the window. */

interface Wish {
  /** Left edges in line, or right ones. */
  readonly align?: 'start' | 'end';
  /** At least as wide as what opened it. */
  readonly atLeast?: boolean;
}

const gap = 4;
const margin = 8;

export function placeBelow(
  popover: HTMLElement,
  opener: HTMLElement,
  { align = 'start', atLeast = false }: Wish = {},
): void {
  const from = opener.getBoundingClientRect();
  const { style } = popover;
  if (atLeast) style.minWidth = `${Math.min(from.width, innerWidth - 2 * margin)}px`;
  style.maxHeight = '';
  const { width, height } = popover.getBoundingClientRect();
  const below = innerHeight - from.bottom - gap - margin;
  const above = from.top - gap - margin;
  const up = height > below && above > below;
  style.maxHeight = `${Math.max(120, up ? above : below)}px`;
  const wanted = align === 'start' ? from.left : from.right - width;
  style.left = `${Math.max(margin, Math.min(wanted, innerWidth - width - margin))}px`;
  style.top = up ? `${Math.max(margin, from.top - gap - Math.min(height, above))}px` : `${from.bottom + gap}px`;
}
