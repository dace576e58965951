/**
 * The derivation's thread: one message at a time, so that a provisional picture never sees half a tick. After a failure the
 * derivation is made anew from the store at the next message; the thread itself stays, because chDB does not outlive the end
 * of a thread that had it open.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createDb } from '../store/db.ts';
import { createDeriver, type Deriver, type Progress } from './deriver.ts';
import type { EdgeFrame } from '#shared/frame.ts';
import type { DeriveOptions } from './settle.ts';

export interface WorkerStart {
  readonly store: string;
  readonly options: DeriveOptions;
  /** One Int32: odd while derived rows are being written. */
  readonly writes: SharedArrayBuffer;
}

export type ToWorker =
  | { readonly type: 'advance'; readonly sealed: number; readonly newest: number }
  | { readonly type: 'provisional'; readonly id: number }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'advanced'; readonly progress: Progress }
  | {
      readonly type: 'provisional';
      readonly id: number;
      readonly frames: EdgeFrame[];
      readonly unsettled: number;
      /** Value of `writes` when the picture was taken. */
      readonly write: number;
    }
  /** The message could not be handled; nothing half-done is kept. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'closed' };

const port = parentPort;
if (port === null) throw new Error('worker.ts runs as a worker thread only');
const { store, options, writes } = workerData as WorkerStart;
const write = new Int32Array(writes);
const db = await createDb(store);
let deriver: Deriver | undefined;

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
  deriver ??= await createDeriver(db, options, (active) => {
    if (active === (Atomics.load(write, 0) % 2 === 0)) Atomics.add(write, 0, 1);
  });
  if (message.type === 'advance') {
    send({ type: 'advanced', progress: await deriver.advance(message.sealed, message.newest) });
  } else {
    send({ type: 'provisional', id: message.id, ...deriver.provisional(), write: Atomics.load(write, 0) });
  }
}

function send(message: FromWorker): void {
  port?.postMessage(message);
}
