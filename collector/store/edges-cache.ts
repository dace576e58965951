/**
 * Frames of intervals, read once: sums of parts of time (ten seconds, a minute, ten minutes, an hour, each from its multiple on)
 * are kept, and an interval is put together from the largest that lie in it. So a map that moves on by ten seconds reads ten
 * seconds, and one of a day adds up its hours. What is kept of a part stays right until a newer tick writes into it. Where this
 * process is the only one to write, it tells what it has written (edges-told.ts), and that is added to the parts; else the rows
 * of newer ticks say which parts to read anew, and those rows lie in the newest parts of the table only.
 */
import { readFileSync } from 'node:fs';
import { frameSeconds, type EdgeFrame } from '#shared/frame.ts';
import { ceilTo, floorTo } from '#shared/time.ts';
import type { Db } from './db.ts';
import { bytesOfEdges, sliceEdges, type EdgeSums } from './edge-columns.ts';
import { sumEdges, sumToFrames } from './edge-sums.ts';
import { readPartRows, type PartRows } from './edges-bounds.ts';
import { readEdges, type FrameQuery } from './edges-read.ts';
import type { ToldEdges, ToldWrite } from './edges-told.ts';
import { keptLengths, readKeptSums } from './kept-sums.ts';
import { createRecent } from './recent.ts';
import {
  daySeconds,
  endOf,
  framesOf,
  hourSeconds,
  partKey,
  partLengths,
  partsOf,
  shorterOf,
  tenMinutes,
  type Part,
} from './time-parts.ts';

const changesSql = readFileSync(new URL('edges-changes.sql', import.meta.url), 'utf8');

/** What one read covers, unless it is a ten minutes' part: some megabytes. */
const maxRunRows = 16_000;
/** Of longer intervals only the hours that have rows are looked at. */
const longSeconds = 60 * daySeconds;
/** Steps are put together from parts as long as those are not many more than what is kept anyway. */
const maxStepParts = 200;
const defaultMaxBytes = 96 * 1024 * 1024;
/** Of a part besides its columns. */
const partBytes = 1000;
/** Cuts that parts are kept of at a time. */
const maxKinds = 16;
/** What is not kept is read by as much as this at a time: of all edges, of a workload's. */
const throughSeconds = 600;
const ownThroughSeconds = 7200;
/** Writes that are taken as told before the store is asked again: nobody tells that old days have been dropped. */
const maxTold = 60;
/** Answers kept whole, and how many frames they may have together. */
const maxAnswers = 8;
const maxAnswerFrames = 20_000;

export interface FrameReader {
  /**
   * Frames of an interval, or by step. out: an array of the caller's; its frames are not to be changed, and the same ones for as
   * long as nothing was written into the interval. criticalNs, rootCount and rootNs hold their totals under the key ''.
   * in: `writes`, of who is the only one to write: the same number as before when nothing was written since, a greater one when
   * something was. errors: those of the store.
   */
  read(wanted: FrameQuery & { readonly writes?: number }): Promise<EdgeFrame[]>;
  /** Bytes held at present. */
  readonly bytes: number;
}

/** Sums of a part. */
interface Held {
  readonly sums: EdgeSums;
  /** All that was written up to what is known of is in them, and surely nothing else. */
  readonly sure: boolean;
}

/** A part that is being read, and whether something was written into it meanwhile. */
interface Load extends Part {
  changed: boolean;
}

interface Answer {
  /** What it was made of; it does not keep that alive. */
  readonly sums: readonly WeakRef<EdgeSums>[];
  readonly frames: readonly EdgeFrame[];
}

/** What a look at the table's newest rows tells. Epoch seconds; 0 in an empty table. */
interface Changes {
  readonly oldest: number;
  readonly newest: number;
  readonly first: number;
  readonly last: number;
  /** Frames written into by ticks after the one asked about. */
  readonly changed: readonly number[];
}

type Bounds = Pick<Changes, 'first' | 'last'>;

