/**
 * A history's frames, packed: a series an edge, a row a step, sketches as pairs of arrays. Adding up a window is a walk
 * over numbers, not over the keys of objects; the rows it gives add up to the same map as the frames themselves.
 */
import { emptyFrame, frameCounts, type BucketMap, type EdgeFrame } from '#shared/frame.ts';

const sketches = ['clientNs', 'serverNs', 'networkNs'] as const;
const maps = ['errors', 'principals', 'criticalNs', 'rootCount', 'rootNs'] as const;
const exemplars = ['exemplars', 'errorExemplars'] as const;

interface Packed {
  readonly buckets: Int16Array;
  readonly weights: Float64Array;
}

interface Row {
  readonly step: number;
  readonly frame: EdgeFrame;
  readonly sketches: readonly Packed[];
}

export interface FrameSums {
  /**
   * One frame an edge of the steps from `start` up to, not with, `end`. Edges without any there are left out, or, with
   * `idle`, given without calls when they had some before.
   */
  sum(start: number, end: number, idle?: boolean): EdgeFrame[];
}

/** in: the frames, and the number of the step that holds one; negative: left out. */
export function packFrames(frames: Iterable<EdgeFrame>, stepOf: (frame: EdgeFrame) => number): FrameSums {
  const series = new Map<string, Row[]>();
  for (const frame of frames) {
    const step = stepOf(frame);
    if (step < 0) continue;
    const row = { step, frame: withoutSketches(frame), sketches: sketches.map((name) => pack(frame[name])) };
    const key = keyOf(frame);
    const rows = series.get(key);
    if (rows) rows.push(row);
    else series.set(key, [row]);
  }
  const all = Array.from(series.values(), (rows) => rows.sort((a, b) => a.step - b.step));
  return {
    sum: (start, end, idle = false) =>
      all.flatMap((rows) => {
        const inside = rows.slice(firstFrom(rows, start), firstFrom(rows, end));
        const [first] = rows;
        if (inside.length > 0) return [sumRows(inside)];
        return idle && first && first.step < end ? [withoutCalls(first.frame)] : [];
      }),
  };
}

/** What makes two frames rows of one edge: both ends with their kinds, the protocol, health check or not, settled or not. */
function keyOf(f: EdgeFrame): string {
  return JSON.stringify([
    [f.sourceCluster, f.sourceNamespace, f.source, f.sourceVersion, f.sourceKind],
    [f.targetCluster, f.targetNamespace, f.target, f.targetVersion, f.targetKind],
    [f.protocol, f.probe, f.provisional ?? false],
  ]);
}

function withoutSketches(frame: EdgeFrame): EdgeFrame {
  return { ...frame, clientNs: none, serverNs: none, networkNs: none };
}

function withoutCalls(f: EdgeFrame): EdgeFrame {
  const { sourceCluster, sourceNamespace, source, sourceVersion, sourceKind, protocol, probe } = f;
  const { targetCluster, targetNamespace, target, targetVersion, targetKind } = f;
  const from = { sourceCluster, sourceNamespace, source, sourceVersion, sourceKind };
  const to = { targetCluster, targetNamespace, target, targetVersion, targetKind };
  return { ...emptyFrame, ...from, ...to, protocol, probe };
}

const none: BucketMap = {};

function pack(map: BucketMap): Packed {
  const buckets = Object.keys(map);
  return { buckets: Int16Array.from(buckets, Number), weights: Float64Array.from(buckets, (key) => map[key] ?? 0) };
}

/** Index of the first row at or after a step. */
function firstFrom(rows: readonly Row[], step: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.step ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function sumRows(rows: readonly Row[]): EdgeFrame {
  const [first] = rows;
  if (first === undefined) throw new Error('no rows to add up');
  const sum: Mutable<EdgeFrame> = { ...first.frame };
  for (const name of frameCounts) sum[name] = rows.reduce((total, { frame }) => total + frame[name], 0);
  for (const [at, name] of sketches.entries()) sum[name] = sumSketches(rows, at);
  for (const name of maps) sum[name] = sumMaps(rows, name);
  for (const name of exemplars) sum[name] = greatest(rows, name);
  return sum;
}

/** Int16 buckets, moved up by one for the bucket of zero. */
const scratch = new Float64Array(2 ** 15 + 1);

function sumSketches(rows: readonly Row[], at: number): BucketMap {
  let [least, most] = [Infinity, -Infinity];
  for (const row of rows) {
    const packed = row.sketches[at];
    if (!packed) continue;
    const { buckets, weights } = packed;
    for (let i = 0; i < buckets.length; i++) {
      const bucket = (buckets[i] ?? 0) + 1;
      if (bucket < least) least = bucket;
      if (bucket > most) most = bucket;
      scratch[bucket] = (scratch[bucket] ?? 0) + (weights[i] ?? 0);
    }
  }
  const map: Record<string, number> = {};
  for (let bucket = least; bucket <= most; bucket++) {
    const weight = scratch[bucket] ?? 0;
    if (weight === 0) continue;
    map[bucket - 1] = weight;
    scratch[bucket] = 0;
  }
  return map;
}

function sumMaps(rows: readonly Row[], name: (typeof maps)[number]): BucketMap {
  const map: Record<string, number> = {};
  for (const { frame } of rows) {
    for (const key in frame[name]) map[key] = (map[key] ?? 0) + (frame[name][key] ?? 0);
  }
  return map;
}

/** The same choice as the store's: decimal numbers without leading zeros, so the longer is the greater. */
function greatest(rows: readonly Row[], name: (typeof exemplars)[number]): Record<string, string> {
  const map: Record<string, string> = {};
  for (const { frame } of rows) {
    for (const key in frame[name]) {
      const value = frame[name][key] ?? '';
      const held = map[key];
      if (held === undefined || value.length > held.length || (value.length === held.length && value > held)) {
        map[key] = value;
      }
    }
  }
  return map;
}
