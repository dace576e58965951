/**
 * Calls and critical paths of settled traces → rows of the `edges` table: ten-second frames per edge, and per workload for
 * what belongs to no call. All of a tick is gathered in typed arrays that are used again for the next: nothing in here is an
 * object a call, and no text is looked up more than once a trace.
 */
import { grown } from '#shared/grown.ts';
import { bucketOf } from '#shared/sketch.ts';
import { principalsOf, type Outcome } from '#shared/calls.ts';
import { frameCounts, frameSeconds, noSource } from '#shared/frame.ts';
import type { WorkloadTable } from '#shared/workload-table.ts';
import { createStringTable } from '../store/span-columns.ts';
import type { EdgeColumns, EdgeEnds, MapColumn } from '../store/edges-write.ts';
import { createPairs } from '#shared/pairs.ts';

/** What the numbers of calls stand for. */
export interface FrameNames {
  readonly table: WorkloadTable;
  /** Texts of versions, protocols and principals. */
  readonly strings: readonly string[];
  /** By trace number: the id as four big-endian words. */
  readonly traceIds: Uint32Array;
}

export interface Frames {
  /** Empties the frames for a tick or a provisional picture. The numbers must mean the same until its columns are made. */
  begin(names: FrameNames): void;
  /** Counts a call. in: the epoch second it began in; the trace's number, for exemplars. out: number of its edge, for addShare. */
  addCall(call: Outcome, second: number, trace: number): number;
  /**
   * Counts a trace's latency. in: number of the root's workload; the epoch second it began in; 'band|root service|root
   * operation'; the root's duration and weight. What addShare and addOwnShare add after it are parts of it.
   */
  addRoot(workload: number, second: number, key: string, durationNs: number, weight: number): void;
  /** ns on the critical path of calls of an edge. */
  addShare(edge: number, ns: number): void;
  /** ns on the critical path of spans of a workload that are outside calls. */
  addOwnShare(workload: number, ns: number): void;
  columns(): EdgeColumns;
  /** Times that an edge did not fit and went into the overflow bucket, since the beginning. */
  readonly overflow: number;
}

/** Bounds of one tick (rule C13). */
const maxErrorTypes = 32;
const maxPrincipals = 32;
const maxCriticalKeys = 256;

/** The latest frame the store's column holds: clocks of senders may say anything. */
const lastFrame = Math.floor(0xffffffff / frameSeconds) * frameSeconds;

/** Number of no workload: the source of a workload's own row. */
const none = -1;

/** Entries that memory is kept for from tick to tick. */
const keptEntries = 2 ** 18;

/** The maps of a row are lists of entries. */
const list = {
  clientNs: 0,
  serverNs: 1,
  networkNs: 2,
  errors: 3,
  principals: 4,
  criticalNs: 5,
  rootCount: 6,
  rootNs: 7,
};
const listsPerRow = Object.keys(list).length;
const countsPerRow = frameCounts.length;

