/**
 * Thread that opens one file of traces: reading 64 MiB of a stranger's JSON takes seconds and memory, which the process that
 * takes spans must not spend. It is given the file, hands over the answer in pieces, and ends. It opens no store.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { CallOptions } from '#shared/calls.ts';
import { AppError } from '#shared/error.ts';
import { readTraceFile } from '../store/trace-file.ts';
import { pieceLength, written } from './trace-json.ts';
import type { FromOpener } from './trace-open.ts';
import { toTraceView } from './trace-view.ts';

const { bytes, calls } = workerData as { readonly bytes: Uint8Array; readonly calls: CallOptions };
const encoder = new TextEncoder();

function send(message: FromOpener): void {
  parentPort?.postMessage(message);
}

function* answer(): Generator<string> {
  let before = '[';
  for (const spans of readTraceFile(bytes)) {
    yield before;
    yield* written(toTraceView(spans, { calls, truncated: false, settled: true }), false);
    before = ',';
  }
  yield ']';
}

try {
  let piece = '';
  for (const text of answer()) {
    piece += text;
    if (piece.length < pieceLength) continue;
    send({ piece: encoder.encode(piece) });
    piece = '';
  }
  send({ piece: encoder.encode(piece) });
  send({ done: true });
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  send({ refused: { code: error.code, message: error.message } });
}
