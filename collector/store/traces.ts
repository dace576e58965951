/** Rows of the `traces` table: what one settlement of a trace gives. */
import type { Db } from './db.ts';
import { encodeBlock } from './native-write.ts';

/** Columns as in schema.sql; ids of traces in hex, 64-bit numbers as bigint. */
export interface TraceRow {
  readonly tick: number;
  readonly traceId: string;
  readonly replacesTick: number;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly startNs: bigint;
  readonly durationNs: bigint;
  readonly rootService: string;
  readonly rootNamespace: string;
  readonly rootOperation: string;
  readonly rootVersion: string;
  readonly rootDurationNs: bigint;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly failed: number;
  readonly probe: number;
  readonly weight: number;
  readonly workloads: readonly string[];
  readonly operations: readonly string[];
  readonly edgeIds: readonly bigint[];
  readonly pathIds: readonly bigint[];
  readonly pathNs: readonly bigint[];
}

/** Types of the columns, in the table's order (schema.sql). */
const columnTypes: Readonly<Record<keyof TraceRow, string>> = {
  tick: 'UInt32',
  traceId: 'FixedString(16)',
  replacesTick: 'UInt32',
  firstTick: 'UInt32',
  lastTick: 'UInt32',
  startNs: 'UInt64',
  durationNs: 'UInt64',
  rootService: 'LowCardinality(String)',
  rootNamespace: 'LowCardinality(String)',
  rootOperation: 'LowCardinality(String)',
  rootVersion: 'LowCardinality(String)',
  rootDurationNs: 'UInt64',
  spanCount: 'UInt32',
  errorCount: 'UInt32',
  failed: 'UInt8',
  probe: 'UInt8',
  weight: 'Float64',
  workloads: 'Array(LowCardinality(String))',
  operations: 'Array(LowCardinality(String))',
  edgeIds: 'Array(UInt64)',
  pathIds: 'Array(UInt64)',
  pathNs: 'Array(UInt64)',
};

/** One insert of the settlements of a tick. */
export async function insertTraces(db: Db, rows: readonly TraceRow[]): Promise<void> {
  if (rows.length > 0) await db.insertNative('traces', encodeBlock(columnTypes, rows));
}
