/**
 * Log-bucket histogram of durations in nanoseconds: what every percentile of the product is read from. Bucket b holds
 * (gamma^(b-1), gamma^b]; its middle is within (gamma-1)/(gamma+1) = 0.99 % of every value in it. Sketches of one gamma
 * add up exactly, in any order, here as in the store (sumMap over Map(Int16, Float64)): gamma is part of the schema.
 * DDSketch, Masson et al., VLDB 2019.
 */

/** Ratio of two neighbouring bucket bounds. */
export const gamma = 1.02;

/** The bucket of every duration <= 0. */
export const zeroBucket = -1;

/** Greatest bucket: keeps even infinite durations within Int16. 1.02^2300 ns is more than a thousand years. */
const lastBucket = 2300;

const perLog = 1 / Math.log(gamma);
const middle = 2 / (gamma + 1);
const bandsPerDoubling = 5;

/** Weights by bucket. */
export type Sketch = Map<number, number>;

/**
 * A sketch as a piece of two arrays side by side, from `from` up to, not with, `to`: how sketches lie in columns of many.
 * Each bucket is there once; the order is free.
 */
export interface Buckets {
  readonly buckets: Int16Array | Int32Array;
  readonly weights: Float64Array;
  readonly from: number;
  readonly to: number;
}

/** The bucket of a duration in nanoseconds; NaN counts as zero. */
export function bucketOf(ns: number): number {
  if (!(ns > 0)) return zeroBucket;
  const bucket = Math.ceil(Math.log(ns) * perLog);
  return bucket < 0 ? 0 : bucket > lastBucket ? lastBucket : bucket;
}

const middles = Float64Array.from({ length: lastBucket + 1 }, (_, bucket) => middle * gamma ** bucket);

/** The duration that stands for a bucket, nanoseconds; 0 for the bucket of zero. */
export function valueOf(bucket: number): number {
  return bucket < 0 ? 0 : middles[Math.min(bucket, lastBucket)]!;
}

/** The greatest duration in a bucket, nanoseconds. */
export function upperBoundOf(bucket: number): number {
  return bucket < 0 ? 0 : gamma ** bucket;
}

/** A coarse bucket of a duration, 15 % wide: fine enough to tell the slowest tenth of traces. -1 for durations <= 0. */
export function durationBand(ns: number): number {
  return ns > 0 ? Math.max(0, Math.floor(Math.log2(ns) * bandsPerDoubling)) : -1;
}

/** The least duration of a band, nanoseconds. */
export function bandStart(band: number): number {
  return band < 0 ? 0 : 2 ** (band / bandsPerDoubling);
}

export function createSketch(): Sketch {
  return new Map();
}

/** Adds a duration in nanoseconds that stands for `weight` of them. */
export function add(sketch: Sketch, ns: number, weight = 1): void {
  const bucket = bucketOf(ns);
  sketch.set(bucket, (sketch.get(bucket) ?? 0) + weight);
}

/** Adds all of `other` to `sketch`. */
export function merge(sketch: Sketch, other: ReadonlyMap<number, number>): void {
  for (const [bucket, weight] of other) sketch.set(bucket, (sketch.get(bucket) ?? 0) + weight);
}

export const noBuckets: Buckets = { buckets: new Int16Array(0), weights: new Float64Array(0), from: 0, to: 0 };

/** in: entries of a sketch. */
export function toBuckets(entries: Iterable<readonly [bucket: number, weight: number]>): Buckets {
  const list = [...entries];
  return {
    buckets: Int16Array.from(list, ([bucket]) => bucket),
    weights: Float64Array.from(list, ([, weight]) => weight),
    from: 0,
    to: list.length,
  };
}

/** Weights by bucket, moved up by one for the bucket of zero; all 0 between two sums. */
const scratch = new Float64Array(lastBucket + 2);

