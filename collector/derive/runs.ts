/** Runs of rows, chained: where the rows of an open trace lie. Numbers in typed arrays, used again when they are free. */
import { grown } from '#shared/grown.ts';

/** By number of a run; the arrays may be other ones after `take`. Plain properties, no getters: see shared/pairs.ts. */
export interface Runs {
  chunk: Int32Array;
  first: Int32Array;
  count: Int32Array;
  /** The next run of the same trace, -1 for the last. */
  next: Int32Array;
  /** A new run, the last of its chain. */
  take(chunk: number, first: number, count: number): number;
  /** out: the run that came after it. */
  free(run: number): number;
}

export function createRuns(): Runs {
  let end = 0;
  /** The first of the free ones, which are chained too. */
  let unused = -1;
  const runs: Runs = {
    chunk: new Int32Array(1024),
    first: new Int32Array(1024),
    count: new Int32Array(1024),
    next: new Int32Array(1024),
    take(ofChunk, from, rows) {
      let run = unused;
      if (run >= 0) unused = runs.next[run]!;
      else {
        run = end++;
        if (run === runs.chunk.length) {
          runs.chunk = grown(runs.chunk, run * 2);
          runs.first = grown(runs.first, run * 2);
          runs.count = grown(runs.count, run * 2);
          runs.next = grown(runs.next, run * 2);
        }
      }
      runs.chunk[run] = ofChunk;
      runs.first[run] = from;
      runs.count[run] = rows;
      runs.next[run] = -1;
      return run;
    },
    free(run) {
      const after = runs.next[run]!;
      runs.next[run] = unused;
      unused = run;
      return after;
    },
  };
  return runs;
}
