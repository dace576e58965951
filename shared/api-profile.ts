/**
 * The wire contract of the aggregate critical path and of what-if. Sums and shares are exact over every settled trace of the
 * cohort; whatever comes from a bounded number of trees says so in `trees`. A sampled trace counts in sums, means, shares
 * and percentiles as often as it stands for (rule C11); `traces` are those seen. Times are milliseconds, sums exact ns / 1e6.
 */
import { z } from 'zod';

/** p90: from p90 up to p99 of the cohort's durations; p99: from p99 on, the slowest 1 % and never less. */
export const profileBands = ['all', 'p90', 'p99'] as const;
export type ProfileBand = (typeof profileBands)[number];

export const spanKinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;

const ranks = z
  .object({
    p50: z.number().nullable(),
    p90: z.number().nullable(),
    p99: z.number().nullable(),
    n: z.number().describe('traces the percentiles are made of'),
  })
  .describe('milliseconds by exact nearest rank; null when n is 0');

const trees = z
  .object({ read: z.number(), of: z.number() })
  .describe('traces whose spans were read, chosen by a hash of their ids, of those asked about');

const profilePath = z.object({
  id: z.string().describe('of the call path: the steps from the root to here'),
  parentId: z.string().nullable().describe('null for a root; else a path of this answer'),
  service: z.string(),
  namespace: z.string(),
  operation: z.string(),
  kind: z.enum(spanKinds),
  selfMs: z.number().describe('on the critical path, summed over the traces; 0 when only paths below it have some'),
  traces: z.number().describe('that have time of their own here'),
});
export type ProfilePath = z.infer<typeof profilePath>;

const profileStep = z.object({
  service: z.string(),
  namespace: z.string(),
  operation: z.string(),
  selfMs: z.number(),
  share: z.number().describe('of totalMs, 0 to 1'),
  traces: z.number().describe('that have it on their critical path; 0: only seen beside it, in the trees read'),
  meanMs: z.number().describe('per trace asked about, with those that have none'),
  p50Ms: z.number().nullable().describe('per trace that has it on its path, exact nearest rank'),
  p99Ms: z.number().nullable(),
  dragMs: z
    .number()
    .nullable()
    .describe('what a trace saves at most if it took no time, by replay: mean over the trees read; null without trees'),
  slackMs: z
    .number()
    .nullable()
    .describe(
      'how much longer it may take before the trace does: mean over the trees read that have it, 0 on the path',
    ),
  versions: z
    .array(z.object({ version: z.string(), spans: z.number(), meanSelfMs: z.number() }))
    .describe("of the step's own workload, in the trees read: what `as` may name"),
});
export type ProfileStep = z.infer<typeof profileStep>;

export const profile = z.object({
  from: z.number(),
  to: z.number(),
  entry: z.string().describe('"service|operation"; "" = all entries'),
  version: z.string().describe('of the entry\'s workload; "" = all'),
  band: z.enum(profileBands),
  fromMs: z.number().describe('least duration in the band; 0 without traces'),
  traces: z.number().describe('in the band'),
  weight: z.number().describe('traces that one of them stands for, on average; 1 when nothing is sampled'),
  totalMs: z.number().describe('how long they took together: what all selfMs add up to'),
  durationMs: ranks.describe('of all bands together, milliseconds by exact nearest rank; null when n is 0'),
  paths: z.array(profilePath).describe('every path with time and those above it, parents before children'),
  steps: z.array(profileStep).describe('the same time by workload and operation, the greatest first'),
  rest: z
    .object({ paths: z.number(), pathsMs: z.number(), steps: z.number(), stepsMs: z.number() })
    .describe('what is left out because there are too many: how many, and their selfMs'),
  versions: z
    .array(z.object({ version: z.string(), traces: z.number() }))
    .describe("of the entry's workload in this time, whichever was asked for"),
  trees,
});
export type Profile = z.infer<typeof profile>;

export const whatIf = z.object({
  from: z.number(),
  to: z.number(),
  entry: z.string(),
  version: z.string(),
  band: z.enum(profileBands),
  step: z.string().describe('"service|operation"'),
  factor: z.number().describe("what the step's own time was multiplied by: 0.7 for 30 % faster"),
  trees,
  before: ranks.describe('of the trees read, as recorded'),
  after: ranks.describe('of the same trees, replayed'),
  meanSavedMs: z.number().describe('per trace; below 0 when the other version is slower'),
  changedSpans: z.number(),
  method: z.string().describe('what this is computed from and how, in one sentence'),
  as: z
    .object({
      version: z.string(),
      of: z.enum(['step', 'entry']).describe("whose version: the step's own workload, else that of the traces' entry"),
      spans: z.number().describe('of that version, the mean is made of; 0: there are none, and nothing was changed'),
      meanSelfMs: z.number(),
      othersMeanSelfMs: z.number().describe('of the spans that were changed, before'),
    })
    .optional(),
});
export type WhatIf = z.infer<typeof whatIf>;
