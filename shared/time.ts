/**
 * Spans of time as people and addresses write them: "5m" and {window | from, to} become milliseconds. Used by the API's
 * query parameters, by settings and by the page's address. Pure: the present is an argument.
 */
import { AppError, quoted } from './error.ts';

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Longest interval that may be asked for. */
export const maxWindowMs = 400 * unitMs.d;

/** What is looked at when nothing is asked for. */
export const defaultWindow = '5m';

/** A half-open stretch of time, epoch ms. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
  /** It ends at the present and moves with it. */
  readonly live: boolean;
}

/**
 * Milliseconds of a duration. in: numbers with units, largest first: `90s`, `1h30m`, `500ms`, `1.5h`.
 * errors: bad-request.
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/gy)];
  const length = parts.reduce((sum, [part]) => sum + part.length, 0);
  if (parts.length === 0 || length !== text.length) {
    throw new AppError('bad-request', `cannot read duration "${quoted(text)}": write it like 30s, 5m, 1h or 2d`);
  }
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * unitMs[unit as keyof typeof unitMs], 0);
}

/** The shortest text that parseDuration reads back to the same milliseconds: 90000 gives `1m30s`. */
export function durationText(durationMs: number): string {
  let rest = Math.round(durationMs);
  if (rest <= 0) return '0s';
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / unitMs[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs[unit];
  }
  return text;
}

/**
 * Epoch ms of a moment. in: epoch ms (`1764000000000`), ISO 8601 with a zone (`2026-11-23T12:00:00Z`), `now`, `now-15m`.
 * errors: bad-request.
 */
export function parseMoment(text: string, nowMs: number): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const ago = /^now(?:-(.+))?$/.exec(text);
  if (ago) return ago[1] === undefined ? nowMs : nowMs - parseDuration(ago[1]);
  if (/^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})$/.test(text)) {
    const parsed = Date.parse(text);
    if (!Number.isNaN(parsed)) return parsed;
  }
  throw new AppError('bad-request', `cannot read time "${quoted(text)}": write epoch milliseconds, ISO 8601 or now-5m`);
}

/** What a query may say about time: a window that ends now, or from and to (now when absent). */
export interface TimeQuery {
  readonly window?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * The interval a query asks for; the last five minutes when it says nothing.
 * errors: bad-request when both are given, the interval is empty, reversed or longer than maxWindowMs.
 */
export function toInterval(query: TimeQuery, nowMs: number, fallback: string = defaultWindow): Interval {
  const { window, from, to } = query;
  if (window !== undefined && (from !== undefined || to !== undefined)) {
    throw new AppError('bad-request', 'cannot read interval: give either window, or from and to');
  }
  if (from === undefined && to !== undefined) {
    throw new AppError('bad-request', 'cannot read interval: to needs from beside it');
  }
  const live = to === undefined;
  const toMs = to === undefined ? nowMs : parseMoment(to, nowMs);
  const fromMs = from === undefined ? toMs - parseDuration(window ?? fallback) : parseMoment(from, nowMs);
  if (!(fromMs < toMs))
    throw new AppError('bad-request', `cannot read interval: from ${fromMs} is not before to ${toMs}`);
  if (toMs - fromMs > maxWindowMs) {
    throw new AppError('bad-request', `cannot read interval: it is longer than ${durationText(maxWindowMs)}`);
  }
  return { fromMs, toMs, live };
}

/** Start of the step that holds a moment. */
export function floorTo(valueMs: number, stepMs: number): number {
  return Math.floor(valueMs / stepMs) * stepMs;
}

export function ceilTo(valueMs: number, stepMs: number): number {
  return Math.ceil(valueMs / stepMs) * stepMs;
}

const niceSteps = ['10s', '30s', '1m', '2m', '5m', '10m', '30m', '1h', '2h', '6h', '12h', '1d'].map(parseDuration);

/** The round step, ten seconds or more, that divides an interval into at most `points` pieces. */
export function stepFor(intervalMs: number, points = 60): number {
  const least = intervalMs / points;
  return niceSteps.find((step) => step >= least) ?? Math.ceil(least / unitMs.d) * unitMs.d;
}
