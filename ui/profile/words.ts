/** What a profile says in words: the sentence on top, names of call paths, of which traces it is. Pure. */
import { formatCount, formatMs, formatShare } from '#shared/format.ts';
import type { Profile, ProfileBand, ProfileStep } from '#shared/api-profile.ts';
import { shortOperation } from '../part/names.ts';
import { wayTo, type FlameNode, type FlameTree } from './flame.ts';

export const bandChoices: readonly { readonly value: ProfileBand; readonly text: string }[] = [
  { value: 'all', text: 'All' },
  { value: 'p90', text: 'p90–p99' },
  { value: 'p99', text: 'Slowest 1 %' },
];

/** An entry or a step: "service|operation". An operation may hold a bar itself. */
export function splitStep(id: string): { readonly service: string; readonly operation: string } {
  const bar = id.indexOf('|');
  return bar < 0 ? { service: id, operation: '' } : { service: id.slice(0, bar), operation: id.slice(bar + 1) };
}

/** Part of the whole, 0 to 1. Sums of many durations miss the whole by a hair, which is no share of anything. */
export function shareOf(ms: number, wholeMs: number): number {
  const share = wholeMs > 0 ? ms / wholeMs : 0;
  return Math.abs(share - 1) < 1e-9 ? 1 : share;
}

/** A share as a sentence says it: whole percents, but for the last and the first one. */
export function roundShare(share: number): string {
  return share > 0.01 && share < 0.99 ? `${Math.round(share * 100)} %` : formatShare(share);
}

/** `2 114 traces`, `1 trace`. */
export function tracesText(count: number, sampled = false): string {
  return `${formatCount(count, sampled)} ${count === 1 ? 'trace' : 'traces'}`;
}

export interface ProfileWords {
  /** `GET /cart: 2 114 traces, p50 41 ms, p99 512 ms.` */
  readonly of: string;
  /** `61 % of the end-to-end time is frontend → product-api → inventory-db SELECT.` */
  readonly reason: string;
}

/**
 * The sentence a profile opens with: of which traces, and which call path owns most of their time.
 * in: the query line that the traces match, '' = all of them.
 */
export function profileWords(profile: Profile, tree: FlameTree, line = ''): ProfileWords {
  const { durationMs, traces, fromMs, band } = profile;
  const version = profile.version === '' ? '' : `, version ${profile.version}`;
  const where = line === '' ? '' : ` where ${line}`;
  const all = `${tracesText(durationMs.n, profile.weight > 1)}, p50 ${formatMs(durationMs.p50)}, p99 ${formatMs(durationMs.p99)}`;
  const long = `${tracesText(traces, profile.weight > 1)} of ${formatMs(fromMs)} and longer`;
  const which = {
    all: '',
    p90: ` Looked at here, between p90 and p99: ${long}.`,
    p99: ` Looked at here, the slowest 1 %: ${long}.`,
  }[band];
  return { of: `${entryName(profile.entry)}${version}${where}: ${all}.${which}`, reason: reasonOf(profile, tree) };
}

/** Name of an entry: its operation, or the workload's when it has none. '' = all entries. */
export function entryName(entry: string): string {
  if (entry === '') return 'All entries';
  const { service, operation } = splitStep(entry);
  return shortOperation(operation) || service;
}

/** From which part of its step's time a call path stands for the step. */
const almostAll = 0.8;

function reasonOf({ totalMs, traces, steps }: Profile, tree: FlameTree): string {
  if (traces === 0) return 'No trace is among them.';
  const step = steps.reduce<ProfileStep | undefined>(
    (most, other) => (other.share > (most?.share ?? 0) ? other : most),
    undefined,
  );
  const paths = [...tree.byId.values()]
    .filter(({ service, operation, selfMs }) => service === step?.service && operation === step.operation && selfMs > 0)
    .sort((a, b) => b.selfMs - a.selfMs);
  const [top] = paths;
  if (!step || !top) return 'None of them took any time.';
  const share = roundShare(shareOf(top.selfMs, totalMs));
  if (top.selfMs >= almostAll * step.selfMs)
    return `${share} of the end-to-end time is ${chainText(top)}${ownText(top)}.`;
  const name = `${step.service} ${shortOperation(step.operation)}`.trim();
  return `${roundShare(step.share)} of the end-to-end time is ${name}${ownText(top)}, by ${formatCount(paths.length)} call paths: the largest, ${share}, by ${chainText(top, false)}.`;
}

const mostNames = 4;

/** `frontend → product-api → inventory-db SELECT`: the workloads on the way, each once, the operation of the last. */
export function chainText(node: FlameNode, withOperation = true): string {
  const names: string[] = [];
  for (const { service } of wayTo(node)) if (names.at(-1) !== service) names.push(service);
  const kept = names.length > mostNames ? [...names.slice(0, 1), '…', ...names.slice(1 - mostNames)] : names;
  const way = kept.join(' → ');
  return withOperation ? `${way} ${shortOperation(node.operation)}`.trim() : way;
}

/** What a call path's own time is spent on, as far as its kind tells: '' when it is its own work. */
export function ownText(node: Pick<FlameNode, 'kind' | 'children'>): string {
  if (node.kind !== 'CLIENT') return '';
  return node.children.length > 0 ? ' (network, proxies and queues on the way there)' : ' (waiting for the answer)';
}

/** What stands in a cell: the workload only where it is another one than above. An arrow before what is asked of others. */
export function cellText(node: FlameNode, first: boolean): { readonly service: string; readonly operation: string } {
  const same = !first && node.parent?.service === node.service;
  const operation = shortOperation(node.operation);
  return { service: same ? '' : node.service, operation: node.kind === 'CLIENT' ? `→ ${operation}` : operation };
}

/** A call path to a screen reader: `product-api GET /products: 61 % of the time, 58 % its own; 2 114 traces`. */
export function nodeText(node: FlameNode, wholeMs: number): string {
  const share = (ms: number): string => roundShare(shareOf(ms, wholeMs));
  const name = `${node.service} ${shortOperation(node.operation)}`.trim();
  return `${name}: ${share(node.totalMs)} of the time, ${share(node.selfMs)} its own; ${tracesText(node.traces)}`;
}

/** What a step does to its entry: how much it owns, in how many traces; or that it only ran beside. */
export function stepSentence(step: ProfileStep, profile: Pick<Profile, 'traces' | 'weight'>): string {
  const sampled = profile.weight > 1;
  if (step.traces === 0) return 'It is on no critical path here: it ran beside what decided the time.';
  const where =
    step.traces === profile.traces
      ? `all ${tracesText(step.traces, sampled)}`
      : `${formatCount(step.traces, sampled)} of ${tracesText(profile.traces, sampled)}`;
  return `Owns ${roundShare(step.share)} of the end-to-end time, ${formatMs(step.meanMs)} per trace: on the critical path of ${where}.`;
}

/** What the address says for all entries together; without any entry in it, the one with most time is meant. */
export const allEntries = '*';
