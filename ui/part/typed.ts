/** What boxes share that complete and correct what is typed. Pure. */

/** A text in three: before a place, the place, after it. A place of no length is one character's room. */
export function placesOf(
  text: string,
  { at, end }: { readonly at: number; readonly end: number },
): { readonly before: string; readonly at: string; readonly after: string } {
  return { before: text.slice(0, at), at: text.slice(at, end) || ' ', after: text.slice(end) };
}

/** The option that an arrow key comes to, round the ends. in: -1 = none is active; how many there are, at least one. */
export function nextOption(active: number, key: 'ArrowDown' | 'ArrowUp', count: number): number {
  if (key === 'ArrowDown') return (active + 1) % count;
  return active <= 0 ? count - 1 : active - 1;
}
