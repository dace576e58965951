/** The routes of one trace: as the page shows it, a span of it, and files of other tools. */
import { createRoute, z } from '@hono/zod-openapi';
import * as api from '#shared/api.ts';
import { hexId, json, none, problem, problems, traceId } from './contract-common.ts';

export const traceFormats = ['native', 'columns', 'otlp', 'jaeger', 'zipkin'] as const;

export const traceQuery = z.strictObject({
  format: z.enum(traceFormats).default('native').openapi({
    description:
      'columns: as native, but a light trace comes as columns (schema LightTrace), which is smaller; the others are downloads that the tools of that name read',
  }),
  full: z
    .enum(['true', 'false'])
    .default('false')
    .openapi({ description: 'with attributes, events, links and resource however many spans it has' }),
});
export type TraceQuery = z.output<typeof traceQuery>;

const spanId = hexId(16);

export const traceRoutes = {
  trace: createRoute({
    method: 'get',
    path: '/api/traces/{id}',
    summary: 'One trace: spans, calls and critical path',
    request: { params: z.object({ id: traceId }), query: traceQuery },
    responses: {
      200: json(
        'the trace; with another format as that has it',
        z.union([api.trace.meta({ id: 'Trace' }), api.lightTrace.meta({ id: 'LightTrace' })]),
      ),
      404: problem('no span of it is held'),
      ...problems,
    },
  }),
  span: createRoute({
    method: 'get',
    path: '/api/traces/{id}/spans/{spanId}',
    summary: 'One span of a trace with all it says',
    request: { params: z.object({ id: traceId, spanId }), query: none },
    responses: {
      200: json('the span', api.traceSpan.meta({ id: 'TraceSpan' })),
      404: problem('no such span in it is held'),
      ...problems,
    },
  }),
  openFile: createRoute({
    method: 'post',
    path: '/api/traces/open',
    summary: 'The traces of a file, as if they were stored; nothing is stored',
    request: {
      query: none,
      body: {
        description:
          'OTLP (JSON or protobuf), Jaeger JSON or Zipkin v2 JSON, also gzipped; told apart by what is in it',
        required: true,
        content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
      },
    },
    responses: {
      200: json('its traces, the first to start first', z.array(api.trace)),
      403: problem('the page that asks is of another site'),
      413: problem('the file is too large, or holds too many spans'),
      ...problems,
    },
  }),
};
