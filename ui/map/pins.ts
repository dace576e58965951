/** Where the user has put cards, as text that can be kept: `{"cluster/namespace/name":[x,y]}`. */
import type { Point } from './place.ts';

/** Corners of cards in map px, by node id. */
export type Pins = ReadonlyMap<string, Point>;

export function formatPins(pins: Pins): string {
  return JSON.stringify(Object.fromEntries([...pins].map(([id, { x, y }]) => [id, [x, y]])));
}

/** Pins from their text. out: none for what cannot be read. */
export function parsePins(text: string | null): Pins {
  if (text === null) return new Map();
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return new Map(
      entries.flatMap(([id, at]) => {
        const [x, y] = Array.isArray(at) ? (at as unknown[]) : [];
        return Number.isFinite(x) && Number.isFinite(y) ? [[id, { x: Number(x), y: Number(y) }]] : [];
      }),
    );
  } catch {
    return new Map();
  }
}
