/**
 * Answers of /api/traces/:id. The JSON is written span by span, so that a trace of 100,000 spans neither becomes one huge
 * text nor holds up other requests while it is made.
 */
import type { Context, TypedResponse } from 'hono';
import type { Trace } from '#shared/api.ts';
import { AppError, quoted } from '#shared/error.ts';
import { toOtlpJson } from '../store/stored-span.ts';
import { readTrace, type StoredTrace } from '../store/trace-read.ts';
import type { Env } from './app.ts';
import type { traceFormats } from './contract.ts';
import type { ServeDeps } from './deps.ts';
import { toTraceView, type Emitter, type TraceView } from './trace-view.ts';

/** Spans of a trace that are shown; beyond that the page is told that there are more. */
const maxSpans = 200_000;

/** A Response that carries the JSON of a trace; what a stream carries is not seen by the types. */
type TraceResponse = Response & TypedResponse<Trace, 200, 'json'>;

/** errors: not-found when no span of the trace is held; unsupported for a format that is not offered. */
export async function answerTrace(
  deps: ServeDeps,
  c: Context<Env>,
  traceId: string,
  format: (typeof traceFormats)[number],
): Promise<TraceResponse> {
  if (format !== 'native' && format !== 'otlp') {
    throw new AppError('unsupported', `cannot give trace ${traceId} as ${format}: native and otlp are offered`);
  }
  await deps.flush();
  const stored = await readTrace(deps.db, traceId, maxSpans);
  if (stored === undefined)
    throw new AppError('not-found', `cannot find trace ${quoted(traceId)}: no span of it is held`);
  if (format === 'otlp') return c.json(toOtlpJson(stored.spans), 200) as unknown as TraceResponse;
  const view = toTraceView(stored.spans, {
    calls: deps.calls,
    truncated: stored.truncated,
    settled: isSettled(stored, deps),
  });
  const body = streamOf(written(view));
  return c.body(body, 200, { 'content-type': 'application/json' }) as unknown as TraceResponse;
}

/** A span that was delivered again after the settlement leads to no other one: then only time tells. */
function isSettled({ newestTick, settledTick }: StoredTrace, { follower, now = Date.now }: ServeDeps): boolean {
  if (settledTick >= newestTick) return true;
  const { settleAfterMs, lagMs } = follower.status();
  return settledTick > 0 && now() - newestTick * 1000 > settleAfterMs + lagMs + settleSlackMs;
}

const settleSlackMs = 5_000;

/** The JSON of a trace in pieces. */
function* written(view: TraceView): Generator<string> {
  const emitters = new Map<Emitter, string>();
  const { criticalPath, ...head } = view.head;
  yield `${JSON.stringify(head).slice(0, -1)},"spans":[`;
  for (let node = 0; node < view.spanCount; node++) {
    const emitter = view.emitterOf(node);
    let tail = emitters.get(emitter);
    if (tail === undefined) emitters.set(emitter, (tail = JSON.stringify(emitter).slice(1)));
    yield `${node === 0 ? '' : ','}${JSON.stringify(view.spanAt(node)).slice(0, -1)},${tail}`;
  }
  yield `],"criticalPath":${JSON.stringify(criticalPath)}}`;
}

const pieceLength = 256 * 1024;

function streamOf(texts: Generator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      let piece = '';
      while (piece.length < pieceLength) {
        const { done, value } = texts.next();
        if (done) {
          if (piece !== '') controller.enqueue(encoder.encode(piece));
          controller.close();
          return;
        }
        piece += value;
      }
      controller.enqueue(encoder.encode(piece));
    },
  });
}
