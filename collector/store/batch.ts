/**
 * Group commit: bodies are decoded straight into the open block; one commit runs at a time and takes all that gathered
 * while the one before it ran, so commits are small when little comes and large when much comes; when very little comes, the first body waits a moment
 * for others, because a commit costs the same for one span as for hundreds. A body's promise
 * settles when the commit that holds it has settled.
 *
 * Every commit is stamped with a tick, the whole second of ingest. Ticks never go back, not even when the clock does, and a
 * tick that was called sealed is never stamped again: the derivation may take it as complete.
 */

/** What gathers rows between two commits. */
export interface Block {
  readonly rows: number;
  /** The rows as one Native block, all stamped with the tick. */
  seal(tick: number): readonly Uint8Array[];
  reset(): void;
}

export interface Batcher<B extends Block> {
  /**
   * Lets `fill` append rows to the open block and resolves after their commit with what it returned.
   * errors: what fill throws (it must leave the block as it was); what the commit failed with.
   */
  add<T>(fill: (block: B) => T): Promise<T>;
  /** Every tick up to this one is complete in the store, for good. */
  sealedTick(): number;
  /** Tick of the newest successful commit, 0 before the first. */
  newestTick(): number;
  /** Commits what is open and refuses more. */
  close(): Promise<void>;
}

export interface BatcherOptions<B extends Block> {
  readonly createBlock: () => B;
  readonly insert: (block: readonly Uint8Array[], rows: number) => Promise<void>;
  /** No commit is stamped with this tick or an earlier one: the store's newest. */
  readonly afterTick: number;
  /** How long the first body of a commit waits for company, */
  readonly lingerMs: number;
  /** unless this many rows have gathered: then the commit is worth its cost. */
  readonly lingerRows: number;
  readonly nowMs?: () => number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

export function createBatcher<B extends Block>(options: BatcherOptions<B>): Batcher<B> {
  const { createBlock, insert, lingerMs, lingerRows, nowMs = Date.now } = options;
  let open = createBlock();
  let spare = createBlock();
  let waiters: Waiter[] = [];
  let committing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let inFlightTick: number | undefined;
  let leastTick = options.afterTick + 1;
  let newestTick = options.afterTick;
  let closing = false;

  function currentTick(): number {
    leastTick = Math.max(leastTick, Math.floor(nowMs() / 1000));
    return leastTick;
  }

  async function commit(): Promise<void> {
    const block = open;
    const served = waiters;
    open = spare;
    waiters = [];
    const tick = currentTick();
    inFlightTick = tick;
    try {
      if (block.rows > 0) await insert(block.seal(tick), block.rows);
      newestTick = tick;
      for (const { resolve } of served) resolve();
    } catch (cause) {
      for (const { reject } of served) reject(cause);
    } finally {
      inFlightTick = undefined;
      block.reset();
      spare = block;
    }
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    committing = commit().finally(() => {
      committing = undefined;
      if (waiters.length === 0) return;
      if (open.rows >= lingerRows || closing) start();
      else timer = setTimeout(start, lingerMs);
    });
  }

  return {
    async add(fill) {
      const result = fill(open);
      const done = new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
      if (committing === undefined) {
        if (open.rows >= lingerRows) start();
        else timer ??= setTimeout(start, lingerMs);
      }
      await done;
      return result;
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
    },
  };
}
