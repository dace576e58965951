/**
 * Words for what the map shows: accessible names, pills, and the one sentence each panel opens with. Pure; numbers are
 * formatted by shared/format.ts alone.
 */
import { formatCount, formatMs, formatRate, formatShare } from '#shared/format.ts';
import type { CallError, GraphEdge, GraphNode, SeriesPoint } from '#shared/api.ts';
import { clockText } from '../part/clock.ts';
import type { LabelChoice } from '../labels.ts';
import { byTrouble, edgeHealth, failedShare, isFailure, isSlow, nodeHealth, threshold, type Health } from './health.ts';
import { troubleTime, type TroubleTime } from './trouble.ts';

/**
 * What an edge's pill may say, the fullest first; empty for none. An edge that is not well always says its success rate,
 * even where there is room for nothing else.
 */
export function pillTexts(edge: GraphEdge, choice: LabelChoice): string[] {
  const health = edgeHealth(edge);
  if (health === 'idle') return [];
  const success = formatShare(edge.successRate);
  const chosen = chosenText(edge, choice);
  if (health === 'ok') return chosen === '' ? [] : [chosen];
  return chosen === '' || chosen === success ? [success] : [`${success} · ${chosen}`, success];
}

function chosenText(edge: GraphEdge, choice: LabelChoice): string {
  switch (choice) {
    case 'success':
      return formatShare(edge.successRate);
    case 'rate':
      return formatRate(edge.rate);
    case 'p50':
    case 'p90':
    case 'p99':
      return edge.latencyMs[choice] === null ? '' : formatMs(edge.latencyMs[choice]);
    case 'none':
      return '';
  }
}

/** Accessible name of an edge: `frontend to auth: 41 rps, 99.2 % success, p99 16 ms`. */
export function edgeName(edge: GraphEdge, source: string, target: string): string {
  const parts = [formatRate(edge.rate)];
  if (edge.successRate !== null) parts.push(`${formatShare(edge.successRate)} success`);
  if (edge.latencyMs.p99 !== null) parts.push(`p99 ${formatMs(edge.latencyMs.p99)}`);
  return `${source} to ${target}: ${parts.join(', ')}`;
}

/** Accessible name of a workload: `auth, service in shop: 41 rps, 99.2 % success, p99 16 ms`. */
export function nodeName(node: GraphNode): string {
  const where = node.namespace === '' ? '' : ` in ${node.namespace}`;
  const head = `${node.name}, ${node.kind}${where}`;
  if (node.calls === 0) return head;
  const parts = [formatRate(node.rate)];
  if (node.successRate !== null) parts.push(`${formatShare(node.successRate)} success`);
  if (node.latencyMs.p99 !== null) parts.push(`p99 ${formatMs(node.latencyMs.p99)}`);
  return `${head}: ${parts.join(', ')}`;
}

/** Second line of a card: `shop · v1 90 · v2 10`, the share of calls per version in percent. */
export function cardSubtitle(node: GraphNode): string {
  const named = node.versions.filter(({ version }) => version !== '');
  const total = node.versions.reduce((sum, { calls }) => sum + calls, 0);
  const versions =
    named.length === 1
      ? [named[0]?.version ?? '']
      : [...named]
          .sort((a, b) => b.calls - a.calls)
          .map(({ version, calls }) => (total > 0 ? `${version} ${Math.round((100 * calls) / total)}` : version));
  const kind = node.kind === 'service' ? '' : node.kind;
  return [node.namespace, kind, ...versions].filter((part) => part !== '').join(' · ');
}

/** An error type in short: `503 UF connection refused`. */
export function errorText({ code, flag, reason }: Pick<CallError, 'code' | 'flag' | 'reason'>): string {
  const number = code === '0' || code === '' ? 'no response' : code;
  return [number, flag, reason].filter((part) => part !== '').join(' ');
}

/** A sentence and how grave it is. */
export interface Verdict {
  readonly health: Health;
  readonly text: string;
}

/**
 * What is wrong with an edge, in words: since when, how much, what, and who is to blame.
 * in: the edge, its ends' names, its series when it is known; nowMs and a clock for "since".
 */
