/**
 * What the words of the find language read off a graph: a number, texts or a yes, of a workload or of an edge. Health goes by the
 * rules and thresholds that colour the map.
 */
import type { Graph, GraphEdge, GraphNode, Thresholds } from './api.ts';

/** A number is null when there is no activity to measure. Texts: any of them may match. */
export type Fact = number | null | boolean | readonly string[];

export interface Reader {
  readonly node?: (node: GraphNode, facts: Facts) => Fact;
  readonly edge?: (edge: GraphEdge, facts: Facts) => Fact;
}

/** What takes more than the thing itself to know; made once a match. */
export interface Facts {
  readonly limits: Thresholds;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly inbound: (id: string) => readonly GraphEdge[];
  readonly outbound: (id: string) => readonly GraphEdge[];
  /** Ranks from 1, by edges in, then by rate. */
  readonly rank: (id: string) => number;
  /** Sums made so far: a hub is summed once, not once an edge. */
  readonly sums: Map<string, number | null>;
}

const none: readonly GraphEdge[] = [];

export function factsOf(graph: Graph): Facts {
  const inbound = new Map<string, GraphEdge[]>();
  const outbound = new Map<string, GraphEdge[]>();
  const join = (map: Map<string, GraphEdge[]>, id: string, edge: GraphEdge): void => {
    const list = map.get(id);
    if (list) list.push(edge);
    else map.set(id, [edge]);
  };
  for (const edge of graph.edges) {
    join(inbound, edge.target, edge);
    join(outbound, edge.source, edge);
  }
  let ranks: Map<string, number> | undefined;
  return {
    limits: graph.thresholds,
    nodes: new Map(graph.nodes.map((node) => [node.id, node])),
    inbound: (id) => inbound.get(id) ?? none,
    outbound: (id) => outbound.get(id) ?? none,
    rank: (id) => (ranks ??= ranksOf(graph.nodes, inbound)).get(id) ?? mostRank,
    sums: new Map(),
  };
}

const mostRank = 100;

/** Equals share a rank. */
function ranksOf(nodes: readonly GraphNode[], inbound: ReadonlyMap<string, readonly GraphEdge[]>): Map<string, number> {
  const edgesIn = (node: GraphNode): number => inbound.get(node.id)?.length ?? 0;
  const sorted = [...nodes].sort((a, b) => edgesIn(b) - edgesIn(a) || b.rate - a.rate);
  const ranks = new Map<string, number>();
  let rank = 0;
  let before: GraphNode | undefined;
  for (const node of sorted) {
    if (before === undefined || edgesIn(before) !== edgesIn(node) || before.rate !== node.rate) rank++;
    ranks.set(node.id, Math.min(rank, mostRank));
    before = node;
  }
  return ranks;
}

const percentiles = [
  ['p50', 5],
  ['p90', 20],
  ['p99', 100],
] as const;

/** A percentile that enough calls stand behind lies over the limit. */
function isSlow({ latencyMs }: GraphEdge, { badP99Ms }: Thresholds): boolean {
  return percentiles.some(([name, least]) => latencyMs.n >= least && (latencyMs[name] ?? 0) > badP99Ms);
}

const failedAtLeast = ({ calls, failed }: { calls: number; failed: number }, share: number): boolean =>
  calls > 0 && failed > 0 && failed / calls >= share;

const edgeFails = (edge: GraphEdge, limits: Thresholds): boolean =>
  edge.calls > 0 && (failedAtLeast(edge, limits.badFailed) || isSlow(edge, limits));
const edgeUnwell = (edge: GraphEdge, limits: Thresholds): boolean =>
  edgeFails(edge, limits) || failedAtLeast(edge, limits.warnFailed);

const around = (node: GraphNode, facts: Facts): readonly GraphEdge[] =>
  facts.inbound(node.id).concat(facts.outbound(node.id));
const moves = (node: GraphNode, facts: Facts): boolean =>
  node.calls > 0 || around(node, facts).some(({ calls }) => calls > 0);

