/**
 * What is known of one table of texts while it lives: the workloads, operations and edges that its numbers make, and which of
 * them the trace at hand has already named.
 */
import { createCallFinder, type CallFinder, type CallOptions } from '#shared/calls.ts';
import { grown } from '#shared/grown.ts';
import { createPairs } from '#shared/pairs.ts';
import { edgeId } from '#shared/workload.ts';
import type { WorkloadTable } from '#shared/workload-table.ts';
import { createOperations, type Operations } from './operations.ts';

export interface Known {
  readonly strings: readonly string[];
  readonly finder: CallFinder;
  readonly operations: Operations;
  readonly edges: EdgeNumbers;
  /** By node number of a workload, by number of one, by text number of an operation, by number of an edge. */
  readonly workloadStamps: Stamps;
  readonly outsideStamps: Stamps;
  readonly operationStamps: Stamps;
  readonly edgeStamps: Stamps;
}

/** Edges by number. */
export interface EdgeNumbers {
  /** in: numbers of the workloads. */
  of(source: number, target: number): number;
  /** The edge's id as the store holds it. */
  id(edge: number): bigint;
  /** Forgets them when there are too many; not in the midst of a trace. */
  trim(): void;
}

/** Which things the latest trace has. */
export interface Stamps {
  /** Whether the thing was not met with this stamp before. in: its number; a stamp that grows from trace to trace. */
  isNew(number: number, stamp: number): boolean;
}

export function createKnown(strings: readonly string[], options: CallOptions): Known {
  const finder = createCallFinder(strings, options);
  return {
    strings,
    finder,
    operations: createOperations(finder.table, strings),
    edges: createEdgeNumbers(finder.table),
    workloadStamps: createStamps(),
    outsideStamps: createStamps(),
    operationStamps: createStamps(),
    edgeStamps: createStamps(),
  };
}

/** Edges remembered. */
const maxEdges = 100_000;

function createEdgeNumbers({ list }: WorkloadTable): EdgeNumbers {
  const pairs = createPairs();
  const ids: bigint[] = [];
  return {
    of(source, target) {
      const from = list[source]!;
      const to = list[target]!;
      const edge = pairs.of(from.node, to.node);
      if (edge === ids.length) ids.push(BigInt(`0x${edgeId(from.id, to.id)}`));
      return edge;
    },
    id: (edge) => ids[edge]!,
    trim() {
      if (ids.length < maxEdges) return;
      pairs.clear();
      ids.length = 0;
    },
  };
}

function createStamps(): Stamps {
  let stamps = new Float64Array(1024);
  return {
    isNew(number, stamp) {
      if (number >= stamps.length) stamps = grown(stamps, number * 2);
      if (stamps[number] === stamp) return false;
      stamps[number] = stamp;
      return true;
    },
  };
}
