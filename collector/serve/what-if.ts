/**
 * Answers of /api/what-if: how long an entry operation would take if one step did its own work faster, by percent or as fast
 * as another version of it. The stored trees of some of its traces are replayed; the same trees give before and after.
 */
import type { WhatIf } from '#shared/api-profile.ts';
import { AppError } from '#shared/error.ts';
import { nearestRanks } from '#shared/nearest-rank.ts';
import { createReplayScratch, replayNs } from '#shared/replay.ts';
import type { WhatIfQuery } from './contract-profile.ts';
import type { ServeDeps } from './deps.ts';
import { toCohortQuery, type TreesOf } from './profile.ts';
import { createTurn, type ReplayTree, type TreeSet } from './profile-trees.ts';

export function createWhatIf(
  { now = Date.now }: Pick<ServeDeps, 'now'>,
  treesOf: TreesOf,
): (query: WhatIfQuery) => Promise<WhatIf> {
  return async (query) => {
    const { band, step, faster, as } = query;
    if ((faster === undefined) === (as === undefined)) {
      throw new AppError('bad-request', 'cannot answer what if: give either faster (percent) or as (a version)');
    }
    const asked = toCohortQuery(query, now());
    const { set } = await treesOf(asked, band);
    const change: Change =
      as === undefined
        ? { factor: 1 - (faster ?? 0) / 100, changes: isOf(set, step) }
        : await asFastAs(set, step, as, async () => (await treesOf({ ...asked, version: as }, band)).set);
    const { before, after, meanSavedNs, changedSpans } = await replayAll(set, change);
    return {
      from: asked.fromMs,
      to: asked.toMs,
      entry: asked.entry,
      version: asked.version,
      band,
      step,
      factor: change.factor,
      trees: { read: set.trees.length, of: set.of },
      before,
      after,
      meanSavedMs: meanSavedNs / 1e6,
      changedSpans,
      method: methodOf(set, step, changedSpans, change),
      ...(change.as && { as: change.as }),
    };
  };
}

interface Change {
  readonly factor: number;
  /** Whether the own time of a node of a tree is multiplied by the factor. */
  readonly changes: (tree: ReplayTree, node: number) => boolean;
  readonly as?: NonNullable<WhatIf['as']>;
}

/** Whether a node is of the step, in whichever namespace. in: 'service|operation'. */
function isOf({ steps }: TreeSet, step: string): (tree: ReplayTree, node: number) => boolean {
  const wanted = new Set(steps.flatMap(({ service, operation }, i) => (`${service}|${operation}` === step ? [i] : [])));
  return (tree, node) => wanted.has(tree.step[node] ?? -1);
}

/** The spans of other versions take as long as those of this one do on average: of the step's workload, else of the entry's. */
async function asFastAs(set: TreeSet, step: string, as: string, readOther: () => Promise<TreeSet>): Promise<Change> {
  const ofStep = isOf(set, step);
  const version = set.versions.indexOf(as);
  const byStep = meanOwn(set, (tree, node) => version >= 0 && tree.version[node] === version && ofStep(tree, node));
  if (byStep.spans > 0) {
    return changeTo(set, { version: as, of: 'step', ...byStep }, (tree, node) => {
      return tree.version[node] !== version && ofStep(tree, node);
    });
  }
  const here = meanOwn(set, (tree, node) => tree.rootVersion === as && ofStep(tree, node));
  const other = here.spans > 0 ? undefined : await readOther();
  const byEntry = other === undefined ? here : meanOwn(other, isOf(other, step));
  return changeTo(set, { version: as, of: 'entry', ...byEntry }, (tree, node) => {
    return tree.rootVersion !== as && ofStep(tree, node);
  });
}

