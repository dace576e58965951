/**
 * Words for what the map shows: pills, accessible names, second lines, error types. Pure; numbers are formatted by
 * shared/format.ts alone. The sentences of the panels are in verdict.ts.
 */
import { formatMs, formatRate, formatShare } from '#shared/format.ts';
import type { CallError, GraphEdge, GraphNode, Thresholds } from '#shared/api.ts';
import type { LabelChoice } from '../labels.ts';
import { callsHealth, edgeHealth, failedShare } from './health.ts';

/**
 * What an edge's pill may say, the fullest first; empty for none. An edge that is not well always says how: its success
 * rate (or its share of failures when that is the label), a slow one its p99, even where there is room for nothing else.
 */
export function pillTexts(edge: GraphEdge, choice: LabelChoice, limits: Thresholds): string[] {
  const health = edgeHealth(edge, limits);
  if (health === 'idle') return [];
  const chosen = chosenText(edge, choice);
  if (health === 'ok') return chosen === '' ? [] : [chosen];
  const slowOnly = callsHealth(edge, limits) === 'ok';
  if (slowOnly) {
    const p99 = formatMs(edge.latencyMs.p99);
    return choice === 'p99' || chosen === '' ? [`p99 ${p99}`, p99] : [`p99 ${p99} · ${chosen}`, `p99 ${p99}`, p99];
  }
  if (choice === 'errors') return [`${chosen} failed`, chosen];
  const success = formatShare(edge.successRate);
  return chosen === '' || chosen === success ? [success] : [`${success} · ${chosen}`, success];
}

/** What the label asks for; empty where the edge has nothing to say to it. */
function chosenText(edge: GraphEdge, choice: LabelChoice): string {
  switch (choice) {
    case 'success':
      return formatShare(edge.successRate);
    case 'errors':
      return formatShare(failedShare(edge));
    case 'rate':
      return formatRate(edge.rate);
    case 'p50':
    case 'p90':
    case 'p99':
      return edge.latencyMs[choice] === null ? '' : formatMs(edge.latencyMs[choice]);
    case 'network':
      return edge.networkShare === null ? '' : formatShare(edge.networkShare);
    case 'critical':
      return edge.criticalShare === null || edge.criticalShare === 0 ? '' : formatShare(edge.criticalShare);
    case 'attempts':
      return `${attemptsText(edge)}\u202f×`;
    case 'none':
      return '';
  }
}

/** A text whose numbers stay on one line with their units. */
export function unbroken(text: string): string {
  return text.replaceAll(/(\d) (?=%|(?:ns|µs|ms|s|min|h|d|rps)\b)/g, '$1\u00a0');
}

/** Requests sent for each call: `1.07`; `–` without calls. */
export function attemptsText({ calls, attempts }: Pick<GraphEdge, 'calls' | 'attempts'>): string {
  return calls > 0 ? (attempts / calls).toFixed(2) : '–';
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
