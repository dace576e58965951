/**
 * Numbers for people: three significant digits, always a unit, a thin space between thousands, "–" for nothing.
 * The page, the pictures and the sentences use these and nothing else, so a number looks the same wherever it is shown.
 */

/** What stands for "no value". */
export const nothing = '–';

const thin = '\u202f';

type Maybe = number | null | undefined;

function absent(value: Maybe): value is null | undefined {
  return value === null || value === undefined || !Number.isFinite(value);
}

/** A number at three significant digits, no unit: 0.0123, 4.57, 1 230, never an exponent. */
export function formatNumber(value: Maybe, digits = 3): string {
  if (absent(value)) return nothing;
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size < 1e-6) return '0';
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  const [whole = '', fraction = ''] = size.toFixed(Math.min(decimals, 20)).split('.');
  const trimmed = fraction.replace(/0+$/, '');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, thin);
  return `${rounded < 0 ? '−' : ''}${grouped}${trimmed === '' ? '' : `.${trimmed}`}`;
}

/** Picks the greatest unit whose value, rounded to three digits, is at least one. units: falling factor. */
function inUnit(value: number, units: readonly (readonly [factor: number, unit: string])[]): string {
  const size = Math.abs(value);
  const fitting = units.find(([factor]) => Number((size / factor).toPrecision(3)) >= 1) ?? units.at(-1);
  if (!fitting) return formatNumber(value);
  const [factor, unit] = fitting;
  return `${formatNumber(value / factor)}${unit}`;
}

const durationUnits = [
  [86_400_000, ' d'],
  [3_600_000, ' h'],
  [60_000, ' min'],
  [1_000, ' s'],
  [1, ' ms'],
  [0.001, ' µs'],
  [0.000001, ' ns'],
] as const;

/** A duration given in ms: `16.4 ms`, `1.2 s`, `870 µs`. */
export function formatMs(durationMs: Maybe): string {
  if (absent(durationMs)) return nothing;
  if (durationMs === 0) return '0 ms';
  return inUnit(durationMs, durationUnits);
}

/** A duration given in ns. */
export function formatNs(durationNs: Maybe): string {
  return absent(durationNs) ? nothing : formatMs(durationNs / 1e6);
}

const countUnits = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e5, 'k'],
] as const;

/** A count: exact up to 99 999, then `123 k`; `≈` before it when it stands for sampled calls. */
export function formatCount(count: Maybe, sampled = false): string {
  if (absent(count)) return nothing;
  const mark = sampled ? '≈' : '';
  if (Math.abs(count) < 1e5)
    return mark + formatNumber(Math.round(count), Math.max(3, String(Math.round(Math.abs(count))).length));
  const [factor, unit] = countUnits.find(([least]) => Math.abs(count) >= least) ?? [1e5, 'k'];
  return `${mark}${formatNumber(count / (unit === 'k' ? 1e3 : factor))}${thin}${unit}`;
}

/** Calls a second: `41 rps`, `0.2 rps`. */
export function formatRate(rate: Maybe): string {
  if (absent(rate)) return nothing;
  const size = Math.abs(rate);
  return size >= 1e6 ? `${formatNumber(rate / 1e6)}${thin}M rps` : `${formatNumber(rate)} rps`;
}

/**
 * A share of 0 to 1 as percent: `99.2 %`. Near the ends it never rounds to a lie: 0.99996 is `99.996 %`, not `100 %`, and
 * anything above zero is not `0 %`.
 */
export function formatShare(share: Maybe): string {
  if (absent(share)) return nothing;
  if (share === 0 || share === 1) return `${share * 100} %`;
  for (const digits of [1, 2, 3, 4]) {
    const text = (share * 100).toFixed(digits);
    if (Number(text) !== 0 && Number(text) !== 100) return `${Number(text)} %`;
  }
  return share > 0.5 ? '> 99.9999 %' : '< 0.0001 %';
}

const byteUnits = [
  [1e12, ' TB'],
  [1e9, ' GB'],
  [1e6, ' MB'],
  [1e3, ' kB'],
  [1, ' B'],
] as const;

/** Bytes: `1.2 MB`. */
export function formatBytes(bytes: Maybe): string {
  if (absent(bytes)) return nothing;
  return bytes === 0 ? '0 B' : inUnit(bytes, byteUnits);
}

/** Bytes a second: `1.2 MB/s`. */
export function formatBytesPerSecond(bytesPerSecond: Maybe): string {
  return absent(bytesPerSecond) ? nothing : `${formatBytes(bytesPerSecond)}/s`;
}
