/**
 * Bodies that were sent compressed. What came in a packet or a few is inflated in one go: a stream takes each of its pieces to
 * another thread and back, which costs more than inflating 20 spans. What gets large goes piece by piece, so that it holds up
 * nobody and stops at the first byte too many.
 */
import {
  constants,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { AppError, quoted } from '#shared/error.ts';
import { createGathering, type Held } from './limits.ts';

/** Bytes as sent up to which a body is inflated in one go, unless it has more than the free ones inflated. */
const atOnceBytes = 64 << 10;
/** Inflated bytes a body may have whatever its ratio, and the ratio it must keep beyond. */
const freeBytes = 1 << 20;
const maxRatio = 200;
const pieceBytes = 64 << 10;
/** What is inflated in one go gets room for so many times its bytes, that it is mostly one piece. */
const roomFactor = 16;
const leastRoomBytes = 1 << 10;

interface Options {
  readonly chunkSize: number;
  readonly maxOutputLength?: number;
}

const gzip = { atOnce: gunzipSync, inPieces: createGunzip } as const;
// A window of 8 MiB is what RFC 8878 asks every decoder to take, and what a sender may make us allocate.
const zstdParams = { [constants.ZSTD_d_windowLogMax]: 23 };
/** The codings taken, by the value of Content-Encoding in lower case. */
const codings = {
  gzip,
  'x-gzip': gzip,
  deflate: { atOnce: inflateSync, inPieces: createInflate },
  zstd: {
    atOnce: (body: Buffer, options: Options) => zstdDecompressSync(body, { ...options, params: zstdParams }),
    inPieces: (options: Options) => createZstdDecompress({ ...options, params: zstdParams }),
  },
} as const;
export type Coding = keyof typeof codings;

/** The coding of a body. out: undefined = as it is. errors: AppError unsupported for an unknown one or several. */
export function parseCoding(header: string | undefined): Coding | undefined {
  const coding = header?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return undefined;
  if (Object.hasOwn(codings, coding)) return coding as Coding;
  throw new AppError(
    'unsupported',
    `cannot read body with content-encoding ${quoted(coding)}: only gzip, deflate, zstd or none`,
  );
}

/**
 * in: a body as sent; the most inflated bytes it may have; the request's share of the budget, of which they are taken.
 * errors: AppError too-large, unavailable (budget), bad-request (broken coding).
 */
export async function inflate(body: Buffer, coding: Coding, maxBytes: number, held: Held): Promise<Buffer> {
  const whole = body.length > atOnceBytes ? undefined : inflateAtOnce(body, coding, Math.min(maxBytes, freeBytes));
  if (whole === undefined) return inflateInPieces(body, coding, maxBytes, held);
  held.take(whole.length);
  held.adopt(whole);
  return whole;
}

/** out: undefined when it would be larger than it may be here. */
function inflateAtOnce(body: Buffer, coding: Coding, maxOutputLength: number): Buffer<ArrayBuffer> | undefined {
  try {
    return codings[coding].atOnce(body, {
      maxOutputLength,
      chunkSize: Math.max(leastRoomBytes, body.length * roomFactor),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw broken(error as Error);
  }
}

function inflateInPieces(body: Buffer, coding: Coding, maxBytes: number, held: Held): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const inflater = codings[coding].inPieces({ chunkSize: pieceBytes });
  const gathering = createGathering(maxBytes, held);
  const mostBytes = Math.max(freeBytes, body.length * maxRatio);

  const keep = (piece: Buffer): void => {
    try {
      if (gathering.sizeBytes() + piece.length > mostBytes)
        throw new AppError('too-large', `cannot inflate body: it grows more than ${maxRatio} times`);
      gathering.add(piece);
    } catch (error) {
      // The share of the budget is given back now: nothing more may be taken from it.
      inflater.off('data', keep);
      inflater.destroy();
      reject(error as AppError);
    }
  };
  inflater.on('data', keep);
  inflater.on('end', () => resolve(gathering.body()));
  inflater.on('error', (error) => reject(broken(error)));
  inflater.end(body);
  return promise;
}

function broken(error: Error): AppError {
  return new AppError('bad-request', `cannot inflate body: ${error.message}`);
}
