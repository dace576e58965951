/**
 * The derivation's thread: one message at a time, so that a provisional picture never sees half a tick. After a failure the
 * derivation is made anew from the store at the next message; the thread itself stays, because chDB does not outlive the end
 * of a thread that had it open.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { keepHeapSmall } from '../heap.ts';
import { createDb } from '../store/db.ts';
import type { EdgeSums } from '../store/edge-columns.ts';
import { toEdgeSums, type ToldWrite } from '../store/edges-told.ts';
import type { ToldSpans } from '../store/spans-told.ts';
import { createDeriver, type Deriver, type Progress } from './deriver.ts';
import type { DeriveOptions } from './settle.ts';

export interface WorkerStart {
  readonly store: string;
  readonly options: DeriveOptions;
  /** One Int32: counts begins and ends of writes, odd while derived rows are being written. */
  readonly writes: SharedArrayBuffer;
}

export type ToWorker =
  | {
      readonly type: 'advance';
      readonly sealed: number;
      readonly newest: number;
      /** Spans of ticks up to `sealed`. */
      readonly told: readonly ToldSpans[];
    }
  | { readonly type: 'provisional'; readonly id: number }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'advanced'; readonly progress: Progress }
  | {
      readonly type: 'provisional';
      readonly id: number;
      readonly edges: EdgeSums;
      readonly unsettled: number;
      /** Value of `writes` when the picture was taken. */
      readonly write: number;
    }
  /** What was written, before anything else is said of it; only while pictures are asked for. */
  | { readonly type: 'wrote'; readonly told: ToldWrite }
  /** The message could not be handled; nothing half-done is kept. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'closed' };

/** Writes that are told after the last question for a picture: to tell costs some milliseconds. */
const maxUnasked = 30;

const port = parentPort;
if (port === null) throw new Error('worker.ts runs as a worker thread only');
const { store, options, writes } = workerData as WorkerStart;
const write = new Int32Array(writes);
keepHeapSmall();
const db = await createDb(store);
let deriver: Deriver | undefined;
let unasked = maxUnasked;

let last: Promise<void> = Promise.resolve();
port.on('message', (message: ToWorker) => {
  last = last
    .then(() => handle(message))
    .catch((error: unknown) => {
      deriver = undefined;
      send({ type: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    });
});

async function handle(message: ToWorker): Promise<void> {
  if (message.type === 'close') {
    await deriver?.close().catch(() => {});
    await db.close();
    send({ type: 'closed' });
    port?.close();
    return;
  }
  deriver ??= await createDeriver(db, options, {
    begin: () => void Atomics.add(write, 0, 1),
    end(written) {
      Atomics.add(write, 0, 1);
      // Into a server others write too: what was written there is asked for.
      if (written === undefined || unasked >= maxUnasked || db.logDirectory === undefined) return;
      unasked += 1;
      const { tick, columns } = written;
      send({ type: 'wrote', told: { write: Atomics.load(write, 0), tick, edges: toEdgeSums(columns) } });
    },
  });
  if (message.type === 'advance') {
    send({ type: 'advanced', progress: await deriver.advance(message.sealed, message.newest, message.told) });
  } else {
    unasked = 0;
    send({ type: 'provisional', id: message.id, ...deriver.provisional(), write: Atomics.load(write, 0) });
  }
}

function send(message: FromWorker): void {
  port?.postMessage(message);
}
