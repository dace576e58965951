/**
 * Which workloads and edges of a graph a find expression matches, and the graph without them. A criterion of workloads matches
 * workloads, one of edges edges; OR adds. In an AND of both it is edges that match: there a workload's criterion holds when
 * either end meets it (turned round: when neither does). One pass over the graph.
 */
import type { Graph, GraphEdge, GraphNode } from './api.ts';
import { factsOf, isUnwell, readers, type Fact, type Facts } from './find-facts.ts';
import type { Operand } from './find-operands.ts';
import type { CompareOp } from './find-tokens.ts';
import type { Criterion, FindExpression, Test } from './find.ts';

export interface Matches {
  /** Ids. */
  readonly nodes: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
}

/**
 * An expression made ready. node: matches as a workload. edge: matches as an edge. holds: is true of an edge, whether by itself
 * or by its ends. `node` and `edge` are false where `holds` alone would make the wrong thing match.
 */
interface Ready {
  readonly node: (node: GraphNode) => boolean;
  readonly edge: (edge: GraphEdge) => boolean;
  readonly holds: (edge: GraphEdge) => boolean;
}

const never = (): boolean => false;

/** Matches by id. in: an expression of parseFind. */
export function matchFind(expression: FindExpression, graph: Graph): Matches {
  const ready = toReady(expression, factsOf(graph));
  const nodes = new Set<string>();
  const edges = new Set<string>();
  for (const node of graph.nodes) if (ready.node(node)) nodes.add(node.id);
  for (const edge of graph.edges) if (ready.edge(edge)) edges.add(edge.id);
  return { nodes, edges };
}

/** What to show at full strength: what matches, and both ends of the edges that do. */
export function foundIds({ nodes, edges }: Matches, graph: Graph): Set<string> {
  const found = new Set([...nodes, ...edges]);
  for (const { id, source, target } of graph.edges) if (edges.has(id)) found.add(source).add(target);
  return found;
}

/**
 * The graph without what matches. A hidden workload takes its edges along; a workload whose every edge matches goes too, but one
 * that never had any stays. Numbers stay those of the whole.
 */
export function hideFrom(graph: Graph, { nodes, edges }: Matches): Graph {
  if (nodes.size === 0 && edges.size === 0) return graph;
  const left = new Set<string>();
  const had = new Set<string>();
  for (const { id, source, target } of graph.edges) {
    had.add(source).add(target);
    if (!edges.has(id)) left.add(source).add(target);
  }
  const kept = graph.nodes.filter(({ id }) => !nodes.has(id) && (left.has(id) || !had.has(id)));
  const keptIds = new Set(kept.map(({ id }) => id));
  return {
    ...graph,
    nodes: kept,
    edges: graph.edges.filter(({ id, source, target }) => !edges.has(id) && keptIds.has(source) && keptIds.has(target)),
  };
}

function toReady(expression: FindExpression, facts: Facts): Ready {
  if (expression.kind === 'criterion') return toLeaf(expression, facts);
  const parts = expression.parts.map((part) => toReady(part, facts));
  if (expression.kind === 'any')
    return {
      node: (node) => parts.some((part) => part.node(node)),
      edge: (edge) => parts.some((part) => part.edge(edge)),
      holds: (edge) => parts.some((part) => part.holds(edge)),
    };
  return {
    node: (node) => parts.every((part) => part.node(node)),
    // an edge matches when all hold and at least one of them is about edges: what spelling AND out over OR gives
    edge: (edge) => parts.every((part) => part.holds(edge)) && parts.some((part) => part.edge(edge)),
    holds: (edge) => parts.every((part) => part.holds(edge)),
  };
}

function toLeaf({ operand, test, not }: Criterion, facts: Facts): Ready {
  // Kiali's `! healthy` is what is unwell; what has no health, for want of traffic, is neither
  const unwell = operand.name === 'healthy' && not;
  const reader = unwell ? { node: isUnwell } : (readers[operand.name] ?? {});
  const turned = not && !unwell && operand.nothing === undefined;
  const passes = toPass(test, operand);
  const { node: ofNode, edge: ofEdge } = reader;
  if (operand.nothing !== undefined) return { node: never, edge: never, holds: never };
  const node = ofNode && ((thing: GraphNode) => passes(ofNode(thing, facts)));
  const edge = ofEdge && ((thing: GraphEdge) => passes(ofEdge(thing, facts)) !== turned);
  const ends = ofEnds(node, facts);
  return {
    node: node ? (thing) => node(thing) !== turned : never,
    edge: edge ?? never,
    holds: edge ?? ((thing) => ends(thing) !== turned),
  };
}

/** Whether either end of an edge passes; each workload is asked once. */
function ofEnds(node: ((node: GraphNode) => boolean) | undefined, facts: Facts): (edge: GraphEdge) => boolean {
  if (node === undefined) return never;
  const known = new Map<string, boolean>();
  const passes = (id: string): boolean => {
    let answer = known.get(id);
    if (answer === undefined) {
      const thing = facts.nodes.get(id);
      answer = thing !== undefined && node(thing);
      known.set(id, answer);
    }
    return answer;
  };
  return ({ source, target }) => passes(source) || passes(target);
}

function toPass(test: Test, { measure }: Operand): (fact: Fact) => boolean {
  switch (test.type) {
    case 'alone':
      return (fact) => {
        if (isTexts(fact)) return fact.some((text) => text !== '');
        if (typeof fact !== 'number') return fact === true;
        // sizes are often not told: there is traffic all the same
        return fact > 0 || measure === 'bytes';
      };
    case 'none':
      return (fact) => fact === null;
    case 'number':
      return (fact) => typeof fact === 'number' && compares(difference(fact, test.value), test.op);
    case 'text':
      return toTextPass(test.op, test.value);
  }
}

/** A workload without a version passes `version = ""`. */
function toTextPass(op: CompareOp, value: string): (fact: Fact) => boolean {
  const passes = (text: string): boolean => {
    switch (op) {
      case '*=':
        return text.includes(value);
      case '^=':
        return text.startsWith(value);
      case '$=':
        return text.endsWith(value);
      case '=':
        return text === value;
      default:
        return compares(natural.compare(text, value), op);
    }
  };
  return (fact) => isTexts(fact) && (fact.length === 0 ? passes('') : fact.some((text) => passes(text.toLowerCase())));
}

const natural = new Intl.Collator('en', { numeric: true });

const isTexts = (fact: Fact): fact is readonly string[] => typeof fact === 'object' && fact !== null;

/** 0 for what differs by rounding only: a share of 0.01 in percent is not quite 1. */
function difference(a: number, b: number): number {
  const size = Math.max(Math.abs(a), Math.abs(b));
  return Math.abs(a - b) <= 1e-9 * size && size < Infinity ? 0 : a - b;
}

function compares(order: number, op: CompareOp): boolean {
  switch (op) {
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    default:
      return order === 0;
  }
}
