/**
 * Answers of /api/traces/:id and of one span of it. The JSON of spans is written one by one, so that a trace of 100,000 of them
 * neither becomes one huge text nor holds up other requests while it is made; beyond some thousands a trace is light, and the
 * page takes it as columns.
 */
import type { Context, TypedResponse } from 'hono';
import type { LightTrace, Trace, TraceSpan } from '#shared/api.ts';
import { AppError, quoted } from '#shared/error.ts';
import { packTrace } from '#shared/light-trace.ts';
import { toOtlpJson, type StoredSpan } from '../store/stored-span.ts';
import { readTraceColumns } from '../store/trace-columns.ts';
import { isSettledBy, readExtent, readSpan, readTrace, readTraceSpans, type TraceExtent } from '../store/trace-read.ts';
import type { Env } from './app.ts';
import { answerJson, answerText } from './compressed.ts';
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
    return answerText(c, JSON.stringify(body));
  }
  const options = await optionsFor(extent, deps);
  if (full === 'true' || extent.spanCount <= lightFrom) {
    return answerView(c, toTraceView(await allSpans(), options), false);
  }
  const { shape } = await readShape(deps, extent, options);
  return format === 'columns' ? answerColumns(c, shape) : answerView(c, toLightView(shape), true);
}

/** errors: not-found when no such span is held. */
export async function readTraceSpan(deps: ServeDeps, traceId: string, spanId: string): Promise<TraceSpan> {
  await deps.flush();
  const extent = found(traceId, await readExtent(deps.db, traceId));
  const stored = await readSpan(deps.db, extent, spanId);
  if (stored.length > 0) {
    const { shape, nodeOf } = await readShape(deps, extent, await optionsFor(extent, deps));
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

async function optionsFor(extent: TraceExtent, deps: ServeDeps): Promise<ShapeOptions> {
  return { calls: deps.calls, truncated: extent.spanCount > maxSpans, settled: await isSettled(extent, deps) };
}

/**
 * What came so long ago that its quiet time is over and derived has settled, whatever came again; time in which the collector
 * was not there is no quiet time. Of what is younger, its settlements tell: they lie at the end of their table.
 */
async function isSettled(extent: TraceExtent, deps: ServeDeps): Promise<boolean> {
  const { db, follower, startedAtMs, now = Date.now } = deps;
  const { settleAfterMs, lagMs } = follower.status();
  const quietMs = now() - Math.max(extent.newestTick * 1000, startedAtMs);
  return quietMs > settleAfterMs + lagMs + settleSlackMs || isSettledBy(db, extent);
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

function answerColumns(c: Context<Env>, shape: TraceShape): Promise<TraceResponse> {
  return answerJson(c, packTrace(shape.head, spansOf(shape), shape.rows));
}

/** One piece is sent whole. */
async function answerView(c: Context<Env>, view: TraceView, light: boolean): Promise<TraceResponse> {
  const pieces = piecesOf(written(view, light));
  const first = pieces.next().value ?? '';
  if (first.length < pieceLength) return answerText(c, first);
  const body = streamOf(first, pieces);
  return c.body(body, 200, { 'content-type': 'application/json' }) as unknown as TraceResponse;
}

/** All but the last have the length of a piece at least. */
function* piecesOf(texts: Generator<string>): Generator<string, undefined> {
  let piece = '';
  for (const text of texts) {
    piece += text;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function streamOf(first: string, others: Generator<string, undefined>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(first));
    },
    pull(controller) {
      const { value } = others.next();
      if (value === undefined) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}
