/** Words and changes of a scope: a list of names, of which none chosen means all. Pure. */
import { toListText } from '#shared/list.ts';

/** `all`, `shop`, `shop + 2`. */
export function scopeText(chosen: readonly string[]): string {
  const [first = 'all', ...more] = chosen;
  return more.length === 0 ? first : `${first} + ${more.length}`;
}

/** What is known, and what is chosen though it is not there now. */
export function scopeOptions(
  known: readonly string[],
  chosen: readonly string[],
): { value: string; text: string; detail?: string }[] {
  const gone = chosen.filter((name) => !known.includes(name));
  return [
    ...known.map((name) => ({ value: name, text: name })),
    ...gone.map((name) => ({ value: name, text: name, detail: 'no calls now' })),
  ];
}

/** The parameter after a switch; undefined when nothing is left. */
export function scopeChange(chosen: readonly string[], value: string, on: boolean): string | undefined {
  const left = chosen.filter((name) => name !== value);
  return toListText(on ? [...left, value].sort() : left) || undefined;
}
