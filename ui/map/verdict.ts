/**
 * The one sentence each panel opens with: what is wrong, since when, for whom, and what the evidence is. Pure; numbers are
 * formatted by shared/format.ts alone.
 */
import { formatCount, formatMs, formatShare } from '#shared/format.ts';
import type {
  Comparison,
  EdgeDetail,
  Graph,
  GraphEdge,
  GraphNode,
  Latency,
  SeriesPoint,
  Thresholds,
} from '#shared/api.ts';
import { clockText } from '../part/clock.ts';
import {
  byTrouble,
  callsHealth,
  edgeHealth,
  failedShare,
  isSlow,
  isTrusted,
  nodeHealth,
  percentiles,
  type Health,
} from './health.ts';
import { isFirst } from './panel/changes.ts';
import { isEntry } from './scene.ts';
import { troubleTime, type TroubleTime } from './trouble.ts';
import { attemptsText, errorText } from './words.ts';

/** A sentence and how grave it is. */
export interface Verdict {
  readonly health: Health;
  readonly text: string;
}

interface Ends {
  readonly source: string;
  readonly target: string;
}

/** What more is known than the sums: the series says since when, the versions for whom. */
interface Evidence {
  readonly series?: readonly SeriesPoint[];
  readonly versions?: EdgeDetail['versions'];
  readonly clock?: (atMs: number) => string;
}

/** What is wrong with an edge, in words: since when, how much, what, and who is to blame. in: the names of its ends. */
export function edgeVerdict(
  edge: GraphEdge,
  ends: Ends,
  limits: Thresholds,
  { series = [], versions = [], clock = clockText }: Evidence = {},
): Verdict {
  const health = edgeHealth(edge, limits);
  if (health === 'idle') return { health, text: `No calls from ${ends.source} to ${ends.target} in this time.` };
  const calls = `${formatCount(edge.calls, edge.weight > 1)} calls`;
  const failing = callsHealth(edge, limits);
  if (failing !== 'ok') {
    const head = whenFailed(failing === 'bad', troubleTime(series, limits), clock);
    const what = `${formatShare(failedShare(edge))} of ${calls} ${whatFailed(edge, ends.target)}`;
    return { health, text: `${head} ${what}${retries(edge)}.${whichVersion(versions)}` };
  }
  if (isSlow(edge, limits)) return { health, text: `Slow. ${howSlow(edge, limits)}; ${whereSlow(edge, ends)}.` };
  return { health, text: `${howMany(edge, edge.weight > 1)}${within(edge.latencyMs)}${retries(edge)}.` };
}

/** "never reached reviews: connection refused (UF)" or "failed in reviews: HTTP 500". */
function whatFailed(edge: GraphEdge, target: string): string {
  const errors = edge.errors.filter(({ failed }) => failed).sort((a, b) => b.count - a.count);
  const total = errors.reduce((sum, { count }) => sum + count, 0);
  const [worst] = errors;
  if (!worst || total === 0) return `to ${target} failed`;
  const byProxy = errors.reduce((sum, { origin, count }) => sum + (origin === 'proxy' ? count : 0), 0) / total;
  const words = worst.reason === '' ? errorText(worst) : worst.reason;
  const code = worst.code === '0' ? '' : worst.code;
  const sign = [code, worst.flag].filter((part) => part !== '' && !words.includes(part)).join(' ');
  const what = sign === '' ? words : `${words} (${sign})`;
  const cause = worst.count / total > 0.95 || errors.length === 1 ? `: ${what}` : `, mostly ${what}`;
  if (byProxy > 0.95) return `never reached ${target}${cause}`;
  if (byProxy < 0.05) return `failed in ${target}${cause}`;
  return `failed, ${formatShare(Math.round(byProxy * 100) / 100)} of them before ${target} answered${cause}`;
}

function retries(edge: GraphEdge): string {
  return edge.attempts > 1.005 * edge.calls ? `; ${attemptsText(edge)} attempts a call` : '';
}

/** The callee's version that fails when the others do not. */
function whichVersion(versions: EdgeDetail['versions']): string {
  const byVersion = new Map<string, { calls: number; failed: number }>();
  for (const { targetVersion, calls, failed } of versions) {
    const sum = byVersion.get(targetVersion) ?? { calls: 0, failed: 0 };
    byVersion.set(targetVersion, { calls: sum.calls + calls, failed: sum.failed + failed });
  }
  const named = [...byVersion].filter(([version]) => version !== '');
  const failed = [...byVersion.values()].reduce((sum, version) => sum + version.failed, 0);
  const guilty = named.find(([, version]) => failed > 0 && version.failed > 0.95 * failed);
  return guilty && named.length > 1 ? ` Only version ${guilty[0]} fails.` : '';
}

