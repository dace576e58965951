/**
 * Stretches of time on the strip: where they lie in its range, how a hand or a key moves them, and which range the strip
 * shows. Pure; all times are epoch ms, half-open.
 */

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What of the brush is moved: the whole window, or one of its ends. */
export type Part = 'window' | 'from' | 'to';

export const lengthOf = ({ from, to }: Stretch): number => to - from;

/** Where a moment lies in a range, 0 to 1 inside it. */
export function shareAt(atMs: number, range: Stretch): number {
  return (atMs - range.from) / Math.max(1, lengthOf(range));
}

/** The moment at a share of a range. */
export function momentAt(share: number, range: Stretch): number {
  return range.from + share * lengthOf(range);
}

/** The stretch of whole steps that covers a stretch; at least one step. Steps start at multiples of stepMs. */
export function outward({ from, to }: Stretch, stepMs: number): Stretch {
  const start = Math.floor(from / stepMs) * stepMs;
  return { from: start, to: Math.max(start + stepMs, Math.ceil(to / stepMs) * stepMs) };
}

/** The stretch of whole steps nearest to one: its start and its length rounded, at least one step. */
export function toSteps({ from, to }: Stretch, stepMs: number): Stretch {
  const start = Math.round(from / stepMs) * stepMs;
  return { from: start, to: start + Math.max(1, Math.round((to - from) / stepMs)) * stepMs };
}

/** The first stretch of whole steps of some length in a range. */
export function firstOf(range: Stretch, lengthMs: number, stepMs: number): Stretch {
  const from = Math.ceil(range.from / stepMs) * stepMs;
  return { from, to: from + Math.max(1, Math.round(lengthMs / stepMs)) * stepMs };
}

/** A stretch moved by some time, kept whole inside the range. */
export function moved(stretch: Stretch, byMs: number, range: Stretch): Stretch {
  const length = Math.min(lengthOf(stretch), lengthOf(range));
  const from = Math.min(Math.max(stretch.from + byMs, range.from), range.to - length);
  return { from, to: from + length };
}

/** A stretch with one end put at a moment; the ends stay in the range and at least leastMs apart. */
export function resized(
  { from, to }: Stretch,
  end: 'from' | 'to',
  atMs: number,
  range: Stretch,
  leastMs: number,
): Stretch {
  return end === 'from'
    ? { from: Math.max(range.from, Math.min(atMs, to - leastMs)), to }
    : { from, to: Math.min(range.to, Math.max(atMs, from + leastMs)) };
}

/** A window of whole steps: its end on a step (or the very end of the range), its length kept in steps. */
export function snapped(stretch: Stretch, part: Part, range: Stretch, stepMs: number): Stretch {
  const near = (atMs: number): number => {
    const step = Math.round(atMs / stepMs) * stepMs;
    return atMs >= range.to || step >= range.to ? range.to : Math.max(step, Math.ceil(range.from / stepMs) * stepMs);
  };
  if (part === 'from') return { from: Math.min(near(stretch.from), stretch.to - stepMs), to: stretch.to };
  if (part === 'to') return { from: stretch.from, to: Math.max(near(stretch.to), stretch.from + stepMs) };
  const length = Math.max(stepMs, Math.round(lengthOf(stretch) / stepMs) * stepMs);
  const to = near(stretch.to);
  return to - length < range.from ? firstOf(range, length, stepMs) : { from: to - length, to };
}

/**
 * What a key does to the brush: arrows one step, with Shift ten, PageUp and PageDown ten, Home and End to the ends.
 * out: undefined when the key means nothing here.
 */
export function keyed(
  { key, shiftKey }: { readonly key: string; readonly shiftKey: boolean },
  stretch: Stretch,
  part: Part,
  range: Stretch,
  stepMs: number,
): Stretch | undefined {
  const size = shiftKey ? 10 : 1;
  const steps = { ArrowLeft: -size, ArrowDown: -size, ArrowRight: size, ArrowUp: size, PageDown: -10, PageUp: 10 }[key];
  const far = { Home: -Infinity, End: Infinity }[key];
  if (steps === undefined && far === undefined) return undefined;
  const put = (atMs: number): number => {
    if (far !== undefined) return far < 0 ? range.from : range.to;
    const by = steps ?? 0;
    // from between two steps the first move goes to the next one
    return (by < 0 ? Math.ceil(atMs / stepMs) : Math.floor(atMs / stepMs)) * stepMs + by * stepMs;
  };
  if (part !== 'window') return resized(stretch, part, put(stretch[part]), range, stepMs);
  return moved(stretch, put(stretch.to) - stretch.to, range);
}

/**
 * The range the strip shows for a past stretch: the one it shows already while that holds the stretch, else one that ends
 * now if that reaches back far enough, else one with the stretch in its middle.
 */
export function rangeFor(shown: Stretch, held: Stretch | undefined, historyMs: number, nowMs: number): Stretch {
  const length = Math.max(historyMs, lengthOf(shown));
  // what is shown lies on whole steps and may stand out of a range that does not
  const slack = length / 50;
  if (
    held &&
    Math.abs(lengthOf(held) - length) <= slack &&
    held.from - slack <= shown.from &&
    shown.to <= held.to + slack
  ) {
    return held;
  }
  const to =
    shown.from >= nowMs - length - slack
      ? Math.max(nowMs, shown.to)
      : Math.min(nowMs, shown.to + (length - lengthOf(shown)) / 2);
  return { from: Math.round(to - length), to: Math.round(to) };
}