/** The sum of sketches, buckets ascending; of one that ascends it is itself. Buckets out of range count as the last. */
export function joinBuckets(parts: readonly Buckets[]): Buckets {
  const [first = noBuckets] = parts;
  if (parts.length < 2 && ascends(first)) return first;
  const most = Math.min(
    scratch.length,
    parts.reduce((sum, { from, to }) => sum + to - from, 0),
  );
  const buckets = new Int16Array(most);
  const weights = new Float64Array(most);
  for (const { buckets: own, weights: ownWeights, from, to } of parts) gatherBuckets(own, ownWeights, from, to);
  return { buckets, weights, from: 0, to: takeGathered(buckets, weights, 0) };
}

let least = scratch.length;
let most = -1;

/** Adds a piece of a sketch to those gathered since the last takeGathered. */
export function gatherBuckets(buckets: Buckets['buckets'], weights: Float64Array, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const bucket = buckets[at]!;
    const slot = bucket < -1 || bucket > lastBucket ? lastBucket + 1 : bucket + 1;
    if (slot < least) least = slot;
    if (slot > most) most = slot;
    scratch[slot]! += weights[at]!;
  }
}

/** Writes the sum of what was gathered, buckets ascending, from an index on. out: the index behind the last. */
export function takeGathered(buckets: Int16Array, weights: Float64Array, at: number): number {
  let to = at;
  for (let slot = least; slot <= most; slot++) {
    const weight = scratch[slot]!;
    if (weight === 0) continue;
    buckets[to] = slot - 1;
    weights[to++] = weight;
    scratch[slot] = 0;
  }
  least = scratch.length;
  most = -1;
  return to;
}

function ascends({ buckets, from, to }: Buckets): boolean {
  for (let at = from + 1; at < to; at++) if (buckets[at]! <= buckets[at - 1]!) return false;
  return true;
}

/** Sum of the weights. */
export function count(sketch: ReadonlyMap<number, number> | Buckets): number {
  const { weights, from, to } = asBuckets(sketch);
  let sum = 0;
  for (let at = from; at < to; at++) sum += weights[at]!;
  return sum;
}

/** Quantile by nearest rank, nanoseconds. in: q from 0 to 1. out: undefined for an empty sketch. */
export function quantile(sketch: ReadonlyMap<number, number> | Buckets, q: number): number | undefined {
  return quantiles(sketch, [q])[0];
}

/** Several quantiles with one sort. in: q ascending, 0 to 1. out: as many as given, undefined for an empty sketch. */
export function quantiles(
  sketch: ReadonlyMap<number, number> | Buckets,
  qs: readonly number[],
): (number | undefined)[] {
  const { buckets, weights, from, to } = joinBuckets([asBuckets(sketch)]);
  const total = count({ buckets, weights, from, to });
  let at = from;
  let below = weights[at]!;
  return qs.map((q) => {
    if (from === to) return undefined;
    // Rank q * total is rounded up by taking the first bucket that reaches it; the margin absorbs 0.07 * 100 > 7.
    const rank = q * total - total * 1e-12;
    while (below < rank && at < to - 1) below += weights[++at]!;
    return valueOf(buckets[at]!);
  });
}

function asBuckets(sketch: ReadonlyMap<number, number> | Buckets): Buckets {
  return 'weights' in sketch ? sketch : toBuckets(sketch);
}

/** A sketch from its stored or JSON form. in: bucket (as text) to weight; entries that are no numbers are left out. */
export function fromMap(map: Readonly<Record<string, number>>): Sketch {
  const sketch = createSketch();
  for (const [key, weight] of Object.entries(map)) {
    const bucket = Number(key);
    if (Number.isInteger(bucket) && Number.isFinite(weight)) sketch.set(bucket, weight);
  }
  return sketch;
}

/** The stored and JSON form, buckets ascending. */
export function toMap(sketch: ReadonlyMap<number, number>): Record<string, number> {
  const map: Record<string, number> = {};
  for (const bucket of [...sketch.keys()].sort((a, b) => a - b)) map[bucket] = sketch.get(bucket) ?? 0;
  return map;
}
