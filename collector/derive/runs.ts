/** Runs of rows, chained: where the rows of an open trace lie. Numbers in typed arrays, used again when they are free. */
import { grown } from '../store/dictionary.ts';

/** By number of a run; the arrays may be other ones after `take`. */
export interface Runs {
  readonly chunk: Int32Array;
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** The next run of the same trace, -1 for the last. */
  readonly next: Int32Array;
  /** A new run, the last of its chain. */
  take(chunk: number, first: number, count: number): number;
  /** out: the run that came after it. */
  free(run: number): number;
}

export function createRuns(): Runs {
  let chunk = new Int32Array(1024);
  let first = new Int32Array(1024);
  let count = new Int32Array(1024);
  let next = new Int32Array(1024);
  let end = 0;
  /** The first of the free ones, which are chained too. */
  let unused = -1;
  return {
    get chunk() {
      return chunk;
    },
    get first() {
      return first;
    },
    get count() {
      return count;
    },
    get next() {
      return next;
    },
    take(ofChunk, from, rows) {
      let run = unused;
      if (run >= 0) unused = next[run]!;
      else {
        run = end++;
        if (run === chunk.length) {
          chunk = grown(chunk, run * 2);
          first = grown(first, run * 2);
          count = grown(count, run * 2);
          next = grown(next, run * 2);
        }
      }
      chunk[run] = ofChunk;
      first[run] = from;
      count[run] = rows;
      next[run] = -1;
      return run;
    },
    free(run) {
      const after = next[run]!;
      next[run] = unused;
      unused = run;
      return after;
    },
  };
}
