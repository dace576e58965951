/**
 * The calls of one trace as a service map: the same shape as the live map's, so that the same parts draw it. Times on it are
 * of this trace alone; its critical shares are what calls and workloads own of this trace's path. Pure.
 */
import type { Graph, Trace, TraceCall, TraceSpan } from '#shared/api.ts';
import { emptyFrame, frameSeconds, noSource, type EdgeFrame } from '#shared/frame.ts';
import { toGraph } from '#shared/graph.ts';
import { bucketOf, noBuckets, toBuckets } from '#shared/sketch.ts';
import { workloadKinds, type WorkloadKind } from '#shared/span.ts';
import { parseNodeId } from '#shared/workload.ts';

const key = 'trace';

/** The map of a trace. Health checks count: they are what was asked for. */
export function toTraceGraph(trace: Pick<Trace, 'start' | 'spans' | 'calls' | 'criticalPath'>): Graph {
  const { calls, start } = trace;
  const frame = Math.floor(start / 1_000 / frameSeconds) * frameSeconds;
  const owned = pathOwned(trace);
  const awake = new Set(calls.filter(({ calleeSpanId }) => calleeSpanId !== null).map(({ target }) => target));
  for (const { source } of calls) awake.add(source);
  const kindOf = (id: string, protocol: string) => workloadKinds.indexOf(toKind(id, protocol, awake.has(id)));
  const frames = calls.map((call, i): EdgeFrame => toFrame(call, frame, owned.calls.get(i) ?? 0, kindOf));
  const rootNs = trace.criticalPath.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
  const first = trace.spans[0];
  for (const [id, ns] of owned.uncalled) frames.push({ ...ownFrame(id, frame), criticalNs: { [key]: ns } });
  const rootId = calls.find(({ target }) => parseNodeId(target).name === first?.service)?.target ?? calls[0]?.source;
  if (rootId !== undefined)
    frames.push({ ...ownFrame(rootId, frame), rootCount: { [key]: 1 }, rootNs: { [key]: rootNs } });
  return toGraph(frames, {
    // over one second a rate is the number of calls, which is what one trace can tell
    fromMs: start,
    toMs: start + 1_000,
    generatedAtMs: start,
    unsettled: 0,
    probes: true,
  });
}

/** What of the path lies in each call, and in workloads outside any. */
function pathOwned({ spans, calls, criticalPath }: Pick<Trace, 'spans' | 'calls' | 'criticalPath'>) {
  const byId = new Map<string, TraceSpan>();
  for (const span of spans) if (!byId.has(span.spanId)) byId.set(span.spanId, span);
  const nodeOf = new Map<string, string>();
  for (const { source, target } of calls)
    for (const id of [source, target]) {
      const { namespace, name } = parseNodeId(id);
      nodeOf.set(`${namespace}/${name}`, id);
    }
  const owned = { calls: new Map<number, number>(), uncalled: new Map<string, number>() };
  for (const { spanId, startNs, endNs } of criticalPath) {
    const span = byId.get(spanId);
    if (!span) continue;
    const ns = endNs - startNs;
    if (span.callId !== null) owned.calls.set(span.callId, (owned.calls.get(span.callId) ?? 0) + ns);
    const id = nodeOf.get(`${span.namespace}/${span.service}`);
    if (span.callId === null && id !== undefined) owned.uncalled.set(id, (owned.uncalled.get(id) ?? 0) + ns);
  }
  return owned;
}

function toFrame(
  call: TraceCall,
  frame: number,
  criticalNs: number,
  kindOf: (id: string, protocol: string) => number,
): EdgeFrame {
  const [source, target] = [parseNodeId(call.source), parseNodeId(call.target)];
  const sketch = (ns: number | null) => (ns === null || ns < 0 ? noBuckets : toBuckets([[bucketOf(ns), 1]]));
  const { error } = call;
  return {
    ...emptyFrame,
    frame,
    sourceCluster: source.cluster,
    sourceNamespace: source.namespace,
    source: source.name,
    sourceVersion: call.sourceVersion,
    sourceKind: kindOf(call.source, ''),
    targetCluster: target.cluster,
    targetNamespace: target.namespace,
    target: target.name,
    targetVersion: call.targetVersion,
    targetKind: kindOf(call.target, call.protocol),
    protocol: call.protocol,
    calls: 1,
    seen: 1,
    failed: call.failed ? 1 : 0,
    clientErrors: call.clientError ? 1 : 0,
    attempts: call.attempts,
    clientNs: sketch(call.clientNs),
    serverNs: sketch(call.serverNs),
    networkNs: sketch(call.networkNs),
    errors: error ? { [`${error.code}|${error.flag}|${error.origin}`]: 1 } : {},
    criticalNs: criticalNs > 0 ? { [key]: criticalNs } : {},
  };
}

/** The row of a workload itself. */
function ownFrame(id: string, frame: number): EdgeFrame {
  const { cluster, namespace, name } = parseNodeId(id);
  const ends = { targetCluster: cluster, targetNamespace: namespace, target: name };
  return { ...emptyFrame, frame, ...ends, sourceKind: noSource, targetKind: workloadKinds.indexOf('unknown') };
}

const databases = /sql|redis|mongo|cassandra|memcache|elastic|database|clickhouse|oracle|couch|dynamo/;
const queues = /kafka|amqp|rabbit|nats|sqs|sns|pubsub|pulsar|jms|mqtt|messaging/;

/** What a workload is, as far as one trace tells: the map of many knows more. */
function toKind(id: string, protocol: string, awake: boolean): WorkloadKind {
  const { name, namespace, cluster } = parseNodeId(id);
  if (name === 'users' && namespace === '' && cluster === '') return 'users';
  if (databases.test(protocol)) return 'database';
  if (queues.test(protocol)) return 'messaging';
  return awake ? 'service' : 'unknown';
}

/** The span an edge of the map leads to: of its failed calls, else of all, the longest. */
export function spanOfEdge({ calls }: Pick<Trace, 'calls'>, edge: string): string | undefined {
  const all = calls.filter(({ edgeId }) => edgeId === edge);
  const failed = all.filter((call) => call.failed);
  return longest(failed.length > 0 ? failed : all, ({ clientNs, serverNs }) => clientNs ?? serverNs ?? 0)?.spanId;
}

/** The longest span of a workload of the map; of one without spans the span that calls it. */
export function spanOfNode({ spans, calls }: Pick<Trace, 'spans' | 'calls'>, id: string): string | undefined {
  if (!calls.some(({ source, target }) => source === id || target === id)) return undefined;
  const { namespace, name } = parseNodeId(id);
  const own = spans.filter((span) => span.service === name && span.namespace === namespace);
  return longest(own, ({ durationNs }) => durationNs)?.spanId ?? calls.find(({ target }) => target === id)?.spanId;
}

function longest<T>(list: readonly T[], ns: (item: T) => number): T | undefined {
  return list.reduce<T | undefined>(
    (most, item) => (most === undefined || ns(item) > ns(most) ? item : most),
    undefined,
  );
}
