/** Answers of /api/compare: what changed on each edge between two stretches of time. */
import type { Comparison } from '#shared/api.ts';
import { compareStretches } from '#shared/compare.ts';
import { AppError, quoted } from '#shared/error.ts';
import { floorTo, toInterval } from '#shared/time.ts';
import type { CompareQuery } from './contract.ts';
import type { ServeDeps } from './deps.ts';
import type { ReadSeen } from './frame-source.ts';
import { placesOf } from './graph.ts';
import { frameMs, wholeSteps, type Span } from './interval.ts';

/** errors: bad-request when only one of a and b is given, or a window beside them. */
export function createCompare(
  { follower, now = Date.now }: ServeDeps,
  read: ReadSeen,
): (query: CompareQuery) => Promise<Comparison> {
  return async (query) => {
    const { settleAfterMs, lagMs } = follower.status();
    const { before, after } = stretchesOf(query, now(), settleAfterMs + lagMs);
    const wanted = { probes: query.probes === 'true', entry: query.entry ?? '', band: query.band, bare: true };
    const was = await read({ ...before, ...wanted });
    const is = await read({ ...after, ...wanted });
    return compareStretches({ ...before, frames: was.frames }, { ...after, frames: is.frames }, placesOf(query));
  };
}

/**
 * The two that are named, or the last window and the one before it. A window ends where spans have had time to come, or the
 * newest seconds would look quiet.
 */
function stretchesOf({ a, b, window }: CompareQuery, nowMs: number, behindMs: number): { before: Span; after: Span } {
  if (a !== undefined && b !== undefined && window === undefined) {
    return { before: spanOf('a', a, nowMs), after: spanOf('b', b, nowMs) };
  }
  if (a !== undefined || b !== undefined) {
    throw new AppError('bad-request', 'cannot read intervals: give a and b, or window');
  }
  const { fromMs, toMs } = toInterval({ window }, nowMs);
  const lengthMs = Math.max(frameMs, floorTo(toMs - fromMs, frameMs));
  const end = floorTo(nowMs - behindMs, frameMs);
  return {
    before: { fromMs: end - 2 * lengthMs, toMs: end - lengthMs },
    after: { fromMs: end - lengthMs, toMs: end },
  };
}

/** in: `from..to`, each as shared/time.ts reads a moment. */
function spanOf(name: string, text: string, nowMs: number): Span {
  const [from, to, more] = text.split('..');
  if (from === undefined || to === undefined || more !== undefined) {
    throw new AppError('bad-request', `cannot read parameter ${name} "${quoted(text)}": write from..to`);
  }
  return wholeSteps(toInterval({ from, to }, nowMs), frameMs, nowMs);
}
