/**
 * Where the user has put cards: corners in map px by node id, kept in the browser for each kind of layout. What the browser
 * does not let us keep (storage is blocked or full) lasts as long as the page.
 */
import { formatPins, parsePins, type Pins } from './pins.ts';
import type { Point } from './place.ts';

const prefix = 'throughline.positions.';

/** Positions under a name that may change: `layered service none`. in: the name; call inside a component. */
export function createPositions(name: () => string) {
  let changes = $state(0);
  const kept = new Map<string, Pins>();
  const pins = $derived.by(() => {
    void changes;
    const key = name();
    return kept.get(key) ?? read(key);
  });
  const set = (next: Pins) => {
    kept.set(name(), next);
    write(name(), next);
    changes++;
  };
  return {
    get pins(): Pins {
      return pins;
    },
    pin(id: string, { x, y }: Point): void {
      set(new Map([...pins, [id, { x: Math.round(x), y: Math.round(y) }]]));
    },
    reset(): void {
      set(new Map());
    },
  };
}

export type Positions = ReturnType<typeof createPositions>;

function read(name: string): Pins {
  try {
    return parsePins(localStorage.getItem(prefix + name));
  } catch {
    return new Map();
  }
}

function write(name: string, pins: Pins): void {
  try {
    if (pins.size === 0) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, formatPins(pins));
  } catch {
    // storage is blocked or full
  }
}
