/** The routes of the aggregate critical path: what may be asked of /api/critical-path and /api/what-if. */
import { createRoute, z } from '@hono/zod-openapi';
import * as api from '#shared/api.ts';
import { profileBands } from '#shared/api-profile.ts';
import { mostLineCharacters } from '#shared/trace-query.ts';
import { json, probes, problems, text, time } from './contract-common.ts';

const cohort = {
  ...time,
  entry: text.optional().openapi({
    description: "root operation, 'service|operation' as /api/entries gives it; all by default",
    example: 'frontend|GET /cart',
  }),
  version: text.optional().openapi({ description: "of the entry's workload", example: 'v2' }),
  band: z
    .enum(profileBands)
    .default('all')
    .openapi({ description: "p90: from p90 up to p99 of the entry's durations; p99: the slowest 1 %" }),
  probes,
  q: z.string().max(mostLineCharacters).optional().openapi({
    description: 'only traces that match this query line, see docs/api.md',
    example: 'status = failed',
  }),
};

export const profileQuery = z.strictObject({
  ...cohort,
  trees: z.enum(['true', 'false']).default('true').openapi({
    description:
      'false: no drag, slack and versions of steps, which need the spans of some traces; the rest is quicker',
  }),
});
export type ProfileQuery = z.output<typeof profileQuery>;

export const whatIfQuery = z.strictObject({
  ...cohort,
  step: text.openapi({ description: "'service|operation' whose own time changes", example: 'cart|GET /cart/{id}' }),
  faster: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,6})?$/, 'expected a percentage')
    .transform(Number)
    .pipe(z.number().min(0.000001).max(100))
    .optional()
    .openapi({ description: 'by so many percent, up to 100', example: '30' }),
  as: text.optional().openapi({ description: 'instead: as fast as this version of it', example: 'v1' }),
});
export type WhatIfQuery = z.output<typeof whatIfQuery>;

export const profileRoutes = {
  profile: createRoute({
    method: 'get',
    path: '/api/critical-path',
    summary: 'Where the time of an operation goes: the critical paths of all its settled traces, added up',
    request: { query: profileQuery },
    responses: { 200: json('paths and steps', api.profile.meta({ id: 'Profile' })), ...problems },
  }),
  whatIf: createRoute({
    method: 'get',
    path: '/api/what-if',
    summary: 'How long the operation would take if one step were faster, replayed from stored traces',
    request: { query: whatIfQuery },
    responses: { 200: json('before and after', api.whatIf.meta({ id: 'WhatIf' })), ...problems },
  }),
};
