/** Which traces the shares of the critical path are about, in words. Pure. */
import { formatCount, formatMs } from '#shared/format.ts';
import type { Graph } from '#shared/api.ts';

/** `Share of the end-to-end latency of 1 204 traces: GET /checkout of frontend, the slowest tenth (from 212 ms).` */
export function criticalText({ entry, band, traces, fromMs }: Graph['critical']): string {
  const [service = '', ...rest] = entry.split('|');
  const operation = rest.join('|');
  const which = entry === '' ? 'all entries' : operation === '' ? service : `${operation} of ${service}`;
  const slow = band === 'slow' ? `, the slowest tenth (from ${formatMs(fromMs)})` : '';
  const count = `${formatCount(traces)} ${traces === 1 ? 'trace' : 'traces'}`;
  return `Share of the end-to-end latency of ${count}: ${which}${slow}.`;
}
