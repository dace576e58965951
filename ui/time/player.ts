/**
 * The map of any moment of a history, made from its frames: no question to the server while it plays. Runs in a worker
 * (play-worker.ts). A window of 30 steps over 200 edges costs the worker 63 ms of CPU (239 ms straight from the frames)
 * and the page 1 ms for its copy of the map (2026-11-23).
 */
import type { FramesWire, Graph } from '#shared/api.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import { groupings } from '#shared/graph-ends.ts';
import { directions } from '#shared/graph-filter.ts';
import { toGraph, type GraphOptions } from '#shared/graph.ts';
import { parseList } from '#shared/list.ts';
import { packFrames } from './frame-sums.ts';
import { outward, type Stretch } from './stretch.ts';

/** What a history's frames are cut into. */
export interface Steps extends Stretch {
  readonly stepMs: number;
}

/** A history but for its frames. */
export type PlayedHistory = Pick<
  FramesWire,
  'from' | 'to' | 'stepMs' | 'generatedAt' | 'unsettled' | 'thresholds' | 'critical'
>;

/** What the map is asked for, the time apart. */
export interface PlayOptions extends Pick<
  GraphOptions,
  'groupBy' | 'collapse' | 'clusters' | 'namespaces' | 'service' | 'hops' | 'direction' | 'probes'
> {
  /** Keep what was seen before but has no calls in the stretch. */
  readonly idle?: boolean;
}

export interface Player extends Steps {
  /** The map of the whole steps that cover a stretch. */
  graphAt(stretch: Stretch, options: PlayOptions): Graph;
}

/** in: the frames of a history; each belongs to the step that holds its start. */
export function createPlayer(history: PlayedHistory, frames: Iterable<EdgeFrame>): Player {
  const { from, to, stepMs, generatedAt, unsettled, thresholds, critical } = history;
  const sums = packFrames(frames, ({ frame }) => {
    const step = Math.floor((frame * 1000) / stepMs);
    return step * stepMs < to ? step : -1;
  });
  return {
    from,
    to,
    stepMs,
    graphAt(stretch, { idle = false, ...options }) {
      const whole = outward(stretch, stepMs);
      return toGraph(sums.sum(whole.from / stepMs, whole.to / stepMs, idle), {
        ...options,
        fromMs: whole.from,
        // a step that is still filling is divided by the time that has passed of it
        toMs: whole.from < to ? Math.min(whole.to, to) : whole.to,
        generatedAtMs: generatedAt,
        // of these traces only the newest steps know
        unsettled: whole.to >= to ? unsettled : 0,
        thresholds,
        critical,
      });
    },
  };
}

/** What parameters of /api/graph mean to a player. in: as in a request; what cannot be read counts as the default. */
export function toPlayOptions(params: Readonly<Record<string, string>>): PlayOptions {
  const { groupBy, service, hops, direction } = params;
  return {
    groupBy: groupings.find((choice) => choice === groupBy) ?? 'service',
    collapse: parseList(params.collapse),
    clusters: parseList(params.cluster),
    namespaces: parseList(params.namespace),
    probes: params.probes === 'true',
    idle: params.idle === 'true',
    ...(service === undefined || service === ''
      ? {}
      : {
          service,
          hops: hops === undefined ? 1 : Number(hops),
          direction: directions.find((choice) => choice === direction) ?? 'both',
        }),
  };
}
