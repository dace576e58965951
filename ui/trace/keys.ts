/** Keys of the trace page, as the help lists them. Those of Jaeger's trace page and of Perfetto, where they do not disagree. */

export interface TraceKey {
  readonly keys: readonly string[];
  readonly text: string;
}

export const traceKeys: readonly TraceKey[] = [
  { keys: ['w', 's'], text: 'Zoom in or out, at the pointer' },
  { keys: ['a', 'd'], text: 'Earlier or later' },
  { keys: ['f'], text: 'Fit the selected span, or the whole trace' },
  { keys: ['[', ']'], text: 'Open or fold all' },
  { keys: ['o', 'p'], text: 'Open or fold a level' },
  { keys: [',', '.'], text: 'Previous or next on the critical path' },
  { keys: ['/', 'Ctrl+B'], text: 'Find in the trace' },
  { keys: ['Enter', 'Shift+Enter'], text: 'Next or previous of what was found' },
  { keys: ['↑', '↓'], text: 'Next or previous span' },
  { keys: ['PageUp', 'PageDown', 'Home', 'End'], text: 'Further up or down' },
  { keys: ['←', '→'], text: 'Fold or open a span; move a handle of the minimap' },
  { keys: ['Enter', 'Space'], text: 'Details of the span' },
  { keys: ['1', '2', '3', '4'], text: 'Waterfall, flame, table, map' },
];

/** Keys that one press of carries out. */
export type Press = 'fit' | 'openAll' | 'foldAll' | 'openLevel' | 'foldLevel' | 'previous' | 'next' | 'find';

const presses: Readonly<Record<string, Press>> = {
  f: 'fit',
  '[': 'openAll',
  ']': 'foldAll',
  o: 'openLevel',
  p: 'foldLevel',
  ',': 'previous',
  '.': 'next',
  '/': 'find',
};

/** What of a KeyboardEvent decides. */
interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

/** What a key press means, by what it prints. out: undefined for another key. */
export function pressOf({ key, ctrlKey, metaKey }: Pressed): Press | undefined {
  if (ctrlKey || metaKey) return key.toLowerCase() === 'b' ? 'find' : undefined;
  return presses[key];
}

/** Where keys are text, choose in a list, or belong to a dialog. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input:not([type=checkbox]), textarea, select, [role=menu], [role=listbox], dialog') !== null
  );
}
