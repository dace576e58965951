/**
 * Traffic as dots that run along the edges: as many a second as there are calls, as fast as the calls are, failed ones
 * apart. Pure: from rates and a phase to places on the line. The phase of an edge counts the dots that have set out; dot n
 * sets out when the phase passes n.
 *
 *   phase 7.4, 2 dots/s, 1 length/s:   start ●────────●───────▸ end
 *                                         dot 7 (0.2 s old) dot 6 (0.7 s old)
 */
import type { GraphEdge } from '#shared/api.ts';
import type { Point } from './place.ts';

/** Dots a second of the busiest edge, at most; the others keep their ratio to it. */
export const mostDotsPerSecond = 30;
/** Dots on the map at once, at most. */
export const mostDots = 1_500;
/** Lengths of an edge a second: of calls that take no time, and of those that take `slowestMs` or more. */
export const speeds = { most: 2, least: 0.1 } as const;
const slowestMs = 10_000;

/** Lengths of the edge that a dot covers in a second. in: median of the calls, ms. */
export function dotSpeed(p50Ms: number | null): number {
  const share = Math.min(1, Math.max(0, (p50Ms ?? 0) / slowestMs));
  return speeds.most - (speeds.most - speeds.least) * share;
}

/** How the dots of one edge run. */
export interface Flow {
  readonly id: string;
  /** Dots a second. */
  readonly rate: number;
  /** Lengths of the edge a second. */
  readonly speed: number;
  /** Share of the dots that stand for failed calls. */
  readonly failed: number;
}

/** Flows of all edges that have calls: one call a second is one dot a second, fewer for all when that were too many. */
export function toFlows(
  edges: readonly Pick<GraphEdge, 'id' | 'rate' | 'calls' | 'failed' | 'latencyMs'>[],
): readonly Flow[] {
  const busy = edges.filter(({ calls, rate }) => calls > 0 && rate > 0);
  const busiest = busy.reduce((most, { rate }) => Math.max(most, rate), 0);
  const flows = busy.map(({ id, rate, calls, failed, latencyMs }) => ({
    id,
    rate,
    speed: dotSpeed(latencyMs.p50),
    failed: failed / calls,
  }));
  const atOnce = flows.reduce((sum, { rate, speed }) => sum + rate / speed, 0);
  const scale = Math.min(1, mostDotsPerSecond / Math.max(busiest, 1e-9), mostDots / Math.max(atOnce, 1e-9));
  return scale === 1 ? flows : flows.map((flow) => ({ ...flow, rate: flow.rate * scale }));
}

/** A dot on its way. */
export interface Dot {
  /** Share of the line behind it, 0 to 1. */
  readonly at: number;
  readonly failed: boolean;
}

/** The dots of a flow at a phase, the youngest first. */
export function dotsAt({ rate, speed, failed }: Omit<Flow, 'id'>, phase: number): Dot[] {
  const dots: Dot[] = [];
  for (let n = Math.floor(phase); n > 0; n--) {
    const at = ((phase - n) / rate) * speed;
    if (at > 1) break;
    dots.push({ at, failed: isFailed(n, failed) });
  }
  return dots;
}

/** Whether dot n is a failed call: of any run of dots the failed ones are the share, as evenly as whole dots allow. */
function isFailed(n: number, share: number): boolean {
  return Math.floor(n * share) > Math.floor((n - 1) * share);
}

/** A line that can be asked for the point at a share of its length. */
export interface Track {
  readonly points: readonly Point[];
  /** Length up to each point. */
  readonly lengths: Float64Array;
}

export function toTrack(points: readonly Point[]): Track {
  const lengths = new Float64Array(points.length);
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    if (a && b) lengths[i] = (lengths[i - 1] ?? 0) + Math.hypot(b.x - a.x, b.y - a.y);
  }
  return { points, lengths };
}

/** The point at a share of the track's length; undefined for an empty one. */
export function trackPoint({ points, lengths }: Track, share: number): Point | undefined {
  const wanted = share * (lengths.at(-1) ?? 0);
  let [low, high] = [0, lengths.length - 1];
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((lengths[mid] ?? 0) < wanted) low = mid + 1;
    else high = mid;
  }
  const to = points[low];
  const from = points[low - 1];
  if (!from || !to) return to;
  const [start, end] = [lengths[low - 1] ?? 0, lengths[low] ?? 0];
  const t = end > start ? (wanted - start) / (end - start) : 0;
  return { x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * t };
}
