/**
 * Which traces a map's critical path is about: those of one entry operation, all of them or the slowest tenth. A frame's
 * critical path is split by key, 'band|root service|root operation' (frame.ts); a cut keeps some of the keys. The bands are
 * those of durationBand, so the slowest tenth is as exact as a band is wide, 15 %, and never less than a tenth.
 */
import type { TextWeights, EdgeFrame } from './frame.ts';
import { bandStart } from './sketch.ts';

export const bands = ['all', 'slow'] as const;
export type Band = (typeof bands)[number];

export interface CriticalCut {
  /** 'service|operation'; '' = all entries. */
  readonly entry: string;
  readonly band: Band;
  /** The least duration band that counts. */
  readonly fromBand: number;
  /** Its least duration; 0 for all. */
  readonly fromMs: number;
}

const slowShare = 0.1;

/** The band and the entry operation of a key. */
export function splitRootKey(key: string): { band: number; entry: string } {
  const bar = key.indexOf('|');
  return { band: Number(key.slice(0, bar)), entry: key.slice(bar + 1) };
}

/** The cut that was asked for. in: traces by key, of the whole interval. */
export function toCut(roots: Iterable<readonly [key: string, traces: number]>, entry: string, band: Band): CriticalCut {
  const all: CriticalCut = { entry, band, fromBand: -1, fromMs: 0 };
  if (band === 'all') return all;
  const traces = new Map<number, number>();
  let total = 0;
  for (const [key, count] of roots) {
    const root = splitRootKey(key);
    if (entry !== '' && root.entry !== entry) continue;
    traces.set(root.band, (traces.get(root.band) ?? 0) + count);
    total += count;
  }
  let covered = 0;
  for (const [fromBand, count] of [...traces].sort(([a], [b]) => b - a)) {
    covered += count;
    if (covered >= total * slowShare) {
      return { ...all, fromBand, fromMs: Number((bandStart(fromBand) / 1e6).toPrecision(4)) };
    }
  }
  return all;
}

/** The frame with only those critical paths that the cut keeps. */
export function cutFrame(frame: EdgeFrame, cut: CriticalCut): EdgeFrame {
  const keep = (map: TextWeights): TextWeights =>
    Object.fromEntries(
      Object.entries(map).filter(([key]) => {
        const { band, entry } = splitRootKey(key);
        return band >= cut.fromBand && (cut.entry === '' || cut.entry === entry);
      }),
    );
  return {
    ...frame,
    criticalNs: keep(frame.criticalNs),
    rootCount: keep(frame.rootCount),
    rootNs: keep(frame.rootNs),
  };
}
