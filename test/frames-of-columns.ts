/** Columns of frames → frames as objects, all that they say; for tests. */
import { frameCounts, type EdgeFrame } from '#shared/frame.ts';
import type { Buckets } from '#shared/sketch.ts';
import { traceIdHex } from '#shared/span.ts';
import type { EdgeColumns, MapColumn, TextMapColumn } from '../collector/store/edges-write.ts';

export function toEdgeFrames(columns: EdgeColumns): EdgeFrame[] {
  const { clientNs, serverNs, networkNs, errors } = columns;
  return columns.ends.map((ends, row) => ({
    ...ends,
    ...(Object.fromEntries(
      frameCounts.map((name, at) => [name, columns.counts[row * frameCounts.length + at] ?? 0]),
    ) as Pick<EdgeFrame, (typeof frameCounts)[number]>),
    clientNs: bucketsOf(clientNs, row),
    serverNs: bucketsOf(serverNs, row),
    networkNs: bucketsOf(networkNs, row),
    errors: textsOf(errors, row, valueOf),
    principals: textsOf(columns.principals, row, valueOf),
    exemplars: [{ buckets: clientNs.keys, traceIds: clientNs.traceIds, ...entriesOf(clientNs, row) }],
    errorExemplars: textsOf(errors, row, ({ traceIds }, entry) => traceIdHex(traceIds, entry)),
    criticalNs: textsOf(columns.criticalNs, row, valueOf),
    rootCount: textsOf(columns.rootCount, row, valueOf),
    rootNs: textsOf(columns.rootNs, row, valueOf),
  }));
}

function entriesOf({ ends }: MapColumn, row: number): { readonly from: number; readonly to: number } {
  return { from: row === 0 ? 0 : (ends[row - 1] ?? 0), to: ends[row] ?? 0 };
}

function bucketsOf(column: MapColumn, row: number): Buckets {
  return { buckets: column.keys, weights: column.values, ...entriesOf(column, row) };
}

const valueOf = ({ values }: MapColumn, entry: number): number => values[entry] ?? 0;

function textsOf<Value>(
  column: TextMapColumn,
  row: number,
  of: (column: TextMapColumn, entry: number) => Value,
): Record<string, Value> {
  const map: Record<string, Value> = {};
  const { from, to } = entriesOf(column, row);
  for (let entry = from; entry < to; entry++) map[column.texts[column.keys[entry] ?? 0] ?? ''] = of(column, entry);
  return map;
}
