/**
 * Two samples → how far apart they are, an interval of it, and what chance alone would do. The chance is that of a random
 * split of all values into samples of these sizes: nothing is assumed of how they are spread, for durations have long tails.
 *   means    interval after Welch; the chance by Bennett's bound, with the variance of such a split and the greatest value
 *            seen: one slow trace among thirty proves nothing
 *   shares   interval after Newcombe (of Wilson's); the chance is the tail of the hypergeometric distribution, exact
 */

/** What is kept of the values of one sample; none is negative. */
export interface Sample {
  readonly n: number;
  readonly sum: number;
  readonly sumSquares: number;
  readonly max: number;
}

export const noSample: Sample = { n: 0, sum: 0, sumSquares: 0, max: 0 };

/** Both put together. */
export function addSamples(a: Sample, b: Sample): Sample {
  return {
    n: a.n + b.n,
    sum: a.sum + b.sum,
    sumSquares: a.sumSquares + b.sumSquares,
    max: Math.max(a.max, b.max),
  };
}

/** First less second, 95 % interval of it (null when there is too little to say), and how likely chance is to do as much. */
export interface Difference {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly chance: number;
}

/** Four standard deviations, as the comparison of edges asks for. */
const surely = 6.3e-5;
/** Chance that any of a whole table is named wrongly. */
const surelyAny = 0.01;

/** The chance below which a difference is named, when so many are looked at. */
export function namedBelow(tests: number): number {
  return Math.min(surely, surelyAny / Math.max(1, tests));
}

const quantile95 = 1.959964;

export function meanDifference(a: Sample, b: Sample): Difference {
  const meanA = meanOf(a);
  const meanB = meanOf(b);
  const value = meanA - meanB;
  const half = welchHalf(a, b);
  const chance = splitChance(a, b, meanA, meanB);
  return {
    value,
    low: half === undefined ? null : value - half,
    high: half === undefined ? null : value + half,
    chance,
  };
}

export function meanOf({ n, sum }: Sample): number {
  return n > 0 ? sum / n : 0;
}

/** Half the width of the interval of a difference of means. */
function welchHalf(a: Sample, b: Sample): number | undefined {
  if (a.n < 2 || b.n < 2) return undefined;
  const perA = sampleVariance(a) / a.n;
  const perB = sampleVariance(b) / b.n;
  const variance = perA + perB;
  if (variance === 0) return 0;
  const freedom = variance ** 2 / (perA ** 2 / (a.n - 1) + perB ** 2 / (b.n - 1));
  return studentQuantile(freedom) * Math.sqrt(variance);
}

function sampleVariance({ n, sum, sumSquares }: Sample): number {
  return Math.max(0, sumSquares - (sum * sum) / n) / (n - 1);
}

/** 97.5 % quantile of Student's t; the expansion of Cornish and Fisher, within 2 % from 3 degrees of freedom on. */
function studentQuantile(freedom: number): number {
  if (freedom < 2) return 12.706;
  if (freedom < 3) return 4.303;
  const z = quantile95;
  return (
    z +
    (z ** 3 + z) / (4 * freedom) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3)
  );
}

function splitChance(a: Sample, b: Sample, meanA: number, meanB: number): number {
  const all = a.n + b.n;
  if (a.n === 0 || b.n === 0 || all < 3) return 1;
  const mean = (a.sum + b.sum) / all;
  const [n, mine] = a.n <= b.n ? [a.n, meanA] : [b.n, meanB];
  const variance = Math.max(0, (a.sumSquares + b.sumSquares) / all - mean * mean);
  const apart = Math.abs(mine - mean);
  // sums of squares lose some digits: values that are all the same are not apart
  if (apart <= mean * 1e-9) return 1;
  const ofSplit = (variance / n) * ((all - n) / (all - 1));
  const farthest = mine > mean ? Math.max(a.max, b.max) - mean : mean;
  if (ofSplit === 0) return 0;
  const each = farthest / n;
  const far = (each * apart) / ofSplit;
  return Math.min(1, 2 * Math.exp((-ofSplit / each ** 2) * ((1 + far) * Math.log1p(far) - far)));
}

/** in: how many of how many in either sample. */
export function shareDifference(countA: number, allA: number, countB: number, allB: number): Difference {
  if (allA === 0 || allB === 0) return { value: shareOf(countA, allA) - shareOf(countB, allB), ...unknown };
  const shareA = countA / allA;
  const shareB = countB / allB;
  const value = shareA - shareB;
  const [lowA, highA] = wilson(countA, allA);
  const [lowB, highB] = wilson(countB, allB);
  return {
    value,
    low: Math.max(-1, value - Math.hypot(shareA - lowA, highB - shareB)),
    high: Math.min(1, value + Math.hypot(highA - shareA, shareB - lowB)),
    chance: tailChance(countA, allA, countA + countB, allA + allB),
  };
}

const unknown = { low: null, high: null, chance: 1 } as const;

export function shareOf(count: number, all: number): number {
  return all > 0 ? count / all : 0;
}

/** 95 % interval of a share. in: all > 0. */
export function wilson(count: number, all: number): [low: number, high: number] {
  const z2 = quantile95 ** 2;
  const share = count / all;
  const middle = share + z2 / (2 * all);
  const half = quantile95 * Math.sqrt((share * (1 - share)) / all + z2 / (4 * all * all));
  return [Math.max(0, (middle - half) / (1 + z2 / all)), Math.min(1, (middle + half) / (1 + z2 / all))];
}

/** Twice the chance that a draw of `drawn` out of `all`, of which `marked` are marked, has as many marked ones, or as few. */
function tailChance(found: number, drawn: number, marked: number, all: number): number {
  const expected = (drawn * marked) / all;
  const up = found >= expected;
  let chance = 1;
  let sum = 1;
  const [least, most] = [Math.max(0, drawn + marked - all), Math.min(drawn, marked)];
  for (let k = found; up ? k < most : k > least; k += up ? 1 : -1) {
    const left = all - marked - drawn;
    chance *= up
      ? ((marked - k) * (drawn - k)) / ((k + 1) * (left + k + 1))
      : (k * (left + k)) / ((marked - k + 1) * (drawn - k + 1));
    sum += chance;
    if (chance < sum * 1e-12) break;
  }
  const first = logChoose(marked, found) + logChoose(all - marked, drawn - found) - logChoose(all, drawn);
  return Math.min(1, 2 * sum * Math.exp(first));
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const smallFactorials = (() => {
  const logs = [0];
  for (let n = 1; n < 128; n++) logs.push((logs[n - 1] ?? 0) + Math.log(n));
  return logs;
})();

/** Stirling's series from 128 on: exact to the last digits. */
function logFactorial(n: number): number {
  return (
    smallFactorials[n] ?? (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n) - 1 / (360 * n ** 3)
  );
}

/**
 * How well a property tells two sets apart, 0 (not at all) to 1 (it alone says which): what knowing it says of which set a
 * trace is from, in bits, when either set is as likely. in: its share in each.
 */
export function toldApart(shareA: number, shareB: number): number {
  const bits = entropy((shareA + shareB) / 2) - (entropy(shareA) + entropy(shareB)) / 2;
  return Math.min(1, Math.max(0, bits));
}

function entropy(share: number): number {
  return share <= 0 || share >= 1 ? 0 : -share * Math.log2(share) - (1 - share) * Math.log2(1 - share);
}
