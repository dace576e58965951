/** Values that were asked for last. */

export interface Recent<Value> {
  get(key: string): Value | undefined;
  /**
   * Keeps a value as the one used last, and gives up those used longest ago while there is too much. One that weighs too much
   * by itself is not kept, nor is what its key had.
   */
  keep(key: string, value: Value, weight: number): void;
  forget(key: string): void;
  clear(): void;
  /** Of all that is kept. */
  readonly weight: number;
}

/** in: how much is kept, by weight and by number. */
export function createRecent<Value>(maxWeight: number, maxCount = Infinity): Recent<Value> {
  // Least recently used first.
  const kept = new Map<string, { readonly value: Value; readonly weight: number }>();
  let total = 0;

  function forget(key: string): void {
    total -= kept.get(key)?.weight ?? 0;
    kept.delete(key);
  }

  return {
    get weight() {
      return total;
    },
    get: (key) => kept.get(key)?.value,
    forget,
    keep(key, value, weight) {
      forget(key);
      if (weight > maxWeight) return;
      kept.set(key, { value, weight });
      total += weight;
      for (const first of kept.keys()) {
        if (total <= maxWeight && kept.size <= maxCount) break;
        forget(first);
      }
    },
    clear() {
      kept.clear();
      total = 0;
    },
  };
}