export function createFrames(maxEdges: number): Frames {
  let names: FrameNames | undefined;
  /** Number of `other`, the overflow bucket's workload. */
  let other = none;
  let overflow = 0;
  /** An edge is a pair of two pairs and what is left: its workloads, its versions, its protocol and whether it is a probe. */
  const workloads = createPairs();
  const versions = createPairs();
  const both = createPairs();
  const edges = createPairs();
  /** Rows by edge and frame. */
  const rows = createPairs();
  let counts = new Float64Array(countsPerRow * 64);
  /** Entries of all maps by list and key; the first and the last of each list, and how many. */
  const entries = createPairs();
  let values = new Float64Array(1024);
  let traces = new Int32Array(1024);
  let next = new Int32Array(1024);
  let first = new Int32Array(listsPerRow * 64);
  let last = new Int32Array(listsPerRow * 64);
  let sizes = new Int32Array(listsPerRow * 64);
  let errorTypes = createStringTable();
  let rootKeys = createStringTable();
  const principals = createPairs();
  /** Of the trace whose latency was counted last. */
  let root = { second: 0, key: '', keyNumber: 0, weight: 1 };

  function edgeOf(
    source: number,
    target: number,
    sourceVersion: number,
    targetVersion: number,
    protocol: number,
    probe: number,
  ): number {
    const ends = both.of(workloads.of(source, target), versions.of(sourceVersion, targetVersion));
    const kept = edges.find(ends, protocol * 2 + probe);
    if (kept >= 0) return kept;
    if (edges.size < maxEdges) return edges.of(ends, protocol * 2 + probe);
    overflow += 1;
    const overflowEnds = both.of(workloads.of(source === none ? none : other, other), versions.of(0, 0));
    return edges.of(overflowEnds, probe);
  }

  function rowOf(edge: number, second: number): number {
    const frame = Math.min(Math.max(0, Math.floor(second / frameSeconds) * frameSeconds), lastFrame);
    const known = rows.size;
    const row = rows.of(edge, frame | 0);
    if (row === known) {
      if ((row + 1) * countsPerRow > counts.length) {
        counts = grown(counts, counts.length * 2);
        first = grown(first, first.length * 2);
        last = grown(last, last.length * 2);
        sizes = grown(sizes, sizes.length * 2);
      }
      counts.fill(0, row * countsPerRow, (row + 1) * countsPerRow);
      first.fill(-1, row * listsPerRow, (row + 1) * listsPerRow);
      sizes.fill(0, row * listsPerRow, (row + 1) * listsPerRow);
    }
    return row;
  }

  /** Adds to a map of a row. out: the entry. */
  function add(at: number, key: number, value: number): number {
    const known = entries.size;
    const entry = entries.of(at, key);
    if (entry < known) {
      values[entry] = values[entry]! + value;
      return entry;
    }
    if (entry === values.length) {
      values = grown(values, entry * 2);
      traces = grown(traces, entry * 2);
      next = grown(next, entry * 2);
    }
    values[entry] = value;
    traces[entry] = -1;
    next[entry] = -1;
    if (sizes[at]!++ === 0) first[at] = entry;
    else next[last[at]!] = entry;
    last[at] = entry;
    return entry;
  }

  /** Of all traces of an entry the one with the greatest id is shown, as by the store's maxMap. */
  function keepGreater(entry: number, trace: number): void {
    const held = traces[entry]!;
    if (held === trace) return;
    const ids = names!.traceIds;
    if (held >= 0) {
      let word = 0;
      while (word < 3 && ids[trace * 4 + word] === ids[held * 4 + word]) word++;
      if (ids[trace * 4 + word]! <= ids[held * 4 + word]!) return;
    }
    traces[entry] = trace;
  }

  /** The key's number, or when a row has too many that of all other operations in its band: bands are few. */
  function keyWithin(at: number): number {
    if (sizes[at]! < maxCriticalKeys || entries.find(at, root.keyNumber) >= 0) return root.keyNumber;
    return rootKeys.intern(`${root.key.slice(0, root.key.indexOf('|'))}|other|other operations`);
  }

  function addCritical(edge: number, ns: number): void {
    const at = rowOf(edge, root.second) * listsPerRow + list.criticalNs;
    add(at, keyWithin(at), root.weight * ns);
  }

  function ownEdge(workload: number): number {
    return edgeOf(none, workload, 0, 0, 0, 0);
  }

  function addError(
    row: number,
    { code, flag, origin }: NonNullable<Outcome['error']>,
    weight: number,
    trace: number,
  ): void {
    const at = row * listsPerRow + list.errors;
    let type = errorTypes.intern(`${code}|${flag}|${origin}`);
    if (sizes[at]! >= maxErrorTypes && entries.find(at, type) < 0) type = errorTypes.intern(`other||${origin}`);
    keepGreater(add(at, type, weight), trace);
  }

  function endsOf(row: number): EdgeEnds {
    const { table, strings } = names!;
    const edge = rows.keys[row * 2]!;
    const ends = edges.keys[edge * 2]!;
    const rest = edges.keys[edge * 2 + 1]!;
    const ofWorkloads = both.keys[ends * 2]!;
    const ofVersions = both.keys[ends * 2 + 1]!;
    const source = table.list[workloads.keys[ofWorkloads * 2]!];
    const target = table.list[workloads.keys[ofWorkloads * 2 + 1]!]!;
    return {
      frame: rows.keys[row * 2 + 1]! >>> 0,
      sourceCluster: source?.cluster ?? '',
      sourceNamespace: source?.namespace ?? '',
      source: source?.name ?? '',
      sourceVersion: strings[versions.keys[ofVersions * 2]!] ?? '',
      sourceKind: source?.kind ?? noSource,
      targetCluster: target.cluster,
      targetNamespace: target.namespace,
      target: target.name,
      targetVersion: strings[versions.keys[ofVersions * 2 + 1]!] ?? '',
      targetKind: target.kind,
      protocol: strings[rest >> 1] ?? '',
      probe: rest & 1,
    };
  }

  function mapOf(which: number, withExemplars: boolean): MapColumn {
    const ends = new Uint32Array(rows.size);
    let count = 0;
    for (let row = 0; row < rows.size; row++) ends[row] = count += sizes[row * listsPerRow + which]!;
    const column = {
      ends,
      keys: new Int32Array(count),
      values: new Float64Array(count),
      traceIds: new Uint32Array(withExemplars ? count * 4 : 0),
    };
    const ids = names!.traceIds;
    let to = 0;
    for (let row = 0; row < rows.size; row++) {
      for (let entry = first[row * listsPerRow + which]!; entry >= 0; entry = next[entry]!, to++) {
        column.keys[to] = entries.keys[entry * 2 + 1]!;
        column.values[to] = values[entry]!;
        if (withExemplars)
          for (let word = 0; word < 4; word++) column.traceIds[to * 4 + word] = ids[traces[entry]! * 4 + word]!;
      }
    }
    return column;
  }

  return {
    begin(of) {
      names = of;
      other = of.table.other;
      for (const pairs of [workloads, versions, both, edges, rows, entries, principals]) pairs.clear();
      errorTypes = createStringTable();
      rootKeys = createStringTable();
      if (values.length > keptEntries) {
        values = new Float64Array(1024);
        traces = new Int32Array(1024);
        next = new Int32Array(1024);
      }
    },
    get overflow() {
      return overflow;
    },
    addCall(call, second, trace) {
      const edge = edgeOf(
        call.source,
        call.target,
        call.sourceVersion,
        call.targetVersion,
        call.protocol,
        call.probe ? 1 : 0,
      );
      const row = rowOf(edge, second);
      const at = row * countsPerRow;
      const lists = row * listsPerRow;
      const { weight } = call;
      counts[at] = counts[at]! + weight;
      if (call.failed) counts[at + 1] = counts[at + 1]! + weight;
      if (call.clientError) counts[at + 2] = counts[at + 2]! + weight;
      counts[at + 3] = counts[at + 3]! + weight * call.attempts;
      counts[at + 4] = counts[at + 4]! + 1;
      counts[at + 5] = counts[at + 5]! + weight * call.requestBytes;
      counts[at + 6] = counts[at + 6]! + weight * call.responseBytes;
      if (call.error !== undefined) addError(row, call.error, weight, trace);
      if (call.clientNs >= 0) keepGreater(add(lists + list.clientNs, bucketOf(call.clientNs), weight), trace);
      if (call.serverNs >= 0) add(lists + list.serverNs, bucketOf(call.serverNs), weight);
      if (!Number.isNaN(call.networkNs)) add(lists + list.networkNs, bucketOf(call.networkNs), weight);
      if (call.mtls) {
        counts[at + 7] = counts[at + 7]! + weight;
        if (sizes[lists + list.principals]! < maxPrincipals)
          add(lists + list.principals, principals.of(call.sourcePrincipal, call.targetPrincipal), weight);
      }
      return edge;
    },
    addRoot(workload, second, key, durationNs, weight) {
      root = { second, key, keyNumber: rootKeys.intern(key), weight };
      const at = rowOf(ownEdge(workload), second) * listsPerRow;
      const number = keyWithin(at + list.rootCount);
      if (number !== root.keyNumber) {
        // Shares are parts of what roots took: a trace counts under one key everywhere.
        root.key = rootKeys.values[number] ?? '';
        root.keyNumber = number;
      }
      add(at + list.rootCount, number, weight);
      add(at + list.rootNs, number, weight * durationNs);
    },
    addShare: addCritical,
    addOwnShare: (workload, ns) => addCritical(ownEdge(workload), ns),
    columns() {
      const { strings } = names!;
      const ends: EdgeEnds[] = [];
      for (let row = 0; row < rows.size; row++) ends.push(endsOf(row));
      const texts = Array.from({ length: principals.size }, (_, pair) =>
        principalsOf(strings, principals.keys[pair * 2]!, principals.keys[pair * 2 + 1]!),
      );
      return {
        rows: rows.size,
        ends,
        counts: counts.subarray(0, rows.size * countsPerRow),
        clientNs: mapOf(list.clientNs, true),
        serverNs: mapOf(list.serverNs, false),
        networkNs: mapOf(list.networkNs, false),
        errors: { ...mapOf(list.errors, true), texts: errorTypes.values },
        principals: { ...mapOf(list.principals, false), texts },
        criticalNs: { ...mapOf(list.criticalNs, false), texts: rootKeys.values },
        rootCount: { ...mapOf(list.rootCount, false), texts: rootKeys.values },
        rootNs: { ...mapOf(list.rootNs, false), texts: rootKeys.values },
      };
    },
  };
}
