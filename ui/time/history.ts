/** How far back the strip reaches, and how fast it plays. Pure. */
import { parseDuration } from '#shared/time.ts';

export const histories = [
  { value: '15m', text: '15 min' },
  { value: '1h', text: '1 h' },
  { value: '6h', text: '6 h' },
  { value: '1d', text: '24 h' },
  { value: '7d', text: '7 days' },
] as const;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Lengths of a strip that a young store has not filled yet. */
const reaches = [
  ...[5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 4, 6, 12].map((hours) => hours * hourMs),
  ...[1, 2, 4].map((days) => days * dayMs),
] as const;

/** What suits a live window: `5m` → `1h`, `1h` → `6h`, longer → `7d`. */
export function historyFor(window: string): string {
  const windowMs = parseDuration(window);
  return windowMs <= hourMs / 12 ? '1h' : windowMs <= hourMs ? '6h' : '7d';
}

/** The history asked for in an address, if it can be had; else what suits the window. Never shorter than what is shown. */
export function historyOf(asked: string, window: string, shownMs: number): string {
  const chosen = histories.some(({ value }) => value === asked) ? asked : historyFor(window);
  const least = Math.max(parseDuration(chosen), shownMs);
  return histories.find(({ value }) => parseDuration(value) >= least)?.value ?? chosen;
}

/**
 * How far back the strip reaches, ms: the history, or for a store that is younger a round time that holds all of it and
 * leaves what is shown no more than half of the strip. in: age of the oldest span, undefined when not known.
 */
export function reachFor(historyMs: number, ageMs: number | undefined, shownMs: number): number {
  if (ageMs === undefined) return historyMs;
  const least = Math.max(ageMs, 2 * shownMs);
  return Math.min(historyMs, reaches.find((reach) => reach >= least) ?? historyMs);
}

/** Speeds of play, times real time, slowest first: always four, faster for a longer history. */
export function speedsFor(historyMs: number): readonly number[] {
  if (historyMs <= hourMs) return [1, 10, 30, 60];
  if (historyMs <= 6 * hourMs) return [10, 60, 120, 300];
  if (historyMs <= 24 * hourMs) return [60, 300, 600, 1200];
  return [600, 1800, 3600, 7200];
}
