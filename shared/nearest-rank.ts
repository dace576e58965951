/**
 * Exact percentiles by nearest rank, of values that may stand for several (rule C11): the least value that at least so much
 * of the weight does not exceed. As the store's quantilesExactWeighted over weights in millionths.
 */

/** in: a weight a value, and shares from 0 to 1. out: a value of `values` for each share; undefined without values. */
export function nearestRanks(
  values: ArrayLike<number>,
  weights: ArrayLike<number>,
  shares: readonly number[],
): (number | undefined)[] {
  const order = Array.from({ length: values.length }, (_, i) => i).sort(
    (a, b) => (values[a] as number) - (values[b] as number),
  );
  const weightOf = (i: number): number => Math.round((weights[i] as number) * 1e6);
  const total = order.reduce((sum, i) => sum + weightOf(i), 0);
  return shares.map((share) => {
    const wanted = Math.ceil(total * share);
    let covered = 0;
    for (const i of order) {
      covered += weightOf(i);
      if (covered >= wanted) return values[i];
    }
    return undefined;
  });
}
