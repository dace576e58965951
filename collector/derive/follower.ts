/**
 * The derivation as the rest of the program sees it: runs the worker thread, tells it which ticks are complete and to go on
 * when it failed (it takes up where the store says), and joins stored frames with provisional ones.
 */
import { Worker } from 'node:worker_threads';
import { AppError } from '#shared/error.ts';
import { createToldEdges, type ToldEdges } from '../store/edges-told.ts';
import type { ToldSpans } from '../store/spans-told.ts';
import type { Progress } from './deriver.ts';
import { toOpenEdges, type OpenEdges } from './open-edges.ts';
import type { DeriveOptions } from './settle.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker.ts';

export interface Consistent<T> {
  readonly value: T;
  /** What the traces that are still open add to what `read` saw. */
  readonly provisional: OpenEdges;
  readonly unsettled: number;
}

export interface FollowerStatus {
  /** How long complete ticks have been waiting to be derived. */
  readonly lagMs: number;
  readonly unsettledTraces: number;
  /** Since the start of the process. */
  readonly settledTraces: number;
  readonly settleAfterMs: number;
  /** Calls folded into the overflow bucket. */
  readonly overflow: number;
}

export interface Follower {
  /**
   * Runs `read` so that the frames it reads and the provisional ones, which it is given, belong to the same moment. It is also
   * given a number that is another one once this derivation has written.
   */
  consistent<T>(read: (provisional: OpenEdges, writes: number) => Promise<T>): Promise<Consistent<T>>;
  /** What this derivation has written, by the same numbers. */
  readonly told: ToldEdges;
  /** Calls `listener` whenever more ticks are derived: what `consistent` gives may be another then. */
  onAdvanced(listener: () => void): void;
  status(): FollowerStatus;
  close(): Promise<void>;
}

export interface FollowerOptions {
  readonly store: string;
  readonly options: DeriveOptions;
  readonly sealedTick: () => number;
  readonly newestTick: () => number;
  /** What is known of the spans of ticks up to a sealed one; they are given away. Absent: nothing, they are read. */
  readonly tellUntil?: (tick: number) => ToldSpans[];
  /** A tick or a picture failed; it is tried again. */
  readonly onFailure: (error: Error) => void;
  /** The thread is gone, and with it an embedded store: only a new process can go on. */
  readonly onEnd: (error: Error) => void;
}

/** How often complete ticks are looked for. */
const pollMs = 200;
const restartAfterMs = 1000;
/** Tries to read between two writes before a picture that may be one tick apart is accepted. */
const maxTries = 8;

export function createFollower({
  store,
  options,
  sealedTick,
  newestTick,
  tellUntil,
  onFailure,
  onEnd,
}: FollowerOptions): Follower {
  const begunTick = sealedTick();
  const writes = new SharedArrayBuffer(4);
  const write = new Int32Array(writes);
  const told = createToldEdges(() => Atomics.load(write, 0));
  const asked = new Map<number, { resolve: (answer: Picture) => void; reject: (error: Error) => void }>();
  const listeners: (() => void)[] = [];
  let progress: Progress = { tick: 0, unsettledTraces: 0, settledTraces: 0, overflow: 0 };
  let settledBefore = 0;
  let waiting = false;
  let nextId = 0;
  let closed: (() => void) | undefined;
  const workerData: WorkerStart = { store, options, writes };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
  worker.on('message', receive);
  worker.on('error', onEnd);

  function send(message: ToWorker, given?: ArrayBuffer[]): void {
    worker.postMessage(message, given);
  }

  function receive(message: FromWorker): void {
    switch (message.type) {
      case 'advanced':
        progress = message.progress;
        waiting = false;
        advance();
        for (const listener of listeners) listener();
        return;
      case 'provisional':
        asked.get(message.id)?.resolve(toPicture(message));
        asked.delete(message.id);
        return;
      case 'wrote':
        return told.add(message.told);
      case 'failed':
        onFailure(new Error(message.reason));
        settledBefore += progress.settledTraces;
        progress = { ...progress, settledTraces: 0 };
        current = undefined;
        for (const { reject } of asked.values()) reject(startsAnew());
        asked.clear();
        setTimeout(() => {
          waiting = false;
        }, restartAfterMs).unref();
        return;
      case 'closed':
        closed?.();
    }
  }

  function advance(): void {
    const sealed = sealedTick();
    if (waiting || sealed <= progress.tick || closed !== undefined) return;
    waiting = true;
    current = undefined;
    const told = tellUntil?.(sealed) ?? [];
    const given = told.flatMap(({ rows, classes }) => [rows.buffer, classes.buffer] as ArrayBuffer[]);
    send({ type: 'advance', sealed, newest: newestTick(), told }, given);
  }
  const timer = setInterval(advance, pollMs);

  /** Nothing but an advance changes what the thread would say: one question serves everybody until then. */
  let current: Promise<Picture> | undefined;
  function picture(): Promise<Picture> {
    current ??= new Promise<Picture>((resolve, reject) => {
      const id = nextId++;
      asked.set(id, { resolve, reject });
      send({ type: 'provisional', id });
    });
    return current;
  }

  return {
    async consistent(read) {
      for (let tries = 1; ; tries++) {
        const { open, unsettled, write: before } = await picture();
        const value = await read(open, before);
        if (Atomics.load(write, 0) === before || tries === maxTries) return { value, provisional: open, unsettled };
      }
    },
    told,
    onAdvanced: (listener) => void listeners.push(listener),
    status: () => ({
      // Before its first word the thread is still reading what was open: at least so long.
      lagMs: Math.max(0, sealedTick() - Math.max(progress.tick, begunTick)) * 1000,
      unsettledTraces: progress.unsettledTraces,
      settledTraces: settledBefore + progress.settledTraces,
      settleAfterMs: options.settleTicks * 1000,
      overflow: progress.overflow,
    }),
    async close() {
      clearInterval(timer);
      await new Promise<void>((resolve) => {
        closed = resolve;
        worker.once('exit', () => resolve());
        worker.once('error', () => resolve());
        send({ type: 'close' });
      });
      await worker.terminate();
    },
  };
}

interface Picture {
  readonly open: OpenEdges;
  readonly unsettled: number;
  readonly write: number;
}

function toPicture({ edges, unsettled, write }: Extract<FromWorker, { type: 'provisional' }>): Picture {
  return { open: toOpenEdges(edges), unsettled, write };
}

function startsAnew(): AppError {
  return new AppError('unavailable', 'cannot read the map: the derivation starts anew');
}
