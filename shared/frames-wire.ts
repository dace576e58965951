/**
 * Edge frames in few bytes, for a browser that puts the map of any part of an interval together itself (shared/graph.ts).
 * Ends and texts are written once and referred to by index; a frame is one array. What the map of a past moment does not
 * need is left out: exemplars; and critical paths are their totals, under the key ''.
 */
import type { FramesWire } from './api.ts';
import { emptyFrame, frameCounts, noSource, type TextWeights, type EdgeFrame } from './frame.ts';
import { totalOf } from './edge-sum.ts';
import { toBuckets, type Buckets } from './sketch.ts';

/** What of the wire form holds the frames. */
export type FramesTable = Pick<FramesWire, 'texts' | 'ends' | 'rows'>;

/** Behind frame, source, target, protocol and marks come frameCounts, then these, in this order. */
const totals = ['criticalNs', 'rootCount', 'rootNs'] as const;
const sketches = ['clientNs', 'serverNs', 'networkNs'] as const;
const weights = ['errors', 'principals'] as const;

const probeMark = 1;
const provisionalMark = 2;
const headLength = 5;

/** in: frames in any order. out: their table; the order is kept. */
export function encodeFrames(frames: Iterable<EdgeFrame>): FramesTable {
  const texts = createIndex<string>((text) => text);
  const ends = createIndex<FramesTable['ends'][number]>((end) => end.join('\n'));
  const flat = ({ buckets, weights, from, to }: Buckets): number[] => {
    const list: number[] = [];
    for (let at = from; at < to; at++) list.push(buckets[at]!, weights[at]!);
    return list;
  };
  const named = (map: TextWeights): number[] =>
    Object.entries(map).flatMap(([text, weight]) => [texts.at(text), weight]);
  const end = (cluster: string, namespace: string, name: string, version: string, kind: number): number =>
    ends.at([texts.at(cluster), texts.at(namespace), texts.at(name), texts.at(version), kind]);
  const rows = Array.from(frames, (f): FramesTable['rows'][number] => [
    f.frame,
    end(f.sourceCluster, f.sourceNamespace, f.source, f.sourceVersion, f.sourceKind),
    end(f.targetCluster, f.targetNamespace, f.target, f.targetVersion, f.targetKind),
    texts.at(f.protocol),
    (f.probe === 0 ? 0 : probeMark) + (f.provisional ? provisionalMark : 0),
    ...frameCounts.map((name) => f[name]),
    ...totals.map((name) => totalOf(f[name])),
    ...sketches.map((name) => flat(f[name])),
    ...weights.map((name) => named(f[name])),
  ]);
  return { texts: texts.all, ends: ends.all, rows };
}

/** The frames of a table, in its order. Indexes that lead nowhere count as ''. */
export function decodeFrames({ texts, ends, rows }: FramesTable): EdgeFrame[] {
  const textAt = (index: number | undefined): string => texts[index ?? -1] ?? '';
  return rows.map((row) => {
    const number = (index: number): number => {
      const value = row[index];
      return typeof value === 'number' ? value : 0;
    };
    const list = (index: number): readonly number[] => {
      const value = row[index];
      return Array.isArray(value) ? value : [];
    };
    const source = ends[number(1)] ?? nobody;
    const target = ends[number(2)] ?? nobody;
    const marks = number(4);
    const frame: Record<string, unknown> = {
      ...emptyFrame,
      frame: number(0),
      sourceCluster: textAt(source[0]),
      sourceNamespace: textAt(source[1]),
      source: textAt(source[2]),
      sourceVersion: textAt(source[3]),
      sourceKind: source[4] ?? noSource,
      targetCluster: textAt(target[0]),
      targetNamespace: textAt(target[1]),
      target: textAt(target[2]),
      targetVersion: textAt(target[3]),
      targetKind: target[4] ?? 0,
      protocol: textAt(number(3)),
      probe: marks & probeMark,
    };
    if ((marks & provisionalMark) !== 0) frame.provisional = true;
    let at = headLength;
    for (const name of frameCounts) frame[name] = number(at++);
    for (const name of totals) {
      const total = number(at++);
      frame[name] = total === 0 ? {} : { '': total };
    }
    for (const name of sketches) frame[name] = toBuckets(pairsOf(list(at++)));
    for (const name of weights)
      frame[name] = Object.fromEntries(pairsOf(list(at++)).map(([text, weight]) => [textAt(text), weight]));
    return frame as unknown as EdgeFrame;
  });
}

const nobody: readonly number[] = [];

/** key, weight, key, weight, … in pairs. */
function pairsOf(list: readonly number[]): [key: number, weight: number][] {
  const pairs: [number, number][] = [];
  for (let at = 0; at + 1 < list.length; at += 2) pairs.push([list[at]!, list[at + 1]!]);
  return pairs;
}

/** Gives equal things the same number, in the order they are met. */
function createIndex<T>(keyOf: (thing: T) => string): { at(thing: T): number; readonly all: T[] } {
  const numbers = new Map<string, number>();
  const all: T[] = [];
  return {
    all,
    at(thing) {
      const key = keyOf(thing);
      let number = numbers.get(key);
      if (number === undefined) {
        number = all.push(thing) - 1;
        numbers.set(key, number);
      }
      return number;
    },
  };
}
