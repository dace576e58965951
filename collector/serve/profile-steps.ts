/** What replays of a cohort's trees tell of each step: drag, slack, and its own time by version of its workload. */
import { createReplayScratch, replayNs } from '#shared/replay.ts';
import { createTurn, stepKey, type ReplayTree, type Step, type TreeSet } from './profile-trees.ts';

export interface StepNumbers extends Step {
  /** Mean over all trees, of the steps that ever own time on a critical path. */
  readonly dragNs: number;
  /** Mean over the trees that have it. */
  readonly slackNs: number;
  readonly versions: readonly { readonly version: string; readonly spans: number; readonly meanSelfNs: number }[];
}

/** By key of the step. */
export async function stepNumbers(set: TreeSet): Promise<Map<string, StepNumbers>> {
  const sums = set.steps.map(() => ({
    dragNs: 0,
    slackNs: 0,
    slackWeight: 0,
    versions: new Map<number, VersionSum>(),
  }));
  const turn = createTurn();
  let weights = 0;
  for (const tree of set.trees) {
    weights += tree.weight;
    const steps = nodesByStep(tree);
    for (const [step, nodes] of steps) {
      const sum = sums[step];
      if (sum === undefined) continue;
      let slack = Infinity;
      for (const node of nodes) {
        slack = Math.min(slack, tree.slackNs[node] ?? 0);
        addVersion(sum.versions, tree, node);
      }
      sum.slackNs += tree.weight * slack;
      sum.slackWeight += tree.weight;
    }
    for (const [step, dragNs] of dragsOf(tree, steps)) {
      const sum = sums[step];
      if (sum !== undefined) sum.dragNs += tree.weight * dragNs;
    }
    await turn();
  }
  return new Map(
    set.steps.map((step, i) => {
      const { dragNs = 0, slackNs = 0, slackWeight = 0, versions = new Map<number, VersionSum>() } = sums[i] ?? {};
      return [
        stepKey(step),
        {
          ...step,
          dragNs: weights > 0 ? dragNs / weights : 0,
          slackNs: slackWeight > 0 ? slackNs / slackWeight : 0,
          versions: Array.from(versions, ([version, { spans, weight, ownNs }]) => ({
            version: set.versions[version] ?? '',
            spans,
            meanSelfNs: weight > 0 ? ownNs / weight : 0,
          })).sort((a, b) => b.spans - a.spans || (a.version < b.version ? -1 : 1)),
        },
      ];
    }),
  );
}

interface VersionSum {
  spans: number;
  weight: number;
  ownNs: number;
}

function addVersion(versions: Map<number, VersionSum>, tree: ReplayTree, node: number): void {
  const version = tree.version[node] ?? -1;
  let sum = versions.get(version);
  if (sum === undefined) versions.set(version, (sum = { spans: 0, weight: 0, ownNs: 0 }));
  sum.spans += 1;
  sum.weight += tree.weight;
  sum.ownNs += tree.weight * (tree.ownNs[node] ?? 0);
}

function nodesByStep({ plan, step }: ReplayTree): Map<number, number[]> {
  const nodes = new Map<number, number[]>();
  for (let node = plan.root; node < plan.end; node++) {
    const at = step[node] ?? -1;
    if (at < 0) continue;
    const list = nodes.get(at);
    if (list) list.push(node);
    else nodes.set(at, [node]);
  }
  return nodes;
}

/** Spans replayed for one tree: only a huge trace of very many steps comes near it. */
const maxReplayed = 4_000_000;
const scratch = createReplayScratch();

/** What the trace would save if a step took no time; of steps that own time on its critical path, for no other saves any. */
function dragsOf(tree: ReplayTree, steps: ReadonlyMap<number, readonly number[]>): [step: number, dragNs: number][] {
  const { plan, durationNs } = tree;
  const ofPath = (nodes: readonly number[]): number => nodes.reduce((sum, node) => sum + (plan.pathNs[node] ?? 0), 0);
  const owners = Array.from(steps, ([step, nodes]) => ({ step, nodes, pathNs: ofPath(nodes) }))
    .filter(({ pathNs }) => pathNs > 0)
    .sort((a, b) => b.pathNs - a.pathNs);
  const most = Math.max(16, Math.floor(maxReplayed / Math.max(1, plan.end - plan.root)));
  const factor = new Float64Array(plan.waited.length).fill(1);
  return owners.map(({ step, nodes, pathNs }, i) => {
    // Beyond the bound: what it owns, which is the most it may save.
    if (i >= most) return [step, pathNs];
    for (const node of nodes) factor[node] = 0;
    const dragNs = durationNs - replayNs(plan, factor, scratch);
    for (const node of nodes) factor[node] = 1;
    return [step, dragNs];
  });
}
