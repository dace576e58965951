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

/** The bucket of a duration in nanoseconds; NaN counts as zero. */
export function bucketOf(ns: number): number {
  if (!(ns > 0)) return zeroBucket;
  const bucket = Math.ceil(Math.log(ns) * perLog);
  return bucket < 0 ? 0 : bucket > lastBucket ? lastBucket : bucket;
}

/** The duration that stands for a bucket, nanoseconds; 0 for the bucket of zero. */
export function valueOf(bucket: number): number {
  return bucket < 0 ? 0 : middle * gamma ** bucket;
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

/** Sum of the weights. */
export function count(sketch: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const weight of sketch.values()) sum += weight;
  return sum;
}

/** Quantile by nearest rank, nanoseconds. in: q from 0 to 1. out: undefined for an empty sketch. */
export function quantile(sketch: ReadonlyMap<number, number>, q: number): number | undefined {
  return quantiles(sketch, [q])[0];
}

/** Several quantiles with one sort. in: q ascending, 0 to 1. out: as many as given, undefined for an empty sketch. */
export function quantiles(sketch: ReadonlyMap<number, number>, qs: readonly number[]): (number | undefined)[] {
  const buckets = [...sketch.keys()].filter((bucket) => (sketch.get(bucket) ?? 0) > 0).sort((a, b) => a - b);
  const total = count(sketch);
  let at = 0;
  let below = sketch.get(buckets[0] ?? 0) ?? 0;
  return qs.map((q) => {
    if (buckets.length === 0) return undefined;
    // Rank q * total is rounded up by taking the first bucket that reaches it; the margin absorbs 0.07 * 100 > 7.
    const rank = q * total - total * 1e-12;
    while (below < rank && at < buckets.length - 1) below += sketch.get(buckets[++at] ?? 0) ?? 0;
    return valueOf(buckets[at] ?? zeroBucket);
  });
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
