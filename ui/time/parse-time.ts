/**
 * Moments as people type them, read in the viewer's zone: `2026-11-23 14:05`, `14:05` (today), `now-1h`, epoch ms, ISO 8601.
 * shared/time.ts reads what the API reads; this adds local times and says what is wrong in words for a form.
 */
import { durationText, maxWindowMs, parseDuration } from '#shared/time.ts';
import type { Stretch } from './stretch.ts';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

const examples = 'write 2026-11-23 14:05, 14:05, now-1h or epoch milliseconds';
const no = (message: string): { ok: false; message: string } => ({ ok: false, message });

/** Epoch ms of a moment. in: what was typed; the present. */
export function parseWhen(typed: string, nowMs: number): Parsed<number> {
  const text = typed.trim();
  if (text === '') return no(`Empty: ${examples}`);
  const ago = /^(?:now)?\s*-\s*(.+)$/i.exec(text);
  if (/^now$/i.test(text)) return { ok: true, value: nowMs };
  if (ago && !/^\d{4}-/.test(text)) {
    try {
      return { ok: true, value: nowMs - parseDuration((ago[1] ?? '').replaceAll(/\s+/g, '')) };
    } catch {
      return no(`“${ago[1]}” is no duration: write now-30s, now-5m, now-1h or now-2d`);
    }
  }
  if (/^\d+$/.test(text)) {
    if (text.length === 13) return { ok: true, value: Number(text) };
    if (text.length === 10) return { ok: true, value: Number(text) * 1000 };
    return no(`${text.length} digits: epoch milliseconds have 13, epoch seconds 10`);
  }
  const zoned = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})$/i.test(text);
  if (zoned) {
    const value = Date.parse(text.replace(' ', 'T').replaceAll(' ', ''));
    return Number.isNaN(value) ? no(`There is no such time: ${text}`) : { ok: true, value };
  }
  return parseLocal(text, nowMs);
}

function parseLocal(text: string, nowMs: number): Parsed<number> {
  const parts =
    /^(?:(\d{4})-(\d{1,2})-(\d{1,2}))?(?:(?:^|[T ]+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?)?$/i.exec(text);
  if (!parts) return no(`Cannot read “${text}”: ${examples}`);
  const today = new Date(nowMs);
  const [year, month, day, hours, minutes, seconds, ms] = parts
    .slice(1)
    .map((part: string | undefined) => (part === undefined ? undefined : Number(part)));
  const date = new Date(
    year ?? today.getFullYear(),
    month === undefined ? today.getMonth() : month - 1,
    day ?? today.getDate(),
    hours ?? 0,
    minutes ?? 0,
    seconds ?? 0,
    ms === undefined ? 0 : ms * 10 ** (3 - (parts[7] ?? '').length),
  );
  // Date carries 31 February over into March; a typed date that does that is a slip
  const meant =
    (month === undefined || date.getMonth() === month - 1) &&
    (day === undefined || date.getDate() === day) &&
    (hours ?? 0) < 24 &&
    (minutes ?? 0) < 60 &&
    (seconds ?? 0) < 60;
  return meant ? { ok: true, value: date.getTime() } : no(`There is no such time: ${text}`);
}

/** An interval in two fields. Its end may be empty: the present. `at` names the field that is wrong. */
export function parseInterval(
  fromText: string,
  toText: string,
  nowMs: number,
): { ok: true; value: Stretch } | { ok: false; at: 'from' | 'to'; message: string } {
  const from = parseWhen(fromText, nowMs);
  if (!from.ok) return { ...from, at: 'from' };
  const to = toText.trim() === '' ? ({ ok: true, value: nowMs } as const) : parseWhen(toText, nowMs);
  if (!to.ok) return { ...to, at: 'to' };
  if (from.value >= nowMs) return { ok: false, at: 'from', message: 'The start lies in the future' };
  if (from.value >= to.value) return { ok: false, at: 'to', message: 'The end is not after the start' };
  if (to.value - from.value > maxWindowMs) {
    return { ok: false, at: 'from', message: `Longer than ${durationText(maxWindowMs)}` };
  }
  return { ok: true, value: { from: from.value, to: to.value } };
}
