/**
 * Answers of /api/traces/:id and of one span of it. The JSON of spans is written one by one, so that a trace of 100,000 of them
 * neither becomes one huge text nor holds up other requests while it is made; beyond some thousands a trace is light, and the
 * page takes it as columns.
 */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Context, TypedResponse } from 'hono';
import type { LightTrace, Trace, TraceSpan } from '#shared/api.ts';
import { AppError, quoted } from '#shared/error.ts';
import { packTrace } from '#shared/light-trace.ts';
import { toOtlpJson, type StoredSpan } from '../store/stored-span.ts';
import { readTraceColumns } from '../store/trace-columns.ts';
import { readExtent, readSpan, readTrace, readTraceSpans, type TraceExtent } from '../store/trace-read.ts';
import type { Env } from './app.ts';
import type { TraceQuery } from './contract-trace.ts';
import type { ServeDeps } from './deps.ts';
import { toJaeger } from './trace-jaeger.ts';
import { pieceLength, written } from './trace-json.ts';
import { toTraceShape, type ShapeOptions, type TraceShape } from './trace-shape.ts';
import { toTraceSpan, toTraceView, type Emitter, type TraceView } from './trace-view.ts';
import { toZipkin } from './trace-zipkin.ts';

/** Spans of a trace that are shown; beyond that the page is told that there are more. */
const maxSpans = 200_000;
/** Spans from which on a trace is light. */
export const lightFrom = 5_000;

/** A Response that carries the JSON of a trace; what a stream carries is not seen by the types. */
type TraceResponse = Response & TypedResponse<Trace | LightTrace, 200, 'json'>;

/** errors: not-found when no span of the trace is held. */
export async function answerTrace(
  deps: ServeDeps,
  c: Context<Env>,
  traceId: string,
  { format, full }: TraceQuery,
): Promise<TraceResponse> {
  await deps.flush();
  const { extent, spans } = found(traceId, await readTrace(deps.db, traceId, lightFrom));
  const allSpans = async (): Promise<StoredSpan[]> => spans ?? readTraceSpans(deps.db, extent, maxSpans);
  if (format === 'otlp' || format === 'jaeger' || format === 'zipkin') {
    const otlp = toOtlpJson(await allSpans());
    const body = format === 'otlp' ? otlp : format === 'jaeger' ? toJaeger(otlp) : toZipkin(otlp);
    c.header('content-disposition', `attachment; filename="${traceId}.${format}.json"`);
    return c.json(body, 200) as unknown as TraceResponse;
  }
  const options = optionsFor(extent, deps);
  if (full === 'true' || extent.spanCount <= lightFrom) {
    return answerStream(c, toTraceView(await allSpans(), options), false);
  }
  const { shape } = await readShape(deps, extent, options);
  return format === 'columns' ? answerColumns(c, shape) : answerStream(c, toLightView(shape), true);
}

/** errors: not-found when no such span is held. */
export async function readTraceSpan(deps: ServeDeps, traceId: string, spanId: string): Promise<TraceSpan> {
  await deps.flush();
  const extent = found(traceId, await readExtent(deps.db, traceId));
  const stored = await readSpan(deps.db, extent, spanId);
  if (stored.length > 0) {
    const { shape, nodeOf } = await readShape(deps, extent, optionsFor(extent, deps));
    const node = nodeOf(spanId);
    if (node >= 0) {
      const { columns, row } = shape.tree;
      const at = row[node] as number;
      // Of several deliveries and of spans that share an id the one that the tree kept.
      const kept = stored.find(
        (span) =>
          span.kind === columns.kind[at] &&
          Number(span.startNs - columns.originNs) === columns.startNs[at] &&
          Number(span.durationNs) === columns.durationNs[at] &&
          span.service === columns.strings[columns.service[at] as number],
      );
      return toTraceSpan(shape.spanAt(node), kept ?? (stored[0] as (typeof stored)[0]), columns.originNs);
    }
  }
  throw new AppError('not-found', `cannot find span ${quoted(spanId)}: trace ${traceId} holds none of that id`);
}

