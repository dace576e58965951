/**
 * What keeps a sender from filling the memory: one byte budget for all doors, and the reading of a body that stops at the
 * first byte too many. Bytes are taken from the budget as they come and as they inflate, and given back when the spans are
 * committed or refused, so `used` is what bodies really hold.
 */
import type { Readable } from 'node:stream';
import { AppError } from '#shared/error.ts';
import { giveBack } from '#shared/give-back.ts';
import { createBodyPool } from './body-pool.ts';

/** Seconds that a refused sender is asked to wait. */
export const retryAfterSeconds = 1;

/** A buffer is made for so many times what has come: a sender cannot have memory for announcing a large body. */
const roomFactor = 3;

/** Bytes in flight over all doors. */
export interface ByteBudget {
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** Throws AppError unavailable when nothing (or not the announced number of bytes) is left. Takes nothing. */
  check: (announcedBytes?: number) => void;
  /** A share for one request, empty at first. */
  open: () => Held;
}

/** One request's share of the budget. */
export interface Held {
  /** errors: AppError unavailable when the budget is used up. */
  take: (sizeBytes: number) => void;
  /**
   * A body and its next piece in one buffer with room for more, which is this request's until the release. What was given is
   * empty afterwards.
   * in: what the last call returned, or the first piece; how many of its bytes are the body; the most it may have.
   */
  join: (body: Buffer, sizeBytes: number, piece: Buffer, mostBytes: number) => Buffer;
  /** The memory of a buffer goes with the rest, unless it is a part of what Node shares among small ones. */
  adopt: (buffer: Buffer<ArrayBuffer>) => void;
  /** Gives everything back, joined and adopted buffers too; a second time it does nothing. */
  release: () => void;
}

export function createByteBudget(totalBytes: number): ByteBudget {
  const pool = createBodyPool();
  let usedBytes = 0;
  const full = (): AppError =>
    new AppError('unavailable', `cannot take more spans: ${usedBytes} of ${totalBytes} bytes wait to be committed`);
  return {
    totalBytes,
    get usedBytes() {
      return usedBytes;
    },
    check(announcedBytes = 0) {
      if (usedBytes >= totalBytes || usedBytes + announcedBytes > totalBytes) throw full();
    },
    open() {
      let heldBytes = 0;
      const own: Buffer[] = [];
      const adopted: Uint8Array[] = [];
      return {
        take(sizeBytes) {
          if (usedBytes + sizeBytes > totalBytes) throw full();
          usedBytes += sizeBytes;
          heldBytes += sizeBytes;
        },
        join(body, sizeBytes, piece, mostBytes) {
          const wantedBytes = sizeBytes + piece.length;
          const mine = own.indexOf(body);
          let joined = body;
          if (mine < 0 || wantedBytes > body.length) {
            joined = pool.take(Math.min(wantedBytes * roomFactor, Math.max(wantedBytes, mostBytes)));
            joined.set(body.subarray(0, sizeBytes));
            if (mine >= 0) own.splice(mine, 1).forEach(pool.give);
            else giveBack(body);
            own.push(joined);
          }
          joined.set(piece, sizeBytes);
          giveBack(piece);
          return joined;
        },
        adopt({ buffer }) {
          if (buffer.byteLength > Buffer.poolSize) adopted.push(new Uint8Array(buffer));
        },
        release() {
          usedBytes -= heldBytes;
          heldBytes = 0;
          own.splice(0).forEach(pool.give);
          giveBack(...adopted.splice(0));
        },
      };
    },
  };
}

const nothing = Buffer.alloc(0);

/**
 * Reads a body to its end, as it was sent.
 * in: the stream, the most bytes it may have, the request's share of the budget.
 * errors: AppError too-large, unavailable (budget), bad-request (sender went away). The stream then flows on unread, so that
 * its connection can carry the answer.
 */
export function readBody(source: Readable, maxBytes: number, held: Held): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const gathering = createGathering(maxBytes, held);

  const fail = (error: AppError): void => {
    source.off('data', keep);
    source.resume();
    reject(error);
  };
  const keep = (piece: Buffer): void => {
    try {
      gathering.add(piece);
    } catch (error) {
      fail(error as AppError);
    }
  };

  source.on('error', () => fail(new AppError('bad-request', 'cannot read body: the sender went away')));
  source.on('close', () => {
    if (!source.readableEnded) fail(new AppError('bad-request', 'cannot read body: the sender went away'));
  });
  source.on('data', keep);
  source.on('end', () => resolve(gathering.body()));
  return promise;
}

/** A body that comes in pieces. */
export interface Gathering {
  /** errors: AppError too-large, unavailable (budget). */
  add(piece: Buffer): void;
  sizeBytes(): number;
  body(): Buffer;
}

/** in: the most bytes it may have, the request's share of the budget. */
export function createGathering(maxBytes: number, held: Held): Gathering {
  let body: Buffer = nothing;
  let sizeBytes = 0;
  return {
    add(piece) {
      const { length } = piece;
      if (sizeBytes + length > maxBytes) throw tooLarge();
      held.take(length);
      // At once: a piece that lives as long as its body outlives the young generation.
      body = sizeBytes === 0 ? piece : held.join(body, sizeBytes, piece, maxBytes);
      sizeBytes += length;
    },
    // A method: an object with a getter costs two microseconds more to make, of some 30 that a small body takes here.
    sizeBytes: () => sizeBytes,
    body: () => body.subarray(0, sizeBytes),
  };
}

export function tooLarge(): AppError {
  return new AppError('too-large', 'cannot take body: it is larger than --max-body allows');
}
