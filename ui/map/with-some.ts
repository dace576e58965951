/** One list becomes another by some changes at a time. */

export interface Item {
  readonly id: string;
}

/**
 * The new list, with so many of its changes at most; elsewhere what was there before.
 * out: left: changes still to be made. The same object means no change.
 */
export function withSome<T extends Item>(
  before: readonly T[],
  list: readonly T[],
  most: number,
): { readonly list: readonly T[]; readonly left: number } {
  const known = new Map(before.map((item) => [item.id, item]));
  let changes = 0;
  const next = list.flatMap((item) => {
    const old = known.get(item.id);
    if (old === item || changes++ < most) return [item];
    return old ? [old] : [];
  });
  return { list: next, left: Math.max(0, changes - most) };
}