/** in: what is told by whom is the only one to write; bytes of what is kept. */
export function createFrameReader(db: Db, told?: ToldEdges, maxBytes = defaultMaxBytes): FrameReader {
  const parts = createRecent<Held>(maxBytes);
  const answers = createRecent<Answer>(maxAnswerFrames, maxAnswers);
  const loads = new Set<Load>();
  /** Kinds of sums that are kept: of which cut. */
  const kinds = new Set<string>();
  /** First second of the oldest tick's day. */
  let oldestDay = 0;
  let newest = 0;
  let caughtUp: { readonly writes: number | undefined; readonly bounds: Bounds } | undefined;
  /** Writes taken as told since the store was asked. */
  let toldSince = 0;
  let asking: Promise<Bounds> | undefined;

  /** Sees to it that what is held is right. out: bounds of what the table holds. */
  async function catchUp(writes: number | undefined): Promise<Bounds> {
    // What is added while the store answers of the same could count twice.
    while (told !== undefined && asking !== undefined) await asking.catch(() => {});
    const known = caughtUp?.writes;
    if (caughtUp !== undefined && writes !== undefined && known !== undefined) {
      if (known >= writes) return caughtUp.bounds;
      const news = toldSince < maxTold ? told?.between(known, writes) : undefined;
      if (news !== undefined) {
        toldSince += news.length;
        caughtUp = { writes, bounds: news.reduce(add, caughtUp.bounds) };
        return caughtUp.bounds;
      }
    }
    asking = (async () => {
      try {
        const bounds = await askChanges();
        toldSince = 0;
        caughtUp = { writes, bounds };
        return bounds;
      } finally {
        asking = undefined;
      }
    })();
    return asking;
  }

  /** Forgets what is no longer right. */
  async function askChanges(): Promise<Bounds> {
    // The first time nothing is held that could be changed.
    const after = newest === 0 ? 0xffffffff : newest;
    const rows = await db.rows<Changes>(changesSql, { after });
    const bounds = rows.find(({ newest: tick }) => tick > 0) ?? { oldest: 0, newest: 0, first: 0, last: 0 };
    // Old days have been dropped.
    const day = floorTo(bounds.oldest, daySeconds);
    if (day > oldestDay) {
      parts.clear();
      for (const load of loads) load.changed = true;
      oldestDay = day;
    }
    for (const frame of rows.flatMap(({ changed }) => changed)) {
      for (const length of partLengths)
        for (const kind of kinds) parts.forget(keyOf({ from: floorTo(frame, length), length }, kind));
      markLoads(frame);
    }
    // Who asked of no changes learns of none: a part that was read meanwhile may lack some.
    if (newest === 0 || after !== 0xffffffff) newest = Math.max(newest, bounds.newest);
    return bounds;
  }

  function markLoads(frame: number): void {
    for (const load of loads) if (frame >= load.from && frame < endOf(load)) load.changed = true;
  }

  /** Adds what was written to the parts that it is of, and forgets those that it cannot be added to. in, out: the table's bounds. */
  function add({ first, last }: Bounds, { tick, edges }: ToldWrite): Bounds {
    newest = Math.max(newest, tick);
    const written = sumEdges([edges], (frame) => frame);
    for (const length of partLengths) {
      for (let at = 0; at < written.rows;) {
        const part = { from: floorTo(written.frames[at]!, length), length };
        const begin = at;
        while (at < written.rows && written.frames[at]! < endOf(part)) at++;
        if (length === frameSeconds) markLoads(part.from);
        for (const kind of kinds) {
          const held = parts.get(keyOf(part, kind));
          // Of frames that nothing had been written into yet, all is told.
          const isNew = length === frameSeconds && part.from > last;
          if (kind === '' && (held?.sure ?? isNew))
            keep(part, kind, {
              sums: sumEdges([...(held ? [held.sums] : []), sliceEdges(written, begin, at)], () => part.from),
              sure: true,
            });
          else parts.forget(keyOf(part, kind));
        }
      }
    }
    if (written.rows === 0) return { first, last };
    const [least, most] = [written.frames[0]!, written.frames.at(-1)!];
    return { first: first === 0 ? least : Math.min(first, least), last: Math.max(last, most) };
  }

  /** Sums of parts, in their order. */
  async function sumsOf(wanted: readonly Part[], cut: FrameQuery['cut'], kind: string): Promise<EdgeSums[]> {
    const sums = wanted.map((part) => (parts.get(keyOf(part, kind)) ?? fromShorter(part, kind))?.sums);
    const missing = wanted.filter((_, at) => sums[at] === undefined);
    const read = new Map<string, EdgeSums>();
    const load = async (some: readonly Part[], from: () => Promise<ReadonlyMap<string, EdgeSums>>): Promise<void> => {
      for (const [key, sum] of await watched(some, kind, from)) read.set(key, sum);
    };
    const long = cut === undefined ? missing.filter(({ length }) => keptLengths.includes(length)) : [];
    await load(long, () => readKeptSums(db, long, oldestDay));
    const left = missing.filter((part) => !read.has(partKey(part)));
    for (const run of runsOf(left, await countsOf(left))) await load(run.parts, () => readRun(run, cut));
    return wanted.map((part, at) => sums[at] ?? read.get(partKey(part)) ?? noEdges);
  }

  /** Keeps of the parts that are read what nothing was written into meanwhile. out: what was read. */
  async function watched(
    some: readonly Part[],
    kind: string,
    load: () => Promise<ReadonlyMap<string, EdgeSums>>,
  ): Promise<ReadonlyMap<string, EdgeSums>> {
    const running = some.map((part): Load => ({ ...part, changed: false }));
    for (const one of running) loads.add(one);
    try {
      const read = await load();
      // Otherwise it may hold some of what will be told, or may not.
      const sure = told !== undefined && told.now() === caughtUp?.writes;
      for (const one of running) {
        const sums = read.get(partKey(one));
        if (sums !== undefined && !one.changed) keep(one, kind, { sums, sure });
      }
      return read;
    } finally {
      for (const one of running) loads.delete(one);
    }
  }

  function fromShorter(part: Part, kind: string): Held | undefined {
    const shorter = shorterOf(part).map((one) => parts.get(keyOf(one, kind)));
    if (shorter.length === 0 || !shorter.every((one) => one !== undefined)) return undefined;
    const sums = sumEdges(
      shorter.map((one) => one.sums),
      () => part.from,
    );
    const held = { sums, sure: shorter.every(({ sure }) => sure) };
    keep(part, kind, held);
    return held;
  }

  function keep(part: Part, kind: string, held: Held): void {
    parts.keep(keyOf(part, kind), held, partBytes + bytesOfEdges(held.sums));
  }

  /** An interval of years is the hours that have rows. */
  async function stretchesOf(from: number, to: number): Promise<{ readonly from: number; readonly to: number }[]> {
    if (to - from <= longSeconds) return [{ from, to }];
    const hours = await readPartRows(db, from, to, hourSeconds);
    return [...hours.keys()]
      .sort((a, b) => a - b)
      .map((hour) => ({ from: Math.max(from, hour), to: Math.min(to, hour + hourSeconds) }));
  }

  /** Rows of what is read, by ten minutes; not asked for when it is little. */
  async function countsOf(missing: readonly Part[]): Promise<ReadonlyMap<number, PartRows> | undefined> {
    const [first, last] = [missing[0], missing.at(-1)];
    if (first === undefined || last === undefined || endOf(last) - first.from <= tenMinutes) return undefined;
    return readPartRows(db, first.from, endOf(last), tenMinutes);
  }

  /** Sums of parts that lie side by side, by partKey. */
  async function readRun({ parts: run, rows }: Run, cut: FrameQuery['cut']): Promise<Map<string, EdgeSums>> {
    if (rows === 0) return new Map(run.map((part) => [partKey(part), noEdges]));
    const [first] = run;
    if (rows === undefined || rows <= maxRunRows || first === undefined || first.length <= tenMinutes)
      return readTogether(run, cut);
    const shorter: EdgeSums[] = [];
    // What is read for it is not kept: it would push out what is.
    for (const one of shorterOf(first)) shorter.push(...(await readTogether([one], cut)).values());
    return new Map([[partKey(first), sumEdges(shorter, () => first.from)]]);
  }

  async function readTogether(run: readonly Part[], cut: FrameQuery['cut']): Promise<Map<string, EdgeSums>> {
    const [from, to] = [run[0]!.from, endOf(run.at(-1)!)];
    const starts = new Map(run.flatMap((part) => framesOf(part).map((frame) => [frame, part.from])));
    const rows = await readEdges(db, { fromSecond: from, toSecond: to, ...(cut && { cut }) });
    const sum = sumEdges([rows], (frame) => starts.get(floorTo(frame, frameSeconds))!);
    const sums = new Map<string, EdgeSums>();
    let at = 0;
    for (const part of run) {
      const first = at;
      while (at < sum.rows && sum.frames[at] === part.from) at++;
      sums.set(partKey(part), sliceEdges(sum, first, at));
    }
    return sums;
  }

  /** By step, or of a workload's edges only: not kept. */
  async function readThrough(wanted: FrameQuery, from: number, to: number, frameOf: (frame: number) => number) {
    const sums: EdgeSums[] = [];
    const length = wanted.source === undefined && wanted.target === undefined ? throughSeconds : ownThroughSeconds;
    for (let at = from; at < to; at += length) {
      const rows = await readEdges(db, { ...wanted, fromSecond: at, toSecond: Math.min(to, at + length) });
      sums.push(sumEdges([rows], frameOf));
    }
    return sums;
  }

  return {
    get bytes() {
      return parts.weight;
    },
    async read({ writes, ...wanted }) {
      const { fromSecond, stepSeconds, probes = false, cut, source, target } = wanted;
      const bounds = await catchUp(writes);
      // A year may be asked of a store that holds a day.
      const from = Math.max(ceilTo(fromSecond, frameSeconds), floorTo(bounds.first, frameSeconds));
      const to = Math.min(ceilTo(wanted.toSecond, frameSeconds), floorTo(bounds.last, frameSeconds) + frameSeconds);
      if (to <= from) return [];
      const frameOf = (frame: number): number => (stepSeconds === undefined ? fromSecond : floorTo(frame, stepSeconds));
      const fitting = partLengths.filter((length) => stepSeconds === undefined || stepSeconds % length === 0);
      const within = (await stretchesOf(from, to)).flatMap((one) => partsOf(one.from, one.to, fitting));
      if (source !== undefined || target !== undefined || (stepSeconds !== undefined && within.length > maxStepParts))
        return sumToFrames(await readThrough(wanted, from, to, frameOf), frameOf, probes);
      const kind = cut === undefined ? '' : JSON.stringify([cut.entry, cut.fromBand]);
      if (!kinds.has(kind) && kinds.size >= maxKinds) {
        kinds.clear();
        parts.clear();
      }
      kinds.add(kind);
      const sums = await sumsOf(within, cut, kind);
      const key = JSON.stringify(wanted);
      const held = answers.get(key);
      const same = held?.sums.length === sums.length && sums.every((sum, at) => sum === held.sums[at]?.deref());
      const frames =
        held !== undefined && same
          ? held.frames
          : sumToFrames(
              sums.filter(({ rows }) => rows > 0),
              frameOf,
              probes,
            );
      answers.keep(key, { sums: sums.map((sum) => new WeakRef(sum)), frames }, frames.length);
      return [...frames];
    },
  };
}

