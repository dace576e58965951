/**
 * Frames of intervals, read once: sums of parts of time (ten seconds, a minute, ten minutes, an hour, each from its multiple on)
 * are kept, and an interval is put together from the largest that lie in it. So a map that moves on by ten seconds reads ten
 * seconds, and one of a day adds up its hours. What is kept of a part stays right until a newer tick writes into it; which parts
 * that are is told by the rows of newer ticks, and those lie in the newest parts of the table only.
 */
import { readFileSync } from 'node:fs';
import { frameSeconds, type EdgeFrame } from '#shared/frame.ts';
import { ceilTo, floorTo } from '#shared/time.ts';
import { second } from './column-time.ts';
import type { Db } from './db.ts';
import { bytesOfEdges, sliceEdges, toFrames, type EdgeSums } from './edge-columns.ts';
import { sumEdges } from './edge-sums.ts';
import { readEdges, type FrameQuery } from './edges-read.ts';
import { createRecent } from './recent.ts';

const [changesSql, countsSql] = ['edges-changes.sql', 'edges-counts.sql'].map((name) =>
  readFileSync(new URL(name, import.meta.url), 'utf8'),
) as [string, string];

/** Lengths of parts, seconds; each divides the next. */
const lengths = [frameSeconds, 60, 600, 3600] as const;
/** What one read covers, unless it is a ten minutes' part: some megabytes. */
const maxRunRows = 16_000;
const countedSeconds = 600;
const hourSeconds = 3600;
/** Of longer intervals only the hours that have rows are looked at. */
const longSeconds = 60 * 24 * hourSeconds;
/** Steps are put together from parts as long as those are not many more than what is kept anyway. */
const maxStepParts = 200;
const defaultMaxBytes = 64 * 1024 * 1024;
/** Of a part besides its columns. */
const partBytes = 1000;
/** Cuts that parts are kept of at a time. */
const maxKinds = 16;
/** What is not kept is read by as much as this at a time: of all edges, of a workload's. */
const throughSeconds = 600;
const ownThroughSeconds = 7200;
/** Answers kept whole, and how many frames they may have together. */
const maxAnswers = 16;
const maxAnswerFrames = 20_000;

export interface FrameReader {
  /**
   * Frames of an interval, or by step. out: an array of the caller's; its frames are not to be changed, and the same ones for as
   * long as nothing was written into the interval. criticalNs, rootCount and rootNs hold their totals under the key ''.
   * errors: those of the store.
   */
  read(wanted: FrameQuery): Promise<EdgeFrame[]>;
  /** Bytes held at present. */
  readonly bytes: number;
}

interface Part {
  readonly from: number;
  readonly length: number;
}

/** A part that is being read, and whether something was written into it meanwhile. */
interface Load extends Part {
  changed: boolean;
}

