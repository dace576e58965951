/** What pills on edges may say; `none`: only edges that are not well speak, and say their success rate. */
export const labelChoices = ['success', 'rate', 'p50', 'p90', 'p99', 'none'] as const;
export type LabelChoice = (typeof labelChoices)[number];
