/** What the routes of the contract are put together from: parameters that several take, and the shapes of refusals. */
import { z } from '@hono/zod-openapi';
import * as api from '#shared/api.ts';
import { bands } from '#shared/critical-cut.ts';

export const text = z.string().max(1000);
export const time = {
  window: text
    .optional()
    .openapi({ description: 'the last …, ending now: 30s, 5m, 1h, 2d; 5m by default', example: '15m' }),
  from: text
    .optional()
    .openapi({ description: 'instead of window: epoch ms, ISO 8601 or now-1h', example: '1764000000000' }),
  to: text.optional().openapi({ description: 'end of the interval; now by default', example: '1764000300000' }),
};
export const probes = z.enum(['true', 'false']).default('false').openapi({ description: 'count health checks too' });
export const critical = {
  entry: text.optional().openapi({
    description: "critical shares are about the traces of this root operation, 'service|operation'; all by default",
    example: 'frontend|GET /cart',
  }),
  band: z.enum(bands).default('all').openapi({ description: 'slow: of those traces the slowest tenth' }),
};
export const wholeNumber = (least: number, most: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));
export const ms = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,6})?$/, 'expected milliseconds')
  .transform(Number);
export const hexId = (digits: number): z.ZodType<string, string> =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`), `expected ${digits} hex digits`)
    .transform((id) => id.toLowerCase());

/** Zipkin and B3 know ids of 64 bits too: the low half of ours. */
export const traceId = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{16}){1,2}$/, 'expected 32 hex digits')
  .transform((id) => id.toLowerCase().padStart(32, '0'));

export const none = z.strictObject({});

export const problem = (description: string) => ({
  description,
  content: { 'application/json': { schema: api.errorBody.meta({ id: 'Error' }) } },
});
export const problems = {
  400: problem('a parameter is unknown or cannot be read'),
  401: problem('a token is needed'),
  503: problem('the store does not answer, or too much is asked at once'),
};
export const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});
