/** What of the graph the palette can go to: workloads and edges, the worst first, each with the words it is found by. */
import type { Graph } from '#shared/api.ts';
import { formatRate, formatShare } from '#shared/format.ts';
import { byTrouble, edgeHealth, nodeHealth, type Health } from '../map/health.ts';

export interface Thing {
  readonly type: 'node' | 'edge';
  readonly id: string;
  readonly text: string;
  /** Second line: where it is and how it does. */
  readonly detail: string;
  readonly health: Health;
}

/** Workloads, then edges; within each the failing ones first. */
export function toThings(graph: Graph): Thing[] {
  const nameOf = new Map(graph.nodes.map(({ id, name }) => [id, name]));
  const rank: Readonly<Record<Health, number>> = { bad: 0, warn: 1, ok: 2, idle: 3 };
  const nodes = graph.nodes
    .map((node): Thing => {
      const health = nodeHealth(node, graph.thresholds);
      const place = [node.namespace, node.kind === 'service' ? '' : node.kind].filter(Boolean).join(' · ');
      return { type: 'node', id: node.id, text: node.name, detail: withState(place, node, health), health };
    })
    .sort((a, b) => rank[a.health] - rank[b.health] || a.text.localeCompare(b.text));
  const edges = graph.edges.toSorted(byTrouble(graph.thresholds)).map((edge): Thing => {
    const health = edgeHealth(edge, graph.thresholds);
    const ends = `${nameOf.get(edge.source) ?? edge.source} → ${nameOf.get(edge.target) ?? edge.target}`;
    return { type: 'edge', id: edge.id, text: ends, detail: withState(formatRate(edge.rate), edge, health), health };
  });
  return [...nodes, ...edges];
}

function withState(place: string, { successRate }: { readonly successRate: number | null }, health: Health): string {
  const state = health === 'warn' ? 'degraded' : health === 'bad' ? 'failing' : '';
  const share = state === '' ? '' : `${state}, ${formatShare(successRate)} success`;
  return [place, share].filter(Boolean).join(' · ');
}
