/** Columns of frames → frames as objects, for provisional pictures: what goes into the store stays columns. */
import { frameCounts, type BucketMap, type EdgeFrame } from '#shared/frame.ts';
import type { EdgeColumns, MapColumn, TextMapColumn } from '../store/edges-write.ts';

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
    errors: textsOf(errors, row),
    principals: textsOf(columns.principals, row),
    exemplars: mapOf(clientNs, row, String, idOf),
    errorExemplars: mapOf(errors, row, (key) => errors.texts[key] ?? '', idOf),
    criticalNs: textsOf(columns.criticalNs, row),
    rootCount: textsOf(columns.rootCount, row),
    rootNs: textsOf(columns.rootNs, row),
  }));
}

function mapOf<Column extends MapColumn, Value>(
  column: Column,
  row: number,
  keyOf: (key: number) => string,
  valueOf: (column: Column, entry: number) => Value,
): Record<string, Value> {
  const map: Record<string, Value> = {};
  const end = column.ends[row] ?? 0;
  for (let entry = row === 0 ? 0 : (column.ends[row - 1] ?? 0); entry < end; entry++)
    map[keyOf(column.keys[entry] ?? 0)] = valueOf(column, entry);
  return map;
}

const valueOf = ({ values }: MapColumn, entry: number): number => values[entry] ?? 0;

function bucketsOf(column: MapColumn, row: number): BucketMap {
  return mapOf(column, row, String, valueOf);
}

function textsOf(column: TextMapColumn, row: number): BucketMap {
  return mapOf(column, row, (key) => column.texts[key] ?? '', valueOf);
}

/** A trace id as a decimal number. */
function idOf({ traceIds }: MapColumn, entry: number): string {
  let id = 0n;
  for (let word = 0; word < 4; word++) id = (id << 32n) | BigInt(traceIds[entry * 4 + word] ?? 0);
  return id.toString();
}