/** Whether something at a workload is red or amber: its own calls, or an edge in or out. Kiali's health counts both ways too. */
export function isUnwell(node: GraphNode, facts: Facts): boolean {
  const { limits } = facts;
  return failedAtLeast(node, limits.warnFailed) || around(node, facts).some((edge) => edgeUnwell(edge, limits));
}

/** A database, a queue or a host outside has no spans of its own either, and is drawn so. */
function isDark(node: GraphNode, facts: Facts): boolean {
  if (node.kind === 'database' || node.kind === 'external' || node.kind === 'messaging') return true;
  const inbound = facts.inbound(node.id);
  return inbound.some(({ calls }) => calls > 0) && inbound.every(({ serverLatencyMs }) => serverLatencyMs.n === 0);
}

const percent = (part: number, whole: number): number | null => (whole > 0 ? (100 * part) / whole : null);
const share = (value: number | null): number | null => (value === null ? null : 100 * value);
const bytes = ({ bytesPerSecond }: GraphEdge): number => bytesPerSecond.request + bytesPerSecond.response;

type Family = 'http' | 'grpc' | 'tcp' | '';
/** Databases, queues and the like travel over TCP; an unknown protocol is of no family. */
function familyOf({ protocol }: GraphEdge): Family {
  return protocol === 'http' || protocol === 'grpc' || protocol === '' ? protocol : 'tcp';
}

const trafficOf = (edge: GraphEdge, family: Family): number | null =>
  edge.calls === 0 || familyOf(edge) !== family ? null : family === 'tcp' ? bytes(edge) : edge.rate;

/** Traffic of a family into or out of a workload; null without any. */
function sumOf(id: string, way: 'inbound' | 'outbound', family: Family, facts: Facts): number | null {
  const key = `${way} ${family} ${id}`;
  let sum = facts.sums.get(key);
  if (sum !== undefined) return sum;
  sum = null;
  for (const edge of facts[way](id)) {
    const traffic = trafficOf(edge, family);
    if (traffic !== null) sum = (sum ?? 0) + traffic;
  }
  facts.sums.set(key, sum);
  return sum;
}

const inOut = (family: Family, way: 'inbound' | 'outbound'): Reader => ({
  node: (node, facts) => sumOf(node.id, way, family, facts),
});
const failedOf = (family: Family): Reader => ({
  edge: (edge) => (familyOf(edge) === family ? percent(edge.failed, edge.calls) : null),
});
const partOf = (family: Family): Reader => ({
  edge: (edge, facts) => {
    const traffic = trafficOf(edge, family);
    return traffic === null ? null : percent(traffic, sumOf(edge.source, 'outbound', family, facts) ?? 0);
  },
});
const flagged = (flags: readonly string[]): Reader => ({
  node: (node, facts) =>
    facts
      .inbound(node.id)
      .some(({ errors }) => errors.some(({ flag }) => flag.split(',').some((one) => flags.includes(one)))),
});
const ofKind = (kind: GraphNode['kind']): Reader => ({ node: (node) => node.kind === kind });

/** Principals are written 'source -> target', `?` for a side that is not told. */
const principals = (side: 0 | 1): Reader => ({
  edge: ({ mtls }) =>
    (mtls?.principals ?? [])
      .map((pair) => pair.split(' -> ')[side] ?? '')
      .filter((name) => name !== '' && name !== '?'),
});

const nodeName: Reader = { node: ({ name }) => [name] };
const dark: Reader = { node: isDark };
const p90: Reader = { edge: ({ latencyMs }) => latencyMs.p90 };

