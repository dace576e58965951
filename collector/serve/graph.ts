/**
 * Answers of /api/graph, /api/edges and /api/nodes: stored frames of the interval and provisional ones of the same moment,
 * put together by shared/graph.ts. Equal questions that come while one is being answered share its answer.
 */
import type { EdgeDetail, Graph, NodeDetail } from '#shared/api.ts';
import { AppError, quoted } from '#shared/error.ts';
import { frameSeconds, type EdgeFrame } from '#shared/frame.ts';
import { createEnds } from '#shared/graph-ends.ts';
import { toGraph, type GraphOptions } from '#shared/graph.ts';
import { toSeries } from '#shared/series.ts';
import { floorTo, parseDuration, stepFor, toInterval, type TimeQuery } from '#shared/time.ts';
import { createFrameReader } from '../store/edges-cache.ts';
import type { DetailQuery, GraphQuery } from './contract.ts';
import type { ServeDeps } from './deps.ts';

export interface Graphs {
  graph(query: GraphQuery): Promise<Graph>;
  /** errors: not-found when the edge has no frame in the interval. */
  edge(id: string, query: DetailQuery): Promise<EdgeDetail>;
  /** errors: likewise. */
  node(id: string, query: DetailQuery): Promise<NodeDetail>;
}

const frameMs = frameSeconds * 1000;
/** Steps of a series at most. */
const maxSteps = 2000;

export function createGraphs({ db, follower, config, now = Date.now }: ServeDeps): Graphs {
  const { maxNodes, maxEdges } = config;
  const stored = createFrameReader(db);
  const asked = new Map<string, Promise<unknown>>();

  function shared<T>(key: string, answer: () => Promise<T>): Promise<T> {
    const running = asked.get(key) as Promise<T> | undefined;
    if (running) return running;
    const started = answer().finally(() => asked.delete(key));
    asked.set(key, started);
    return started;
  }

  async function readGraph(query: GraphQuery): Promise<Graph> {
    const { fromMs, toMs } = toFrames(query, now());
    const probes = query.probes === 'true';
    const { value, provisional, unsettled } = await follower.consistent(() =>
      stored.read({ ...seconds(fromMs, toMs), probes }),
    );
    return toGraph(join(value, provisional, fromMs, toMs), {
      fromMs,
      toMs,
      generatedAtMs: now(),
      unsettled,
      probes,
      maxNodes,
      maxEdges,
      groupBy: query.groupBy,
      clusters: list(query.cluster),
      namespaces: list(query.namespace),
      ...(query.service === undefined || query.service === '' ? {} : { service: query.service }),
      ...(query.hops === undefined ? {} : { hops: query.hops }),
    });
  }

  /** The whole map of an interval of whole steps, and the frames by step of what `find` picks from it. */
  async function readDetail<Found>(
    query: DetailQuery,
    find: (graph: Graph) => Found | undefined,
    ends: (found: Found, graph: Graph) => { source?: string; target?: string },
  ) {
    const interval = toInterval(query, now());
    const stepMs = toStep(query.step, interval.toMs - interval.fromMs);
    const fromMs = floorTo(interval.fromMs, stepMs);
    const { toMs } = toFrames(query, now());
    const probes = query.probes === 'true';
    const options: Omit<GraphOptions, 'unsettled'> = {
      fromMs,
      toMs,
      generatedAtMs: now(),
      probes,
      maxNodes: Infinity,
      maxEdges: Infinity,
      groupBy: query.groupBy,
    };
    const { value, provisional, unsettled } = await follower.consistent(() =>
      stored.read({ ...seconds(fromMs, toMs), probes }),
    );
    const graph = toGraph(join(value, provisional, fromMs, toMs), { ...options, unsettled });
    const found = find(graph);
    if (found === undefined) return undefined;
    const stepped = await follower.consistent(() =>
      stored.read({ ...seconds(fromMs, toMs), probes, stepSeconds: stepMs / 1000, ...ends(found, graph) }),
    );
    const frames = join(stepped.value, stepped.provisional, fromMs, toMs).filter(
      (frame) => probes || frame.probe === 0,
    );
    return { found, graph, frames, steps: { fromMs, toMs, stepMs } };
  }

  return {
    graph: (query) => shared(JSON.stringify(query), () => readGraph(query)),
    async edge(id, query) {
      const detail = await readDetail(
        query,
        (graph) => graph.edges.find((edge) => edge.id === id),
        (edge, graph) => ({
          ...endName('source', edge.source, graph, query),
          ...endName('target', edge.target, graph, query),
        }),
      );
      if (detail === undefined) throw notFound('edge', id);
      const { found, frames, steps } = detail;
      const ends = createEnds(query.groupBy);
      const own = frames.filter(
        (frame) => ends.source(frame)?.id === found.source && ends.target(frame).id === found.target,
      );
      return { from: steps.fromMs, to: steps.toMs, stepMs: steps.stepMs, edge: found, ...toSeries(own, steps) };
    },
    async node(id, query) {
      const detail = await readDetail(
        query,
        (graph) => graph.nodes.find((node) => node.id === id),
        (node, graph) => endName('target', node.id, graph, query),
      );
      if (detail === undefined) throw notFound('node', id);
      const { found, graph, frames, steps } = detail;
      const ends = createEnds(query.groupBy);
      const own = frames.filter((frame) => ends.source(frame) !== undefined && ends.target(frame).id === id);
      return {
        from: steps.fromMs,
        to: steps.toMs,
        stepMs: steps.stepMs,
        node: found,
        inbound: graph.edges.filter(({ target }) => target === id),
        outbound: graph.edges.filter(({ source }) => source === id),
        ...toSeries(own, steps),
      };
    },
  };
}

