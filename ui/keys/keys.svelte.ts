/**
 * Every key the product knows: the help lists it, the palette prints it beside its command, and where `run` stands it is
 * carried out from here. Keys without `run` belong to the thing that has the focus or owns the gesture.
 */
import { page } from '$app/state';
import { address, boxings, change } from '../address.svelte.ts';
import { dialogs } from '../frame/open.svelte.ts';
import { theme } from '../theme.svelte.ts';
import { traceKeys } from '../trace/keys.ts';
import { matchesKey } from './match.ts';

export const scopes = ['everywhere', 'map', 'time', 'trace'] as const;
export type Scope = (typeof scopes)[number];

export const scopeNames: Readonly<Record<Scope, string>> = {
  everywhere: 'Everywhere',
  map: 'Map',
  time: 'Time, on the map',
  trace: 'Trace',
};

export interface Key {
  /** Any of these does it: `Ctrl+K`, `?`, `b`. */
  readonly keys: readonly string[];
  readonly name: string;
  readonly scope: Scope;
  /** Works while typing too: for chords only. */
  readonly always?: boolean;
  readonly run?: () => void;
}

const nextBoxes = () => boxings[(boxings.indexOf(address.boxes) + 1) % boxings.length];

export const keys = {
  palette: {
    keys: ['Ctrl+K'],
    name: 'Go to a workload, an edge or a command',
    scope: 'everywhere',
    always: true,
    run: () => (dialogs.open === 'palette' ? dialogs.close() : dialogs.show('palette')),
  },
  help: { keys: ['?'], name: 'Keys', scope: 'everywhere', run: () => dialogs.show('keys') },
  theme: { keys: ['t'], name: 'Next theme: system, light, dark', scope: 'everywhere', run: () => theme.next() },
  escape: { keys: ['Esc'], name: 'Close what is open: dialog, panel, kiosk', scope: 'everywhere' },
  traceId: { keys: ['/'], name: 'Type a trace ID (not on the map or a trace)', scope: 'everywhere' },

  find: { keys: ['/'], name: 'Find on the map', scope: 'map' },
  walk: { keys: ['←', '→', '↑', '↓'], name: 'Walk from workload to workload', scope: 'map' },
  worst: { keys: ['e'], name: 'From a workload to its worst edge', scope: 'map' },
  move: { keys: ['Shift+Arrow'], name: 'Move the card', scope: 'map' },
  select: { keys: ['Enter'], name: 'Select what has the focus', scope: 'map' },
  fit: { keys: ['f'], name: 'Fit the map', scope: 'map' },
  zoomIn: { keys: ['+'], name: 'Zoom in', scope: 'map' },
  zoomOut: { keys: ['-'], name: 'Zoom out', scope: 'map' },
  reset: { keys: ['r'], name: 'Put moved cards back', scope: 'map' },
  boxes: {
    keys: ['b'],
    name: 'Boxes: none, namespace, cluster',
    scope: 'map',
    run: () => change({ boxes: nextBoxes() }, { replace: true }),
  },
  dots: {
    keys: ['d'],
    name: 'Traffic dots',
    scope: 'map',
    run: () => change({ dots: address.dots ? undefined : 'on' }, { replace: true }),
  },
  critical: {
    keys: ['c'],
    name: 'Layer: critical path or health',
    scope: 'map',
    run: () => change({ layer: address.layer === 'critical' ? 'health' : 'critical' }, { replace: true }),
  },
  share: { keys: ['s'], name: 'Share and export', scope: 'map', run: () => dialogs.show('share') },
  kiosk: {
    keys: ['k'],
    name: 'Kiosk: the map alone',
    scope: 'map',
    run: () => change({ kiosk: address.kiosk ? undefined : 'on' }),
  },

  play: { keys: ['Space'], name: 'Play or pause', scope: 'time' },
  back: { keys: [','], name: 'One step back', scope: 'time' },
  forward: { keys: ['.'], name: 'One step forward', scope: 'time' },
  live: { keys: ['l'], name: 'Back to live', scope: 'time' },
} as const satisfies Readonly<Record<string, Key>>;

/** Every key, for the help: a trace page carries out its own. */
export const allKeys: readonly Key[] = [
  ...Object.values(keys),
  ...traceKeys.map(({ keys: written, text }): Key => ({ keys: written, name: text, scope: 'trace' })),
];

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** Where the page is now: keys of other places rest. */
export function isInScope(scope: Scope): boolean {
  const route: string = page.route.id ?? '';
  if (scope === 'everywhere') return true;
  return scope === 'trace' ? route.startsWith('/trace/') : route === '/';
}

/** Carries out the key, if it is one of ours. */
export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const elsewhere = isTyping(event.target);
  for (const key of Object.values<Key>(keys)) {
    if (!key.run || (elsewhere && !key.always) || !isInScope(key.scope)) continue;
    if (!key.keys.some((written) => matchesKey(written, event))) continue;
    event.preventDefault();
    key.run();
    return;
  }
}

/** Where letters are text, or choose in a list. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input, textarea, select, [contenteditable], [role=menu], [role=listbox], dialog') !== null
  );
}