/** How each operand is read, by its name. One that spans cannot tell has none. */
export const readers: Readonly<Record<string, Reader>> = {
  name: nodeName,
  workload: nodeName,
  service: nodeName,
  app: nodeName,
  namespace: { node: ({ namespace }) => [namespace] },
  cluster: { node: ({ cluster }) => [cluster] },
  version: { node: ({ versions }) => versions.map(({ version }) => version) },
  node: { node: ({ kind }) => [kind] },
  rank: { node: ({ id }, facts) => facts.rank(id) },
  httpin: inOut('http', 'inbound'),
  httpout: inOut('http', 'outbound'),
  grpcin: inOut('grpc', 'inbound'),
  grpcout: inOut('grpc', 'outbound'),
  tcpin: inOut('tcp', 'inbound'),
  tcpout: inOut('tcp', 'outbound'),

  failing: {
    node: (node, { limits }) => failedAtLeast(node, limits.badFailed),
    edge: (edge, { limits }) => edgeFails(edge, limits),
  },
  degraded: {
    node: (node, { limits }) => failedAtLeast(node, limits.warnFailed) && !failedAtLeast(node, limits.badFailed),
    edge: (edge, { limits }) => edgeUnwell(edge, limits) && !edgeFails(edge, limits),
  },
  slow: {
    node: (node, { limits, inbound }) => inbound(node.id).some((edge) => edge.calls > 0 && isSlow(edge, limits)),
    edge: (edge, { limits }) => edge.calls > 0 && isSlow(edge, limits),
  },
  healthy: { node: (node, facts) => moves(node, facts) && !isUnwell(node, facts) },
  idle: { node: (node, facts) => !moves(node, facts) },
  isolated: { node: (node, facts) => around(node, facts).length === 0 },
  entry: {
    node: ({ id }, { inbound, nodes }) =>
      inbound(id).some(({ source }) => ['users', 'unknown'].includes(nodes.get(source)?.kind ?? '')),
  },
  trafficsource: { node: ({ id }, { inbound, outbound }) => inbound(id).length === 0 && outbound(id).length > 0 },
  outside: ofKind('external'),
  dark,
  outofmesh: dark,
  database: ofKind('database'),
  messaging: ofKind('messaging'),
  circuitbreaker: flagged(['UO']),
  faultinjection: flagged(['FI', 'DI']),
  provisional: { node: ({ provisional }) => provisional > 0, edge: ({ provisional }) => provisional > 0 },
  sampled: {
    node: (node, facts) => around(node, facts).some(({ weight }) => weight > 1),
    edge: ({ weight }) => weight > 1,
  },

  responsetime: p90,
  p50: { edge: ({ latencyMs }) => latencyMs.p50 },
  p90,
  p99: { edge: ({ latencyMs }) => latencyMs.p99 },
  errors: { edge: ({ failed, calls }) => percent(failed, calls) },
  success: { edge: ({ successRate }) => share(successRate) },
  clienterrors: { edge: ({ clientErrors, calls }) => percent(clientErrors, calls) },
  error: {
    edge: ({ errors }) =>
      errors.flatMap(({ code, flag, reason }) => [code, ...flag.split(','), reason].filter(Boolean)),
  },
  rate: { edge: ({ calls, rate }) => (calls > 0 ? rate : null) },
  traffic: { edge: ({ calls, rate }) => (calls > 0 ? rate : null) },
  attempts: { edge: ({ attempts, calls }) => (calls > 0 ? attempts / calls : null) },
  network: { edge: ({ networkShare }) => share(networkShare) },
  networktime: { edge: ({ networkMs }) => networkMs.p90 },
  critical: {
    node: ({ criticalShare }) => share(criticalShare),
    edge: ({ criticalShare }) => share(criticalShare),
  },
  protocol: { edge: ({ protocol }) => [protocol] },
  http: { edge: (edge) => trafficOf(edge, 'http') },
  '%httperr': failedOf('http'),
  '%httptraffic': partOf('http'),
  grpc: { edge: (edge) => trafficOf(edge, 'grpc') },
  '%grpcerr': failedOf('grpc'),
  '%grpctraffic': partOf('grpc'),
  tcp: { edge: (edge) => trafficOf(edge, 'tcp') },
  throughput: { edge: (edge) => (edge.calls > 0 ? bytes(edge) : null) },
  mtls: { edge: ({ mtls, calls }) => (calls > 0 ? 100 * (mtls?.share ?? 0) : null) },
  sourceprincipal: principals(0),
  destprincipal: principals(1),
  source: { edge: ({ source }, { nodes }) => [nodes.get(source)?.name ?? ''] },
  target: { edge: ({ target }, { nodes }) => [nodes.get(target)?.name ?? ''] },
};
