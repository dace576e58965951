/**
 * Keys as they are written (`Ctrl+K`, `?`, `Esc`) and whether an event is one of them. `Ctrl` means Control or, on a Mac,
 * Command. Letters are told by what they print, so other keyboards work; Shift counts only where it is named. Pure.
 */

/** What of a KeyboardEvent decides. */
export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const named: Readonly<Record<string, string>> = {
  Esc: 'Escape',
  Space: ' ',
  '←': 'ArrowLeft',
  '→': 'ArrowRight',
  '↑': 'ArrowUp',
  '↓': 'ArrowDown',
};

/** Whether the event is this key. in: `b`, `Ctrl+K`, `Shift+Enter`, `?`. */
export function matchesKey(written: string, event: Pressed): boolean {
  const parts = written === '+' ? ['+'] : written.split('+');
  const last = parts.at(-1) ?? '';
  const wantsCtrl = parts.includes('Ctrl');
  if (wantsCtrl !== (event.ctrlKey || event.metaKey)) return false;
  if (parts.includes('Alt') !== event.altKey) return false;
  if (parts.includes('Shift') && !event.shiftKey) return false;
  const key = named[last] ?? last;
  // a letter with Shift is another key: Shift+B is not b
  if (/^[a-z]$/i.test(key)) {
    return event.key.toLowerCase() === key.toLowerCase() && (parts.includes('Shift') || !event.shiftKey);
  }
  return event.key === key;
}

/** What to print on a key cap. mac: Command stands for Ctrl. */
export function keyParts(written: string, mac: boolean): string[] {
  const parts = written === '+' ? ['+'] : written.split('+');
  return parts.map((part) =>
    part === 'Ctrl' && mac ? '⌘' : part.length === 1 && parts.length > 1 ? part.toUpperCase() : part,
  );
}
