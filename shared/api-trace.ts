/**
 * The wire contract of one trace, beside shared/api.ts: spans in tree order, calls, the critical path; and the columns in
 * which a trace of very many spans comes (light-trace.ts writes and reads them).
 */
import { z } from 'zod';

/** A typed attribute value: JSON's own for string, bool and double; 64-bit integers beyond 2^53 as decimal strings. */
export type AttributeValue = string | number | boolean | null | AttributeValue[] | { [key: string]: AttributeValue };
const attributeValue: z.ZodType<AttributeValue> = z.any();
const attributes = z.record(z.string(), attributeValue);

export const traceSpan = z.object({
  spanId: z.string(),
  parentId: z.string().nullable(),
  service: z.string(),
  namespace: z.string(),
  version: z.string(),
  name: z.string(),
  kind: z.enum(['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']),
  startNs: z.number().describe("nanoseconds since the trace's first start"),
  durationNs: z.number(),
  status: z.object({ code: z.enum(['UNSET', 'OK', 'ERROR']), message: z.string() }),
  attributes,
  events: z.array(z.object({ name: z.string(), atNs: z.number(), attributes })),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string(), attributes })),
  resource: attributes,
  scope: z.object({ name: z.string(), version: z.string() }),
  failed: z.boolean(),
  callId: z.number().nullable().describe('index into calls: the call this span is part of'),
  retry: z.number().describe('attempts of the same request before this one; 0 for the first'),
  async: z
    .boolean()
    .describe('nobody waits for it: a consumer, what a producer caused, what began after its parent ended'),
  skewNs: z
    .number()
    .describe(
      'what to add to startNs to put it on the clock of the first root, for showing only; 0 when nothing speaks for it',
    ),
});
export type TraceSpan = z.infer<typeof traceSpan>;

export const traceCall = z.object({
  edgeId: z.string(),
  source: z.string(),
  target: z.string(),
  sourceVersion: z.string(),
  targetVersion: z.string(),
  protocol: z.string(),
  spanId: z.string().describe("the call's key span"),
  calleeSpanId: z.string().nullable(),
  failed: z.boolean(),
  clientError: z.boolean(),
  error: z
    .object({ code: z.string(), flag: z.string(), reason: z.string(), origin: z.enum(['proxy', 'app']) })
    .nullable()
    .describe('as the errors of an edge'),
  attempts: z.number(),
  clientNs: z.number().nullable(),
  serverNs: z.number().nullable(),
  networkNs: z.number().nullable(),
  probe: z.boolean(),
});
export type TraceCall = z.infer<typeof traceCall>;

export const trace = z.object({
  traceId: z.string(),
  start: z.number(),
  durationMs: z.number().describe('from the first start to the last end'),
  spans: z.array(traceSpan).describe('in tree order'),
  criticalPath: z
    .array(z.object({ spanId: z.string(), startNs: z.number(), endNs: z.number() }))
    .describe('in time order'),
  calls: z.array(traceCall),
  warnings: z.array(z.string()),
  light: z
    .boolean()
    .describe(
      'attributes, events, links, resource and scope of the spans are left empty: they are many; ask for a span, or for all with full=true',
    ),
});
export type Trace = z.infer<typeof trace>;

const numbers = z.array(z.number());

export const lightTrace = trace.omit({ spans: true, calls: true, criticalPath: true, light: true }).extend({
  light: z.literal(true),
  texts: z.array(z.string()).describe('every text once, the first being empty; sorts refer to it by index'),
  spans: z
    .object({
      sorts: z
        .array(numbers)
        .describe(
          'what many spans share: service, namespace, version, name as texts, index of the kind, index of the status code, its message as text, failed, async',
        ),
      ids: z.string().describe('16 hex digits a span, one after the other'),
      sort: numbers.describe('index into sorts'),
      up: numbers.describe('how many spans before it its parent is; 0 for none here'),
      start: numbers.describe('nanoseconds after the start of the span before it; of the first one absolute'),
      durationNs: numbers,
      call: numbers.describe('callId, -1 for none, less that of the span before it'),
      absent: z
        .array(z.tuple([z.number(), z.string()]))
        .describe('index of a span and the id of its parent, which is not here'),
      retry: z.array(z.tuple([z.number(), z.number()])).describe('index of a span and its retry, where not 0'),
      skew: z
        .array(z.tuple([z.number(), z.number()]))
        .describe('index of a span and its skewNs, where it is not that of the span before it'),
    })
    .describe('columns, a span an element'),
  calls: z
    .object({
      sorts: z
        .array(numbers)
        .describe(
          'what many calls share: edgeId, source, target, sourceVersion, targetVersion, protocol as texts, failed, clientError, probe, has an error, its code, flag, reason as texts, its origin: 1 for app',
        ),
      sort: numbers,
      span: numbers.describe("index of the call's key span"),
      callee: numbers.describe('index of the span, -1 for none'),
      attempts: numbers,
      clientNs: z.array(z.number().nullable()),
      serverNs: z.array(z.number().nullable()),
      networkNs: z.array(z.number().nullable()),
    })
    .describe('columns, a call an element'),
  criticalPath: z
    .object({
      from: z.number().describe('where it starts; each stretch begins where the one before ended'),
      span: numbers.describe('index of the span'),
      ns: numbers.describe('length of the stretch'),
    })
    .describe('columns, a stretch an element'),
});
export type LightTrace = z.infer<typeof lightTrace>;
