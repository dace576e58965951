/** Answers of /api/frames: the frames of an interval by step, small enough for a browser to keep and play back. */
import type { FramesWire } from '#shared/api.ts';
import { encodeFrames } from '#shared/frames-wire.ts';
import { stepFor, toInterval } from '#shared/time.ts';
import { countFrames } from '../store/edges-read.ts';
import type { FramesQuery } from './contract.ts';
import type { ServeDeps } from './deps.ts';
import type { ReadSeen } from './frame-source.ts';
import { thresholdsOf } from './graph.ts';
import { seconds, toStep, wholeSteps, type Span } from './interval.ts';

/** Steps given at most, rows, and buckets of their sketches: at worst 20 MB of JSON, 4 MB compressed. */
const maxSteps = 180;
const maxRows = 60_000;
const maxBuckets = 1_600_000;

/**
 * in: how frames are read. out: steps lie on multiples of their length, so the answers for two intervals agree where they
 * overlap; the first and last step are whole. A step that would give too much is made longer.
 */
export function createFramesAnswer(
  { db, config, now = Date.now }: ServeDeps,
  read: ReadSeen,
): (query: FramesQuery) => Promise<FramesWire> {
  return async (query) => {
    const interval = toInterval(query, now());
    const lengthMs = interval.toMs - interval.fromMs;
    const probes = query.probes === 'true';
    let stepMs = Math.max(toStep(query.step, lengthMs, maxSteps), stepFor(lengthMs, maxSteps));
    let span: Span = wholeSteps(interval, stepMs, now());
    for (;;) {
      const { rows, buckets } = await countFrames(db, { ...seconds(span), stepSeconds: stepMs / 1000, probes });
      const excess = Math.max(rows / maxRows, buckets / maxBuckets);
      if (excess <= 1 || stepMs >= lengthMs) break;
      stepMs = longerStep(stepMs, lengthMs, excess);
      span = wholeSteps(interval, stepMs, now());
    }
    const { frames, unsettled, critical } = await read({
      ...span,
      probes,
      stepSeconds: stepMs / 1000,
      entry: query.entry ?? '',
      band: query.band,
    });
    return {
      from: span.fromMs,
      to: span.toMs,
      stepMs,
      generatedAt: now(),
      unsettled,
      thresholds: thresholdsOf(config),
      critical,
      ...encodeFrames(frames),
    };
  };
}

/** The next step that may do. Longer steps save less than their length, so it may take a few tries. */
function longerStep(stepMs: number, lengthMs: number, excess: number): number {
  for (let points = lengthMs / stepMs / excess; points >= 1; points /= 2) {
    const longer = stepFor(lengthMs, points);
    if (longer > stepMs) return longer;
  }
  return Math.max(stepFor(lengthMs, 1), stepMs * 2);
}
