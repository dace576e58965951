/**
 * What keeps a sender from filling the memory: one byte budget for all doors, and the reading of a body that inflates as
 * it arrives and stops at the first byte too many. Bytes are taken from the budget as they come and given back when the
 * spans are committed or refused, so `used` is what bodies really hold, inflated.
 */
import type { Readable } from 'node:stream';
import { constants, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { AppError, quoted } from '#shared/error.ts';
import { giveBack } from '#shared/give-back.ts';
import { createBodyPool } from './body-pool.ts';

/** Seconds that a refused sender is asked to wait. */
export const retryAfterSeconds = 1;

/** Inflated bytes a body may have whatever its ratio, and the ratio it must keep beyond. */
const freeInflatedBytes = 1 << 20;
const maxRatio = 200;
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
  /** Gives everything back, joined bodies too; a second time it does nothing. */
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
        release() {
          usedBytes -= heldBytes;
          heldBytes = 0;
          own.splice(0).forEach(pool.give);
        },
      };
    },
  };
}

const nothing = Buffer.alloc(0);

/** The codings taken, by the value of Content-Encoding in lower case. */
const inflaters = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  // A window of 8 MiB is what RFC 8878 asks every decoder to take, and what a sender may make us allocate.
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } }),
} as const;
export type Coding = keyof typeof inflaters;

/** The coding of a body. out: undefined = as it is. errors: AppError unsupported for an unknown one or several. */
export function parseCoding(header: string | undefined): Coding | undefined {
  const coding = header?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return undefined;
  if (Object.hasOwn(inflaters, coding)) return coding as Coding;
  throw new AppError(
    'unsupported',
    `cannot read body with content-encoding ${quoted(coding)}: only gzip, deflate, zstd or none`,
  );
}

/**
 * Reads a body to its end.
 * in: the stream, its coding, the most inflated bytes it may have, the request's share of the budget.
 * errors: AppError too-large, unavailable (budget), bad-request (broken coding, sender went away). The stream then flows on
 * unread, so that its connection can carry the answer.
 */
export function readBody(source: Readable, coding: Coding | undefined, maxBytes: number, held: Held): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const inflater = coding === undefined ? undefined : inflaters[coding]();
  let body: Buffer = nothing;
  let sizeBytes = 0;
  let wireBytes = 0;
  let ended = false;

  const fail = (error: AppError): void => {
    if (ended) return;
    ended = true;
    source.off('data', inflater === undefined ? keep : inflate);
    source.resume();
    inflater?.destroy();
    reject(error);
  };
  const finish = (): void => {
    if (ended) return;
    ended = true;
    resolve(body.subarray(0, sizeBytes));
  };
  const keep = (part: Buffer): void => {
    if (ended) return;
    const before = sizeBytes;
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) return fail(tooLarge());
    if (inflater !== undefined && sizeBytes > freeInflatedBytes && sizeBytes > wireBytes * maxRatio) {
      return fail(new AppError('too-large', `cannot inflate body: it grows more than ${maxRatio} times`));
    }
    try {
      held.take(part.length);
    } catch (error) {
      return fail(error as AppError);
    }
    // At once: a piece that lives as long as its body outlives the young generation.
    body = before === 0 ? part : held.join(body, before, part, maxBytes);
  };
  const inflate = (part: Buffer): void => {
    wireBytes += part.length;
    if (inflater?.write(part) === false) source.pause();
  };

  source.on('error', () => fail(new AppError('bad-request', 'cannot read body: the sender went away')));
  source.on('close', () => {
    if (!source.readableEnded) fail(new AppError('bad-request', 'cannot read body: the sender went away'));
  });
  if (inflater === undefined) {
    source.on('data', keep);
    source.on('end', finish);
  } else {
    inflater.on('data', keep);
    inflater.on('end', finish);
    inflater.on('drain', () => source.resume());
    inflater.on('error', (error) => fail(new AppError('bad-request', `cannot inflate body: ${error.message}`)));
    source.on('data', inflate);
    source.on('end', () => inflater.end());
  }
  return promise;
}

export function tooLarge(): AppError {
  return new AppError('too-large', 'cannot take body: it is larger than --max-body allows');
}
