/**
 * The wire contract of /api/compare/sets: two sets of settled traces, how long they took, and which operations, edges and
 * attributes differ. Differences are first less second (a - b); intervals are of 95 %, each by itself; `named` is what chance
 * would not do though so many are looked at (shared/two-samples.ts), and large enough to care about.
 */
import { z } from 'zod';

const difference = z.object({
  value: z.number().describe('a less b'),
  low: z.number().nullable().describe('95 % interval; null when too little is seen'),
  high: z.number().nullable(),
  sure: z.boolean().describe('chance would hardly do it, however many are looked at'),
  named: z.boolean().describe('sure, and large enough to care about'),
});
export type SetDifference = z.infer<typeof difference>;

const set = z.object({
  query: z.string().describe('query line; "" = all traces of the time, or the rest'),
  from: z.number(),
  to: z.number(),
  traces: z.number(),
  failed: z.number().describe('traces whose own request failed'),
  withErrors: z.number().describe('traces with a failed span'),
  meanMs: z.number().nullable().describe("of the traces' own requests, what their critical paths sum up to"),
  durationMs: z
    .object({
      p50: z.number().nullable(),
      p90: z.number().nullable(),
      p99: z.number().nullable(),
      n: z.number().describe('traces the percentiles are made of'),
    })
    .describe('milliseconds by nearest rank, within 1 %; null when n is 0'),
});
export type ComparedSet = z.infer<typeof set>;

const stepSide = z.object({
  traces: z.number().describe('with it on the critical path'),
  meanMs: z.number().describe('critical-path time of its own per trace, over all traces of the set'),
  share: z.number().describe("of the set's whole time, 0 to 1"),
});

const operation = z.object({
  service: z.string(),
  namespace: z.string(),
  operation: z.string(),
  a: stepSide,
  b: stepSide,
  differenceMs: difference,
});
export type ComparedOperation = z.infer<typeof operation>;

const edgeSide = z.object({
  traces: z.number().describe('with a call over it'),
  share: z.number().describe('of the traces of the set, 0 to 1'),
  withErrors: z.number().describe('of those traces, the ones with a failed span'),
  failed: z.number().describe('of those traces, the ones whose own request failed'),
});

const edge = z.object({
  id: z.string(),
  source: z.string(),
  target: z.string(),
  a: edgeSide,
  b: edgeSide,
  share: difference.describe('of the shares of traces that have it'),
  calls: z
    .object({ a: z.number(), b: z.number(), n: z.number().describe('traces read'), difference })
    .nullable()
    .describe('calls per trace that has it, of the traces read; null when none of either was'),
  errorShare: difference.describe('among the traces that have it, of the shares with a failed span'),
});
export type ComparedEdge = z.infer<typeof edge>;

const attribute = z.object({
  type: z.enum(['attribute', 'version']).describe('version: of the workload `key`'),
  key: z.string(),
  value: z.string().nullable().describe('null: the key is there at all'),
  a: z.object({ traces: z.number(), share: z.number() }),
  b: z.object({ traces: z.number(), share: z.number() }),
  share: difference,
  explains: z.number().describe('how well it alone tells the sets apart, 0 to 1 (bits, either set as likely)'),
});
export type ComparedAttribute = z.infer<typeof attribute>;

const readOf = z.object({ read: z.number(), of: z.number() });

export const compareSets = z.object({
  a: set,
  b: set,
  rest: z.boolean().describe('b is what a leaves of the same time'),
  both: z.number().describe('traces that are in a and in b'),
  meanMs: difference,
  failedShare: difference,
  histogram: z
    .object({
      boundsMs: z.array(z.number()).describe('upper bound of each bar'),
      a: z.array(z.number()),
      b: z.array(z.number()),
    })
    .describe('traces by the duration of their own request'),
  operations: z.object({ rows: z.array(operation), of: z.number() }).describe('the largest difference first'),
  edges: z.object({ rows: z.array(edge), of: z.number() }),
  attributes: z.object({
    a: readOf.describe('traces read, of so many'),
    b: readOf,
    rows: z.array(attribute).describe('what tells the sets apart best first'),
    of: z.number().describe('keys and values looked at'),
    leftOut: z
      .array(z.object({ key: z.string(), values: z.number(), kept: z.number() }))
      .describe('keys with too many values, and how many of them were looked at: 0 for identifiers'),
  }),
});
export type CompareSets = z.infer<typeof compareSets>;
