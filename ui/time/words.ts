/** Times on the strip and in the bar, in the viewer's zone. Pure, but for that zone. */
import { formatCount, formatShare } from '#shared/format.ts';
import type { Timeline } from '#shared/api.ts';
import { clockText, zoneText } from '../part/clock.ts';
import type { Stretch } from './stretch.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `22 Nov`, with the year when it is not this one. */
export function dayText(atMs: number, nowMs: number): string {
  const date = new Date(atMs);
  const year = date.getFullYear() === new Date(nowMs).getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${months[date.getMonth()]}${year}`;
}

const sameDay = (a: number, b: number): boolean => new Date(a).toDateString() === new Date(b).toDateString();

/** `15:40`, with the day before it when that is not today: `22 Nov 15:40`. */
export function momentWords(atMs: number, nowMs: number, withSeconds = atMs % 60_000 !== 0): string {
  const clock = clockText(atMs, withSeconds);
  return sameDay(atMs, nowMs) ? clock : `${dayText(atMs, nowMs)} ${clock}`;
}

/** `15:35 – 15:40`; `22 Nov 15:35 – 15:40`; `22 Nov 23:50 – 23 Nov 00:10`. Seconds only where one end has them. */
export function stretchWords({ from, to }: Stretch, nowMs: number): string {
  const withSeconds = from % 60_000 !== 0 || to % 60_000 !== 0;
  const end = sameDay(from, to) ? clockText(to, withSeconds) : momentWords(to, nowMs, withSeconds);
  return `${momentWords(from, nowMs, withSeconds)} – ${end}`;
}

/** The viewer's zone at a moment: `UTC`, `UTC+2`. */
export function zoneWords(atMs: number): string {
  return zoneText(atMs).replace(/^GMT(?=[+−-]|$)/, 'UTC');
}

/** One step of the volume: `15:32:30 · 1 024 calls · 12 failed, 1.2 %`. */
export function stepWords(point: Timeline['points'][number], stepMs: number, nowMs: number): string {
  const time = momentWords(point.at, nowMs, stepMs % 60_000 !== 0);
  if (point.calls === 0) return `${time} · no requests`;
  const failed =
    point.failed === 0
      ? 'none failed'
      : `${formatCount(point.failed)} failed, ${formatShare(point.failed / point.calls)}`;
  return `${time} · ${formatCount(point.calls)} ${point.calls === 1 ? 'request' : 'requests'} · ${failed}`;
}
