/**
 * Answers of /api/critical-path: where the time of an entry operation goes, exact over all its settled traces, with what
 * replays of some of them tell of each step beside it.
 */
import { spanKinds, type Profile, type ProfilePath, type ProfileStep } from '#shared/api-profile.ts';
import { toInterval } from '#shared/time.ts';
import {
  million,
  readCohort,
  readPathNames,
  readPathSums,
  readRootVersions,
  readStepSums,
  type Cohort,
  type CohortQuery,
  type Millionths,
  type PathName,
  type PathSum,
  type StepSum,
} from '../store/profile-read.ts';
import type { ProfileQuery, WhatIfQuery } from './contract-profile.ts';
import type { ServeDeps } from './deps.ts';
import { stepNumbers, type StepNumbers } from './profile-steps.ts';
import { createKept, readTrees, stepKey, type TreeSet } from './profile-trees.ts';
import { toFilter } from './trace-filter.ts';

/** Rows of an answer at most; what is left out is told as a sum. */
const maxPaths = 5_000;
const maxSteps = 1_000;
const maxVersions = 50;

const keptCohorts = 4;
const keepMs = 60_000;

/** A cohort's trees, and what replays tell of their steps. */
export interface PreparedTrees {
  readonly set: TreeSet;
  steps(): Promise<ReadonlyMap<string, StepNumbers>>;
}

/** The trees of a cohort, kept for a while. */
export type TreesOf = (
  query: CohortQuery,
  band: Profile['band'],
  cohort?: () => Promise<Cohort>,
) => Promise<PreparedTrees>;

export function createTreesOf({ db, calls }: Pick<ServeDeps, 'db' | 'calls'>): TreesOf {
  const keep = createKept<PreparedTrees>(keptCohorts, keepMs);
  return (query, band, cohort = () => readCohort(db, query, band)) =>
    keep(JSON.stringify([query, band]), async () => {
      const set = await readTrees(db, await cohort(), calls);
      let numbers: Promise<ReadonlyMap<string, StepNumbers>> | undefined;
      return { set, steps: () => (numbers ??= stepNumbers(set)) };
    });
}

/** The traces a question is about. errors: bad-request. */
export function toCohortQuery(query: ProfileQuery | WhatIfQuery, nowMs: number): CohortQuery {
  const { fromMs, toMs } = toInterval(query, nowMs);
  const { entry = '', version = '', probes, q = '' } = query;
  const filter = q.trim() === '' ? undefined : toFilter(q);
  return { fromMs, toMs, entry, version, probes: probes === 'true', ...(filter && { filter }) };
}

export function createProfile(
  { db, now = Date.now }: ServeDeps,
  treesOf: TreesOf,
): (query: ProfileQuery) => Promise<Profile> {
  return async (query) => {
    const { band } = query;
    const asked = toCohortQuery(query, now());
    const cohort = await readCohort(db, asked, band);
    const { sums, traces, rankNs } = cohort;
    const head = {
      from: asked.fromMs,
      to: asked.toMs,
      entry: asked.entry,
      version: asked.version,
      band,
      fromMs: sums.leastNs / 1e6,
      traces: sums.traces,
      weight: sums.traces > 0 ? sums.weight / sums.traces : 1,
      totalMs: toMs(sums.totalNs),
      durationMs: {
        p50: traces > 0 ? rankNs[0] / 1e6 : null,
        p90: traces > 0 ? rankNs[1] / 1e6 : null,
        p99: traces > 0 ? rankNs[2] / 1e6 : null,
        n: traces,
      },
    };
    const versions = readRootVersions(db, cohort, maxVersions);
    if (sums.traces === 0) {
      const rest = { paths: 0, pathsMs: 0, steps: 0, stepsMs: 0 };
      return { ...head, paths: [], steps: [], rest, versions: await versions, trees: { read: 0, of: 0 } };
    }
    const [paths, steps, found, trees] = await Promise.all([
      readPaths(db, cohort),
      readStepSums(db, cohort, maxSteps),
      versions,
      query.trees === 'true' ? treesOf(asked, band, () => Promise.resolve(cohort)) : undefined,
    ]);
    const numbers = trees === undefined || trees.set.trees.length === 0 ? undefined : await trees.steps();
    return {
      ...head,
      paths: paths.paths,
      steps: toSteps(steps.steps, cohort, numbers),
      rest: {
        paths: paths.found - paths.sums.length,
        pathsMs: toMs(sums.totalNs - paths.sums.reduce((sum, { selfNs }) => sum + selfNs, 0n)),
        steps: steps.found - steps.steps.length,
        stepsMs: toMs(sums.totalNs - steps.steps.reduce((sum, { totalNs }) => sum + totalNs, 0n)),
      },
      versions: found,
      trees: { read: trees?.set.trees.length ?? 0, of: sums.traces },
    };
  };
}