function notFound(noun: string, id: string): AppError {
  return new AppError('not-found', `cannot find ${noun} ${quoted(id)}: it has no calls in this interval`);
}

/** The interval as whole frames: what a question for the last five minutes counts, and what its rates divide by. */
function toFrames(query: TimeQuery, nowMs: number): { fromMs: number; toMs: number } {
  const { fromMs, toMs } = toInterval(query, nowMs);
  const end = ceilTo(toMs, frameMs);
  // A frame that is still filling is divided by the time that has passed of it.
  return { fromMs: floorTo(fromMs, frameMs), toMs: end > nowMs ? Math.max(toMs, Math.min(nowMs, end)) : end };
}

function ceilTo(valueMs: number, stepMs: number): number {
  return Math.ceil(valueMs / stepMs) * stepMs;
}

function seconds(fromMs: number, toMs: number): { fromSecond: number; toSecond: number } {
  return { fromSecond: fromMs / 1000, toSecond: Math.ceil(toMs / 1000) };
}

function toStep(step: string | undefined, intervalMs: number): number {
  if (step === undefined) return stepFor(intervalMs);
  const stepMs = parseDuration(step);
  if (stepMs < frameMs || stepMs % frameMs !== 0) {
    throw new AppError('bad-request', `cannot read step "${quoted(step)}": it must be 10s or a multiple`);
  }
  if (intervalMs / stepMs > maxSteps) {
    throw new AppError('bad-request', `cannot read step "${quoted(step)}": that is more than ${maxSteps} steps`);
  }
  return stepMs;
}

function list(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(',');
}

/** Stored frames and those provisional ones that start in the interval. */
function join(frames: EdgeFrame[], provisional: readonly EdgeFrame[], fromMs: number, toMs: number): EdgeFrame[] {
  for (const frame of provisional) {
    if (frame.frame * 1000 >= fromMs && frame.frame * 1000 < toMs) frames.push(frame);
  }
  return frames;
}

/** Lets the store read only the rows of a workload's name, when one node is one workload. */
function endName(
  side: 'source' | 'target',
  id: string,
  graph: Graph,
  { groupBy }: DetailQuery,
): { source?: string; target?: string } {
  const node = graph.nodes.find((one) => one.id === id);
  return node === undefined || (groupBy !== 'service' && groupBy !== 'version') ? {} : { [side]: node.name };
}
