/**
 * The wire contract of the native API: every request and answer as a zod schema and its type. serve/ answers with these
 * shapes and publishes them as OpenAPI; ui/api.ts reads them. Times are epoch milliseconds as numbers, durations end in
 * their unit, exact nanoseconds are decimal strings only where a trace's start is given.
 */
import { z } from 'zod';

export * from './api-profile.ts';
export * from './api-search.ts';
export * from './api-trace.ts';

const latency = z
  .object({
    p50: z.number().nullable(),
    p90: z.number().nullable(),
    p99: z.number().nullable(),
    n: z.number().describe('calls the percentiles are made of'),
  })
  .describe('milliseconds by nearest rank, within 1 %; null when n is 0');
export type Latency = z.infer<typeof latency>;

const callError = z.object({
  code: z
    .string()
    .describe('HTTP or gRPC status, or the error type: "503", "grpc 14", "ConnectionResetError"; "0" = no response'),
  flag: z.string().describe('Envoy response flags, "" for none'),
  reason: z.string().describe('in words: "no healthy upstream"'),
  origin: z.enum(['proxy', 'app']).describe('proxy: the callee never answered'),
  failed: z
    .boolean()
    .describe('false: a client error, counted in clientErrors; --four-xx-is-failure makes them failures'),
  count: z.number(),
});
export type CallError = z.infer<typeof callError>;

export const nodeKind = z.enum(['service', 'database', 'messaging', 'external', 'users', 'unknown', 'other']);

const graphNode = z.object({
  id: z.string().describe('cluster/namespace/name'),
  name: z.string(),
  namespace: z.string(),
  cluster: z.string(),
  kind: nodeKind,
  versions: z.array(z.object({ version: z.string(), calls: z.number(), failed: z.number() })),
  calls: z.number().describe('inbound'),
  failed: z.number(),
  successRate: z.number().nullable().describe('0 to 1; null without calls'),
  rate: z.number().describe('inbound calls a second'),
  latencyMs: latency.describe('server-observed where there is one, else client-observed'),
  criticalShare: z
    .number()
    .nullable()
    .describe('share of the end-to-end latency of the traces asked about (entry, band), 0 to 1'),
  provisional: z.number().describe('of these calls, those of traces that have not settled'),
});
export type GraphNode = z.infer<typeof graphNode>;

const graphEdge = z.object({
  id: z.string(),
  source: z.string(),
  target: z.string(),
  sourceVersion: z.string().optional(),
  targetVersion: z.string().optional(),
  protocol: z.string(),
  calls: z.number(),
  failed: z.number(),
  clientErrors: z.number(),
  attempts: z.number(),
  successRate: z.number().nullable(),
  rate: z.number(),
  latencyMs: latency.describe('as the caller saw it'),
  serverLatencyMs: latency.describe('as the callee saw it'),
  networkMs: latency.describe('caller less callee, per call: network and proxies'),
  networkShare: z.number().nullable().describe('share of the time callers waited that was network and proxies, 0 to 1'),
  errors: z.array(callError),
  bytesPerSecond: z.object({ request: z.number(), response: z.number() }),
  criticalShare: z.number().nullable(),
  exemplars: z.object({
    p50: z.string().nullable(),
    p90: z.string().nullable(),
    p99: z.string().nullable(),
    errors: z.record(z.string(), z.string()).describe('"code|flag" to a trace id'),
  }),
  mtls: z.object({ share: z.number(), principals: z.array(z.string()) }).nullable(),
  weight: z.number().describe('calls that one seen call stands for, on average; 1 when nothing is sampled'),
  provisional: z.number().describe('of these calls, those of traces that have not settled'),
});
export type GraphEdge = z.infer<typeof graphEdge>;

const thresholds = z
  .object({
    warnFailed: z.number().describe('share of failed calls from which an edge is degraded'),
    badFailed: z.number().describe('share of failed calls from which it is failing'),
    badP99Ms: z.number().describe('client-observed p99 above which it is failing its callers'),
  })
  .describe('of the configuration: what colours and words go by');
export type Thresholds = z.infer<typeof thresholds>;

export const graph = z.object({
  from: z.number(),
  to: z.number(),
  generatedAt: z.number(),
  sampled: z.boolean().describe('some calls stand for more than one'),
  nodes: z.array(graphNode),
  edges: z.array(graphEdge),
  unsettled: z.number().describe('traces still provisional in these numbers'),
  thresholds,
  scopes: z
    .object({ clusters: z.array(z.string()), namespaces: z.array(z.string()) })
    .describe('what the interval holds before any filter, sorted; without the empty ones'),
  critical: z
    .object({
      entry: z.string().describe('"service|operation"; "" = all entries'),
      band: z.enum(['all', 'slow']).describe('slow: the slowest tenth'),
      traces: z.number(),
      fromMs: z.number().describe('shortest trace counted: 0 for all'),
    })
    .describe('the traces that criticalShare is about'),
});
export type Graph = z.infer<typeof graph>;

export const entries = z.object({
  from: z.number(),
  to: z.number(),
  entries: z
    .array(
      z.object({
        id: z.string().describe('"service|operation"'),
        service: z.string(),
        operation: z.string(),
        traces: z.number(),
        meanMs: z.number(),
      }),
    )
    .describe('root operations, the one with the most time first'),
});
export type Entries = z.infer<typeof entries>;

