/** Answers of /api/timeline: requests that enter the mesh over time, and the versions that turned up. */
import type { Timeline } from '#shared/api.ts';
import { round } from '#shared/edge-sum.ts';
import { noSource, type EdgeFrame } from '#shared/frame.ts';
import { workloadKinds } from '#shared/span.ts';
import { floorTo, stepFor, toInterval } from '#shared/time.ts';
import { createTimelineReader, type Moment } from '../store/timeline-read.ts';
import { createVersionReader, type FirstSeen } from '../store/versions-read.ts';
import type { TimelineQuery } from './contract.ts';
import type { ServeDeps } from './deps.ts';
import { seconds, toStep, wholeSteps } from './interval.ts';

/** Points given when no step is asked for; the first is whole, so one may come on top. */
const maxPoints = 179;
const maxMarks = 200;
/** A version that turns up this soon after its workload came with it. */
const settlingSeconds = 60;

export function createTimeline({
  db,
  follower,
  now = Date.now,
}: ServeDeps): (query: TimelineQuery) => Promise<Timeline> {
  const moments = createTimelineReader(db);
  const versions = createVersionReader(db, now);
  return async (query) => {
    const interval = toInterval(query, now());
    const lengthMs = interval.toMs - interval.fromMs;
    const stepMs = query.step === undefined ? stepFor(lengthMs, maxPoints) : toStep(query.step, lengthMs);
    const span = wholeSteps(interval, stepMs, now());
    const { fromSecond, toSecond } = seconds(span);
    const { value, provisional } = await follower.consistent(() => moments.read(fromSecond, toSecond, stepMs / 1000));
    const open = provisional.frames.filter(({ frame }) => frame >= fromSecond && frame < toSecond);
    return {
      from: span.fromMs,
      to: span.toMs,
      stepMs,
      points: toPoints([...value, ...open.flatMap(toMoment)], span.fromMs, span.toMs, stepMs),
      marks: toMarks(await versions.read(), fromSecond, toSecond),
    };
  };
}

function toMoment({ frame, sourceKind, probe, calls, failed }: EdgeFrame): Moment[] {
  if (sourceKind === noSource || probe !== 0) return [];
  const kind = workloadKinds[sourceKind];
  const outside = kind === 'users' || kind === 'unknown' ? 1 : 0;
  return [{ at: frame, calls, failed, entered: outside * calls, enteredFailed: outside * failed }];
}

/** Requests from outside; of a mesh that does not tell any, all calls. */
function toPoints(moments: readonly Moment[], fromMs: number, toMs: number, stepMs: number): Timeline['points'] {
  const points = Array.from({ length: Math.ceil((toMs - fromMs) / stepMs) }, (_, step) => ({
    at: fromMs + step * stepMs,
    calls: 0,
    failed: 0,
  }));
  const fromOutside = moments.some(({ entered }) => entered > 0);
  for (const { at, calls, failed, entered, enteredFailed } of moments) {
    const point = points[(floorTo(at * 1000, stepMs) - fromMs) / stepMs];
    if (point === undefined) continue;
    point.calls += fromOutside ? entered : calls;
    point.failed += fromOutside ? enteredFailed : failed;
  }
  return points.map(({ at, calls, failed }) => ({ at, calls: round(calls), failed: round(failed) }));
}

/** New versions of workloads that were known before, oldest first; of too many the newest. */
function toMarks(all: Iterable<FirstSeen>, fromSecond: number, toSecond: number): Timeline['marks'] {
  const firstOf = new Map<string, number>();
  const seen = [...all];
  for (const { nodeId, first } of seen) firstOf.set(nodeId, Math.min(first, firstOf.get(nodeId) ?? Infinity));
  return seen
    .filter(
      ({ nodeId, first }) =>
        first >= fromSecond && first < toSecond && first - (firstOf.get(nodeId) ?? first) >= settlingSeconds,
    )
    .sort((a, b) => a.first - b.first || (a.nodeId < b.nodeId ? -1 : 1))
    .slice(-maxMarks)
    .map(({ nodeId, name, version, first }) => ({ at: first * 1000, nodeId, name, version }));
}