/** "All 6 030 calls succeeded", "2 of 6 030 calls failed". */
function howMany({ calls, failed }: { readonly calls: number; readonly failed: number }, sampled: boolean): string {
  const all = `${formatCount(calls, sampled)} ${calls === 1 ? 'call' : 'calls'}`;
  if (failed > 0) return `${formatCount(failed, sampled)} of ${all} failed`;
  return calls === 1 ? 'The one call succeeded' : `All ${all} succeeded`;
}

/** ", 99 % of them within 16 ms", by the highest percentile that enough calls stand behind. */
function within(latency: Latency): string {
  const name = percentiles.findLast((percentile) => latency[percentile] !== null && isTrusted(latency, percentile));
  return name === undefined ? '' : `, ${name.slice(1)} % of them within ${formatMs(latency[name])}`;
}

/** "One call in a hundred takes 612 ms or more", by the lowest percentile over the limit. */
function howSlow({ latencyMs }: GraphEdge, { badP99Ms }: Thresholds): string {
  const over = percentiles.find((name) => isTrusted(latencyMs, name) && (latencyMs[name] ?? 0) > badP99Ms) ?? 'p99';
  const words = { p50: 'Every second call', p90: 'One call in ten', p99: 'One call in a hundred' } as const;
  return `${words[over]} takes ${formatMs(latencyMs[over])} or more`;
}

/** Which part of a slow edge is to blame, by its p90s. */
function whereSlow(edge: GraphEdge, ends: Ends): string {
  const server = edge.serverLatencyMs.p90;
  const network = edge.networkMs.p90;
  if (server === null || network === null) return `${ends.target} sends no spans of its own, so where is not known`;
  return network > server
    ? `most of it on the way, in network and proxies (p90 ${formatMs(network)})`
    : `most of it in ${ends.target} (p90 ${formatMs(server)})`;
}

function whenFailed(bad: boolean, { since, until }: TroubleTime, clock: (atMs: number) => string): string {
  if (until !== undefined) {
    const word = bad ? 'Failed' : 'Degraded';
    if (since !== undefined && clock(since) === clock(until)) return `${word} at ${clock(since)}, well since.`;
    return since === undefined
      ? `${word} until ${clock(until)}, well since.`
      : `${word} from ${clock(since)} to ${clock(until)}, well since.`;
  }
  const word = bad ? 'Failing' : 'Degraded';
  return since === undefined ? `${word}.` : `${word} since ${clock(since)}.`;
}

/** How a workload does, in words. in: the node with the edges that end and start at it. */
export function nodeVerdict(
  node: GraphNode,
  { inbound, outbound }: { readonly inbound: readonly GraphEdge[]; readonly outbound: readonly GraphEdge[] },
  nameOf: (id: string) => string,
  limits: Thresholds,
  { series = [], clock = clockText }: Omit<Evidence, 'versions'> = {},
): Verdict {
  const health = nodeHealth(node, limits);
  const failingOut = outbound.filter((edge) => callsHealth(edge, limits) === 'bad').map(({ target }) => nameOf(target));
  const down = failingOut.length > 0 ? ` Its calls to ${list(failingOut)} fail.` : '';
  const sampled = [...inbound, ...outbound].some(({ weight }) => weight > 1);
  if (node.calls === 0) {
    const calls = outbound.reduce((sum, edge) => sum + edge.calls, 0);
    const made =
      calls > 0
        ? `Makes ${formatCount(calls, sampled)} calls; nothing in the traces calls it.`
        : 'No calls in this time.';
    return { health: failingOut.length > 0 ? 'bad' : health, text: made + down };
  }
  if (health === 'warn' || health === 'bad') {
    const callers = inbound.filter((edge) => callsHealth(edge, limits) !== 'ok').map(({ source }) => nameOf(source));
    const whom = callers.length > 0 ? `, those of ${list(callers)}` : '';
    const share = `${formatShare(failedShare(node))} of ${formatCount(node.calls, sampled)} calls failed`;
    return {
      health,
      text: `${whenFailed(health === 'bad', troubleTime(series, limits), clock)} ${share}${whom}.${down}`,
    };
  }
  const slow = inbound.filter((edge) => isSlow(edge, limits)).map(({ source }) => nameOf(source));
  const waits = slow.length > 0 ? ` Too slow for ${list(slow)}.` : '';
  return { health, text: `${howMany(node, sampled)}${within(node.latencyMs)}.${waits}${down}` };
}

