/** Ready-made questions to the comparison of sets, as changes of the address. Pure. */
import type { CompareSets } from '#shared/api-compare-sets.ts';
import type { Graph } from '#shared/api.ts';
import { formatMs } from '#shared/format.ts';
import { writeTraceQuery } from '#shared/trace-query.ts';
import { before, type AddressTime, type Asked } from './asked.ts';

export interface Preset {
  readonly text: string;
  readonly title: string;
  readonly changes: Readonly<Record<string, string | undefined>>;
  readonly current: boolean;
}

/** Workloads with several versions that are offered. */
const mostVersions = 4;

/** in: what is asked now; its time; the answer to it and the map of the time, when they are there. */
export function presetsFor(
  asked: Asked,
  time: AddressTime,
  sets: Pick<CompareSets, 'a' | 'b'> | undefined,
  graph: Pick<Graph, 'nodes'> | undefined,
): Preset[] {
  const sameTime = { bfrom: undefined, bto: undefined };
  const is = (changes: Preset['changes']): boolean =>
    asked.mode === 'sets' &&
    (['a', 'b', 'bfrom', 'bto'] as const).every((name) => (changes[name] ?? '') === asked[name]);
  const preset = (text: string, title: string, changes: Preset['changes']): Preset => ({
    text,
    title,
    changes,
    current: is(changes),
  });
  const line = asked.mode === 'sets' && asked.a !== '' && asked.bfrom !== '' ? asked.a : '';
  const slowMs = Math.max(sets?.a.durationMs.p90 ?? 0, sets?.b.durationMs.p90 ?? 0);
  const slow =
    slowMs > 0
      ? [
          preset('Slow against the rest', `Requests of ${formatMs(slowMs)} and more`, {
            a: writeTraceQuery({ minMs: round(slowMs), attributes: [] }),
            b: '',
            ...sameTime,
          }),
        ]
      : [];
  const versions = (graph?.nodes ?? [])
    .filter((node) => node.versions.filter(({ version }) => version !== '').length > 1)
    .slice(0, mostVersions)
    .map(({ name, versions: all }) => {
      const [one = '', other = ''] = all
        .map(({ version }) => version)
        .filter((version) => version !== '')
        .sort()
        .reverse();
      return preset(`${name}: ${one} against ${other}`, 'Requests that went through either version', {
        a: writeTraceQuery({ service: name, version: one, attributes: [] }),
        b: writeTraceQuery({ service: name, version: other, attributes: [] }),
        ...sameTime,
      });
    });
  return [
    preset('Failed against the rest', 'Requests that failed, and those that did not', {
      a: 'status = failed',
      b: '',
      ...sameTime,
    }),
    ...slow,
    preset('Now against before', 'This time, and the one as long before it', { a: line, b: '', ...before(time) }),
    ...versions,
  ];
}

/** Two digits: a bound that people can read. */
function round(ms: number): number {
  return Number(ms.toPrecision(2));
}