/** ms of ns in millionths: exact to the nanosecond below 2^53 of them. */
function toMs(ns: Millionths): number {
  return (Number(ns / million) + Number(ns % million) / 1e6) / 1e6;
}

async function readPaths(
  db: ServeDeps['db'],
  cohort: Cohort,
): Promise<{ paths: ProfilePath[]; sums: PathSum[]; found: number }> {
  const { paths: sums, found } = await readPathSums(db, cohort, maxPaths);
  const names = await readPathNames(
    db,
    sums.map(({ pathId }) => pathId),
  );
  return { paths: toPaths(sums, names), sums, found };
}

/** The paths as a tree, parents first; each level with the most time first. */
function toPaths(sums: readonly PathSum[], names: readonly PathName[]): ProfilePath[] {
  const named = new Map(names.map((name) => [name.pathId, name]));
  const own = new Map(sums.map((sum) => [sum.pathId, sum]));
  const depths = new Map<string, number>();
  const depthOf = (id: string): number => {
    const above: string[] = [];
    let at = id;
    while (!depths.has(at)) {
      above.push(at);
      const up = named.get(at)?.parentId ?? '0';
      if (!named.has(up)) {
        depths.set(at, 0);
        above.pop();
        break;
      }
      at = up;
    }
    let depth = depths.get(at) ?? 0;
    for (let next = above.pop(); next !== undefined; next = above.pop()) depths.set(next, (depth += 1));
    return depths.get(id) ?? 0;
  };
  const ids = new Set([...named.keys(), ...own.keys()]);
  const greaterFirst = (a: string, b: string): number => {
    const difference = (own.get(b)?.selfNs ?? 0n) - (own.get(a)?.selfNs ?? 0n);
    return difference > 0n ? 1 : difference < 0n ? -1 : a < b ? -1 : 1;
  };
  return [...ids]
    .sort((a, b) => depthOf(a) - depthOf(b) || greaterFirst(a, b))
    .map((id) => {
      const { parentId = '0', service = '', namespace = '', operation = '', kind = 0 } = named.get(id) ?? {};
      const { selfNs = 0n, traces = 0 } = own.get(id) ?? {};
      return {
        id,
        parentId: named.has(parentId) ? parentId : null,
        service,
        namespace,
        operation,
        kind: spanKinds[kind] ?? 'UNSPECIFIED',
        selfMs: toMs(selfNs),
        traces,
      };
    });
}

/** The steps on critical paths, then those that are only beside them in the trees and could take longer. */
function toSteps(
  steps: readonly StepSum[],
  { sums }: Cohort,
  numbers: ReadonlyMap<string, StepNumbers> | undefined,
): ProfileStep[] {
  const totalNs = Number(sums.totalNs);
  const onPath = steps.map((step) => ({
    service: step.service,
    namespace: step.namespace,
    operation: step.operation,
    selfMs: toMs(step.totalNs),
    share: totalNs > 0 ? Number(step.totalNs) / totalNs : 0,
    traces: step.traces,
    meanMs: sums.weight > 0 ? toMs(step.totalNs) / sums.weight : 0,
    p50Ms: step.p50Ns / 1e6,
    p99Ms: step.p99Ns / 1e6,
    ...replayed(numbers?.get(stepKey(step)), numbers !== undefined),
  }));
  const keys = new Set(steps.map(stepKey));
  const beside = [...(numbers?.values() ?? [])]
    .filter((step) => step.slackNs > 0 && !keys.has(stepKey(step)))
    .sort((a, b) => a.slackNs - b.slackNs || (stepKey(a) < stepKey(b) ? -1 : 1))
    .slice(0, Math.max(0, maxSteps - steps.length))
    .map((step) => ({
      service: step.service,
      namespace: step.namespace,
      operation: step.operation,
      selfMs: 0,
      share: 0,
      traces: 0,
      meanMs: 0,
      p50Ms: null,
      p99Ms: null,
      ...replayed(step, true),
    }));
  return [...onPath, ...beside];
}

/** What the trees say of a step; one that is in none of them saved nothing there. */
function replayed(step: StepNumbers | undefined, read: boolean): Pick<ProfileStep, 'dragMs' | 'slackMs' | 'versions'> {
  if (step === undefined) return { dragMs: read ? 0 : null, slackMs: null, versions: [] };
  return {
    dragMs: step.dragNs / 1e6,
    slackMs: step.slackNs / 1e6,
    versions: step.versions.map(({ version, spans, meanSelfNs }) => ({ version, spans, meanSelfMs: meanSelfNs / 1e6 })),
  };
}
