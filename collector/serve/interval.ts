/** What the time parameters of a question come to in frames, and the length of a step. */
import { AppError, quoted } from '#shared/error.ts';
import { frameSeconds } from '#shared/frame.ts';
import { ceilTo, floorTo, parseDuration, stepFor, toInterval, type TimeQuery } from '#shared/time.ts';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const frameMs = frameSeconds * 1000;
/** Steps of a series at most. */
const maxSteps = 2000;

/** The interval as whole frames: what a question for the last five minutes counts, and what its rates divide by. */
export function toFrames(query: TimeQuery, nowMs: number): Span {
  return wholeSteps(toInterval(query, nowMs), frameMs, nowMs);
}

/** The interval as whole steps. One that is still filling is divided by the time that has passed of it. */
export function wholeSteps({ fromMs, toMs }: Span, stepMs: number, nowMs: number): Span {
  const end = ceilTo(toMs, stepMs);
  return { fromMs: floorTo(fromMs, stepMs), toMs: end > nowMs ? Math.max(toMs, Math.min(nowMs, end)) : end };
}

/** The same in the seconds the store counts by. */
export function seconds({ fromMs, toMs }: Span): { fromSecond: number; toSecond: number } {
  return { fromSecond: fromMs / 1000, toSecond: Math.ceil(toMs / 1000) };
}

/** Length of a step, ms; chosen for `points` of them when not said. errors: bad-request. */
export function toStep(step: string | undefined, intervalMs: number, points?: number): number {
  if (step === undefined) return stepFor(intervalMs, points);
  const stepMs = parseDuration(step);
  if (stepMs < frameMs || stepMs % frameMs !== 0) {
    throw new AppError('bad-request', `cannot read step "${quoted(step)}": it must be 10s or a multiple`);
  }
  if (intervalMs / stepMs > maxSteps) {
    throw new AppError('bad-request', `cannot read step "${quoted(step)}": that is more than ${maxSteps} steps`);
  }
  return stepMs;
}
