/** Answers of /api/graph and its live form: the frames of the interval, put together by shared/graph.ts. */
import type { Graph, Thresholds } from '#shared/api.ts';
import { toGraph, type GraphOptions } from '#shared/graph.ts';
import { parseList } from '#shared/list.ts';
import type { DetailQuery, GraphQuery } from './contract.ts';
import type { ServeConfig, ServeDeps } from './deps.ts';
import type { ReadSeen, WantedFrames } from './frame-source.ts';
import { toFrames } from './interval.ts';

/** in: how frames are read. out: the map, stopped at the bounds of the settings. */
export function createGraph(
  { config, now = Date.now }: ServeDeps,
  read: ReadSeen,
): (query: GraphQuery) => Promise<Graph> {
  const { maxNodes, maxEdges } = config;
  return async (query) => {
    const span = toFrames(query, now());
    const { frames, unsettled, critical } = await read({ ...span, ...wantedOf(query) });
    return toGraph(frames, {
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
