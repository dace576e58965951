/**
 * POST /api/traces/open: the traces of a file as the page shows stored ones. Nothing is stored. The file is read within bounds
 * of size, memory and time by a thread of its own (trace-open-worker.ts), two at a time; pages of other sites may not ask.
 */
import { Worker } from 'node:worker_threads';
import type { Context, TypedResponse } from 'hono';
import type { Trace } from '#shared/api.ts';
import { AppError, type ErrorCode } from '#shared/error.ts';
import { maxFileBytes } from '../store/trace-file.ts';
import type { Env } from './app.ts';
import type { ServeDeps } from './deps.ts';

/** What the thread says: pieces of the answer in order and that they were all, or why there is none. */
export interface FromOpener {
  readonly piece?: Uint8Array;
  readonly done?: true;
  readonly refused?: { readonly code: ErrorCode; readonly message: string };
}

const maxOpen = 2;
const maxMemoryMb = 2048;
const maxSeconds = 60;

type Opened = Response & TypedResponse<Trace[], 200, 'json'>;

/** out: the route's answer to a request. errors: bad-request that says what is wrong and where; too-large; forbidden; unavailable. */
export function createOpener({
  calls,
  onBug,
}: Pick<ServeDeps, 'calls' | 'onBug'>): (c: Context<Env>) => Promise<Opened> {
  let open = 0;
  return async (c) => {
    checkSite(c.req.header('sec-fetch-site'));
    if (open >= maxOpen) throw new AppError('unavailable', 'cannot open file: others are being opened, try again');
    open += 1;
    const release = once(() => (open -= 1));
    try {
      const bytes = await readFile(c.req.raw);
      const body = await answerOf(startWorker(bytes, calls), onBug, release);
      return c.body(body, 200, { 'content-type': 'application/json' }) as unknown as Opened;
    } catch (error) {
      release();
      throw error;
    }
  };
}

/** A page of another site could make a reader's browser send files here; it would learn nothing, but cost us. */
function checkSite(site: string | undefined): void {
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new AppError('forbidden', 'cannot open file: the page that asks is of another site');
}

async function readFile(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (): AppError =>
    new AppError('too-large', `cannot open file: it is larger than ${maxFileBytes / 1024 / 1024} MiB`);
  if (Number(request.headers.get('content-length') ?? 0) > maxFileBytes) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let size = 0;
  if (request.body !== null) {
    for await (const piece of request.body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
      size += piece.length;
      if (size > maxFileBytes) throw tooLarge();
      pieces.push(piece);
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function startWorker(bytes: Uint8Array<ArrayBuffer>, calls: ServeDeps['calls']): Worker {
  return new Worker(new URL('./trace-open-worker.ts', import.meta.url), {
    workerData: { bytes, calls },
    transferList: [bytes.buffer],
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb },
  });
}

/** The answer as a stream, when the first piece of it is there. errors: what the thread refuses the file with. */
function answerOf(
  worker: Worker,
  onBug: (error: unknown) => void,
  release: () => void,
): Promise<ReadableStream<Uint8Array>> {
  return new Promise((resolve, reject) => {
    let control: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        control = controller;
      },
      cancel: () => end(),
    });
    let ended = false;
    const end = once(() => {
      ended = true;
      clearTimeout(timer);
      release();
      void worker.terminate();
    });
    const fail = (error: AppError): void => {
      end();
      reject(error);
      // When pieces went out already, the reader must see that they were not all.
      control?.error(error);
    };
    const timer = setTimeout(
      () => fail(new AppError('too-large', `cannot open file: it takes longer than ${maxSeconds} s`)),
      maxSeconds * 1000,
    );
    worker.on('message', ({ piece, done, refused }: FromOpener) => {
      // What was on its way when the reader went.
      if (ended) return;
      if (refused) return fail(new AppError(refused.code, refused.message));
      resolve(body);
      if (piece) control?.enqueue(piece);
      if (done === true) {
        end();
        control?.close();
      }
    });
    worker.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
        return fail(new AppError('too-large', 'cannot open file: it needs more memory than a file may take'));
      onBug(error);
      fail(new AppError('internal', 'cannot open file: internal error'));
    });
  });
}

function once(run: () => void): () => void {
  let ran = false;
  return () => {
    if (ran) return;
    ran = true;
    run();
  };
}
