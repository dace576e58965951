/**
 * Stored spans of one trace → what the trace page shows: tree order, calls, critical path, warnings. The tree, the calls and
 * the path are those of shared/, the same that the map is made of. Spans are made one at a time, for a trace may have
 * 100,000 of them.
 */
import type { AttributeValue, Trace, TraceCall, TraceSpan } from '#shared/api.ts';
import { callsOf, type Call, type CallOptions, type TraceCalls } from '#shared/calls.ts';
import { criticalPath } from '#shared/critical-path.ts';
import { spanIdHex, toColumns } from '#shared/span.ts';
import { buildTree, nodeFlag, type TraceTree } from '#shared/trace-tree.ts';
import { edgeId } from '#shared/workload.ts';
import { toKeyValue, toOtlpJson, toSpan, type StoredSpan } from '../store/stored-span.ts';

/** What spans of one sender share. */
export interface Emitter {
  readonly resource: TraceSpan['resource'];
  readonly scope: TraceSpan['scope'];
}

export interface TraceView {
  readonly head: Omit<Trace, 'spans'>;
  readonly spanCount: number;
  /** in: 0 to spanCount - 1, in tree order. */
  spanAt(node: number): Omit<TraceSpan, 'resource' | 'scope'>;
  emitterOf(node: number): Emitter;
}

/** What the view must know beside the spans. */
export interface ViewOptions {
  /** The rules calls are made with. */
  readonly calls: CallOptions;
  readonly truncated: boolean;
  readonly settled: boolean;
}

/** in: the spans of one trace, at least one. */
export function toTraceView(spans: readonly StoredSpan[], options: ViewOptions): TraceView {
  const columns = toColumns(spans.map(toSpan));
  const tree = buildTree(columns, Uint32Array.from(spans.keys()));
  const found = callsOf(tree, options.calls);
  const emitterOf = createEmitters();
  const { originNs } = columns;
  const idOf = (node: number): string => spanIdHex(columns.spanId, tree.row[node] as number);
  let endNs = 0;
  for (let node = 0; node < tree.count; node++) endNs = Math.max(endNs, tree.endNs[node] as number);
  const path = criticalPath(tree);
  return {
    head: {
      traceId: spans[0]?.traceId ?? '',
      start: Number(originNs) / 1e6,
      durationMs: endNs / 1e6,
      criticalPath: Array.from({ length: path.count }, (_, i) => ({
        spanId: idOf(path.node[i] as number),
        startNs: path.startNs[i] as number,
        endNs: path.endNs[i] as number,
      })),
      calls: found.calls.map((call) => toTraceCall(call, idOf)),
      warnings: warningsOf(spans, tree, found, options),
    },
    spanCount: tree.count,
    spanAt(node) {
      const row = tree.row[node] as number;
      const span = spans[row] as StoredSpan;
      const detail = detailOf(span);
      const workload = found.workloadOf(node);
      const startNs = tree.startNs[node] as number;
      const callId = found.callOf[node] as number;
      return {
        spanId: span.spanId,
        parentId: parentOf(tree, node, span, idOf),
        service: workload.name,
        namespace: workload.namespace,
        version: found.versionOf(node),
        name: span.name,
        kind: kinds[span.kind] ?? 'UNSPECIFIED',
        startNs,
        durationNs: (tree.endNs[node] as number) - startNs,
        status: { code: statuses[span.statusCode] ?? 'UNSET', message: span.statusMessage },
        attributes: toAttributes(span.attributes.map(toKeyValue)),
        events: (detail.events ?? []).map(({ name, timeUnixNano, attributes }) => ({
          name: name ?? '',
          atNs: Number(BigInt(timeUnixNano ?? 0) - originNs),
          attributes: toAttributes(attributes),
        })),
        links: (detail.links ?? []).map((link) => ({
          traceId: link.traceId ?? '',
          spanId: link.spanId ?? '',
          attributes: toAttributes(link.attributes),
        })),
        failed: found.failedOf(node),
        callId: callId < 0 ? null : callId,
      };
    },
    emitterOf: (node) => emitterOf(spans[tree.row[node] as number] as StoredSpan),
  };
}

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
const statuses = ['UNSET', 'OK', 'ERROR'] as const;

type OtlpTraces = ReturnType<typeof toOtlpJson>;
type OtlpScopeSpans = NonNullable<NonNullable<OtlpTraces['resourceSpans']>[number]['scopeSpans']>[number];
type OtlpSpan = NonNullable<OtlpScopeSpans['spans']>[number];
type OtlpKeyValue = ReturnType<typeof toKeyValue>;
type OtlpAnyValue = NonNullable<OtlpKeyValue['value']>;

/** The parent in the tree; of an orphan the one it names. Never one that would close a cycle. */
function parentOf(tree: TraceTree, node: number, span: StoredSpan, idOf: (node: number) => string): string | null {
  const up = tree.parent[node] as number;
  if (up >= 0) return idOf(up);
  const flags = tree.flags[node] as number;
  const names = (flags & nodeFlag.orphan) !== 0 && (flags & nodeFlag.cycle) === 0;
  return names && span.parentId !== '' && span.parentId !== span.spanId ? span.parentId : null;
}

