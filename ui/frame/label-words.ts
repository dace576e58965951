/** What the labels of edges are called: short in the bar, in full in the palette. */
import type { LabelChoice } from '../labels.ts';

export const labelWords: Readonly<Record<LabelChoice, { readonly short: string; readonly full: string }>> = {
  p50: { short: 'p50', full: 'p50 latency' },
  p90: { short: 'p90', full: 'p90 latency' },
  p99: { short: 'p99', full: 'p99 latency' },
  success: { short: 'success', full: 'success rate' },
  errors: { short: 'errors', full: 'share of failed calls' },
  rate: { short: 'rate', full: 'calls a second' },
  network: { short: 'network', full: 'share of network and proxies' },
  critical: { short: 'critical path', full: 'share of the critical path' },
  attempts: { short: 'attempts', full: 'attempts per call' },
  none: { short: 'failing only', full: 'failing edges only' },
};