export function edgeVerdict(
  edge: GraphEdge,
  ends: { readonly source: string; readonly target: string },
  series: readonly SeriesPoint[] = [],
  clock: (atMs: number) => string = clockText,
): Verdict {
  const health = edgeHealth(edge);
  if (health === 'idle') return { health, text: `No calls from ${ends.source} to ${ends.target} in this window.` };
  const share = failedShare(edge);
  const calls = `${formatCount(edge.calls)} calls`;
  if (share >= threshold.warnFailed) {
    const head = whenFailed(health === 'bad', troubleTime(series), clock);
    return {
      health,
      text: `${head} ${formatShare(share)} of ${calls} ${whatFailed(edge, ends.target)}${retries(edge)}.`,
    };
  }
  if (isSlow(edge)) {
    return {
      health,
      text: `Slow. One call in a hundred takes ${formatMs(edge.latencyMs.p99)} or more; ${whereSlow(edge, ends)}.`,
    };
  }
  const few = edge.failed > 0 ? `${formatCount(edge.failed)} of ${calls} failed` : `All ${calls} succeeded`;
  const p99 = edge.latencyMs.p99 === null ? '' : `, 99 % of them within ${formatMs(edge.latencyMs.p99)}`;
  return { health, text: `${few}${p99}${retries(edge)}.` };
}

/** "never reached reviews: connection refused (UF)" or "failed in reviews: HTTP 500". */
function whatFailed(edge: GraphEdge, target: string): string {
  const errors = edge.errors.filter(isFailure).sort((a, b) => b.count - a.count);
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
  const perCall = edge.calls > 0 ? edge.attempts / edge.calls : 1;
  return perCall > 1.005 ? `; ${formatNumberOfAttempts(perCall)} attempts a call` : '';
}

function formatNumberOfAttempts(perCall: number): string {
  return perCall.toFixed(2);
}

/** Which part of a slow edge is to blame, by its p90s. */
function whereSlow(edge: GraphEdge, ends: { readonly source: string; readonly target: string }): string {
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
  inbound: readonly GraphEdge[],
  outbound: readonly GraphEdge[],
  nameOf: (id: string) => string,
): Verdict {
  const health = nodeHealth(node);
  const failingOut = outbound.filter((edge) => edgeHealth(edge) === 'bad').map(({ target }) => nameOf(target));
  const down = failingOut.length > 0 ? ` Its calls to ${list(failingOut)} fail.` : '';
  if (node.calls === 0) {
    const calls = outbound.reduce((sum, edge) => sum + edge.calls, 0);
    const made =
      calls > 0 ? `Makes ${formatCount(calls)} calls; nothing in the traces calls it.` : 'No calls in this window.';
    return { health: failingOut.length > 0 ? 'bad' : health, text: made + down };
  }
  const calls = `${formatCount(node.calls)} calls`;
  const share = failedShare(node);
  if (share >= threshold.warnFailed) {
    const callers = inbound.filter(({ failed }) => failed > 0).map(({ source }) => nameOf(source));
    const word = health === 'bad' ? 'Failing' : 'Degraded';
    const whom = callers.length > 0 ? `, from ${list(callers)}` : '';
    return { health, text: `${word}: ${formatShare(share)} of ${calls} failed${whom}.${down}` };
  }
  const p99 = node.latencyMs.p99 === null ? '' : `, 99 % of them within ${formatMs(node.latencyMs.p99)}`;
  const good = node.failed > 0 ? `${formatCount(node.failed)} of ${calls} failed` : `All ${calls} succeeded`;
  return { health, text: `${good}${p99}.${down}` };
}

/** The whole mesh in one sentence. */
export function meshVerdict(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  nameOf: (id: string) => string,
): Verdict {
  const bad = edges.filter((edge) => edgeHealth(edge) === 'bad').sort(byTrouble);
  const warn = edges.filter((edge) => edgeHealth(edge) === 'warn');
  const services = nodes.filter(({ kind }) => kind !== 'users' && kind !== 'unknown').length;
  const size = `${services} ${services === 1 ? 'workload' : 'workloads'} and ${edges.length} ${edges.length === 1 ? 'edge' : 'edges'}`;
  const named = (some: readonly GraphEdge[]) =>
    list(some.map(({ source, target }) => `${nameOf(source)} → ${nameOf(target)}`));
  if (bad.length > 0) {
    const also = warn.length > 0 ? ` ${count(warn.length, 'more is', 'more are')} degraded.` : '';
    const verb = bad.every((edge) => failedShare(edge) < threshold.badFailed) ? 'too slow' : 'failing';
    const head = `${count(bad.length, 'edge is', 'edges are')} ${verb}`;
    const deepest = beginnings(bad);
    const where =
      deepest.length < bad.length ? `. It begins at ${named(deepest)}; the others pass it on.` : `: ${named(bad)}.`;
    return { health: 'bad', text: head + where + also };
  }
  if (warn.length > 0)
    return {
      health: 'warn',
      text: `${count(warn.length, 'edge is', 'edges are')} degraded: ${named(warn)}. Nothing is failing.`,
    };
  if (edges.every(({ calls }) => calls === 0))
    return { health: 'idle', text: `${size} known, no calls in this window.` };
  return { health: 'ok', text: `All is well: ${size}, nothing failing, nothing slow.` };
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
