/**
 * What pills on edges may say. errors: share of failed calls; network: share of the caller's p90 spent between the two;
 * critical: share of end-to-end latency; attempts: per call. `none`: only edges that are not well speak.
 */
export const labelChoices = [
  'p50',
  'p90',
  'p99',
  'success',
  'errors',
  'rate',
  'network',
  'critical',
  'attempts',
  'none',
] as const;
export type LabelChoice = (typeof labelChoices)[number];