interface Answer {
  readonly sums: readonly EdgeSums[];
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

export function createFrameReader(db: Db, maxBytes = defaultMaxBytes): FrameReader {
  const parts = createRecent<EdgeSums>(maxBytes);
  const answers = createRecent<Answer>(maxAnswerFrames, maxAnswers);
  const loads = new Set<Load>();
  /** Kinds of sums that are kept: of which cut. */
  const kinds = new Set<string>();
  let oldest = 0;
  let newest = 0;

  /** Forgets what is no longer right. out: bounds of what the table holds. */
  async function catchUp(): Promise<Pick<Changes, 'first' | 'last'>> {
    const rows = await db.rows<Changes>(changesSql, {
      after: parts.weight > 0 || loads.size > 0 ? newest : 0xffffffff,
    });
    const bounds = rows.find(({ newest: tick }) => tick > 0) ?? { oldest: 0, newest: 0, first: 0, last: 0 };
    // Old days have been dropped.
    if (bounds.oldest > oldest) {
      parts.clear();
      for (const load of loads) load.changed = true;
      oldest = bounds.oldest;
    }
    for (const frame of rows.flatMap(({ changed }) => changed)) {
      for (const length of lengths)
        for (const kind of kinds) parts.forget(keyOf({ from: floorTo(frame, length), length }, kind));
      for (const load of loads) if (frame >= load.from && frame < load.from + load.length) load.changed = true;
    }
    newest = Math.max(newest, bounds.newest);
    return bounds;
  }

  /** Sums of parts, in their order. */
  async function sumsOf(wanted: readonly Part[], cut: FrameQuery['cut'], kind: string): Promise<EdgeSums[]> {
    const sums = wanted.map((part) => parts.get(keyOf(part, kind)) ?? fromShorter(part, kind));
    const missing = wanted.filter((_, at) => sums[at] === undefined);
    const read = new Map<number, EdgeSums>();
    for (const run of runsOf(missing, await countsOf(missing)))
      for (const [from, sum] of await load(run, cut, kind)) read.set(from, sum);
    return wanted.map((part, at) => sums[at] ?? read.get(part.from) ?? noEdges);
  }

  function fromShorter(part: Part, kind: string): EdgeSums | undefined {
    const shorter = shorterOf(part).map((one) => parts.get(keyOf(one, kind)));
    if (shorter.length === 0 || !shorter.every((sum) => sum !== undefined)) return undefined;
    const sum = sumEdges(shorter, () => part.from);
    keep(part, kind, sum);
    return sum;
  }

  function keep(part: Part, kind: string, sum: EdgeSums): void {
    parts.keep(keyOf(part, kind), sum, partBytes + bytesOfEdges(sum));
  }

  /** An interval of years is the hours that have rows. */
  async function stretchesOf(from: number, to: number): Promise<{ readonly from: number; readonly to: number }[]> {
    if (to - from <= longSeconds) return [{ from, to }];
    const hours = await db.rows<{ part: number }>(countsSql, {
      from: second(from),
      to: second(to),
      length: hourSeconds,
    });
    return hours
      .map(({ part }) => ({ from: Math.max(from, part), to: Math.min(to, part + hourSeconds) }))
      .sort((a, b) => a.from - b.from);
  }

  /** Rows of what is read, by ten minutes; not asked for when it is little. */
  async function countsOf(missing: readonly Part[]): Promise<ReadonlyMap<number, number> | undefined> {
    const [first, last] = [missing[0], missing.at(-1)];
    if (first === undefined || last === undefined || endOf(last) - first.from <= countedSeconds) return undefined;
    const range = { from: second(first.from), to: second(endOf(last)), length: countedSeconds };
    const rows = await db.rows<{ part: number; rows: string }>(countsSql, range);
    return new Map(rows.map(({ part, rows: count }) => [part, Number(count)]));
  }

  /** Reads parts that lie side by side. out: by their starts. */
  async function load({ parts: run, rows }: Run, cut: FrameQuery['cut'], kind: string): Promise<Map<number, EdgeSums>> {
    const running = run.map((part): Load => ({ ...part, changed: false }));
    for (const one of running) loads.add(one);
    try {
      const sums = await (rows === 0
        ? new Map(run.map(({ from }) => [from, noEdges]))
        : rows !== undefined && rows > maxRunRows && run[0]!.length > countedSeconds
          ? loadLong(run[0]!, cut)
          : loadRun(run, cut));
      for (const one of running) if (!one.changed) keep(one, kind, sums.get(one.from)!);
      return sums;
    } finally {
      for (const one of running) loads.delete(one);
    }
  }

  async function loadRun(run: readonly Part[], cut: FrameQuery['cut']): Promise<Map<number, EdgeSums>> {
    const [from, to] = [run[0]!.from, endOf(run.at(-1)!)];
    const starts = new Map(run.flatMap((part) => framesOf(part).map((frame) => [frame, part.from])));
    const rows = await readEdges(db, { fromSecond: from, toSecond: to, ...(cut && { cut }) });
    const sum = sumEdges([rows], (frame) => starts.get(floorTo(frame, frameSeconds))!);
    const sums = new Map<number, EdgeSums>();
    let at = 0;
    for (const part of run) {
      const first = at;
      while (at < sum.rows && sum.frames[at] === part.from) at++;
      sums.set(part.from, sliceEdges(sum, first, at));
    }
    return sums;
  }

  async function loadLong(part: Part, cut: FrameQuery['cut']): Promise<Map<number, EdgeSums>> {
    const sums: EdgeSums[] = [];
    // What is read for it is not kept: it would push out what is.
    for (const one of shorterOf(part)) sums.push(...(await loadRun([one], cut)).values());
    return new Map([[part.from, sumEdges(sums, () => part.from)]]);
  }

  /** By step, or of a workload's edges only: not kept. */
  async function readThrough(wanted: FrameQuery, from: number, to: number, frameOf: (frame: number) => number) {
    const sums: EdgeSums[] = [];
    const length = wanted.source === undefined && wanted.target === undefined ? throughSeconds : ownThroughSeconds;
    for (let at = from; at < to; at += length) {
      const rows = await readEdges(db, { ...wanted, fromSecond: at, toSecond: Math.min(to, at + length) });
      sums.push(sumEdges([rows], frameOf));
    }
    return sumEdges(sums, frameOf);
  }

  return {
    get bytes() {
      return parts.weight;
    },
    async read(wanted) {
      const { fromSecond, stepSeconds, probes = false, cut, source, target } = wanted;
      const bounds = await catchUp();
      // A year may be asked of a store that holds a day.
      const from = Math.max(ceilTo(fromSecond, frameSeconds), floorTo(bounds.first, frameSeconds));
      const to = Math.min(ceilTo(wanted.toSecond, frameSeconds), floorTo(bounds.last, frameSeconds) + frameSeconds);
      if (to <= from) return [];
      const frameOf = (frame: number): number => (stepSeconds === undefined ? fromSecond : floorTo(frame, stepSeconds));
      const fitting = lengths.filter((length) => stepSeconds === undefined || stepSeconds % length === 0);
      const within = (await stretchesOf(from, to)).flatMap((one) => partsOf(one.from, one.to, fitting));
      if (source !== undefined || target !== undefined || (stepSeconds !== undefined && within.length > maxStepParts))
        return toFrames(await readThrough(wanted, from, to, frameOf), probes);
      const kind = cut === undefined ? '' : JSON.stringify([cut.entry, cut.fromBand]);
      if (!kinds.has(kind) && kinds.size >= maxKinds) {
        kinds.clear();
        parts.clear();
      }
      kinds.add(kind);
      const sums = await sumsOf(within, cut, kind);
      const key = JSON.stringify(wanted);
      const held = answers.get(key);
      const same = held?.sums.length === sums.length && sums.every((sum, at) => sum === held.sums[at]);
      const frames =
        held !== undefined && same
          ? held.frames
          : toFrames(
              sumEdges(
                sums.filter(({ rows }) => rows > 0),
                frameOf,
              ),
              probes,
            );
      answers.keep(key, { sums, frames }, frames.length);
      return [...frames];
    },
  };
}

const noEdges = sumEdges([], (frame) => frame);

function keyOf({ from, length }: Part, kind: string): string {
  return `${length} ${from} ${kind}`;
}

function endOf({ from, length }: Part): number {
  return from + length;
}

/** The parts an interval is made of, the fewest there are. in: multiples of the first length. */
function partsOf(from: number, to: number, fitting: readonly number[]): Part[] {
  const parts: Part[] = [];
  for (let at = from; at < to;) {
    const length = fitting.findLast((one) => at % one === 0 && at + one <= to)!;
    parts.push({ from: at, length });
    at += length;
  }
  return parts;
}

/** The next shorter parts that one is made of; none of the shortest. */
function shorterOf({ from, length }: Part): Part[] {
  const shorter = lengths.findLast((one) => one < length);
  if (shorter === undefined) return [];
  return Array.from({ length: length / shorter }, (_, at) => ({ from: from + at * shorter, length: shorter }));
}

function framesOf({ from, length }: Part): number[] {
  return Array.from({ length: length / frameSeconds }, (_, at) => from + at * frameSeconds);
}

interface Run {
  readonly parts: readonly Part[];
  /** How many it has in the store; unknown of little. */
  readonly rows: number | undefined;
}

/** Parts side by side that are read together. in: ascending; rows by ten minutes. */
function runsOf(parts: readonly Part[], counts: ReadonlyMap<number, number> | undefined): Run[] {
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
function rowsOf({ from, length }: Part, counts: ReadonlyMap<number, number>): number {
  if (length < countedSeconds) {
    const rows = counts.get(floorTo(from, countedSeconds)) ?? 0;
    return Math.ceil((rows * length) / countedSeconds);
  }
  let rows = 0;
  for (let at = from; at < from + length; at += countedSeconds) rows += counts.get(at) ?? 0;
  return rows;
}
