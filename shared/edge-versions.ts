/** The calls of an edge by the versions at both ends: which version calls which, and how that goes. */
import type { EdgeDetail } from './api.ts';
import { addFrame, emptySum, round, toLatencyOf, type EdgeSum } from './edge-sum.ts';
import type { EdgeFrame } from './frame.ts';

/** Pairs of versions given; those with the fewest calls are left out. */
const maxPairs = 100;

/** in: frames of one edge. out: the pair with the most calls first. */
export function toVersionPairs(frames: Iterable<EdgeFrame>): EdgeDetail['versions'] {
  const pairs = new Map<string, { sourceVersion: string; targetVersion: string; sum: EdgeSum }>();
  for (const frame of frames) {
    if (frame.seen === 0) continue;
    const { sourceVersion, targetVersion } = frame;
    const key = `${sourceVersion}\n${targetVersion}`;
    let pair = pairs.get(key);
    if (pair === undefined) {
      pair = { sourceVersion, targetVersion, sum: emptySum() };
      pairs.set(key, pair);
    }
    addFrame(pair.sum, frame);
  }
  return [...pairs]
    .sort(([a, x], [b, y]) => y.sum.calls - x.sum.calls || (a < b ? -1 : 1))
    .slice(0, maxPairs)
    .map(([, { sourceVersion, targetVersion, sum }]) => ({
      sourceVersion,
      targetVersion,
      calls: round(sum.calls),
      failed: round(sum.failed),
      attempts: round(sum.attempts),
      latencyMs: toLatencyOf(sum, sum.clientNs.length > 0 ? sum.clientNs : sum.serverNs),
    }));
}
