/**
 * The routes of the native API: path, what may be asked, what is answered. app.ts serves exactly these and publishes them
 * as OpenAPI. Answers are the schemas of shared/api.ts. A parameter that is not here is refused by name.
 */
import { createRoute, z } from '@hono/zod-openapi';
import * as api from '#shared/api.ts';
import { groupings } from '#shared/graph-ends.ts';
import { directions } from '#shared/graph-filter.ts';
import { critical, hexId, json, none, probes, problem, problems, text, time, wholeNumber } from './contract-common.ts';
import { compareSetsRoutes } from './contract-compare-sets.ts';
import { profileRoutes } from './contract-profile.ts';
import { searchRoutes } from './contract-search.ts';
import { traceRoutes } from './contract-trace.ts';

const groupBy = z.enum(groupings).default('service').openapi({ description: 'what one node stands for' });
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
  ...compareSetsRoutes,
  ...searchRoutes,
  ...traceRoutes,
  ...profileRoutes,
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
