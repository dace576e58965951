/** Calls over each edge per trace, of traces that were chosen: their spans are read, and the rules of calls do the rest. */
import { setImmediate } from 'node:timers/promises';
import { callsOf, type CallOptions } from '#shared/calls.ts';
import { buildTree, createTreeScratch } from '#shared/trace-tree.ts';
import { addSamples, noSample, type Sample } from '#shared/two-samples.ts';
import { edgeId } from '#shared/workload.ts';
import type { Db } from '../store/db.ts';
import { readSpansOf } from '../store/profile-spans.ts';
import type { SampledTrace } from '../store/sets-read.ts';

/** Bounds of one set's reading. */
const maxTraces = 300;
const maxSpans = 30_000;

/** By edge id: calls per trace, over those of the traces that have one. */
export async function readEdgeCalls(
  db: Db,
  sample: readonly SampledTrace[],
  options: CallOptions,
): Promise<Map<string, Sample>> {
  let spans = 0;
  const chosen = sample.slice(0, maxTraces).filter(({ spanCount }) => (spans += spanCount) <= maxSpans);
  const scratch = createTreeScratch();
  const edges = new Map<string, Sample>();
  const readings = await readSpansOf(
    db,
    chosen.map(({ id, ...trace }) => ({ ...trace, traceId: id, weight: 1, version: '' })),
  );
  for (const { columns, rows } of readings) {
    let done = 0;
    for (const spansOfTrace of rows.values()) {
      const counts = new Map<string, number>();
      for (const { source, target } of callsOf(buildTree(columns, spansOfTrace, scratch), options).calls) {
        const id = edgeId(source.id, target.id);
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      for (const [id, count] of counts) {
        const one = { n: 1, sum: count, sumSquares: count * count, max: count };
        edges.set(id, addSamples(edges.get(id) ?? noSample, one));
      }
      // others have their turn
      if (++done % 50 === 0) await setImmediate();
    }
  }
  return edges;
}
