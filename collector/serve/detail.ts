/** Answers of /api/edges/:id and /api/nodes/:id: what the map says of one thing, and the same numbers by step. */
import type { EdgeDetail, Graph, GraphEdge, GraphNode, NodeDetail } from '#shared/api.ts';
import { toVersionPairs } from '#shared/edge-versions.ts';
import { AppError, quoted } from '#shared/error.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { createEnds } from '#shared/graph-ends.ts';
import { toGraph } from '#shared/graph.ts';
import { toSeries, type Steps } from '#shared/series.ts';
import { parseList } from '#shared/list.ts';
import { floorTo, toInterval } from '#shared/time.ts';
import type { DetailQuery } from './contract.ts';
import type { ServeDeps } from './deps.ts';
import type { ReadSeen } from './frame-source.ts';
import { placesOf, thresholdsOf, wantedOf } from './graph.ts';
import { toFrames, toStep } from './interval.ts';

export interface Details {
  /** errors: not-found when the edge has no frame in the interval. */
  edge(id: string, query: DetailQuery): Promise<EdgeDetail>;
  /** errors: likewise. */
  node(id: string, query: DetailQuery): Promise<NodeDetail>;
}

interface Detail<Found> {
  readonly found: Found;
  readonly graph: Graph;
  /** By step; of those the store could pick, see endName. */
  readonly frames: readonly EdgeFrame[];
  readonly steps: Steps;
}

export function createDetails({ config, now = Date.now }: ServeDeps, read: ReadSeen): Details {
  /** The whole map of an interval of whole steps, and the frames by step of what `find` picks from it. */
  async function readDetail<Found>(
    query: DetailQuery,
    find: (graph: Graph) => Found | undefined,
    ends: (found: Found, graph: Graph) => { source?: string; target?: string },
  ): Promise<Detail<Found> | undefined> {
    const interval = toInterval(query, now());
    const stepMs = toStep(query.step, interval.toMs - interval.fromMs);
    const fromMs = floorTo(interval.fromMs, stepMs);
    const { toMs } = toFrames(query, now());
    const whole = await read({ fromMs, toMs, ...wantedOf(query) });
    const graph = toGraph(whole.frames, {
      fromMs,
      toMs,
      generatedAtMs: now(),
      ...placesOf(query),
      unsettled: whole.unsettled,
      critical: whole.critical,
      thresholds: thresholdsOf(config),
      maxNodes: Infinity,
      maxEdges: Infinity,
    });
    const found = find(graph);
    if (found === undefined) return undefined;
    const probes = query.probes === 'true';
    const stepped = { fromMs, toMs, probes, stepSeconds: stepMs / 1000 };
    const { frames } = await read({ ...stepped, ...ends(found, graph) });
    return {
      found,
      graph,
      frames: frames.filter((frame) => probes || frame.probe === 0),
      steps: { fromMs, toMs, stepMs },
    };
  }

  return {
    async edge(id, query) {
      const detail = await readDetail<GraphEdge>(
        query,
        (graph) => graph.edges.find((edge) => edge.id === id),
        (edge, graph) => ({
          ...endName('source', edge.source, graph, query),
          ...endName('target', edge.target, graph, query),
        }),
      );
      if (detail === undefined) throw notFound('edge', id);
      const { found, frames, steps } = detail;
      const ends = createEnds(placesOf(query));
      const own = frames.filter(
        (frame) => ends.source(frame)?.id === found.source && ends.target(frame).id === found.target,
      );
      return { ...intervalOf(steps), edge: found, ...toSeries(own, steps), versions: toVersionPairs(own) };
    },
    async node(id, query) {
      const detail = await readDetail<GraphNode>(
        query,
        (graph) => graph.nodes.find((node) => node.id === id),
        (node, graph) => endName('target', node.id, graph, query),
      );
      if (detail === undefined) throw notFound('node', id);
      const { found, graph, frames, steps } = detail;
      const ends = createEnds(placesOf(query));
      const own = frames.filter((frame) => ends.source(frame) !== undefined && ends.target(frame).id === id);
      return {
        ...intervalOf(steps),
        node: found,
        inbound: graph.edges.filter(({ target }) => target === id),
        outbound: graph.edges.filter(({ source }) => source === id),
        ...toSeries(own, steps),
      };
    },
  };
}

function intervalOf({ fromMs, toMs, stepMs }: Steps): { from: number; to: number; stepMs: number } {
  return { from: fromMs, to: toMs, stepMs };
}

function notFound(noun: string, id: string): AppError {
  return new AppError('not-found', `cannot find ${noun} ${quoted(id)}: it has no calls in this interval`);
}

/** Lets the store read only the rows of a workload's name, when one node is one workload. */
function endName(
  side: 'source' | 'target',
  id: string,
  graph: Graph,
  { groupBy, collapse }: DetailQuery,
): { source?: string; target?: string } {
  const node = graph.nodes.find((one) => one.id === id);
  const single = (groupBy === 'service' || groupBy === 'version') && !parseList(collapse).includes(id);
  return node === undefined || !single ? {} : { [side]: node.name };
}
