/**
 * Call paths: the steps (workload, operation) from a trace's root to a span. A path's id is a hash of its steps, so every
 * process gives the same path the same id. The table remembers which paths are already on their way to the store; it may
 * forget (writing a path twice does no harm).
 */
import { createHash } from 'node:crypto';

/** One row of the store's `paths` table. Ids are decimal strings of 64 bits. */
export interface PathRow {
  readonly pathId: string;
  readonly parentId: string;
  readonly service: string;
  readonly namespace: string;
  readonly operation: string;
  readonly kind: number;
}

/** What a span does, one object for each as long as the caller keeps it. */
export interface Operation {
  readonly service: string;
  readonly namespace: string;
  readonly name: string;
  /** Of the span. */
  readonly kind: number;
  /** The four of them as one text. */
  readonly key: string;
  /** 'service name', as search finds it. */
  readonly text: string;
}

export function createOperation(service: string, namespace: string, name: string, kind: number): Operation {
  const key = `${kind}\n${service}\n${namespace}\n${name}`;
  return { service, namespace, name, kind, key, text: `${service} ${name}` };
}

export interface PathStep {
  readonly pathId: bigint;
  readonly depth: number;
  readonly next: Map<string, PathStep>;
  /** For whoever gathers a trace's path: the trace it was last met in, and its place there. */
  trace: number;
  place: number;
}

export interface PathTable {
  /** The path one step further. Beyond maxDepth the step is the path itself: deeper spans count where the bound was met. */
  step(parent: PathStep | undefined, operation: Operation): PathStep;
  /** Rows of the paths first met since the last call. */
  takeNew(): PathRow[];
}

const maxDepth = 64;
/** Paths remembered before the table starts over; 200,000 take about 60 MB. */
const maxPaths = 200_000;

export function createPathTable(): PathTable {
  let roots = new Map<string, PathStep>();
  let size = 0;
  let rows: PathRow[] = [];
  return {
    step(parent, { service, namespace, name: operation, kind, key }) {
      if (parent !== undefined && parent.depth >= maxDepth) return parent;
      const siblings = parent?.next ?? roots;
      let step = siblings.get(key);
      if (step === undefined) {
        const parentId = String(parent?.pathId ?? 0);
        const pathId = createHash('sha256').update(`${parentId}\n${key}`).digest().readBigUInt64LE();
        step = { pathId, depth: (parent?.depth ?? 0) + 1, next: new Map(), trace: 0, place: 0 };
        siblings.set(key, step);
        size += 1;
        rows.push({ pathId: String(pathId), parentId, service, namespace, operation, kind });
      }
      return step;
    },
    takeNew() {
      const taken = rows;
      rows = [];
      if (size > maxPaths) {
        roots = new Map();
        size = 0;
      }
      return taken;
    },
  };
}
