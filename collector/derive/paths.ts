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

export interface PathStep {
  readonly pathId: string;
  readonly depth: number;
  readonly next: Map<string, PathStep>;
}

export interface PathTable {
  /** The path one step further. Beyond maxDepth the step is the path itself: deeper spans count where the bound was met. */
  step(parent: PathStep | undefined, service: string, namespace: string, operation: string, kind: number): PathStep;
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
    step(parent, service, namespace, operation, kind) {
      if (parent !== undefined && parent.depth >= maxDepth) return parent;
      const key = `${kind}\n${service}\n${namespace}\n${operation}`;
      const siblings = parent?.next ?? roots;
      let step = siblings.get(key);
      if (step === undefined) {
        const parentId = parent?.pathId ?? '0';
        const pathId = createHash('sha256').update(`${parentId}\n${key}`).digest().readBigUInt64LE().toString();
        step = { pathId, depth: (parent?.depth ?? 0) + 1, next: new Map() };
        siblings.set(key, step);
        size += 1;
        rows.push({ pathId, parentId, service, namespace, operation, kind });
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
