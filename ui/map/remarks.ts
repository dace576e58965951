/** What the reader should know before trusting a number on the map: traces still open, calls that stand for others. */
import { formatCount, formatNumber } from '#shared/format.ts';
import type { GraphEdge } from '#shared/api.ts';

/** Most of the calls belong to traces that have not settled: the numbers may still change. */
export function isProvisional({
  calls,
  provisional,
}: {
  readonly calls: number;
  readonly provisional: number;
}): boolean {
  return calls > 0 && provisional / calls > 0.5;
}

/** One seen call stands for more than one. */
export function isSampled({ weight }: Pick<GraphEdge, 'weight'>): boolean {
  return weight > 1.005;
}

/** In words, '' when there is nothing to remark. in: an edge, or a workload (which has no weight). */
export function remarkOn(
  of: Pick<GraphEdge, 'calls' | 'provisional'> & { readonly weight?: number | undefined },
): string {
  const open = isProvisional(of)
    ? `Provisional: ${formatCount(of.provisional)} of ${formatCount(of.calls)} calls are of traces still open.`
    : '';
  const weight = of.weight ?? 1;
  const sampled = isSampled({ weight }) ? `Sampled: each seen call stands for ≈ ${formatNumber(weight)}.` : '';
  return [open, sampled].filter((text) => text !== '').join(' ');
}