function changeTo(
  set: TreeSet,
  { ownNs, ...model }: Mean & { readonly version: string; readonly of: 'step' | 'entry' },
  changes: Change['changes'],
): Change {
  const others = meanOwn(set, changes);
  const known = model.spans > 0 && others.ownNs > 0;
  return {
    factor: known ? ownNs / others.ownNs : 1,
    changes: known ? changes : () => false,
    as: { ...model, meanSelfMs: ownNs / 1e6, othersMeanSelfMs: others.ownNs / 1e6 },
  };
}

interface Mean {
  readonly spans: number;
  /** Mean own time. */
  readonly ownNs: number;
}

function meanOwn({ trees }: TreeSet, counts: (tree: ReplayTree, node: number) => boolean): Mean {
  let spans = 0;
  let weight = 0;
  let sum = 0;
  for (const tree of trees) {
    for (let node = tree.plan.root; node < tree.plan.end; node++) {
      if (!counts(tree, node)) continue;
      spans += 1;
      weight += tree.weight;
      sum += tree.weight * (tree.ownNs[node] ?? 0);
    }
  }
  return { spans, ownNs: weight > 0 ? sum / weight : 0 };
}

const scratch = createReplayScratch();

async function replayAll({ trees }: TreeSet, { factor, changes }: Change) {
  const turn = createTurn();
  const afterNs: number[] = [];
  let changedSpans = 0;
  let savedNs = 0;
  let weights = 0;
  for (const tree of trees) {
    const { plan, durationNs, weight } = tree;
    const factors = new Float64Array(plan.waited.length).fill(1);
    let changed = 0;
    for (let node = plan.root; node < plan.end; node++) {
      if (!changes(tree, node)) continue;
      factors[node] = factor;
      changed += 1;
    }
    const after = changed === 0 ? durationNs : replayNs(plan, factors, scratch);
    afterNs.push(after);
    changedSpans += changed;
    savedNs += weight * (durationNs - after);
    weights += weight;
    await turn();
  }
  const treeWeights = trees.map(({ weight }) => weight);
  return {
    before: ranksOf(
      trees.map(({ durationNs }) => durationNs),
      treeWeights,
    ),
    after: ranksOf(afterNs, treeWeights),
    meanSavedNs: weights > 0 ? savedNs / weights : 0,
    changedSpans,
  };
}

function ranksOf(valuesNs: readonly number[], weights: readonly number[]): WhatIf['before'] {
  const [p50, p90, p99] = nearestRanks(valuesNs, weights, [0.5, 0.9, 0.99]).map((ns) =>
    ns === undefined ? null : ns / 1e6,
  );
  return { p50: p50 ?? null, p90: p90 ?? null, p99: p99 ?? null, n: valuesNs.length };
}

/** What the numbers come from, in one sentence. */
function methodOf({ trees, of, skippedLarge }: TreeSet, step: string, changedSpans: number, change: Change): string {
  const count = (n: number): string => n.toLocaleString('en-US');
  if (trees.length === 0) return 'Nothing was computed: there are no settled traces of this kind whose spans are held.';
  const which =
    trees.length === of
      ? `all ${count(of)} traces`
      : `${count(trees.length)} of ${count(of)} traces, chosen by a hash of their ids${
          skippedLarge ? ' (the largest, which no longer fitted, were left out)' : ''
        }`;
  const name = step.replace('|', ' ');
  const { as } = change;
  if (changedSpans === 0) {
    const why =
      as === undefined || (as.spans === 0 && as.othersMeanSelfMs === 0)
        ? `there is no ${name} anybody waits for`
        : as.spans === 0
          ? `no ${name} of version ${as.version} was seen`
          : `every ${name} is of version ${as.version} already`;
    return `Nothing was changed: in the spans of ${which}, ${why}.`;
  }
  const percent = `${Number((change.factor * 100).toPrecision(4))} %`;
  const what =
    as === undefined
      ? `${name} takes ${percent} of its own time`
      : `${name} of other versions takes ${percent} of its own time, as ${as.version} does on average`;
  return `Replayed from the spans of ${which}: ${what}, a span starts once all siblings that had ended before it have, and what ran in parallel still does.`;
}
