/** Wire shapes of the trace search: lists, points and heatmap, the live tail, and what attributes there are. Part of api.ts. */
import { z } from 'zod';

const pathTop = z.object({ service: z.string(), operation: z.string(), selfMs: z.number(), share: z.number() });

export const traceSummary = z.object({
  traceId: z.string(),
  root: z.object({ service: z.string(), operation: z.string() }),
  start: z.number(),
  durationMs: z.number(),
  spanCount: z.number(),
  errorCount: z.number().describe('failed spans'),
  failed: z.boolean().describe("the trace's own request failed"),
  workloads: z.array(z.string()),
  criticalPath: z.array(pathTop).describe('the three that own most'),
});
export type TraceSummary = z.infer<typeof traceSummary>;

export const traceList = z.object({ traces: z.array(traceSummary), next: z.string().nullable() });
export type TraceList = z.infer<typeof traceList>;

const tracePoint = z.object({
  traceId: z.string(),
  start: z.number(),
  durationMs: z.number(),
  failed: z.boolean(),
  root: z.object({ service: z.string(), operation: z.string() }),
});
export type TracePoint = z.infer<typeof tracePoint>;

export const tracePoints = z.object({
  from: z.number(),
  to: z.number(),
  total: z.number().describe('traces that match'),
  failed: z.number().describe('of them, those whose own request failed'),
  points: z
    .array(tracePoint)
    .nullable()
    .describe('all of them, the first to start first; null when there are more than 2,000'),
  heatmap: z.object({
    stepMs: z.number().describe('length of a column'),
    boundsMs: z
      .array(z.number())
      .describe('upper bound of each row, the shortest first; a row begins where the one before ends'),
    columns: z
      .array(z.object({ at: z.number(), counts: z.array(z.number()), failed: z.array(z.number()) }))
      .describe('of all that match, a column a step, those without traces too; a number a row'),
  }),
});
export type TracePoints = z.infer<typeof tracePoints>;

export const tracesSettled = z
  .object({
    traces: z.array(traceSummary).describe('the newest settlement first'),
    more: z.number().describe('how many that match have settled beside these since the event before'),
  })
  .describe('data of the event `traces`');
export type TracesSettled = z.infer<typeof tracesSettled>;

const looked = {
  from: z.number().describe('counts are of spans that came in from here on: of a long time its newest part'),
  to: z.number(),
};

export const attributeKeys = z.object({
  ...looked,
  keys: z.array(z.object({ key: z.string(), spans: z.number() })).describe('the most frequent first'),
});
export type AttributeKeys = z.infer<typeof attributeKeys>;

export const attributeValues = z.object({
  ...looked,
  values: z.array(z.object({ value: z.string(), spans: z.number() })).describe('the most frequent first'),
});
export type AttributeValues = z.infer<typeof attributeValues>;
