/**
 * Answers that are there as a whole are compressed whole: a stream and its compression cost more than the JSON of some spans, and gzip
 * by its default more than making a map. Of what is streamed hono's compress takes care.
 */
import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import type { Context, TypedResponse } from 'hono';
import type { Env } from './app.ts';
import type { Line } from './listener.ts';

/** What is shorter than this goes as it is. */
export const leastLength = 1024;

const packers = { zstd: promisify(zstdCompress), gzip: promisify(gzip) } as const;

/**
 * The JSON of a map of 216 edges, 225 kB: zstd 0.8 ms and 36 kB, gzip 1.8 and 42, by its default 4.0 and 37; of 4 MB of a large trace's columns
 * 18, 91 and 194 ms, the sizes alike (2026-11-29).
 */
const options = {
  zstd: { params: { [constants.ZSTD_c_compressionLevel]: 1 } },
  gzip: { level: 3 },
} as const;

type Answer<T> = Response & TypedResponse<T, 200, 'json'>;

/** Answers 200 with a value's JSON. */
export function answerJson<T>(c: Context<Env>, value: T): Promise<Answer<T>> {
  return answerText<T>(c, JSON.stringify(value));
}

/** The same of a text that is the JSON of a T, which the types do not see. */
export async function answerText<T>(c: Context<Env>, text: string): Promise<Answer<T>> {
  c.header('content-type', 'application/json');
  c.header('vary', 'accept-encoding');
  const encoding = text.length < leastLength ? undefined : encodingOf(c, ['zstd', 'gzip']);
  if (encoding === undefined) {
    // Told its length, hono's compress leaves a short one alone.
    c.header('content-length', String(Buffer.byteLength(text)));
    return c.body(text, 200) as unknown as Answer<T>;
  }
  c.header('content-encoding', encoding);
  const body = await packers[encoding](text, options[encoding]);
  return c.body(body as Buffer<ArrayBuffer>, 200) as unknown as Answer<T>;
}

/** Answers with server-sent events, each compressed by itself where the client takes that. */
export async function answerEvents(
  c: Context<Env>,
  follow: (line: Line) => Promise<ReadableStream<Uint8Array>>,
): Promise<Response> {
  const takesGzip = encodingOf(c, ['gzip']) !== undefined;
  // Who asks for the head only would leave a stream that nobody reads or ends.
  const events =
    c.req.method === 'HEAD' ? '' : await follow({ gzip: takesGzip, drop: () => c.env?.outgoing?.destroy() });
  c.header('vary', 'accept-encoding');
  if (takesGzip) c.header('content-encoding', 'gzip');
  // The buffering of proxies in between would hold events back.
  return c.body(events, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
}

/** The first of the encodings that the client takes. */
export function encodingOf<T extends string>(c: Context, wanted: readonly T[]): T | undefined {
  const accepted = (c.req.header('accept-encoding') ?? '').split(',').map((part) => part.trim());
  return wanted.find((name) =>
    accepted.some((part) => part === name || (part.startsWith(`${name};`) && !/;\s*q=0(\.0*)?$/.test(part))),
  );
}
