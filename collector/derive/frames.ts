/**
 * Calls and critical paths of settled traces → rows of the `edges` table: ten-second frames per edge, and per workload for
 * what belongs to no call. One createFrames a tick (or a provisional picture); rows() empties nothing and may be called once.
 */
import { bucketOf } from '#shared/sketch.ts';
import type { Call } from '#shared/calls.ts';
import { frameSeconds, noSource, type EdgeFrame } from '#shared/frame.ts';
import { nodeId, type Workload } from '#shared/workload.ts';
import { workloadKinds } from '#shared/span.ts';

export interface Frames {
  /** Counts a call. in: epoch ns its startNs counts from; the trace's id for exemplars. */
  addCall(call: Call, originNs: bigint, traceId: string): void;
  /**
   * Counts a trace's latency. in: start of its root, as a call's; `key` = 'band|root service|root operation';
   * the root's workload and duration; weight of the root; ns on the critical path of each call, and of spans outside calls.
   */
  addPath(path: PathShares): void;
  rows(): EdgeFrame[];
  /** Edges of this tick that went into the overflow bucket. */
  readonly overflow: number;
}

export interface PathShares {
  readonly originNs: bigint;
  readonly startNs: number;
  readonly key: string;
  readonly root: Workload;
  readonly rootDurationNs: number;
  readonly weight: number;
  readonly calls: ReadonlyMap<Call, number>;
  readonly uncalled: ReadonlyMap<Workload, number>;
}

/** Bounds of one tick (rule C13). */
const maxErrorTypes = 32;
const maxPrincipals = 32;
const maxCriticalKeys = 256;

/** The latest frame the store's column holds: clocks of senders may say anything. */
const lastFrame = Math.floor(0xffffffff / frameSeconds) * frameSeconds;

/** What makes rows the same edge; a call says it all. */
type Ends = Pick<Call, 'sourceVersion' | 'targetVersion' | 'protocol' | 'probe'> & {
  readonly source: Workload | undefined;
  readonly target: Workload;
};

type Totals = {
  -readonly [Name in keyof EdgeFrame]: EdgeFrame[Name] extends number | string
    ? EdgeFrame[Name]
    : Map<string | number, EdgeFrame[Name] extends Readonly<Record<string, infer Value>> ? Value : never>;
};

/** The rows of one edge. */
interface Edge {
  readonly ends: Ends;
  readonly frames: Map<number, Totals>;
}

export function createFrames(maxEdges: number): Frames {
  /** By id of source ('' for none) and target; what else tells edges apart takes few values. */
  const edges = new Map<string, Map<string, Edge[]>>();
  const all: Totals[] = [];
  let edgeCount = 0;
  let overflow = 0;
  let originNs = 0n;
  let originSecond = 0;
  let originRestNs = 0;

  function edgeOf(ends: Ends): Edge | undefined {
    const { source, target } = ends;
    let targets = edges.get(source?.id ?? '');
    if (targets === undefined) edges.set(source?.id ?? '', (targets = new Map<string, Edge[]>()));
    let found = targets.get(target.id);
    if (found === undefined) targets.set(target.id, (found = []));
    for (const edge of found) if (isSame(edge.ends, ends)) return edge;
    if (edgeCount >= maxEdges && target !== other) return undefined;
    edgeCount += 1;
    const edge: Edge = { ends, frames: new Map() };
    found.push(edge);
    return edge;
  }

  function totalsOf(second: number, ends: Ends): Totals {
    const edge = edgeOf(ends);
    if (edge === undefined) {
      overflow += 1;
      return totalsOf(second, { ...ownRow(other), source: ends.source && other, probe: ends.probe });
    }
    const frame = Math.min(Math.max(0, Math.floor(second / frameSeconds) * frameSeconds), lastFrame);
    let totals = edge.frames.get(frame);
    if (totals === undefined) {
      totals = emptyTotals(frame, ends);
      edge.frames.set(frame, totals);
      all.push(totals);
    }
    return totals;
  }

  /** The whole second a time in a trace lies in. */
  function epochSecond(origin: bigint, startNs: number): number {
    // Arithmetic of bigints is slow, and the calls of a trace share their origin.
    if (origin !== originNs) {
      originNs = origin;
      originSecond = Number(origin / 1_000_000_000n);
      originRestNs = Number(origin % 1_000_000_000n);
    }
    return originSecond + Math.floor((originRestNs + startNs) / 1e9);
  }

  return {
    get overflow() {
      return overflow;
    },
    addCall(call, originNs, traceId) {
      const totals = totalsOf(epochSecond(originNs, call.startNs), call);
      const { weight } = call;
      totals.calls += weight;
      totals.seen += 1;
      totals.attempts += weight * call.attempts;
      totals.requestBytes += weight * call.requestBytes;
      totals.responseBytes += weight * call.responseBytes;
      if (call.clientError) totals.clientErrors += weight;
      if (call.failed) totals.failed += weight;
      if (call.error !== undefined) {
        const { code, flag, origin } = call.error;
        let type = `${code}|${flag}|${origin}`;
        if (!totals.errors.has(type) && totals.errors.size >= maxErrorTypes) type = `other||${origin}`;
        addTo(totals.errors, type, weight);
        totals.errorExemplars.set(type, greaterId(totals.errorExemplars.get(type), traceId));
      }
      if (call.clientNs >= 0) {
        const bucket = bucketOf(call.clientNs);
        addTo(totals.clientNs, bucket, weight);
        totals.exemplars.set(bucket, greaterId(totals.exemplars.get(bucket), traceId));
      }
      if (call.serverNs >= 0) addTo(totals.serverNs, bucketOf(call.serverNs), weight);
      if (!Number.isNaN(call.networkNs)) addTo(totals.networkNs, bucketOf(call.networkNs), weight);
      if (call.principals !== undefined) {
        totals.mtlsCalls += weight;
        if (totals.principals.size < maxPrincipals) addTo(totals.principals, call.principals, weight);
      }
    },
    addPath(path) {
      const { weight } = path;
      const startSecond = epochSecond(path.originNs, path.startNs);
      const root = totalsOf(startSecond, ownRow(path.root));
      // Shares are parts of what roots took: a trace counts under one key everywhere.
      const key = keyWithin(root.rootCount, path.key);
      addTo(root.rootCount, key, weight);
      addTo(root.rootNs, key, weight * path.rootDurationNs);
      const addCritical = (ends: Ends, ns: number): void => {
        const { criticalNs } = totalsOf(startSecond, ends);
        addTo(criticalNs, keyWithin(criticalNs, key), weight * ns);
      };
      for (const [call, ns] of path.calls) addCritical(call, ns);
      for (const [workload, ns] of path.uncalled) addCritical(ownRow(workload), ns);
    },
    rows: () => all.map(toRow),
  };
}

