/** What changed against the time before, in words and in the order it matters. Pure. */
import { formatMs, formatRate, formatShare } from '#shared/format.ts';
import type { Comparison } from '#shared/api.ts';
import { clockText } from '../../part/clock.ts';

type Changed = Comparison['edges'][number];
export type ChangeName = Exclude<Changed['change'], 'same'>;

/** A changed edge as a line of the list. */
export interface Change {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly name: ChangeName;
  /** What it is about: `success`, `p90`, `rate`. */
  readonly figure: string;
  readonly before: string;
  readonly after: string;
  readonly tone: 'bad' | 'warn' | undefined;
}

const tones: Readonly<Record<ChangeName, Change['tone']>> = {
  failing: 'bad',
  slower: 'warn',
  gone: 'warn',
  new: undefined,
  recovered: undefined,
  faster: undefined,
  busier: undefined,
  quieter: undefined,
};

type Params = Readonly<Record<string, string>>;

/**
 * Parameters of /api/compare for the time a map shows: a live window against the one before it, an interval against as
 * long a time before. in: parameters of /api/graph, time and the rest; filters are not the comparison's to know.
 */
export function compareQuery(timeParams: Params, graphParams: Params): Record<string, string> {
  const query: Record<string, string> = {};
  for (const name of ['groupBy', 'collapse', 'probes', 'entry', 'band']) {
    const value = graphParams[name];
    if (value !== undefined) query[name] = value;
  }
  const [from, to] = [Number(timeParams.from), Number(timeParams.to)];
  if (to > from) return { ...query, a: `${2 * from - to}..${from}`, b: `${from}..${to}` };
  return { ...query, window: timeParams.window ?? '5m' };
}

/** A comparison's edges that a filtered map is about: those with an end on it. All of them when nothing is filtered. */
export function withinMap(comparison: Comparison, graphParams: Params, nodeIds: ReadonlySet<string>): Comparison {
  const filtered = ['cluster', 'namespace', 'service'].some((name) => graphParams[name] !== undefined);
  if (!filtered) return comparison;
  const edges = comparison.edges.filter(({ source, target }) => nodeIds.has(source) || nodeIds.has(target));
  return { ...comparison, edges };
}

/** Whether the time before held no calls at all: then everything is new, and nothing changed. */
export function isFirst({ edges }: Comparison): boolean {
  return edges.length > 0 && edges.every(({ calls }) => (calls.before ?? 0) === 0);
}

/** The edges that changed, what matters most first, as the API orders them. */
export function toChanges({ edges }: Comparison): Change[] {
  return edges.flatMap((edge) => {
    if (edge.change === 'same') return [];
    const { id, source, target, change: name } = edge;
    return [{ id, source, target, name, tone: tones[name], ...beforeAfter(edge) }];
  });
}

function beforeAfter(edge: Changed): Pick<Change, 'figure' | 'before' | 'after'> {
  const pair = (figure: string, { before, after }: Changed['rate'], format: (value: number | null) => string) => ({
    figure,
    before: format(before),
    after: format(after),
  });
  switch (edge.change) {
    case 'failing':
    case 'recovered':
      return pair('success', edge.successRate, formatShare);
    case 'slower':
    case 'faster':
      return pair('p90', edge.p90Ms, formatMs);
    case 'new':
    case 'gone':
      return pair('rate', edge.rate, (rate) => (rate === null || rate === 0 ? 'none' : formatRate(rate)));
    case 'busier':
    case 'quieter':
    case 'same':
      return pair('rate', edge.rate, formatRate);
  }
}

/** The time that was compared with: `14:22–14:27`. */
export function beforeText({ a }: Pick<Comparison, 'a'>, clock = clockText): string {
  const seconds = a.to - a.from < 120_000 || a.from % 60_000 !== 0;
  return `${clock(a.from, seconds)}–${clock(a.to, seconds)}`;
}
