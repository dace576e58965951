/**
 * The routes of the native API: path, what may be asked, what is answered. app.ts serves exactly these and publishes them
 * as OpenAPI. Answers are the schemas of shared/api.ts. A parameter that is not here is refused by name.
 */
import { createRoute, z } from '@hono/zod-openapi';
import * as api from '#shared/api.ts';
import { bands } from '#shared/critical-cut.ts';
import { groupings } from '#shared/graph-ends.ts';
import { directions } from '#shared/graph-filter.ts';

const text = z.string().max(1000);
const time = {
  window: text
    .optional()
    .openapi({ description: 'the last …, ending now: 30s, 5m, 1h, 2d; 5m by default', example: '15m' }),
  from: text
    .optional()
    .openapi({ description: 'instead of window: epoch ms, ISO 8601 or now-1h', example: '1764000000000' }),
  to: text.optional().openapi({ description: 'end of the interval; now by default', example: '1764000300000' }),
};
const groupBy = z.enum(groupings).default('service').openapi({ description: 'what one node stands for' });
const probes = z.enum(['true', 'false']).default('false').openapi({ description: 'count health checks too' });
const idle = z
  .enum(['true', 'false'])
  .default('false')
  .openapi({ description: 'show workloads and edges without calls too, if the day before has some' });
/** Names as shared/list.ts writes them. */
const names = z.string().max(10_000).optional();
const collapse = names.openapi({
  description:
    'namespaces (cluster/namespace/) and clusters (cluster//) that are one node each, comma between; in a name a comma is %2C and % is %25',
  example: '/shop/,east//',
});
const critical = {
  entry: text.optional().openapi({
    description: "critical shares are about the traces of this root operation, 'service|operation'; all by default",
    example: 'frontend|GET /cart',
  }),
  band: z.enum(bands).default('all').openapi({ description: 'slow: of those traces the slowest tenth' }),
};
const wholeNumber = (least: number, most: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const ms = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,6})?$/, 'expected milliseconds')
  .transform(Number);
