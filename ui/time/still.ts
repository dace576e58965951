/** A live map that does not change is not sent again: heartbeats say that it is still so. Pure. */
import type { Graph } from '#shared/api.ts';
import { frameSeconds } from '#shared/frame.ts';
import { floorTo } from '#shared/time.ts';

/** While maps come faster than this each says its own time, and a heartbeat between two of them changes nothing. */
const leastAgeMs = 3_000;

/**
 * The map that is still so, as the collector would send it now. in: its window, ms; the present by the collector's clock, epoch
 * ms. out: the map with its time moved on, or itself when it has just come.
 */
export function stillAt(graph: Graph, windowMs: number, nowMs: number): Graph {
  if (!(nowMs - graph.generatedAt >= leastAgeMs)) return graph;
  return { ...graph, from: floorTo(nowMs - windowMs, frameSeconds * 1000), to: nowMs, generatedAt: nowMs };
}
