/**
 * Group commit: bodies are decoded straight into the open block; one commit runs at a time and takes all that gathered
 * while the one before it ran, and a first body waits for company, because a commit costs the same for one span as for
 * hundreds. With a log, a body's promise settles when its rows are on disk there, and commits can be large; without one, when
 * the commit that holds it has settled.
 *
 * Every commit is stamped with a tick, the whole second of ingest, and its number within it. Ticks never go back, not even
 * when the clock does, and a tick that was called sealed is never stamped again: the derivation may take it as complete.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { CommitMark, Log, OpenSegment, Segment } from './log.ts';

/** What gathers rows between two commits. */
export interface Block {
  readonly rows: number;
  /** What was appended since the last record, or since the block was empty, for `restore`; valid until the next record. */
  record(): Uint8Array;
  /** Appends what a record holds; records of one block are restored from its first on. */
  restore(record: Uint8Array): void;
  /** Takes the rows out, as one Native block stamped with the commit's mark, which is valid until the next one. */
  seal(mark: CommitMark): Uint8Array;
}

export interface Batcher<B extends Block> {
  /**
   * Lets `fill` append rows to the open block, and resolves with what it returned when they are durable.
   * errors: what fill throws (it must leave the block as it was); what the log or the commit failed with.
   */
  add<T>(fill: (block: B) => T): Promise<T>;
  /** Commits a segment that an earlier process left, unless the store has it. in: appends what a body holds. */
  recover(segment: Segment, fill: (block: B, body: Uint8Array) => void): Promise<void>;
  /** Resolves when everything added so far can be read from the store. */
  flush(): Promise<void>;
  /** Every tick up to this one is complete in the store, for good. */
  sealedTick(): number;
  /** Tick of the newest successful commit, 0 before the first. */
  newestTick(): number;
  /** Commits what is open and refuses more. */
  close(): Promise<void>;
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
  /** When to commit, unless so many rows have gathered: while senders wait for it, so long after the first body; */
  readonly waited: { readonly ms: number; readonly rows: number };
  /** while only the log's records do, so long before the second ends. Absent: without a log. */
  readonly logged?: { readonly leadMs: number; readonly rows: number };
  /** Rows that may gather while a commit runs; then bodies wait for it. */
  readonly mostRows: number;
  /** Pause before a commit that failed is tried again; only with a log, else the failure is the senders'. */
  readonly retryMs?: number;
  readonly nowMs?: () => number;
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
    mostRows,
    retryMs = 1000,
    nowMs = Date.now,
  } = options;
  let waiters: Waiter[] = [];
  let committing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerDueMs = 0;
  let inFlightTick: number | undefined;
  let leastTick = options.afterTick + 1;
  let newestTick = options.afterTick;
  let lastMark: CommitMark = { tick: options.afterTick, batch: 0 };
  let closing = false;

  function currentTick(): number {
    leastTick = Math.max(leastTick, Math.floor(nowMs() / 1000));
    return leastTick;
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

  async function commit(): Promise<void> {
    const { rows } = block;
    const served = waiters;
    waiters = [];
    const mark = nextMark();
    try {
      if (rows > 0) {
        const sealed = block.seal(mark);
        await (log ? insertLogged(log.cut(), sealed, rows, mark) : insert(sealed, rows));
        onCommitted?.();
      }
      newestTick = mark.tick;
      for (const { resolve } of served) resolve();
    } catch (cause) {
      for (const { reject } of served) reject(cause);
    } finally {
      inFlightTick = undefined;
    }
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    committing = commit().finally(() => {
      committing = undefined;
      if (block.rows > 0 || waiters.length > 0) schedule();
    });
  }

  /**
   * A commit is due: at once when it is worth its cost; when senders wait for it, after their company's time; else just before
   * the second ends, for what is stamped with a second is not looked at before.
   */
  function schedule(): void {
    const isWaited = waiters.length > 0 || logged === undefined;
    if (block.rows >= (isWaited ? waited : logged).rows || closing) return start();
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
    const left = 1000 - leadMs - (nowMs() % 1000);
    return left > 0 ? left : left + 1000;
  }

  function committed(): Promise<void> {
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }

  return {
    async add(fill) {
      while (block.rows >= mostRows && committing !== undefined) await committing;
      const before = block.rows;
      const result = fill(block);
      if (block.rows === before) return result;
      const durable = log?.append(block.record()) ?? committed();
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
      if (committing !== undefined) await committing;
      if (block.rows === 0) return;
      const done = committed();
      if (committing === undefined) start();
      await done;
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
