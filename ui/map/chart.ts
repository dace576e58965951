/** Geometry of the panel's small charts. Pure; px inside a box of the given size. */
import { line as d3Line, scaleLinear } from 'd3';

export interface Sample {
  readonly at: number;
  /** undefined: nothing was measured. */
  readonly value: number | undefined;
}

/**
 * The steps of a series that are complete: without the one that is still under way, and without empty ones at the end,
 * whose traces have not settled yet.
 */
export function completeSteps<T extends { readonly at: number; readonly calls: number }>(
  { series, stepMs, to }: { readonly series: readonly T[]; readonly stepMs: number; readonly to: number },
  mostEmpty = 3,
): T[] {
  const steps = series.filter(({ at }) => at + stepMs <= to);
  for (let i = 0; i < mostEmpty && steps.at(-1)?.calls === 0; i++) steps.pop();
  return steps;
}

/** A sparkline: path data and where its last known sample lies. The line breaks where nothing was measured. */
export function toSpark(samples: readonly Sample[], width: number, height: number) {
  const values = samples.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const most = Math.max(0, ...values);
  const first = samples[0]?.at ?? 0;
  const last = samples.at(-1)?.at ?? 1;
  const x = scaleLinear([first, Math.max(last, first + 1)], [1, width - 3]);
  const y = scaleLinear([0, most > 0 ? most : 1], [height - 1.5, 2.5]);
  const known = (sample: Sample): sample is Sample & { value: number } => sample.value !== undefined;
  const d =
    d3Line<Sample>()
      .defined(known)
      .x(({ at }) => round(x(at)))
      .y(({ value }) => round(y(value ?? 0)))(samples) ?? '';
  const end = samples.findLast(known);
  return {
    d,
    most,
    end: end && { x: round(x(end.at)), y: round(y(end.value)), value: end.value },
    /** The sample next to a place on the x axis. */
    near(px: number): (Sample & { x: number; y: number }) | undefined {
      const at = x.invert(px);
      const [best] = [...samples].filter(known).sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at));
      return best && { ...best, x: round(x(best.at)), y: round(y(best.value)) };
    },
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export interface Heat {
  readonly boundsMs: readonly number[];
  readonly columns: readonly { readonly at: number; readonly counts: readonly number[] }[];
}

/** The rows of a heatmap that hold anything (with one of air above), lowest first, and its greatest count. */
export function heatRows({ boundsMs, columns }: Heat): { readonly rows: readonly number[]; readonly most: number } {
  let first = boundsMs.length;
  let last = -1;
  let most = 0;
  for (const { counts } of columns) {
    counts.forEach((count, row) => {
      if (count <= 0) return;
      first = Math.min(first, row);
      last = Math.max(last, row);
      most = Math.max(most, count);
    });
  }
  if (last < 0) return { rows: [], most: 0 };
  const rows: number[] = [];
  for (let row = Math.max(0, first - 1); row <= Math.min(boundsMs.length - 1, last + 1); row++) rows.push(row);
  return { rows, most };
}
