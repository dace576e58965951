/**
 * Group commit: bodies are decoded straight into the open block; one commit runs at a time and takes all that gathered
 * while the one before it ran, and a first body waits for company, because a commit costs the same for one span as for
 * hundreds. With a log, a body's promise settles when its rows are on disk there, and commits can be large; without one, when
 * the commit that holds it has settled.
 *
 * What gathers while a commit runs is bounded, in rows and in bytes: beyond that, bodies wait for the commit's end, and are
 * refused when it does not come.
 *
 * Every commit is stamped with a tick, the whole second of ingest, and its number within it. Ticks never go back, not even
 * when the clock does: then they go on by the steady clock, a second each. A tick that was called sealed is never stamped
 * again: the derivation may take it as complete.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '#shared/error.ts';
import type { CommitMark, Log, OpenSegment, Segment } from './log.ts';

/** What gathers rows between two commits. */
export interface Block {
  readonly rows: number;
  /** Bytes in use, roughly what seal gives. */
  readonly bytes: number;
  /** What was appended since the last record, or since the block was empty, for `restore`; valid until the next record. */
  record(): Uint8Array;
  /** Appends what a record holds; records of one block are restored from its first on. */
  restore(record: Uint8Array): void;
  /**
   * Takes the rows out, as one Native block stamped with the commit's mark, which is valid until the next one.
   * errors: without memory for it; the rows stay.
   */
  seal(mark: CommitMark): Uint8Array;
}

export interface Batcher<B extends Block> {
  /**
   * Lets `fill` append rows to the open block, and resolves with what it returned when they are durable.
   * errors: what fill throws (it must leave the block as it was); what the log or the commit failed with; AppError unavailable
   * when there is no room for more in time, or when closing: then `fill` is not called.
   */
  add<T>(fill: (block: B) => T): Promise<T>;
  /** Commits a segment that an earlier process left, unless the store has it. in: appends what a body holds. */
  recover(segment: Segment, fill: (block: B, body: Uint8Array) => void): Promise<void>;
  /**
   * Resolves when everything added so far can be read from the store, or when it cannot now: the store refuses it, or takes
   * longer than a reader should wait.
   */
  flush(): Promise<void>;
  /** Every tick up to this one is complete in the store, for good. */
  sealedTick(): number;
  /** Tick of the newest successful commit, 0 before the first. */
  newestTick(): number;
  /** Commits what is open and refuses more. */
  close(): Promise<void>;
}

/** So many rows or so many bytes. */
export interface Amount {
  readonly rows: number;
  readonly bytes: number;
}

export interface BatcherOptions<B extends Block> {
  /** Empty; takes rows also while a commit runs. */
  readonly block: B;
  readonly insert: (sealed: Uint8Array, rows: number) => Promise<void>;
  /** Told of each commit that is in the store, before its tick can be called sealed; the block has not been sealed again. */
  readonly committed?: () => void;
  /** Whether the store has the rows of a commit. */
  readonly holds: (mark: CommitMark) => Promise<boolean>;
  readonly log?: Log | undefined;
  /** No commit is stamped with this tick or an earlier one: the store's newest. */
  readonly afterTick: number;
  /** When to commit, unless so much has gathered: while senders wait for it, so long after the first body; */
  readonly waited: Amount & { readonly ms: number };
  /** while only the log's records do, so long before the second ends. Absent: without a log. */
  readonly logged?: Amount & { readonly leadMs: number };
  /** What may gather while a commit runs, but for the body that goes beyond; then bodies wait for its end, */
  readonly most: Amount;
  /** so long at most: a sender should be told to come back before it gives up by itself. */
  readonly roomMs?: number;
  /** How long a flush waits for a commit. */
  readonly flushMs?: number;
  /** Pause before rows are tried again: logged ones that the store refused, and those that could not be sealed. */
  readonly retryMs?: number;
  readonly nowMs?: () => number;
  /** A clock that nobody sets. */
  readonly steadyMs?: () => number;
}

function logFailed(cause: unknown): never {
  throw new AppError('unavailable', 'cannot store spans: the log cannot be written', { cause });
}