export const timeline = z.object({
  from: z.number(),
  to: z.number(),
  stepMs: z.number(),
  points: z
    .array(z.object({ at: z.number(), calls: z.number(), failed: z.number() }))
    .describe('requests that enter the mesh, a point a step, empty steps included'),
  marks: z
    .array(z.object({ at: z.number(), nodeId: z.string(), name: z.string(), version: z.string() }))
    .describe('versions first seen in this time, though the workload was seen before'),
});
export type Timeline = z.infer<typeof timeline>;

export const framesWire = z
  .object({
    from: z.number(),
    to: z.number(),
    stepMs: z.number(),
    generatedAt: z.number(),
    unsettled: z.number(),
    thresholds,
    critical: z.object({ entry: z.string(), band: z.enum(['all', 'slow']), fromMs: z.number() }),
    texts: z.array(z.string()).describe('every name once; ends and rows refer to it by index'),
    ends: z.array(z.array(z.number())).describe('cluster, namespace, name, version as texts; kind'),
    rows: z
      .array(z.array(z.union([z.number(), z.array(z.number())])))
      .describe(
        'a frame each, as shared/frames-wire.ts writes it; its first number is the start of the step, epoch seconds',
      ),
  })
  .describe('the calls of an interval by step, without exemplars: what the map of any part of it is made of');
export type FramesWire = z.infer<typeof framesWire>;

export const operations = z.object({
  from: z.number().describe('operations are read from spans: of a long window its last hour'),
  to: z.number(),
  operations: z.array(
    z.object({
      operation: z.string(),
      calls: z.number(),
      failed: z.number(),
      latencyMs: latency.describe('as the workload itself saw it'),
    }),
  ),
});
export type Operations = z.infer<typeof operations>;

const changed = z.object({ before: z.number().nullable(), after: z.number().nullable() });
export const comparison = z.object({
  a: z.object({ from: z.number(), to: z.number() }).describe('before'),
  b: z.object({ from: z.number(), to: z.number() }).describe('after'),
  edges: z
    .array(
      z.object({
        id: z.string(),
        source: z.string(),
        target: z.string(),
        change: z.enum(['new', 'gone', 'failing', 'recovered', 'slower', 'faster', 'busier', 'quieter', 'same']),
        score: z.number().describe('0 to 1: how much it matters, for the order'),
        calls: changed,
        successRate: changed,
        p90Ms: changed,
        rate: changed,
        criticalShare: changed,
      }),
    )
    .describe('every edge of either, what changed most first; a change is named only when chance would not do it'),
});
export type Comparison = z.infer<typeof comparison>;

const point = z.object({
  at: z.number().describe('start of the step'),
  calls: z.number(),
  failed: z.number(),
  clientErrors: z.number(),
  attempts: z.number(),
  latencyMs: latency,
  serverLatencyMs: latency,
  networkMs: latency,
});
export type SeriesPoint = z.infer<typeof point>;

const heatmap = z.object({
  boundsMs: z.array(z.number()).describe('upper bound of each row'),
  columns: z.array(z.object({ at: z.number(), counts: z.array(z.number()) })),
});

export const edgeDetail = z.object({
  from: z.number(),
  to: z.number(),
  stepMs: z.number(),
  edge: graphEdge,
  series: z.array(point),
  heatmap,
  versions: z
    .array(
      z.object({
        sourceVersion: z.string(),
        targetVersion: z.string().describe('"" = the callee was not reached or does not say'),
        calls: z.number(),
        failed: z.number(),
        attempts: z.number(),
        latencyMs: latency,
      }),
    )
    .describe('the same calls by the versions at both ends, the most frequent first'),
});
export type EdgeDetail = z.infer<typeof edgeDetail>;

export const nodeDetail = z.object({
  from: z.number(),
  to: z.number(),
  stepMs: z.number(),
  node: graphNode,
  inbound: z.array(graphEdge),
  outbound: z.array(graphEdge),
  series: z.array(point).describe('inbound'),
  heatmap,
});
export type NodeDetail = z.infer<typeof nodeDetail>;

export const status = z.object({
  version: z.string(),
  startedAt: z.number(),
  store: z.object({
    url: z.string(),
    state: z.enum(['ready', 'starting', 'down']),
    spans: z.number(),
    bytesOnDisk: z.number(),
    oldest: z.number().nullable().describe('when the oldest span held came in'),
    newest: z.number().nullable().describe('when the newest did'),
    newestCall: z
      .number()
      .nullable()
      .describe('when the newest settled call began, to ten seconds: far behind newest when senders send the past'),
  }),
  ingest: z.object({
    spansAccepted: z.number(),
    spansRejected: z.number(),
    requestsRefused: z.number(),
    bytesBuffered: z.number(),
    byteBudget: z.number(),
    spansPerSecond: z.number(),
  }),
  derive: z.object({
    lagMs: z.number().describe('how far the derivation stands behind what could be derived'),
    unsettledTraces: z.number(),
    settledTraces: z.number(),
    settleAfterMs: z.number(),
  }),
  limits: z
    .array(z.object({ name: z.string(), limit: z.number(), hit: z.number() }))
    .describe('bounds and how often each was hit'),
  doors: z
    .object({ otlpHttp: z.string(), otlpGrpc: z.string(), listen: z.string() })
    .describe('addresses to send spans to'),
});
export type Status = z.infer<typeof status>;

export const health = z.object({ status: z.enum(['ok', 'starting', 'stopping']) });

export const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
export type ErrorBody = z.infer<typeof errorBody>;
