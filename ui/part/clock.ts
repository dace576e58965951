/** Moments as people read them, in the viewer's zone, 24 hours, the zone said apart and once. */

const two = (value: number) => String(value).padStart(2, '0');

/** `14:32`, or `14:32:07`. */
export function clockText(atMs: number, withSeconds = false): string {
  const date = new Date(atMs);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}

/** `14:36:02.114`, with the date before it when that is not today. */
export function momentText(atMs: number, nowMs = Date.now()): string {
  const date = new Date(atMs);
  const time = `${clockText(atMs, true)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  return date.toDateString() === new Date(nowMs).toDateString() ? time : `${dateText(atMs)} ${time}`;
}

/** `2026-11-23`. */
export function dateText(atMs: number): string {
  const date = new Date(atMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `2026-11-23 14:36:02`. */
export function dateTimeText(atMs: number): string {
  return `${dateText(atMs)} ${clockText(atMs, true)}`;
}

/** The viewer's zone at a moment: `UTC`, `GMT+1`. */
export function zoneText(atMs = Date.now()): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(atMs);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