function isClosing(): AppError {
  return new AppError('unavailable', 'cannot take spans: the collector is closing');
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

export function createBatcher<B extends Block>(options: BatcherOptions<B>): Batcher<B> {
  const {
    block,
    insert,
    committed: onCommitted,
    holds,
    log,
    waited,
    logged,
    most,
    roomMs = 5000,
    flushMs = 1000,
    retryMs = 1000,
    nowMs = Date.now,
    steadyMs = () => performance.now(),
  } = options;
  let waiters: Waiter[] = [];
  let committing: Promise<void> | undefined;
  /** Those who wait for the end of the commit under way. */
  const sleepers = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let timerDueMs = 0;
  let inFlightTick: number | undefined;
  /** How far ingest time is ahead of the steady clock, in whole ms. */
  let aheadMs = (options.afterTick + 1) * 1000 - Math.floor(steadyMs());
  let newestTick = options.afterTick;
  let lastMark: CommitMark = { tick: options.afterTick, batch: 0 };
  let closing = false;

  /**
   * The clock's time in ms, but where the clock is set back, or stands behind the store, it goes on from there. It stays ahead
   * of the clock then: days of the store end so much later.
   */
  function ingestMs(): number {
    const steady = Math.floor(steadyMs());
    aheadMs = Math.max(aheadMs, nowMs() - steady);
    return steady + aheadMs;
  }

  function currentTick(): number {
    return Math.floor(ingestMs() / 1000);
  }

  function nextMark(): CommitMark {
    const tick = currentTick();
    lastMark = { tick, batch: tick === lastMark.tick ? lastMark.batch + 1 : 0 };
    inFlightTick = tick;
    return lastMark;
  }

  /** Tries until the rows of a segment are in the store; a try whose end is not known may have got there. */
  async function insertLogged(segment: OpenSegment, sealed: Uint8Array, rows: number, mark: CommitMark): Promise<void> {
    let stamped = false;
    for (let tries = 1; ; tries++) {
      try {
        if (stamped && (await holds(mark))) return await segment.forget();
        await segment.stamp(mark);
        stamped = true;
        await insert(sealed, rows);
        return await segment.forget();
      } catch (cause) {
        // The log keeps the rows for the next process.
        if (closing && tries >= 3) throw cause;
        await pause(retryMs);
      }
    }
  }

  /** out: whether all that was open is out of the block. */
  async function commit(): Promise<boolean> {
    const { rows } = block;
    const served = waiters;
    waiters = [];
    const mark = nextMark();
    let sealed: Uint8Array | undefined;
    try {
      if (rows > 0) {
        sealed = block.seal(mark);
        await (log ? insertLogged(log.cut(), sealed, rows, mark) : insert(sealed, rows));
        onCommitted?.();
      }
      newestTick = mark.tick;
      for (const { resolve } of served) resolve();
      return true;
    } catch (cause) {
      for (const { reject } of served) reject(cause);
      // At once there would be no memory either.
      if (sealed === undefined) await pause(retryMs);
      return sealed !== undefined;
    } finally {
      inFlightTick = undefined;
    }
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    committing = commit().then((isOut) => {
      committing = undefined;
      for (const wake of sleepers) wake();
      if (block.rows === 0 && waiters.length === 0) return;
      if (isOut || !closing) return schedule();
      // What does not get out of the block before the end is in the log, or refused.
      for (const { reject } of waiters.splice(0)) reject(isClosing());
    });
  }

  /** Resolves when the commit under way has ended, at once when none is, and after `ms` at the latest. */
  function commitEnd(ms: number): Promise<void> {
    if (committing === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timeout);
        sleepers.delete(wake);
        resolve();
      };
      const timeout = setTimeout(wake, ms);
      sleepers.add(wake);
    });
  }

  function reaches({ rows, bytes }: Amount): boolean {
    return block.rows >= rows || block.bytes >= bytes;
  }

  /**
   * A commit is due: at once when it is worth its cost; when senders wait for it, after their company's time; else just before
   * the second ends, for what is stamped with a second is not looked at before.
   */
  function schedule(): void {
    const isWaited = waiters.length > 0 || logged === undefined;
    if (reaches(isWaited ? waited : logged) || closing) return start();
    if (timer !== undefined && !isWaited) return;
    const ms = isWaited ? waited.ms : untilSecondEnds(logged.leadMs);
    const dueMs = performance.now() + ms;
    if (timer !== undefined && timerDueMs <= dueMs) return;
    clearTimeout(timer);
    timerDueMs = dueMs;
    timer = setTimeout(start, ms);
  }

  /** In ms; with less than `leadMs` left, until so long before the end of the next one. */
  function untilSecondEnds(leadMs: number): number {
    const left = 1000 - leadMs - (ingestMs() % 1000);
    return left > 0 ? left : left + 1000;
  }

  function committed(): Promise<void> {
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }

  return {
    async add(fill) {
      const untilMs = performance.now() + roomMs;
      // Looked at again by each body: the one before it may have taken the room.
      while (committing !== undefined && reaches(most)) {
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0) throw new AppError('unavailable', 'cannot take spans: too many wait for the store');
        await commitEnd(leftMs);
      }
      if (closing) throw isClosing();
      const before = block.rows;
      const result = fill(block);
      if (block.rows === before) return result;
      const durable = log?.append(block.record())?.catch(logFailed) ?? committed();
      if (committing === undefined) schedule();
      await durable;
      return result;
    },
    async recover(segment, fill) {
      if (segment.mark === undefined || !(await holds(segment.mark))) {
        for (const body of segment.bodies) fill(block, body);
        for (const record of segment.records) block.restore(record);
        const mark = nextMark();
        await segment.stamp(mark);
        const { rows } = block;
        if (rows > 0) {
          await insert(block.seal(mark), rows);
          onCommitted?.();
        }
        newestTick = mark.tick;
        inFlightTick = undefined;
      }
      await segment.forget();
    },
    async flush() {
      // What is open goes with the commit after the one under way, whoever starts it.
      const isOpen = block.rows > 0;
      await commitEnd(flushMs);
      if (!isOpen) return;
      if (committing === undefined && block.rows > 0) start();
      await commitEnd(flushMs);
    },
    sealedTick() {
      if (inFlightTick !== undefined) return inFlightTick - 1;
      return currentTick() - 1;
    },
    newestTick: () => newestTick,
    async close() {
      closing = true;
      if (timer !== undefined) start();
      while (committing !== undefined) await committing;
      await log?.close();
    },
  };
}
