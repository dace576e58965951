/** The volume of a history as two drawn shapes: bars of all requests, and what failed of each at its foot. Pure. */
import type { Timeline } from '#shared/api.ts';
import { lengthOf, type Stretch } from './stretch.ts';

export interface Bars {
  /** SVG path data: the bars, the line along their tops, and their red feet. */
  readonly calls: string;
  readonly tops: string;
  readonly failed: string;
}

/** Room between two bars, px; none when they are narrow. */
const gapPx = 1;

/**
 * Bars over a range. Heights are requests a second against the busiest step, so a step still filling does not look like a
 * fall. The red foot is the square root of the share that failed: 1 % is a tenth of the bar's height, all of it all; below
 * `warnFailed` nothing, as on the map.
 */
export function toBars(
  { points, stepMs, to }: Timeline,
  range: Stretch,
  width: number,
  height: number,
  warnFailed: number,
): Bars {
  const perMs = width / Math.max(1, lengthOf(range));
  const rates = points.map(({ at, calls }) => calls / Math.max(stepMs / 4, Math.min(stepMs, to - at)));
  const most = rates.reduce((a, b) => Math.max(a, b), 0);
  const bars = { calls: '', tops: '', failed: '' };
  points.forEach(({ at, calls, failed }, i) => {
    const left = (at - range.from) * perMs;
    const wide = stepMs * perMs;
    if (calls === 0 || most === 0 || left + wide < 0 || left > width) return;
    const size = Math.max(1, ((rates[i] ?? 0) / most) * height);
    const gap = wide >= 4 ? gapPx : 0;
    const rect = (high: number): string =>
      `M${round(left)} ${height}v${round(-high)}h${round(wide - gap)}v${round(high)}z`;
    bars.calls += rect(size);
    bars.tops += `M${round(left)} ${round(height - size)}h${round(wide - gap)}`;
    if (failed / calls >= warnFailed)
      bars.failed += rect(Math.min(size, Math.max(2, Math.sqrt(failed / calls) * size)));
  });
  return bars;
}

function round(px: number): number {
  return Math.round(px * 10) / 10;
}
