/**
 * The frames a question is answered with: stored ones and provisional ones of the same moment, cut down to the traces whose
 * critical path is asked about, and on wish the quiet rest of the last day as frames without calls.
 */
import { cutFrame, toCut, type Band, type CriticalCut } from '#shared/critical-cut.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import type { GraphOptions } from '#shared/graph.ts';
import { floorTo } from '#shared/time.ts';
import { createFrameReader } from '../store/edges-cache.ts';
import type { FrameQuery } from '../store/edges-read.ts';
import { createEndReader } from '../store/ends-read.ts';
import type { RootReader } from '../store/roots-read.ts';
import type { ServeDeps } from './deps.ts';
import { seconds, type Span } from './interval.ts';
import { createClusterMemory } from './one-cluster.ts';

export interface WantedFrames extends Span, Pick<FrameQuery, 'source' | 'target' | 'stepSeconds'> {
  readonly probes: boolean;
  /** Which traces' critical paths count; all when absent. */
  readonly entry?: string;
  readonly band?: Band;
  /** What was seen in the last day but has no calls in the interval is there too. */
  readonly idle?: boolean;
}

export interface SeenFrames {
  /** The array is the caller's, the frames are not to be changed. Without steps, a stored frame starts with the interval or with an hour of it. */
  readonly frames: EdgeFrame[];
  readonly unsettled: number;
  readonly critical: NonNullable<GraphOptions['critical']>;
}

export type ReadSeen = (wanted: WantedFrames) => Promise<SeenFrames>;

export function createFrameSource({ db, follower }: Pick<ServeDeps, 'db' | 'follower'>, roots: RootReader): ReadSeen {
  // Nobody else writes into an embedded store.
  const alone = db.logDirectory !== undefined;
  const stored = createFrameReader(db, alone ? follower.told : undefined);
  const ends = createEndReader(db);
  const clusters = createClusterMemory();

  async function findCut(span: Span, entry: string, band: Band, open: readonly EdgeFrame[]): Promise<CriticalCut> {
    const { fromSecond, toSecond } = seconds(span);
    const counts = (await roots.read(fromSecond, toSecond)).map(({ key, traces }): [string, number] => [key, traces]);
    return toCut([...counts, ...open.flatMap(({ rootCount }) => Object.entries(rootCount))], entry, band);
  }

  return async (wanted) => {
    const { toMs, probes, stepSeconds, entry = '', band = 'all', idle = false } = wanted;
    const interval = seconds(wanted);
    const within = ({ frame }: EdgeFrame): boolean => frame >= interval.fromSecond && frame < interval.toSecond;
    const { value, provisional, unsettled } = await follower.consistent(async (open, writes) => {
      const cut =
        entry === '' && band === 'all' ? undefined : await findCut(wanted, entry, band, open.frames.filter(within));
      const frames = await stored.read({
        ...interval,
        probes,
        ...definedOf(wanted, 'stepSeconds', 'source', 'target'),
        ...(cut && { cut }),
        ...(alone && { writes }),
      });
      return { frames, cut };
    });
    const { frames, cut } = value;
    const open =
      stepSeconds === undefined
        ? provisional.between(interval.fromSecond, interval.toSecond)
        : provisional.frames.filter(within).map((one) => ({ ...one, frame: floorTo(one.frame, stepSeconds) }));
    for (const frame of open) frames.push(cut ? cutFrame(frame, cut) : frame);
    if (idle) for (const frame of await ends.read(toMs / 1000, probes)) frames.push(frame);
    return { frames: clusters.join(frames), unsettled, critical: { entry, band, fromMs: cut?.fromMs ?? 0 } };
  };
}

/** Those of the properties that are there. */
function definedOf<T extends object, Name extends keyof T>(from: T, ...names: Name[]): Pick<T, Name> {
  const defined = names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]);
  return Object.fromEntries(defined) as Pick<T, Name>;
}