const noEdges = sumEdges([], (frame) => frame);

function keyOf(part: Part, kind: string): string {
  return `${partKey(part)} ${kind}`;
}

interface Run {
  readonly parts: readonly Part[];
  /** How many it has in the store; unknown of little. */
  readonly rows: number | undefined;
}

/** Parts side by side that are read together. in: ascending; rows by ten minutes. */
function runsOf(parts: readonly Part[], counts: ReadonlyMap<number, PartRows> | undefined): Run[] {
  const runs: { parts: Part[]; rows: number | undefined }[] = [];
  for (const part of parts) {
    const rows = counts && rowsOf(part, counts);
    const last = runs.at(-1);
    const fits =
      last !== undefined &&
      endOf(last.parts.at(-1)!) === part.from &&
      (rows === undefined || last.rows === undefined || (rows > 0 === last.rows > 0 && last.rows + rows <= maxRunRows));
    if (fits) {
      last.parts.push(part);
      if (rows !== undefined) last.rows! += rows;
    } else runs.push({ parts: [part], rows });
  }
  return runs;
}

/** Of a short part those of the ten minutes that it lies in, as many as its share. */
function rowsOf({ from, length }: Part, counts: ReadonlyMap<number, PartRows>): number {
  if (length < tenMinutes) {
    const rows = counts.get(floorTo(from, tenMinutes))?.rows ?? 0;
    return Math.ceil((rows * length) / tenMinutes);
  }
  let rows = 0;
  for (let at = from; at < from + length; at += tenMinutes) rows += counts.get(at)?.rows ?? 0;
  return rows;
}
