/** The table of a profile by workload and operation: order, what it narrows to, and which figures too few traces stand behind. Pure. */
import type { ProfileStep } from '#shared/api-profile.ts';

export const columns = ['name', 'share', 'mean', 'p50', 'p99', 'traces', 'drag', 'slack'] as const;
export type Column = (typeof columns)[number];

export interface Order {
  readonly by: Column;
  readonly rising: boolean;
}

/** How a column is sorted when it is chosen first: names from a, figures from the greatest. */
const risesFirst = (by: Column): boolean => by === 'name';

/** in: `p99`, `-p99` for the other way round; what cannot be read is by share. */
export function parseOrder(text: string): Order {
  const by = columns.find((column) => column === text.replace(/^-/, '')) ?? 'share';
  return { by, rising: risesFirst(by) !== (text === `-${by}`) };
}

/** The order that a click on a column leads to, as parseOrder reads it; '' for the usual one. */
export function nextOrder(order: Order, by: Column): string {
  const turn = order.by === by && order.rising === risesFirst(by);
  if (turn) return `-${by}`;
  return by === 'share' ? '' : by;
}

export const stepId = ({ service, operation }: Pick<ProfileStep, 'service' | 'operation'>): string =>
  `${service}|${operation}`;

/** Ids that more than one step has: the same workload and operation in several namespaces. */
export function idsOfMany(steps: readonly ProfileStep[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(steps.map(stepId).filter((id) => seen.size === seen.add(id).size));
}

const figures: Readonly<Record<Exclude<Column, 'name'>, (step: ProfileStep) => number | null>> = {
  share: ({ share }) => share,
  mean: ({ meanMs }) => meanMs,
  p50: ({ p50Ms }) => p50Ms,
  p99: ({ p99Ms }) => p99Ms,
  traces: ({ traces }) => traces,
  drag: ({ dragMs }) => dragMs,
  slack: ({ slackMs }) => slackMs,
};

/** Steps in order; those without the figure last, either way; equal ones by share, then by name. */
export function sortSteps(steps: readonly ProfileStep[], { by, rising }: Order): ProfileStep[] {
  const names = (a: ProfileStep, b: ProfileStep): number => (stepId(a) < stepId(b) ? -1 : 1);
  const sign = rising ? 1 : -1;
  if (by === 'name') return [...steps].sort((a, b) => (rising ? names(a, b) : names(b, a)));
  const figure = figures[by];
  return [...steps].sort((a, b) => {
    const [x, y] = [figure(a), figure(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || names(a, b);
    return sign * (x - y) || b.share - a.share || names(a, b);
  });
}

/** Steps whose workload or operation holds the text. */
export function findSteps(steps: readonly ProfileStep[], text: string): readonly ProfileStep[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return steps;
  return steps.filter(({ service, operation }) => `${service} ${operation}`.toLowerCase().includes(wanted));
}

/** Traces from which a percentile means something; below, it is shown greyed. The same as on the map. */
const leastTraces = { p50: 5, p90: 20, p99: 100 } as const;

/** Whether too few traces stand behind a percentile. */
export function isFew(traces: number, percentile: keyof typeof leastTraces): boolean {
  return traces < leastTraces[percentile];
}

/**
 * Whether the traces that were read as trees hold too few that have the step on their path for its drag to mean much.
 * trees: of the profile.
 */
export function isRare(traces: number, { read, of }: { readonly read: number; readonly of: number }): boolean {
  return of > 0 && traces > 0 && isFew((traces * read) / of, 'p50');
}
