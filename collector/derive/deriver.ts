/**
 * The derivation: follows the store tick by tick, settles traces, and writes what they give into `edges`, `traces` and
 * `paths`. Everything it writes follows from the stored spans and their ticks; its memory only saves reads. After a restart
 * it takes up at the stored cursor, and each table takes only ticks beyond its newest: nothing is counted twice or lost.
 */
import type { Db } from '../store/db.ts';
import type { EdgeSums } from '../store/edge-columns.ts';
import { insertEdges, type EdgeColumns } from '../store/edges-write.ts';
import {
  readFirstTicks,
  readNewestTicks,
  readSettledIds,
  readStarts,
  readTickNumbers,
  writeProgress,
} from '../store/progress.ts';
import { createToldTicks, type ToldSpans } from '../store/spans-told.ts';
import { createTraceBlock, insertTraces } from '../store/traces.ts';
import { createAssembler } from './assemble.ts';
import { readHistory, readTick, toFollowed } from './follow.ts';
import { createFrames } from './frames.ts';
import { createLiveTime } from './live-time.ts';
import { createPathTable } from './paths.ts';
import { createPicture } from './picture.ts';
import { createSeenTraces } from './seen.ts';
import { createSettler, type DeriveOptions } from './settle.ts';

export interface Provisional {
  readonly edges: EdgeSums;
  /** Traces that are open. */
  readonly unsettled: number;
}

export interface Progress {
  /** Every tick up to this one is derived. */
  readonly tick: number;
  readonly unsettledTraces: number;
  readonly settledTraces: number;
  /** Calls that went into the overflow bucket. */
  readonly overflow: number;
}

export interface Deriver {
  /**
   * Derives ticks up to `sealed`, for about half a second at most: what is left is for the next call.
   * in: the store's newest tick, to spare reads when nothing came; spans that need not be read, of whole ticks up to `sealed`.
   */
  advance(sealed: number, newest: number, told?: readonly ToldSpans[]): Promise<Progress>;
  /** What the open traces would give if they settled now. */
  provisional(): Provisional;
  close(): Promise<void>;
}

/** Written cursors lag by at most this many ticks: a restart derives them again and writes nothing twice. */
const progressEvery = 30;

const sliceMs = 500;

/** So many are read without a question before which of them have spans: the one that has just ended is read each second. */
const mostUnasked = 2;

/** What a tick wrote into `edges`; valid until the next. */
export interface WrittenEdges {
  readonly tick: number;
  readonly columns: EdgeColumns;
}

/** Told of each tick's writes (see follower.ts). */
export interface Writes {
  begin(): void;
  /** in: absent: it failed, or was written before. */
  end(written?: WrittenEdges): void;
}

