/**
 * The rows of a waterfall: the trace's tree (spans come in tree order from the server), which rows are open, how far each
 * is indented, and where its bar and its critical-path core lie. Pure; nanoseconds since the trace's first start.
 */
import type { Trace, TraceSpan } from '#shared/api.ts';

/** One span with its place in the tree. */
export interface Row {
  readonly span: TraceSpan;
  /** Index in the list of all rows. */
  readonly index: number;
  readonly depth: number;
  /** Rows below it in the tree, directly or not. */
  readonly below: number;
  /** Index of the parent's row, -1 for a root. */
  readonly parent: number;
  /** What it owns of the critical path. */
  readonly pathNs: number;
  /** Its stretches of the critical path, in time order. */
  readonly path: readonly Stretch[];
  /** It or something below it is on the critical path. */
  readonly leads: boolean;
}

export interface Stretch {
  readonly startNs: number;
  readonly endNs: number;
}

/** All rows of a trace in tree order. in: spans in tree order; a parent that is missing or comes later makes a root. */
export function toRows({ spans, criticalPath }: Pick<Trace, 'spans' | 'criticalPath'>): Row[] {
  const rowOf = new Map<string, number>();
  const depth: number[] = [];
  const parent: number[] = [];
  const below: number[] = Array.from({ length: spans.length }, () => 0);
  spans.forEach((span, i) => {
    const up = span.parentId === null ? undefined : rowOf.get(span.parentId);
    parent[i] = up ?? -1;
    depth[i] = up === undefined ? 0 : (depth[up] ?? 0) + 1;
    if (!rowOf.has(span.spanId)) rowOf.set(span.spanId, i);
  });
  const stretches = new Map<string, Stretch[]>();
  for (const { spanId, startNs, endNs } of criticalPath) {
    const held = stretches.get(spanId);
    if (held) held.push({ startNs, endNs });
    else stretches.set(spanId, [{ startNs, endNs }]);
  }
  const pathOf = (i: number) => {
    const id = spans[i]?.spanId ?? '';
    return rowOf.get(id) === i ? (stretches.get(id) ?? []) : [];
  };
  const leads: boolean[] = [];
  for (let i = spans.length - 1; i >= 0; i--) {
    leads[i] = (leads[i] ?? false) || pathOf(i).length > 0;
    const up = parent[i] ?? -1;
    if (up < 0) continue;
    below[up] = (below[up] ?? 0) + (below[i] ?? 0) + 1;
    leads[up] = (leads[up] ?? false) || (leads[i] ?? false);
  }
  return spans.map((span, index) => {
    const path = pathOf(index);
    return {
      span,
      index,
      depth: depth[index] ?? 0,
      below: below[index] ?? 0,
      parent: parent[index] ?? -1,
      path,
      pathNs: path.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0),
      leads: leads[index] ?? false,
    };
  });
}

/** The rows that are shown. closed: span ids whose children are folded away; leadOnly: nothing off the critical path. */
export function visibleRows(rows: readonly Row[], closed: ReadonlySet<string>, leadOnly = false): Row[] {
  const shown: Row[] = [];
  let skipTo = 0;
  for (const row of rows) {
    if (row.index < skipTo) continue;
    if (leadOnly && !row.leads) {
      skipTo = row.index + row.below + 1;
      continue;
    }
    shown.push(row);
    if (closed.has(row.span.spanId)) skipTo = row.index + row.below + 1;
  }
  return shown;
}

/** A stretch of a bar's track, as shares of its width. */
export interface Bar {
  readonly left: number;
  readonly width: number;
}

/** Where a stretch lies in the shown time. out: undefined when it lies outside. */
export function toBar({ startNs, endNs }: Stretch, shown: Stretch): Bar | undefined {
  const whole = shown.endNs - shown.startNs;
  const start = Math.max(startNs, shown.startNs);
  const end = Math.min(Math.max(endNs, startNs), shown.endNs);
  if (!(whole > 0) || end < start) return undefined;
  return { left: (start - shown.startNs) / whole, width: (end - start) / whole };
}

/** The stretch a span covers; a negative duration (a broken clock) covers nothing. */
export function stretchOf({ startNs, durationNs }: Pick<TraceSpan, 'startNs' | 'durationNs'>): Stretch {
  return { startNs, endNs: startNs + Math.max(0, durationNs) };
}

/** Where a bar's duration is written: after the bar, before it, or inside at its end when there is room on neither side. */
export function durationSide(bar: Bar, trackPx: number, textPx: number): 'after' | 'before' | 'inside' {
  const free = (share: number) => share * trackPx >= textPx + 8;
  if (free(1 - bar.left - bar.width)) return 'after';
  return free(bar.left) ? 'before' : 'inside';
}

/** First and last row to draw. in: the scroll position, the height of the view and of a row, px. */
export function rowWindow(
  scroll: number,
  view: number,
  rowHeight: number,
  count: number,
  spare = 8,
): { readonly first: number; readonly last: number } {
  const first = Math.max(0, Math.floor(scroll / rowHeight) - spare);
  return { first, last: Math.min(count, Math.ceil((scroll + view) / rowHeight) + spare) };
}

/** Stretches with less than a gap between them become one: a thousand slivers are one bar on the screen. */
export function mergeBars(bars: readonly Bar[], gap: number): Bar[] {
  const merged: Bar[] = [];
  for (const bar of bars) {
    const last = merged.at(-1);
    if (last && bar.left - (last.left + last.width) < gap) {
      merged[merged.length - 1] = { left: last.left, width: Math.max(last.width, bar.left + bar.width - last.left) };
    } else merged.push(bar);
  }
  return merged;
}
