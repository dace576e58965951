/** The derivation's thread: one message at a time, so that a provisional picture never sees half a tick. */
import { parentPort, workerData } from 'node:worker_threads';
import { createDb } from '../store/db.ts';
import { createDeriver, type Progress } from './deriver.ts';
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
  | { readonly type: 'closed' };

const port = parentPort;
if (port === null) throw new Error('worker.ts runs as a worker thread only');
const { store, options, writes } = workerData as WorkerStart;
const write = new Int32Array(writes);
const db = await createDb(store);
const deriver = await createDeriver(db, options, (active) => {
  if (active === (Atomics.load(write, 0) % 2 === 0)) Atomics.add(write, 0, 1);
});

let last: Promise<void> = Promise.resolve();
port.on('message', (message: ToWorker) => {
  last = last.then(() => handle(message));
  last.catch((error: unknown) => {
    throw error;
  });
});

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'advance':
      return send({ type: 'advanced', progress: await deriver.advance(message.sealed, message.newest) });
    case 'provisional':
      return send({ type: 'provisional', id: message.id, ...deriver.provisional(), write: Atomics.load(write, 0) });
    case 'close':
      await deriver.close();
      await db.close();
      send({ type: 'closed' });
      port?.close();
  }
}

function send(message: FromWorker): void {
  port?.postMessage(message);
}