function found<T>(traceId: string, read: T | undefined): T {
  if (read === undefined)
    throw new AppError('not-found', `cannot find trace ${quoted(traceId)}: no span of it is held`);
  return read;
}

function optionsFor(extent: TraceExtent, deps: ServeDeps): ShapeOptions {
  return { calls: deps.calls, truncated: extent.spanCount > maxSpans, settled: isSettled(extent, deps) };
}

/** A span that was delivered again after the settlement leads to no other one: then only time tells. */
function isSettled({ newestTick, settledTick }: TraceExtent, { follower, now = Date.now }: ServeDeps): boolean {
  if (settledTick >= newestTick) return true;
  const { settleAfterMs, lagMs } = follower.status();
  return settledTick > 0 && now() - newestTick * 1000 > settleAfterMs + lagMs + settleSlackMs;
}

const settleSlackMs = 5_000;

interface ShapeRead {
  readonly shape: TraceShape;
  /** The first node in tree order with the id, -1 for none. */
  nodeOf(spanId: string): number;
}

/** The newest light trace read, by the server it is of: its spans are asked for one after the other. */
const held = new WeakMap<ServeDeps, { readonly key: string; readonly read: ShapeRead; readonly untilMs: number }>();
const heldMs = 60_000;

async function readShape(deps: ServeDeps, extent: TraceExtent, options: ShapeOptions): Promise<ShapeRead> {
  const key = JSON.stringify([extent, options.settled]);
  const known = held.get(deps);
  if (known?.key === key && performance.now() < known.untilMs) return known.read;
  const { columns, statusMessageOf } = await readTraceColumns(deps.db, { ...extent, limit: maxSpans });
  const shape = toTraceShape(columns, statusMessageOf, options);
  const { tree } = shape;
  const read: ShapeRead = {
    shape,
    nodeOf(spanId) {
      const hi = Number.parseInt(spanId.slice(0, 8), 16);
      const lo = Number.parseInt(spanId.slice(8), 16);
      for (let node = 0; node < tree.count; node++) {
        const at = (tree.row[node] as number) * 2;
        if (columns.spanId[at] === hi && columns.spanId[at + 1] === lo) return node;
      }
      return -1;
    },
  };
  if (extent.spanCount > lightFrom) keep(deps, key, read);
  return read;
}

function keep(deps: ServeDeps, key: string, read: ShapeRead): void {
  held.set(deps, { key, read, untilMs: performance.now() + heldMs });
  setTimeout(() => {
    if (held.get(deps)?.read === read) held.delete(deps);
  }, heldMs).unref();
}

const nothing: Emitter & Pick<TraceSpan, 'attributes' | 'events' | 'links'> = {
  attributes: {},
  events: [],
  links: [],
  resource: {},
  scope: { name: '', version: '' },
};

function toLightView({ head, tree, spanAt }: TraceShape): TraceView {
  const { attributes, events, links } = nothing;
  return {
    head,
    spanCount: tree.count,
    spanAt: (node) => ({ ...spanAt(node), attributes, events, links }),
    emitterOf: () => nothing,
  };
}

function* spansOf({ tree, spanAt }: TraceShape): Generator<ReturnType<TraceShape['spanAt']>> {
  for (let node = 0; node < tree.count; node++) yield spanAt(node);
}

const compress = promisify(gzip);

/** The fastest compression: megabytes of numbers take a third of the time, and are a tenth larger, than by the default. */
async function answerColumns(c: Context<Env>, shape: TraceShape): Promise<TraceResponse> {
  const text = JSON.stringify(packTrace(shape.head, spansOf(shape), shape.rows));
  c.header('content-type', 'application/json');
  if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) {
    return c.body(text, 200) as unknown as TraceResponse;
  }
  c.header('content-encoding', 'gzip');
  c.header('vary', 'accept-encoding');
  const body = await compress(text, { level: constants.Z_BEST_SPEED });
  return c.body(new Uint8Array(body), 200) as unknown as TraceResponse;
}

function answerStream(c: Context<Env>, view: TraceView, light: boolean): TraceResponse {
  const body = streamOf(written(view, light));
  return c.body(body, 200, { 'content-type': 'application/json' }) as unknown as TraceResponse;
}

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