/**
 * The whole mesh in one sentence: what fails, where it begins, whether it is new, and what the users get of it.
 * in: before, the same edges against the time before, once it is known.
 */
export function meshVerdict(graph: Graph, before?: Comparison, clock = clockText): Verdict {
  const { nodes, edges, thresholds: limits } = graph;
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  const named = (some: readonly GraphEdge[]) =>
    list(some.map(({ source, target }) => `${names.get(source) ?? source} → ${names.get(target) ?? target}`));
  const ofHealth = (health: Health) => edges.filter((edge) => edgeHealth(edge, limits) === health);
  const bad = ofHealth('bad').sort(byTrouble(limits));
  const warn = ofHealth('warn');
  const services = nodes.filter((node) => !isEntry(node)).length;
  const size = `${services} ${services === 1 ? 'workload' : 'workloads'} and ${edges.length} ${edges.length === 1 ? 'edge' : 'edges'}`;
  if (bad.length > 0) {
    const also = warn.length > 0 ? ` ${count(warn.length, 'more is', 'more are')} degraded.` : '';
    const verb = bad.every((edge) => callsHealth(edge, limits) !== 'bad') ? 'too slow' : 'failing';
    const head = `${count(bad.length, 'edge is', 'edges are')} ${verb}`;
    const deepest = beginnings(bad);
    const where =
      deepest.length < bad.length ? `. It begins at ${named(deepest)}; the others pass it on.` : `: ${named(bad)}.`;
    return { health: 'bad', text: head + where + whenBegan(deepest, before, clock) + also + whatUsersGet(graph) };
  }
  if (warn.length > 0)
    return {
      health: 'warn',
      text: `${count(warn.length, 'edge is', 'edges are')} degraded: ${named(warn)}. Nothing is failing.`,
    };
  if (edges.every(({ calls }) => calls === 0))
    return { health: 'idle', text: `${edges.length === 0 ? 'No' : `${size} known, no`} calls in this time.` };
  return { health: 'ok', text: `All is well: ${size}, nothing failing, nothing slow.` };
}

/** Whether the trouble came in this time or was there before. */
function whenBegan(
  deepest: readonly GraphEdge[],
  before: Comparison | undefined,
  clock: (atMs: number) => string,
): string {
  if (!before || isFirst(before)) return '';
  const changes = new Map(before.edges.map(({ id, change }) => [id, change]));
  const fresh = deepest.filter(({ id }) => ['failing', 'new', 'slower'].includes(changes.get(id) ?? ''));
  const start = clock(before.b.from);
  if (fresh.length === 0) return deepest.some(({ id }) => changes.has(id)) ? ` It was so before ${start}, too.` : '';
  return fresh.length === deepest.length ? ` It began after ${start}.` : ` Some of it began after ${start}.`;
}

/** What of the trouble comes through to those outside the mesh. */
function whatUsersGet({ nodes, edges, thresholds: limits }: Graph): string {
  const outside = new Set(nodes.filter(isEntry).map(({ id }) => id));
  const sum = { calls: 0, failed: 0 };
  for (const { source, calls, failed } of edges) {
    if (!outside.has(source)) continue;
    sum.calls += calls;
    sum.failed += failed;
  }
  if (sum.calls === 0) return '';
  return callsHealth(sum, limits) === 'ok'
    ? ' Requests from outside are still answered.'
    : ` Of the requests from outside ${formatShare(failedShare(sum))} fail.`;
}

/** Of failing edges those whose callee is not failed in turn: where the trouble begins. */
export function beginnings(bad: readonly GraphEdge[]): GraphEdge[] {
  const failedCallers = new Set(bad.map(({ source }) => source));
  const deepest = bad.filter(({ target }) => !failedCallers.has(target));
  return deepest.length > 0 ? deepest : [...bad];
}

const numberWords = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine'];

/** "One edge is", "Two edges are", "14 edges are": starts a sentence. */
function count(n: number, one: string, many: string): string {
  return `${numberWords[n] ?? formatCount(n)} ${n === 1 ? one : many}`;
}

/** "a, b and c", the rest as a number. */
function list(names: readonly string[], most = 3): string {
  const distinct = [...new Set(names)];
  const shown = distinct.slice(0, most);
  if (distinct.length > most) return `${shown.join(', ')} and ${distinct.length - most} more`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : (shown[0] ?? '');
}
