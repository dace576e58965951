/**
 * Attributes next to each other that are the same in all spans of a pattern (patterns.ts), compared in one go: between two that
 * vary there are often five and more. A run leads from a node of the tree to one below it and is the bytes between; the one that
 * was right last is tried. Runs save time only: without one, fields are compared one by one.
 */
import { grown } from '#shared/grown.ts';
import { areEqual } from './equal.ts';

/** Plain properties, no getters: see shared/pairs.ts. */
export interface PatternRuns {
  /** By the node where it ends: its bytes and attributes. */
  lengths: Uint32Array;
  attributes: Uint16Array;
  /** Where the run that begins at a node and is the bytes at `at` ends; 0 when it is not the one that was right last. */
  follow(node: number, view: DataView, at: number, end: number): number;
  /** Notes a run that was walked: the fields [at, end), so many attributes, lead from one node to the other. */
  note(from: number, to: number, view: DataView, at: number, end: number, attributes: number): void;
  clear(): void;
}

/** Bytes of all runs, after which no more are noted. */
const maxBytes = 8 << 20;

export function createPatternRuns(): PatternRuns {
  let bytes = new Uint8Array(1 << 16);
  let view = new DataView(bytes.buffer);
  let used = 0;
  /** By the node where a run begins: where the one that was right last ends. */
  let likely = new Uint32Array(1024);
  /** By the node where a run ends: where it begins, and where its bytes are. */
  let froms = new Uint32Array(1024);
  let starts = new Uint32Array(1024);
  const runs: PatternRuns = {
    lengths: new Uint32Array(1024),
    attributes: new Uint16Array(1024),
    follow(node, from, at, end) {
      const to = node < likely.length ? likely[node]! : 0;
      // Two runs may end at a node: what is known of it is of the one that was noted last.
      if (to === 0 || froms[to] !== node) return 0;
      const length = runs.lengths[to]!;
      return at + length <= end && areEqual(view, starts[to]!, from, at, length) ? to : 0;
    },
    note(from, to, source, at, end, attributes) {
      if (to >= likely.length) growNodes(to * 2);
      if (froms[to] !== from) {
        const length = end - at;
        if (used + length > maxBytes) return;
        if (used + length > bytes.length) {
          bytes = grown(bytes, Math.max(bytes.length * 2, used + length));
          view = new DataView(bytes.buffer);
        }
        bytes.set(new Uint8Array(source.buffer, source.byteOffset + at, length), used);
        froms[to] = from;
        starts[to] = used;
        runs.lengths[to] = length;
        runs.attributes[to] = attributes;
        used += length;
      }
      likely[from] = to;
    },
    clear() {
      used = 0;
      froms.fill(0);
    },
  };

  function growNodes(size: number): void {
    likely = grown(likely, size);
    froms = grown(froms, size);
    starts = grown(starts, size);
    runs.lengths = grown(runs.lengths, size);
    runs.attributes = grown(runs.attributes, size);
  }

  return runs;
}