const hexId = (digits: number): z.ZodType<string, string> =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`), `expected ${digits} hex digits`)
    .transform((id) => id.toLowerCase());

/** Zipkin and B3 know ids of 64 bits too: the low half of ours. */
const traceId = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{16}){1,2}$/, 'expected 32 hex digits')
  .transform((id) => id.toLowerCase().padStart(32, '0'));

const nodeId = text.openapi({
  description: 'cluster/namespace/name, URL-encoded; cluster/namespace/ or cluster// of what is collapsed',
  example: '%2Fshop%2Ffrontend',
});

const scope = {
  cluster: names.openapi({
    description: 'keep edges that touch these clusters, written as in collapse',
    example: 'east,west',
  }),
  namespace: names.openapi({ description: 'keep edges that touch these namespaces, likewise', example: 'shop' }),
  service: text.optional().openapi({ description: 'node id, name or name.namespace to focus on', example: 'frontend' }),
  hops: wholeNumber(0, 20).optional().openapi({ description: 'how many edges around the focus; 1 by default' }),
  direction: z
    .enum(directions)
    .default('both')
    .openapi({ description: 'which way around the focus: up to callers, down to callees' }),
};

const step = text
  .optional()
  .openapi({ description: 'length of a step, 10s or a multiple; chosen by default', example: '1m' });
const places = { groupBy, collapse, probes, idle, ...critical };

export const graphQuery = z.strictObject({ ...time, ...scope, ...places });
export type GraphQuery = z.output<typeof graphQuery>;

export const detailQuery = z.strictObject({
  ...time,
  step,
  ...places,
});
export type DetailQuery = z.output<typeof detailQuery>;

export const timeOnlyQuery = z.strictObject(time);
export type TimeOnlyQuery = z.output<typeof timeOnlyQuery>;

export const timelineQuery = z.strictObject({ ...time, step });
export type TimelineQuery = z.output<typeof timelineQuery>;

export const framesQuery = z.strictObject({ ...time, step, probes, ...critical });
export type FramesQuery = z.output<typeof framesQuery>;

const stretch = (description: string) => text.optional().openapi({ description, example: 'now-2h..now-1h' });
export const compareQuery = z.strictObject({
  a: stretch('before: from..to, each epoch ms, ISO 8601 or now-1h'),
  b: stretch('after, likewise'),
  window: text.optional().openapi({
    description: 'instead: the last … whose spans have had time to come, against the one before it; 5m by default',
  }),
  groupBy,
  collapse,
  probes,
  ...critical,
});
export type CompareQuery = z.output<typeof compareQuery>;

export const tracesQuery = z.strictObject({
  ...time,
  service: text.optional().openapi({ description: 'node id, name or name.namespace of a workload in the trace' }),
  operation: text.optional().openapi({ description: 'name of a span (of that service)' }),
  minMs: ms.optional().openapi({ description: 'shortest duration' }),
  maxMs: ms.optional().openapi({ description: 'longest duration' }),
  status: z
    .enum(['ok', 'error', 'failed'])
    .optional()
    .openapi({ description: "error: some span failed; ok: none did; failed: the trace's own request did" }),
  edge: hexId(16).optional().openapi({ description: 'id of an edge the trace has a call of' }),
  attr: z
    .union([text, z.array(text).max(10)])
    .optional()
    .openapi({ description: 'key=value; given several times, all on one span', example: 'http.status_code=503' }),
  probes,
  order: z.enum(['recent', 'slowest']).default('recent'),
  limit: wholeNumber(1, 500).optional().openapi({ description: '50 by default' }),
  cursor: text.optional().openapi({ description: 'the `next` of the page before' }),
});
export type TracesQuery = z.output<typeof tracesQuery>;

export const traceFormats = ['native', 'otlp', 'jaeger', 'zipkin'] as const;
export const traceQuery = z.strictObject({ format: z.enum(traceFormats).default('native') });
const none = z.strictObject({});

const problem = (description: string) => ({
  description,
  content: { 'application/json': { schema: api.errorBody.meta({ id: 'Error' }) } },
});
const problems = {
  400: problem('a parameter is unknown or cannot be read'),
  401: problem('a token is needed'),
  503: problem('the store does not answer, or too much is asked at once'),
};
const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});

const graph = api.graph.meta({ id: 'Graph' });

export const routes = {
  graph: createRoute({
    method: 'get',
    path: '/api/graph',
    summary: 'The map: workloads and the calls between them',
    request: { query: graphQuery },
    responses: { 200: json('the map', graph), ...problems },
  }),
  live: createRoute({
    method: 'get',
    path: '/api/graph/live',
    summary:
      'The map as server-sent events: `graph` now and whenever it changes, at most one a second; else `heartbeat`',
    request: { query: graphQuery },
    responses: {
      200: {
        description: 'events named graph, their data as of /api/graph',
        content: { 'text/event-stream': { schema: z.string() } },
      },
      ...problems,
    },
  }),
  edge: createRoute({
    method: 'get',
    path: '/api/edges/{id}',
    summary: 'One edge over time',
    request: { params: z.object({ id: hexId(16) }), query: detailQuery },
    responses: {
      200: json('the edge', api.edgeDetail.meta({ id: 'EdgeDetail' })),
      404: problem('no such edge then'),
      ...problems,
    },
  }),
  node: createRoute({
    method: 'get',
    path: '/api/nodes/{id}',
    summary: 'One workload over time, with its edges',
    request: {
      params: z.object({ id: nodeId }),
      query: detailQuery,
    },
    responses: {
      200: json('the node', api.nodeDetail.meta({ id: 'NodeDetail' })),
      404: problem('no such node then'),
      ...problems,
    },
  }),
  operations: createRoute({
    method: 'get',
    path: '/api/nodes/{id}/operations',
    summary: 'What a workload is asked for, by span name, the most frequent first; at most the last hour',
    request: { params: z.object({ id: nodeId }), query: timeOnlyQuery },
    responses: { 200: json('the operations', api.operations.meta({ id: 'Operations' })), ...problems },
  }),
  frames: createRoute({
    method: 'get',
    path: '/api/frames',
    summary: 'The calls of an interval by step, to put the map of any part of it together',
    request: { query: framesQuery },
    responses: { 200: json('the frames', api.framesWire.meta({ id: 'Frames' })), ...problems },
  }),
  timeline: createRoute({
    method: 'get',
    path: '/api/timeline',
    summary: 'Requests that enter the mesh over time, and versions that turned up',
    request: { query: timelineQuery },
    responses: { 200: json('points and marks', api.timeline.meta({ id: 'Timeline' })), ...problems },
  }),
  entries: createRoute({
    method: 'get',
    path: '/api/entries',
    summary: 'Operations that traces start with, the one with the most time first',
    request: { query: timeOnlyQuery },
    responses: { 200: json('the entries', api.entries.meta({ id: 'Entries' })), ...problems },
  }),
  compare: createRoute({
    method: 'get',
    path: '/api/compare',
    summary: 'What changed on each edge between two stretches of time',
    request: { query: compareQuery },
    responses: { 200: json('every edge of either', api.comparison.meta({ id: 'Comparison' })), ...problems },
  }),
  traces: createRoute({
    method: 'get',
    path: '/api/traces',
    summary: 'Search among settled traces',
    request: { query: tracesQuery },
    responses: { 200: json('a page of traces', api.traceList.meta({ id: 'TraceList' })), ...problems },
  }),
  trace: createRoute({
    method: 'get',
    path: '/api/traces/{id}',
    summary: 'One trace: spans, calls and critical path',
    request: { params: z.object({ id: traceId }), query: traceQuery },
    responses: {
      200: json('the trace; with format=otlp as OTLP JSON', api.trace.meta({ id: 'Trace' })),
      404: problem('no span of it is held'),
      415: problem('the format is not offered'),
      ...problems,
    },
  }),
  status: createRoute({
    method: 'get',
    path: '/api/status',
    summary: 'Ingest, lag, store and bounds',
    request: { query: none },
    responses: { 200: json('the state of the collector', api.status.meta({ id: 'Status' })), ...problems },
  }),
  healthz: createRoute({
    method: 'get',
    path: '/healthz',
    summary: 'The process is alive',
    responses: { 200: json('alive', api.health.meta({ id: 'Health' })) },
  }),
  readyz: createRoute({
    method: 'get',
    path: '/readyz',
    summary: 'Spans are taken and questions answered',
    responses: { 200: json('ready', api.health), 503: json('not ready', api.health) },
  }),
  metrics: createRoute({
    method: 'get',
    path: '/metrics',
    summary: 'Metrics of the collector itself, Prometheus text format',
    responses: {
      200: { description: 'metrics', content: { 'text/plain': { schema: z.string() } } },
      401: problems[401],
    },
  }),
};
