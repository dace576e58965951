/**
 * A graph in the DOT language of Graphviz (https://graphviz.org/doc/info/lang.html): nodes and edges with their numbers as
 * labels, coloured by health, in clusters by namespace or cluster. What it says of an edge is the caller's to choose.
 */
import type { Graph, GraphEdge, GraphNode } from './api.ts';

export interface DotOptions {
  /** What clusters are drawn round. */
  readonly boxes: 'none' | 'namespace' | 'cluster';
  /** Colour of a node's border and an edge's line, `#rrggbb`. */
  readonly nodeColour: (node: GraphNode) => string;
  readonly edgeColour: (edge: GraphEdge) => string;
  /** Lines of text. */
  readonly nodeLabel: (node: GraphNode) => readonly string[];
  readonly edgeLabel: (edge: GraphEdge) => readonly string[];
  /** First lines of the file, as a comment. */
  readonly title: string;
}

/** The graph as DOT text. */
export function toDot(graph: Pick<Graph, 'nodes' | 'edges'>, options: DotOptions): string {
  const maxRate = graph.edges.reduce((most, { rate }) => Math.max(most, rate), 0);
  const lines = [
    ...options.title.split('\n').map((line) => `// ${line.replaceAll('\r', ' ')}`),
    'digraph {',
    '  graph [rankdir=LR, fontname="Inter,Helvetica,sans-serif", fontsize=11, nodesep=0.3, ranksep=0.9]',
    '  node [shape=box, style="rounded", fontname="Inter,Helvetica,sans-serif", fontsize=11]',
    '  edge [fontname="Inter,Helvetica,sans-serif", fontsize=9]',
  ];
  const boxOf = (node: GraphNode) =>
    options.boxes === 'none' || node.cluster + node.namespace === ''
      ? ''
      : options.boxes === 'cluster'
        ? node.cluster
        : `${node.cluster}/${node.namespace}`;
  const boxes = Map.groupBy(graph.nodes, boxOf);
  for (const [box, nodes] of boxes) {
    const inside = nodes.map((node) => nodeLine(node, options));
    if (box === '') {
      lines.push(...inside.map((line) => `  ${line}`));
      continue;
    }
    const first = nodes[0];
    const label = options.boxes === 'cluster' ? first?.cluster : first?.namespace || first?.cluster;
    lines.push(
      `  subgraph ${quote(`cluster ${box}`)} {`,
      `    graph [label=${quote(label ?? '')}, style="rounded", color="#c3c9d4"]`,
      ...inside.map((line) => `    ${line}`),
      '  }',
    );
  }
  for (const edge of graph.edges) lines.push(`  ${edgeLine(edge, maxRate, options)}`);
  return `${[...lines, '}'].join('\n')}\n`;
}

function nodeLine(node: GraphNode, options: DotOptions): string {
  const dashed = node.kind === 'external' || node.kind === 'unknown' ? ', style="rounded,dashed"' : '';
  const shape = node.kind === 'database' ? ', shape=cylinder, style=""' : '';
  return `${quote(node.id)} [label=${label(options.nodeLabel(node))}, color=${quote(options.nodeColour(node))}${dashed}${shape}]`;
}

function edgeLine(edge: GraphEdge, maxRate: number, options: DotOptions): string {
  const colour = quote(options.edgeColour(edge));
  const width = maxRate > 0 ? (0.8 + 3.2 * Math.sqrt(edge.rate / maxRate)).toFixed(1) : '1.0';
  return `${quote(edge.source)} -> ${quote(edge.target)} [label=${label(options.edgeLabel(edge))}, color=${colour}, fontcolor=${colour}, penwidth=${width}]`;
}

/** Lines of a label; DOT reads `\n` in a label as a new line. */
function label(lines: readonly string[]): string {
  return `"${lines
    .filter((line) => line !== '')
    .map(escape)
    .join('\\n')}"`;
}

function quote(text: string): string {
  return `"${escape(text)}"`;
}

/** Only `"` and `\` mean something between quotes; a `\` of ours must not begin an escape of theirs. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll(/[\r\n]+/g, ' ');
}
