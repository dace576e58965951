/** The axis over the waterfall: round steps and one unit for all of them. Pure. */
import { ticks } from 'd3';
import { formatNumber } from '#shared/format.ts';
import type { Stretch } from './rows.ts';

export interface Tick {
  /** Share of the track's width. */
  readonly left: number;
  readonly text: string;
}

const units = [
  { ns: 1e9, text: 's' },
  { ns: 1e6, text: 'ms' },
  { ns: 1e3, text: 'µs' },
  { ns: 1, text: 'ns' },
] as const;

/** Ticks of a stretch of time. in: width of the track, px. A tick whose text would run over the end has none. */
export function toTicks({ startNs, endNs }: Stretch, trackPx: number): Tick[] {
  const whole = endNs - startNs;
  if (!(whole > 0) || trackPx <= 0) return [];
  const unit = units.find(({ ns }) => whole >= 2 * ns) ?? units[3];
  const count = Math.max(2, Math.min(8, Math.floor(trackPx / 90)));
  return ticks(startNs / unit.ns, endNs / unit.ns, count).map((value) => {
    const left = (value * unit.ns - startNs) / whole;
    const text = `${formatNumber(value, 6)} ${unit.text}`;
    return { left, text: left * trackPx + text.length * 6.5 + 6 <= trackPx ? text : '' };
  });
}
