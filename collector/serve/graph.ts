/** Answers of /api/graph and its live form: the frames of the interval, put together by shared/graph.ts. */
import type { Graph, Thresholds } from '#shared/api.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { toGraph, type GraphOptions } from '#shared/graph.ts';
import { parseList } from '#shared/list.ts';
import { createRecent } from '../store/recent.ts';
import type { DetailQuery, GraphQuery } from './contract.ts';
import type { ServeConfig, ServeDeps } from './deps.ts';
import type { ReadSeen, WantedFrames } from './frame-source.ts';
import { toFrames } from './interval.ts';

/** Maps kept for the same frames to be asked about again, and frames they may be made of together. */
const maxKept = 8;
const maxKeptFrames = 20_000;

/** in: how frames are read. out: the map, stopped at the bounds of the settings; not to be changed. */
export function createGraph(
  { config, now = Date.now }: ServeDeps,
  read: ReadSeen,
): (query: GraphQuery) => Promise<Graph> {
  const { maxNodes, maxEdges } = config;
  const graphOf = keepGraphs();
  return async (query) => {
    const span = toFrames(query, now());
    const { frames, unsettled, critical } = await read({ ...span, ...wantedOf(query) });
    return graphOf(frames, {
      ...span,
      ...placesOf(query),
      generatedAtMs: now(),
      unsettled,
      critical,
      maxNodes,
      maxEdges,
      thresholds: thresholdsOf(config),
      clusters: parseList(query.cluster),
      namespaces: parseList(query.namespace),
      direction: query.direction,
      ...(query.service === undefined || query.service === '' ? {} : { service: query.service }),
      ...(query.hops === undefined ? {} : { hops: query.hops }),
    });
  };
}

/**
 * toGraph that remembers the map, not the frames. They are never changed, so the same ones under the same options give the same
 * map: all but the moment it was made and how many traces are open.
 */
export function keepGraphs(): (frames: readonly EdgeFrame[], options: GraphOptions) => Graph {
  const kept = createRecent<{ readonly frames: readonly WeakRef<EdgeFrame>[]; readonly graph: Graph }>(
    maxKeptFrames,
    maxKept,
  );
  return (frames, options) => {
    const { generatedAtMs, unsettled, ...rest } = options;
    const key = JSON.stringify(rest);
    const held = kept.get(key);
    const same =
      held?.frames.length === frames.length && frames.every((frame, at) => frame === held.frames[at]?.deref());
    const graph = held !== undefined && same ? held.graph : toGraph(frames, options);
    kept.keep(key, { frames: frames.map((frame) => new WeakRef(frame)), graph }, frames.length);
    return { ...graph, generatedAt: generatedAtMs, unsettled };
  };
}

/** What of a question says which frames it needs. */
export function wantedOf({ probes, entry, band, idle }: DetailQuery): Omit<WantedFrames, 'fromMs' | 'toMs'> {
  return { probes: probes === 'true', entry: entry ?? '', band, idle: idle === 'true' };
}

/** What of a question says which node a workload belongs to. */
export function placesOf(
  query: Pick<DetailQuery, 'groupBy' | 'collapse' | 'probes'>,
): Pick<GraphOptions, 'groupBy' | 'collapse' | 'probes'> {
  return { groupBy: query.groupBy, collapse: parseList(query.collapse), probes: query.probes === 'true' };
}

export function thresholdsOf({ warnFailed, badFailed, badP99Ms }: ServeConfig): Thresholds {
  return { warnFailed, badFailed, badP99Ms };
}
