/** Arithmetic of the shown part of a trace's time, and how it is written in an address. Pure; ns. */
import type { Stretch } from './rows.ts';

/** The least that can be shown, ns and as a part of the whole. */
const leastNs = 10;
const leastPart = 1e-7;

/** `120-340`: from 120 to 340 ns. */
export function rangeText({ startNs, endNs }: Stretch): string {
  return `${Math.round(startNs)}-${Math.round(endNs)}`;
}

/** out: undefined when it cannot be read or lies outside. */
export function parseRange(text: string, whole: Stretch): Stretch | undefined {
  const [, from, to] = /^(-?\d+)-(-?\d+)$/.exec(text) ?? [];
  const range = { startNs: Number(from), endNs: Number(to) };
  const inside = range.startNs < whole.endNs && range.endNs > whole.startNs;
  return range.endNs > range.startNs && inside ? range : undefined;
}

/** Shown time made longer or shorter round a place in it. out: undefined for all of it. */
export function zoomed(shown: Stretch, factor: number, at: number, whole: Stretch): Stretch | undefined {
  const long = shown.endNs - shown.startNs;
  const all = whole.endNs - whole.startNs;
  const next = Math.min(all, Math.max(leastNs, all * leastPart, long * factor));
  return within(
    { startNs: shown.startNs + at * (long - next), endNs: shown.startNs + at * (long - next) + next },
    whole,
  );
}

/** Shown time moved by a part of its length. out: undefined for all of it. */
export function moved(shown: Stretch, share: number, whole: Stretch): Stretch | undefined {
  const by = share * (shown.endNs - shown.startNs);
  return within({ startNs: shown.startNs + by, endNs: shown.endNs + by }, whole);
}

/** A stretch with some room at its sides. out: undefined for all of it. */
export function around({ startNs, endNs }: Stretch, whole: Stretch): Stretch | undefined {
  const long = Math.max(endNs - startNs, leastNs, (whole.endNs - whole.startNs) * leastPart);
  const middle = (startNs + endNs) / 2;
  return within({ startNs: middle - 0.6 * long, endNs: middle + 0.6 * long }, whole);
}

/** Moved, not cut, to lie inside. */
function within({ startNs, endNs }: Stretch, whole: Stretch): Stretch | undefined {
  const long = endNs - startNs;
  if (long >= (whole.endNs - whole.startNs) * (1 - 1e-9)) return undefined;
  const start = Math.min(whole.endNs - long, Math.max(whole.startNs, startNs));
  return { startNs: start, endNs: start + long };
}
