/** What find and hide leave of a graph, and what they say about it. Hide wins: what is hidden is not found. Pure. */
import type { Graph } from '#shared/api.ts';
import type { LabelChoice } from '../labels.ts';
import { parseTraceId } from '../part/trace-id.ts';
import { foundIds, hideFrom, matchFind, parseFind, type Matches } from '#shared/find.ts';

export interface Filtered {
  /** Without what is hidden; the same object when nothing is. */
  readonly graph: Graph;
  /** Ids of what is found, ends of found edges included; undefined when nothing is asked, or nothing found. */
  readonly found: ReadonlySet<string> | undefined;
}

/** in: the graph as answered, the two texts of the address. A text that cannot be read counts as empty. */
export function applyFilters(graph: Graph, find: string, hide: string): Filtered {
  const hidden = matchesOf(hide, graph);
  const left = hidden ? hideFrom(graph, hidden) : graph;
  const matches = matchesOf(find, graph);
  if (!matches) return { graph: left, found: undefined };
  const found = foundIds(within(matches, left), left);
  return { graph: left, found: found.size > 0 ? found : undefined };
}

/** Matches of a text by the whole graph; undefined for an empty text, and for one that cannot be read. */
export function matchesOf(text: string, graph: Graph): Matches | undefined {
  if (text.trim() === '') return undefined;
  const parsed = parseFind(text);
  return parsed.ok ? matchFind(parsed.expression, graph) : undefined;
}

/** The matches that are still on the map. */
export function within({ nodes, edges }: Matches, left: Graph): Matches {
  return {
    nodes: new Set(left.nodes.map(({ id }) => id).filter((id) => nodes.has(id))),
    edges: new Set(left.edges.map(({ id }) => id).filter((id) => edges.has(id))),
  };
}

/** How much a box's text is about: what is found and still to be seen, or what is gone from the map. */
export interface Counts {
  readonly nodes: number;
  readonly edges: number;
}

/** out: undefined for an empty text, and for one that cannot be read. */
export function countsOf(what: 'find' | 'hide', graph: Graph, find: string, hide: string): Counts | undefined {
  const matches = matchesOf(what === 'find' ? find : hide, graph);
  if (!matches) return undefined;
  if (what === 'hide') {
    const left = hideFrom(graph, matches);
    return { nodes: graph.nodes.length - left.nodes.length, edges: graph.edges.length - left.edges.length };
  }
  const hidden = matchesOf(hide, graph);
  const seen = hidden ? within(matches, hideFrom(graph, hidden)) : matches;
  return { nodes: seen.nodes.size, edges: seen.edges.size };
}

/** `7 workloads, 12 edges found`, `nothing to hide`. */
export function countSentence(what: 'find' | 'hide', { nodes, edges }: Counts): string {
  const counted = (n: number, one: string): string[] => (n === 0 ? [] : [`${n} ${n === 1 ? one : `${one}s`}`]);
  const words = [...counted(nodes, 'workload'), ...counted(edges, 'edge')].join(', ');
  if (words === '') return what === 'find' ? 'nothing found' : 'nothing to hide';
  return `${words} ${what === 'find' ? 'found' : 'hidden'}`;
}

/** Who looks for latency wants to read it: the label that edges should say then, if they do not say one already. */
export function labelFor(find: string, label: LabelChoice): { readonly label?: LabelChoice } {
  const found = parseFind(find);
  if (!found.ok || !found.uses.latency || label === 'p50' || label === 'p90' || label === 'p99') return {};
  const asked = /\bp(?:50|99)\b/i.exec(find)?.[0].toLowerCase();
  return { label: asked === 'p50' || asked === 'p99' ? asked : 'p90' };
}

/** The trace ID that a text is, however it was copied. */
export function traceIdIn(text: string): string | undefined {
  const parsed = parseTraceId(text);
  return 'id' in parsed ? parsed.id : undefined;
}
