/** The routes of the trace search: lists, points, the live tail, and what attributes there are to search by. */
import { createRoute, z } from '@hono/zod-openapi';
import * as api from '#shared/api.ts';
import { mostLineCharacters, traceStatuses } from '#shared/trace-query.ts';
import { hexId, json, ms, probes, problems, text, time, wholeNumber } from './contract-common.ts';

const q = z.string().max(mostLineCharacters).optional().openapi({
  description: 'query line, see docs/api.md',
  example: 'service = frontend duration >= 100ms http.status_code >= 500',
});

export const tracesQuery = z.strictObject({
  ...time,
  q,
  service: text.optional().openapi({ description: 'node id, name or name.namespace of a workload in the trace' }),
  operation: text.optional().openapi({ description: 'name of a span (of that service)' }),
  minMs: ms.optional().openapi({ description: 'shortest duration' }),
  maxMs: ms.optional().openapi({ description: 'longest duration' }),
  status: z
    .enum(traceStatuses)
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

export const pointsQuery = z.strictObject({ ...time, q, probes });
export type PointsQuery = z.output<typeof pointsQuery>;

export const tailQuery = z.strictObject({ q, probes });
export type TailQuery = z.output<typeof tailQuery>;

const prefix = text.default('').openapi({ description: 'what it begins with; case does not count' });
const limit = wholeNumber(1, 500).optional().openapi({ description: '100 by default' });

export const attributeKeysQuery = z.strictObject({ ...time, prefix, limit });
export type AttributeKeysQuery = z.output<typeof attributeKeysQuery>;

export const attributeValuesQuery = z.strictObject({
  ...time,
  key: text.min(1).openapi({ description: 'name of the attribute, as sent', example: 'http.status_code' }),
  prefix,
  limit,
});
export type AttributeValuesQuery = z.output<typeof attributeValuesQuery>;

/** Paths under /api/traces come before the one with an id. */
export const searchRoutes = {
  traces: createRoute({
    method: 'get',
    path: '/api/traces',
    summary: 'Search among settled traces',
    request: { query: tracesQuery },
    responses: { 200: json('a page of traces', api.traceList.meta({ id: 'TraceList' })), ...problems },
  }),
  tracePoints: createRoute({
    method: 'get',
    path: '/api/traces/points',
    summary: 'All settled traces that match, as points while they are few, and as a heatmap',
    request: { query: pointsQuery },
    responses: { 200: json('points and heatmap', api.tracePoints.meta({ id: 'TracePoints' })), ...problems },
  }),
  tracesLive: createRoute({
    method: 'get',
    path: '/api/traces/live',
    summary:
      'Traces that match as they settle, as server-sent events: `traces` at most once a second; else `heartbeat`',
    request: { query: tailQuery },
    responses: {
      200: {
        description: 'events named traces, their data as schema TracesSettled; resumes by Last-Event-ID',
        content: { 'text/event-stream': { schema: z.string() } },
      },
      ...problems,
    },
  }),
  attributeKeys: createRoute({
    method: 'get',
    path: '/api/attributes',
    summary: 'Names of the attributes that spans and their resources have',
    request: { query: attributeKeysQuery },
    responses: {
      200: json('names and how many spans have each', api.attributeKeys.meta({ id: 'AttributeKeys' })),
      ...problems,
    },
  }),
  attributeValues: createRoute({
    method: 'get',
    path: '/api/attributes/values',
    summary: 'Values of one attribute',
    request: { query: attributeValuesQuery },
    responses: {
      200: json('values and how many spans have each', api.attributeValues.meta({ id: 'AttributeValues' })),
      ...problems,
    },
  }),
};
