/**
 * The trees of a bounded number of a cohort's traces, ready to be replayed, and what replays tell of each step: drag, slack,
 * and own time by version. Reading takes longer than replaying, so the last few cohorts' trees are kept for a minute: whoever
 * moves the handle of a what-if asks about the same ones.
 */
import { setImmediate } from 'node:timers/promises';
import { callsOf, type CallOptions } from '#shared/calls.ts';
import { ownNs, planReplay, slackNs, type ReplayPlan } from '#shared/replay.ts';
import { buildTree, createTreeScratch, type TreeScratch } from '#shared/trace-tree.ts';
import type { Db } from '../store/db.ts';
import { readChosen, type ChosenTrace, type Cohort } from '../store/profile-read.ts';
import { readSpansOf, type TraceRows } from '../store/profile-spans.ts';

/** Bounds of one reading. */
const maxTraces = 500;
const maxSpans = 50_000;
/** Traces looked at for some that fit. */
const maxLooked = 1000;

export interface ReplayTree {
  readonly plan: ReplayPlan;
  /** By node: index into the steps and into the versions of the set; -1 for what nobody waits for. */
  readonly step: Int32Array;
  readonly version: Int32Array;
  /** By node, as recorded. */
  readonly ownNs: Float64Array;
  readonly slackNs: Float64Array;
  /** Of the root, as recorded. */
  readonly durationNs: number;
  readonly weight: number;
  /** Of the root's workload. */
  readonly rootVersion: string;
}

export interface Step {
  readonly service: string;
  readonly namespace: string;
  readonly operation: string;
}

export interface TreeSet {
  readonly trees: readonly ReplayTree[];
  readonly steps: readonly Step[];
  readonly versions: readonly string[];
  /** Traces of the cohort. */
  readonly of: number;
  /** Some were left out because they alone have too many spans. */
  readonly skippedLarge: boolean;
}

/** Reads the trees of a cohort, the same ones each time. */
export async function readTrees(db: Db, cohort: Cohort, calls: CallOptions): Promise<TreeSet> {
  const chosen: ChosenTrace[] = [];
  let spans = 0;
  let skippedLarge = false;
  for (const trace of await readChosen(db, cohort, maxLooked)) {
    if (chosen.length === maxTraces) break;
    if (spans + trace.spanCount > maxSpans) {
      skippedLarge = true;
      continue;
    }
    spans += trace.spanCount;
    chosen.push(trace);
  }
  const names = createNames();
  const byId = new Map(chosen.map((trace) => [trace.traceId, trace]));
  const scratch = createTreeScratch();
  const trees: ReplayTree[] = [];
  const turn = createTurn();
  for (const reading of await readSpansOf(db, chosen)) {
    for (const [traceId, rows] of reading.rows) {
      const trace = byId.get(traceId);
      if (trace !== undefined) trees.push(toTree(reading, rows, trace, names, calls, scratch));
      await turn();
    }
  }
  return { trees, steps: names.steps, versions: names.versions, of: cohort.sums.traces, skippedLarge };
}

const turnMs = 12;

/** Lets others have their turn when this has taken long enough. */
export function createTurn(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < turnMs) return;
    await setImmediate();
    since = performance.now();
  };
}

interface Names {
  readonly steps: Step[];
  readonly versions: string[];
  stepOf(service: string, namespace: string, operation: string): number;
  versionOf(version: string): number;
}

function createNames(): Names {
  const steps: Step[] = [];
  const versions: string[] = [];
  const stepIds = new Map<string, number>();
  const versionIds = new Map<string, number>();
  return {
    steps,
    versions,
    stepOf(service, namespace, operation) {
      const key = stepKey({ service, namespace, operation });
      let id = stepIds.get(key);
      if (id === undefined) stepIds.set(key, (id = steps.push({ service, namespace, operation }) - 1));
      return id;
    },
    versionOf(version) {
      let id = versionIds.get(version);
      if (id === undefined) versionIds.set(version, (id = versions.push(version) - 1));
      return id;
    },
  };
}

/** What makes two steps the same. */
export function stepKey({ service, namespace, operation }: Step): string {
  return `${namespace}\n${service}\n${operation}`;
}

function toTree(
  { columns }: TraceRows,
  rows: readonly number[],
  { weight, version: rootVersion }: ChosenTrace,
  names: Names,
  calls: CallOptions,
  scratch: TreeScratch,
): ReplayTree {
  const tree = buildTree(columns, rows, scratch);
  const { workloadOf, versionOf } = callsOf(tree, calls);
  const plan = planReplay(tree);
  const step = new Int32Array(tree.count).fill(-1);
  const version = new Int32Array(tree.count).fill(-1);
  for (let node = plan.root; node < plan.end; node++) {
    if (plan.waited[node] !== 1) continue;
    const { name, namespace } = workloadOf(node);
    step[node] = names.stepOf(name, namespace, columns.strings[columns.name[tree.row[node] ?? 0] ?? 0] ?? '');
    version[node] = names.versionOf(versionOf(node));
  }
  return {
    plan,
    step,
    version,
    ownNs: ownNs(plan),
    slackNs: slackNs(plan),
    durationNs: (plan.highNs[plan.root] ?? 0) - (plan.lowNs[plan.root] ?? 0),
    weight,
    rootVersion,
  };
}

/** Keeps the answers to the last few questions for a while. */
export function createKept<T>(most: number, keepMs: number): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, { readonly answer: Promise<T>; readonly atMs: number }>();
  return (key, make) => {
    const nowMs = performance.now();
    for (const [other, { atMs }] of kept) if (nowMs - atMs > keepMs) kept.delete(other);
    const held = kept.get(key);
    if (held !== undefined) return held.answer;
    for (const oldest of kept.keys()) {
      if (kept.size < most) break;
      kept.delete(oldest);
    }
    const answer = make();
    kept.set(key, { answer, atMs: nowMs });
    answer.catch(() => kept.delete(key));
    return answer;
  };
}