const noBytes = new Uint8Array();

/** Events and links of a span. */
function detailOf(span: StoredSpan): OtlpSpan {
  if (span.rest.length === 0) return {};
  return firstSpan(toOtlpJson([{ ...span, attributes: [], resource: noBytes, scope: noBytes }])) ?? {};
}

function firstSpan({ resourceSpans }: OtlpTraces): OtlpSpan | undefined {
  return resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0];
}

/** Unpacks resource and scope once for all spans that share them: the same dictionary entry is the same array. */
function createEmitters(): (span: StoredSpan) => Emitter {
  const known = new Map<Uint8Array, Map<Uint8Array, Emitter>>();
  return (span) => {
    let byScope = known.get(span.resource);
    if (byScope === undefined) known.set(span.resource, (byScope = new Map()));
    let emitter = byScope.get(span.scope);
    if (emitter === undefined) {
      const [envelope] = toOtlpJson([{ ...span, attributes: [], rest: noBytes }]).resourceSpans ?? [];
      const scope = envelope?.scopeSpans?.[0]?.scope;
      emitter = {
        resource: toAttributes(envelope?.resource?.attributes),
        scope: { name: scope?.name ?? '', version: scope?.version ?? '' },
      };
      byScope.set(span.scope, emitter);
    }
    return emitter;
  };
}

function toAttributes(pairs: readonly OtlpKeyValue[] = []): Record<string, AttributeValue> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key ?? '', toValue(value)]));
}

/** JSON's own value where it is exact; 64-bit integers beyond 2^53, NaN and the infinities as text, bytes as base64. */
function toValue(value: OtlpAnyValue = {}): AttributeValue {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue !== undefined) return value.bytesValue;
  if (value.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : String(value.intValue);
  }
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(toValue);
  if (value.kvlistValue !== undefined) return toAttributes(value.kvlistValue.values);
  return null;
}

function toTraceCall(call: Call, idOf: (node: number) => string): TraceCall {
  const { source, target, error } = call;
  return {
    edgeId: edgeId(source.id, target.id),
    source: source.id,
    target: target.id,
    sourceVersion: call.sourceVersion,
    targetVersion: call.targetVersion,
    protocol: call.protocol,
    spanId: idOf(call.key),
    calleeSpanId: call.callee < 0 ? null : idOf(call.callee),
    failed: call.failed,
    clientError: call.clientError,
    error:
      error === undefined ? null : { code: error.code, flag: error.flag, reason: error.reason, origin: error.origin },
    attempts: call.attempts,
    clientNs: known(call.clientNs),
    serverNs: known(call.serverNs),
    networkNs: Number.isNaN(call.networkNs) ? null : call.networkNs,
    probe: call.probe,
  };
}

function known(ns: number): number | null {
  return ns >= 0 ? ns : null;
}

/** What was mended or is missing, in words. */
function warningsOf(
  spans: readonly StoredSpan[],
  tree: TraceTree,
  { workloadOf }: TraceCalls,
  { settled, truncated }: ViewOptions,
): string[] {
  const flagged = (flag: number): number => {
    let count = 0;
    for (let node = 0; node < tree.count; node++) if (((tree.flags[node] as number) & flag) !== 0) count += 1;
    return count;
  };
  const warnings: string[] = [];
  const warn = (count: number, one: string, many: string): void => {
    if (count > 0) warnings.push(count === 1 ? one : `${count} ${many}`);
  };
  if (!settled) warnings.push('Not settled yet: more spans may come, and the map counts these as provisional.');
  if (truncated) warnings.push(`Only the first ${spans.length} spans are shown.`);
  warn(
    flagged(nodeFlag.orphan),
    'One span names a parent that never arrived.',
    'spans name a parent that never arrived.',
  );
  if (tree.roots.length > 1) {
    const root = tree.roots[0] ?? 0;
    const name = spans[tree.row[root] as number]?.name ?? '';
    const { name: service } = workloadOf(root);
    warnings.push(`${tree.roots.length} spans have no parent; the critical path is that of ${service} ${name}.`);
  }
  warn(
    flagged(nodeFlag.duplicate),
    'One span was delivered more than once and is shown once.',
    'spans were delivered more than once and are shown once.',
  );
  warn(
    flagged(nodeFlag.cycle),
    'One parent closed a cycle and was cut off.',
    'parents closed a cycle and were cut off.',
  );
  warn(
    flagged(nodeFlag.negative),
    'One span ends before it starts; it is taken to have no length.',
    'spans end before they start; they are taken to have no length.',
  );
  warn(
    flagged(nodeFlag.skew),
    'One span starts before its parent: clocks of the two differ. Times are shown as sent.',
    'spans start before their parents: clocks differ. Times are shown as sent.',
  );
  return warnings;
}
