/**
 * A history's frames by edge and step: adding up a window is a walk over them. The rows it gives add up to the same map as the
 * frames themselves.
 */
import { emptyFrame, frameCounts, type EdgeFrame, type TextWeights } from '#shared/frame.ts';
import { joinBuckets } from '#shared/sketch.ts';

const sketches = ['clientNs', 'serverNs', 'networkNs'] as const;
const maps = ['errors', 'principals', 'criticalNs', 'rootCount', 'rootNs'] as const;

interface Row {
  readonly step: number;
  readonly frame: EdgeFrame;
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
    const row = { step, frame };
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

function withoutCalls(f: EdgeFrame): EdgeFrame {
  const { sourceCluster, sourceNamespace, source, sourceVersion, sourceKind, protocol, probe } = f;
  const { targetCluster, targetNamespace, target, targetVersion, targetKind } = f;
  const from = { sourceCluster, sourceNamespace, source, sourceVersion, sourceKind };
  const to = { targetCluster, targetNamespace, target, targetVersion, targetKind };
  return { ...emptyFrame, ...from, ...to, protocol, probe };
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
  for (const name of sketches) sum[name] = joinBuckets(rows.map(({ frame }) => frame[name]));
  for (const name of maps) sum[name] = sumMaps(rows, name);
  // A history comes without.
  sum.exemplars = [];
  sum.errorExemplars = {};
  return sum;
}

function sumMaps(rows: readonly Row[], name: (typeof maps)[number]): TextWeights {
  const map: Record<string, number> = {};
  for (const { frame } of rows) {
    for (const key in frame[name]) map[key] = (map[key] ?? 0) + (frame[name][key] ?? 0);
  }
  return map;
}
