/** What a what-if says in words, and its bars. Pure. */
import { formatMs } from '#shared/format.ts';
import type { Latency } from '#shared/api.ts';
import type { WhatIf } from '#shared/api-profile.ts';
import { roundShare } from './words.ts';

/** How much faster a step is assumed to be when nobody says. */
export const usualFaster = 50;

/** in: the address's `faster`; percent, 0 to 100; the usual when it cannot be read. */
export function parseFaster(text: string): number {
  const percent = Number(text);
  return text !== '' && percent >= 0 && percent <= 100 ? Math.round(percent) : usualFaster;
}

/** The answer in a sentence: what would be won, or why nothing can be said. */
export function whatIfText({ trees, as, factor, meanSavedMs, before, after }: WhatIf): string {
  if (trees.of === 0) return 'There are no traces to try it on.';
  if (trees.read === 0) return 'The spans of these traces are not in the store any more, so it cannot be tried.';
  if (as?.spans === 0) return `No span of ${as.version} is among the traces read: nothing was changed.`;
  const how = as ? `As fast as ${as.version}` : `${roundShare(1 - factor)} faster`;
  const shift = (['p50', 'p99'] as const).map((name) => shiftText(name, before[name], after[name])).join(', ');
  if (Math.abs(meanSavedMs) < 0.0005) return `${how}, the entry would take as long as now: something else decides.`;
  const what = meanSavedMs > 0 ? 'saves' : 'costs';
  return `${how} it ${what} ${formatMs(Math.abs(meanSavedMs))} per trace on average: ${shift}.`;
}

function shiftText(name: string, beforeMs: number | null, afterMs: number | null): string {
  const [was, is] = [formatMs(beforeMs), formatMs(afterMs)];
  return was === is ? `${name} stays ${was}` : `${name} ${was} → ${is}`;
}

/** From which difference a percentile of the traces read is another one than that of all. */
const farOff = 0.1;

/**
 * What is to be known of a sample whose percentiles are not those of all traces; '' when they agree or all were read.
 * in: all: percentiles of all traces of the same question.
 */
export function sampleText({ trees, before }: Pick<WhatIf, 'trees' | 'before'>, all: Latency): string {
  if (trees.read >= trees.of) return '';
  const off = (['p50', 'p90', 'p99'] as const).flatMap((name) => {
    const [some, every] = [before[name], all[name]];
    return some === null || every === null || Math.abs(some - every) <= farOff * every
      ? []
      : [`${name} is ${formatMs(every)}`];
  });
  return off.length === 0 ? '' : `Of all traces ${off.join(', ')}: go by the change, not by the level.`;
}

export interface Pair {
  readonly name: 'p50' | 'p90' | 'p99';
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Length of each bar, 0 to 1 of the longer one of the pair. */
  readonly before: number;
  readonly after: number;
  /** `−120 ms, −23 %`; `±0` when nothing changed. */
  readonly change: string;
}

/** The percentiles before and after; [] when there are none. */
export function toPairs({ before, after }: Pick<WhatIf, 'before' | 'after'>): Pair[] {
  return (['p50', 'p90', 'p99'] as const).flatMap((name) => {
    const [beforeMs, afterMs] = [before[name], after[name]];
    if (beforeMs === null || afterMs === null) return [];
    const longest = Math.max(beforeMs, afterMs);
    const bar = (ms: number): number => (longest > 0 ? ms / longest : 0);
    return [
      { name, beforeMs, afterMs, before: bar(beforeMs), after: bar(afterMs), change: changeText(beforeMs, afterMs) },
    ];
  });
}

function changeText(beforeMs: number, afterMs: number): string {
  const byMs = afterMs - beforeMs;
  if (Math.abs(byMs) < 0.0005 || beforeMs <= 0) return '±0';
  const sign = byMs > 0 ? '+' : '−';
  return `${sign}${formatMs(Math.abs(byMs))}, ${sign}${roundShare(Math.abs(byMs) / beforeMs)}`;
}
