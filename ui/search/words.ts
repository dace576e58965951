/** What the search says in words. Pure, but for the viewer's zone. */
import type { TracePoint, TraceSummary } from '#shared/api.ts';
import { formatCount, formatMs, formatShare } from '#shared/format.ts';
import { clockText, momentText } from '../part/clock.ts';
import { shortOperation } from '../part/names.ts';
import type { Cell } from './heat.ts';

export const tracesText = (count: number): string => `${formatCount(count)} ${count === 1 ? 'trace' : 'traces'}`;

/** `12 failed, 2.9 %`; `none failed`. */
export function failedText(failed: number, total: number): string {
  if (failed === 0) return 'none failed';
  return failed === total
    ? total === 1
      ? 'it failed'
      : 'all failed'
    : `${formatCount(failed)} failed, ${formatShare(failed / total)}`;
}

/** A trace in one line, for who does not see its point. */
export function pointText({ root, start, durationMs, failed }: Omit<TracePoint, 'traceId'>, nowMs: number): string {
  const name = `${root.service} ${shortOperation(root.operation)}`.trim();
  return `${name}, ${formatMs(durationMs)}, ${momentText(start, nowMs)}${failed ? ', failed' : ''}`;
}

export function cellText({ from, to, minMs, maxMs, count, failed }: Cell): string {
  return `${tracesText(count)} of ${formatMs(minMs)} to ${formatMs(maxMs)}, ${clockText(from, true)} to ${clockText(to, true)}, ${failedText(failed, count)}`;
}

/** `62 % product-api · 20 % auth`: what decided a trace, the parts that are at least a hundredth. */
export function pathParts({ criticalPath }: Pick<TraceSummary, 'criticalPath'>): TraceSummary['criticalPath'] {
  return criticalPath.filter(({ share }) => share >= 0.01);
}

/** How each part is called in a line: what is told already is not told again, so that three of them fit. */
export function pathNames(
  parts: readonly { readonly service: string; readonly operation: string }[],
): { readonly service: string; readonly operation: string }[] {
  const told = new Set<string>();
  return parts.map(({ service, operation }, index) => {
    const known = told.has(service);
    told.add(service);
    const short = shortOperation(operation);
    return { service: known && short !== '' ? '' : service, operation: known || index === 0 ? short : '' };
  });
}

/** Share without decimals, so that three of them fit in a line. */
export const roundShare = (share: number): string => formatShare(Math.round(share * 100) / 100);
