/**
 * The provisional picture: what the open traces would give if they settled now. It is asked for each second while most open
 * traces have not changed, so it is put together of what the traces of each tick give, kept until one of them gets more spans.
 */
import type { EdgeSums } from '../store/edge-columns.ts';
import { sumEdges } from '../store/edge-sums.ts';
import { toEdgeSums } from '../store/edges-told.ts';
import type { Assembler } from './assemble.ts';
import { createFrames } from './frames.ts';
import type { SeenTraces } from './seen.ts';
import type { Settler } from './settle.ts';

/** out: takes a picture, a row an edge and frame. */
export function createPicture(
  assembler: Assembler,
  settler: Settler,
  seen: SeenTraces,
  maxEdges: number,
): () => EdgeSums {
  const frames = createFrames(maxEdges);
  /** By the tick at which they settle. */
  let kept = new Map<number, { readonly changes: number; readonly edges: EdgeSums }>();

  function draw(traces: readonly number[]): EdgeSums {
    frames.begin(settler.names());
    // What may have settled before is not shown a second time. Of a trace that settled while it went on, what is here is new.
    const { traceIds } = assembler;
    settler.preview(
      traces.filter((trace) => !seen.mayHave(traceIds, trace) || assembler.continues(trace)),
      frames,
    );
    return toEdgeSums(frames.columns());
  }

  return () => {
    const drawn: typeof kept = new Map();
    for (const [tick, { changes, numbers }] of assembler.open) {
      const before = kept.get(tick);
      drawn.set(tick, before?.changes === changes ? before : { changes, edges: draw(numbers()) });
    }
    kept = drawn;
    return sumEdges(
      Array.from(kept.values(), ({ edges }) => edges),
      (frame) => frame,
    );
  };
}
