/**
 * Numbers with what is to be known of them: how many calls they are made of, whether that is too few, what sampling did
 * to them, and what of them may still change. Pure.
 */
import { formatCount, formatMs, formatNumber, formatShare } from '#shared/format.ts';
import type { Latency } from '#shared/api.ts';
import { isTrusted, leastCalls, type Percentile } from '../health.ts';

/** A number as it is shown. few: too few calls stand behind it; title says how many. */
export interface Figure {
  readonly text: string;
  readonly few: boolean;
  readonly title: string | undefined;
}

/** A percentile as it is shown. in: weight, calls that one seen call stands for. */
export function percentileFigure(latency: Latency, percentile: Percentile, weight = 1): Figure {
  const value = latency[percentile];
  if (value === null) return { text: formatMs(value), few: false, title: undefined };
  const few = !isTrusted(latency, percentile);
  const calls = `${formatCount(latency.n)} ${latency.n === 1 ? 'call' : 'calls'}`;
  return {
    text: mark(weight) + formatMs(value),
    few,
    title: few ? `${percentile} of ${calls}: too few to mean much, under ${leastCalls[percentile]}` : `of ${calls}`,
  };
}

/** What stands before a number that was counted up from sampled calls. */
export function mark(weight: number): '' | '≈' {
  return weight > 1 ? '≈' : '';
}

/** A share of calls: greyed where a single call would move it by ten points. */
export function shareFigure(share: number | null, calls: number, weight = 1): Figure {
  const few = share !== null && calls / Math.max(1, weight) < 10;
  const of = `of ${formatCount(calls, weight > 1)} ${calls === 1 ? 'call' : 'calls'}`;
  return {
    text: (share === null ? '' : mark(weight)) + formatShare(share),
    few,
    title: share === null ? undefined : few ? `${of}: too few to mean much` : of,
  };
}

/** Success as a share; null without calls. */
export function successOf({ calls, failed }: { readonly calls: number; readonly failed: number }): number | null {
  return calls > 0 ? Math.max(0, 1 - failed / calls) : null;
}

/** Says that numbers were counted up; empty when they were not. */
export function sampledNote(weight: number): string {
  if (weight <= 1) return '';
  return `≈ Sampled: each call seen stands for about ${formatNumber(weight)}. Counts and rates are counted up, percentiles are of the n calls seen.`;
}

/** Calls of one edge or more that may still change; empty when all have settled. */
export function provisionalNote({
  calls,
  provisional,
}: {
  readonly calls: number;
  readonly provisional: number;
}): string {
  if (calls === 0 || provisional === 0) return '';
  return `${formatShare(Math.min(1, provisional / calls))} of these calls are provisional: their traces may still get spans.`;
}

/** Whether so many of the calls are provisional that the numbers must not be taken for the last word. */
export function isProvisional({
  calls,
  provisional,
}: {
  readonly calls: number;
  readonly provisional: number;
}): boolean {
  return provisional > 0.1 * calls;
}

/** Calls that one seen call of these edges stands for, on average. */
export function meanWeight(edges: readonly { readonly calls: number; readonly weight: number }[]): number {
  const calls = edges.reduce((sum, edge) => sum + edge.calls, 0);
  const seen = edges.reduce((sum, { calls: all, weight }) => sum + all / Math.max(1, weight), 0);
  return seen > 0 ? calls / seen : 1;
}
