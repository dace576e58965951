/** The route that compares two sets of traces. */
import { createRoute, z } from '@hono/zod-openapi';
import { compareSets } from '#shared/api-compare-sets.ts';
import { json, probes, problems, text, time } from './contract-common.ts';

const line = z.string().max(4000).default('');

export const compareSetsQuery = z.strictObject({
  a: line.openapi({ description: 'query line of the traces asked about', example: 'status = failed' }),
  b: line.openapi({
    description: 'query line of those they are compared with; empty: the rest of the same time, or a at the other time',
  }),
  ...time,
  bfrom: text.optional().openapi({ description: "b's own time; that of a by default", example: 'now-2h' }),
  bto: text.optional().openapi({ description: 'its end', example: 'now-1h' }),
  probes,
});
export type CompareSetsQuery = z.output<typeof compareSetsQuery>;

export const compareSetsRoutes = {
  compareSets: createRoute({
    method: 'get',
    path: '/api/compare/sets',
    summary: 'Two sets of settled traces: which operations, edges and attributes make the difference',
    request: { query: compareSetsQuery },
    responses: { 200: json('a less b', compareSets.meta({ id: 'CompareSets' })), ...problems },
  }),
};