/** The key, or when a row has too many that of all other operations in its band: bands are few. */
function keyWithin(map: ReadonlyMap<string | number, number>, key: string): string {
  if (map.size < maxCriticalKeys || map.has(key)) return key;
  return `${key.slice(0, key.indexOf('|'))}|other|other operations`;
}

function isSame(a: Ends, b: Ends): boolean {
  return (
    a.sourceVersion === b.sourceVersion &&
    a.targetVersion === b.targetVersion &&
    a.protocol === b.protocol &&
    a.probe === b.probe &&
    a.target.kind === b.target.kind &&
    a.source?.kind === b.source?.kind
  );
}

/** The overflow bucket's workload. */
const other: Workload = {
  id: nodeId('', '', 'other'),
  cluster: '',
  namespace: '',
  name: 'other',
  kind: workloadKinds.indexOf('other'),
};

/** The edge of a workload's own row. */
function ownRow(target: Workload): Ends {
  return { source: undefined, target, sourceVersion: '', targetVersion: '', protocol: '', probe: false };
}

function emptyTotals(frame: number, ends: Ends): Totals {
  const { source, target, sourceVersion, targetVersion, protocol, probe } = ends;
  return {
    frame,
    sourceCluster: source?.cluster ?? '',
    sourceNamespace: source?.namespace ?? '',
    source: source?.name ?? '',
    sourceVersion,
    sourceKind: source?.kind ?? noSource,
    targetCluster: target.cluster,
    targetNamespace: target.namespace,
    target: target.name,
    targetVersion,
    targetKind: target.kind,
    protocol,
    probe: probe ? 1 : 0,
    calls: 0,
    failed: 0,
    clientErrors: 0,
    attempts: 0,
    seen: 0,
    requestBytes: 0,
    responseBytes: 0,
    mtlsCalls: 0,
    clientNs: new Map(),
    serverNs: new Map(),
    networkNs: new Map(),
    errors: new Map(),
    principals: new Map(),
    exemplars: new Map(),
    errorExemplars: new Map(),
    criticalNs: new Map(),
    rootCount: new Map(),
    rootNs: new Map(),
  };
}

function addTo(map: Map<string | number, number>, key: string | number, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value);
}

/** Trace ids are kept as hex while rows gather; the greater wins, as in the store's maxMap. */
function greaterId(held: string | undefined, traceId: string): string {
  return held === undefined || traceId > held ? traceId : held;
}

function toRow(totals: Totals): EdgeFrame {
  const row: Record<string, unknown> = { ...totals };
  for (const [name, value] of Object.entries(totals)) if (value instanceof Map) row[name] = Object.fromEntries(value);
  row.exemplars = toDecimalIds(totals.exemplars);
  row.errorExemplars = toDecimalIds(totals.errorExemplars);
  return row as unknown as EdgeFrame;
}

function toDecimalIds(ids: ReadonlyMap<string | number, string>): Record<string, string> {
  return Object.fromEntries(Array.from(ids, ([key, traceId]) => [key, BigInt(`0x${traceId}`).toString()]));
}
