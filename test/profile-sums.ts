/**
 * The aggregate critical path without the store: plain sums over all traces' rows, in whole numbers. Nanoseconds are added
 * up apart for each weight, where doubles are exact (below 104 days), and weighted as bigints at the end.
 */
import type { ProfileBand } from '#shared/api-profile.ts';
import type { ManyTraces } from './profile-traces.ts';

type Row = ManyTraces['rows'][number];

export interface Asked {
  readonly entry: string;
  readonly version: string;
  readonly band: ProfileBand;
}

export interface PlainSum {
  /** ns times millionths of the weight. */
  readonly totalNs: bigint;
  readonly traces: number;
}

export interface PlainProfile extends PlainSum {
  readonly weight: number;
  /** Of all bands: how many, and p50, p90 and p99 of their durations. */
  readonly cohort: number;
  readonly rankNs: readonly number[];
  /** By path id, and by 'service|namespace|operation'. */
  readonly paths: ReadonlyMap<string, PlainSum>;
  readonly steps: ReadonlyMap<string, PlainSum & { readonly rankNs: readonly number[] }>;
  readonly versions: ReadonlyMap<string, number>;
}

export function plainProfile(
  { rows, paths }: Pick<ManyTraces, 'rows' | 'paths'>,
  { entry, version, band }: Asked,
): PlainProfile {
  const ofEntry = rows.filter((row) => entry === '' || `${row.rootService}|${row.rootOperation}` === entry);
  const cohort = ofEntry.filter((row) => version === '' || row.rootVersion === version);
  const rankNs = ranks(cohort.map(durationOf), [0.5, 0.9, 0.99]);
  const [, p90 = 0, p99 = 0] = rankNs;
  const inBand = cohort.filter((row) => {
    const ns = Number(row.rootDurationNs);
    return band === 'all' ? true : band === 'p90' ? ns >= p90 && ns < p99 : ns >= p99;
  });
  const stepOf = new Map(
    Array.from(paths.values(), (path) => [BigInt(path.pathId), `${path.service}|${path.namespace}|${path.operation}`]),
  );
  const byPath = new Map<bigint, Parts>();
  const byStep = new Map<string, Parts>();
  for (const row of inBand) {
    const own = new Map<string, number>();
    row.pathIds.forEach((id, at) => {
      const ns = row.pathNs[at] ?? 0;
      partsOf(byPath, id).push([ns, row.weight]);
      const step = stepOf.get(id) ?? '';
      own.set(step, (own.get(step) ?? 0) + ns);
    });
    for (const [step, ns] of own) partsOf(byStep, step).push([ns, row.weight]);
  }
  return {
    ...sum(inBand.map(durationOf)),
    weight: inBand.reduce((total, { weight }) => total + Math.round(weight * 1e6), 0) / 1e6,
    cohort: cohort.length,
    rankNs,
    paths: new Map(Array.from(byPath, ([id, parts]) => [String(id), sum(parts)])),
    steps: new Map(Array.from(byStep, ([step, parts]) => [step, { ...sum(parts), rankNs: ranks(parts, [0.5, 0.99]) }])),
    versions: new Map(
      Array.from(
        Map.groupBy(ofEntry, (row) => row.rootVersion),
        ([name, of]) => [name, of.length],
      ),
    ),
  };
}

/** ns and the weight they have. */
type Parts = (readonly [ns: number, weight: number])[];

const durationOf = (row: Row): Parts[number] => [Number(row.rootDurationNs), row.weight];

function partsOf<Key>(map: Map<Key, Parts>, key: Key): Parts {
  let parts = map.get(key);
  if (parts === undefined) map.set(key, (parts = []));
  return parts;
}

function sum(parts: Parts): PlainSum {
  const byWeight = new Map<number, number>();
  for (const [ns, weight] of parts) byWeight.set(weight, (byWeight.get(weight) ?? 0) + ns);
  let totalNs = 0n;
  for (const [weight, ns] of byWeight) totalNs += BigInt(ns) * BigInt(Math.round(weight * 1e6));
  return { totalNs, traces: parts.length };
}

/** By nearest rank: the least value that at least so much of the weight does not exceed. */
function ranks(parts: Parts, shares: readonly number[]): number[] {
  const sorted = parts.toSorted(([a], [b]) => a - b).map(([ns, weight]) => [ns, Math.round(weight * 1e6)] as const);
  const total = sorted.reduce((all, [, weight]) => all + weight, 0);
  return shares.map((share) => {
    let covered = 0;
    for (const [ns, weight] of sorted) {
      covered += weight;
      if (covered * 100 >= total * Math.round(share * 100)) return ns;
    }
    return 0;
  });
}
