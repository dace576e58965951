/** When an edge was unwell, read off its series. Pure. */
import type { SeriesPoint, Thresholds } from '#shared/api.ts';
import { callsHealth } from './health.ts';

/** When an edge was unwell, epoch ms; absent ends are not known, or not over. */
export interface TroubleTime {
  readonly since?: number;
  readonly until?: number;
}

/** Healthy steps in a row that end a trouble; fewer are luck. */
const stepsOfPeace = 3;

/**
 * The last run of unhealthy steps of a series; steps without calls neither break nor end it.
 * out: `since` only when a healthy step with calls comes before; `until` only when it is over.
 */
export function troubleTime(series: readonly SeriesPoint[], limits: Thresholds): TroubleTime {
  const steps = series.filter(({ calls }) => calls > 0);
  const unwell = (point: SeriesPoint) => callsHealth(point, limits) !== 'ok';
  const last = steps.findLastIndex(unwell);
  if (last < 0) return {};
  let first = last;
  for (let i = last - 1; i >= 0 && first - i <= stepsOfPeace; i--) {
    const step = steps[i];
    if (step && unwell(step)) first = i;
  }
  const start = steps[first];
  const after = steps[last + 1];
  return {
    ...(first > 0 && start ? { since: start.at } : {}),
    ...(steps.length - 1 - last >= stepsOfPeace && after ? { until: after.at } : {}),
  };
}