export async function createDeriver(db: Db, options: DeriveOptions, writes?: Writes): Promise<Deriver> {
  const { settleTicks, lateTicks } = options;
  const newest = await readNewestTicks(db);
  const time = createLiveTime(await readStarts(db));
  const longestTicks = settleTicks + lateTicks;
  // How far back a settlement looks: to where its trace may have begun, and whatever it goes on from.
  const backTicks = longestTicks + settleTicks + 1;
  const assembler = createAssembler(settleTicks, longestTicks);
  const paths = createPathTable();
  const seen = createSeenTraces(backTicks);
  const settler = createSettler(assembler, paths, options);
  const block = createTraceBlock();
  const frames = createFrames(options.maxEdges);
  const toldTicks = createToldTicks();
  const takePicture = createPicture(assembler, settler, seen, options.maxEdges);
  let cursor = newest.progress;
  let written = cursor;
  let settledTraces = 0;

  await resume();

  /** Brings back what was open at the cursor: the spans of the last settleTicks, since when, and the ids that may have earlier spans. */
  async function resume(): Promise<void> {
    if (cursor === 0) return;
    const live = time.toLive(cursor);
    const settled = await readSettledIds(db, time.toTick(live - 2 * backTicks), cursor);
    settled.ticks.forEach((tick, i) => seen.add(settled.ids, i, time.toLive(tick)));
    const recent = time.toTick(live - settleTicks);
    for (const tick of await readTickNumbers(db, recent, cursor)) await addTick(tick);
    const before = time.toTick(live - 2 * settleTicks);
    const begun = await readFirstTicks(db, time.toTick(live - longestTicks), before, recent, cursor);
    begun.ticks.forEach((tick, i) =>
      assembler.beganAt(begun.ids, i, tick === 0 ? Infinity : Math.max(time.toLive(tick), live + 1 - longestTicks)),
    );
    // An open trace may go back further than what was read: its settlement asks the store.
    for (const open of assembler.open.values())
      for (const trace of open.numbers()) seen.add(assembler.traceIds, trace, live);
  }

  async function addTick(tick: number): Promise<void> {
    const live = time.toLive(tick);
    // Of earlier ticks nothing is needed any more.
    const told = toldTicks.takeUntil(tick).filter((spans) => spans.tick === tick);
    for (const spans of told) assembler.add(toFollowed(spans, assembler), live);
    if (told.length > 0) return;
    const rows = await readTick(db, tick, assembler);
    if (rows !== undefined) assembler.add(rows, live);
  }

  /** Ticks after one and up to another that may have spans: of few, all; which of many have some is asked. */
  async function ticksWithin(after: number, to: number): Promise<readonly number[]> {
    if (to - after > mostUnasked) return readTickNumbers(db, after, to);
    return Array.from({ length: Math.max(0, to - after) }, (_, at) => after + 1 + at);
  }

  /** in: the live tick. */
  async function settle(live: number, traces: readonly number[]): Promise<void> {
    const tick = time.toTick(live);
    const { traceIds } = assembler;
    frames.begin(settler.names());
    const known = traces.filter((trace) => seen.mayHave(traceIds, trace));
    const history =
      known.length === 0
        ? undefined
        : await readHistory(db, known, live - backTicks, tick, { settleTicks, time, assembler });
    for (const trace of traces) {
      const row = settler.settle(trace, history?.get(trace), tick, frames);
      if (row !== undefined) block.append(row);
      seen.add(traceIds, trace, live);
    }
    settledTraces += block.rows;
    writes?.begin();
    let edges: WrittenEdges | undefined;
    try {
      await db.insertRows('paths', paths.takeNew());
      if (tick > newest.traces) await insertTraces(db, block);
      if (tick > newest.edges) {
        const columns = frames.columns();
        await insertEdges(db, columns, tick);
        edges = { tick, columns };
      }
    } finally {
      writes?.end(edges);
    }
    block.reset();
    assembler.sweep();
  }

  async function keepProgress(least: number): Promise<void> {
    if (cursor - written < least) return;
    await writeProgress(db, cursor);
    written = cursor;
  }

  function progressNow(): Progress {
    return { tick: cursor, unsettledTraces: assembler.openTraces, settledTraces, overflow: frames.overflow };
  }

  return {
    async advance(sealed, newestTick, told = []) {
      told.forEach(toldTicks.add);
      const arrivals = newestTick > cursor ? await ticksWithin(cursor, sealed) : [];
      let arrived = 0;
      let worked = false;
      const stopAt = performance.now() + sliceMs;
      for (;;) {
        const arrival = arrivals[arrived];
        const settlement = assembler.nextSettlement();
        const tick = Math.min(arrival ?? Infinity, settlement === undefined ? Infinity : time.toTick(settlement));
        if (tick > sealed) break;
        if (worked && performance.now() > stopAt) return progressNow();
        if (tick === arrival) {
          await addTick(tick);
          arrived += 1;
        }
        const settled = assembler.takeSettled(time.toLive(tick));
        if (settled.length > 0) await settle(time.toLive(tick), settled);
        worked = true;
        cursor = tick;
        await keepProgress(progressEvery);
      }
      cursor = Math.max(cursor, sealed);
      if (worked && assembler.openTraces === 0) await keepProgress(1);
      return progressNow();
    },
    provisional: () => ({ edges: takePicture(), unsettled: assembler.openTraces }),
    async close() {
      await keepProgress(1);
    },
  };
}
