/**
 * The spans of several hundred traces at once, as the columns that trees and workloads are made of. What calls came to
 * (codes, flags, bytes) is left out: those columns are as if nothing had been said.
 */
import { traceIdHex, type SpanColumns } from '#shared/span.ts';
import type { Db } from './db.ts';
import { readNative, type NativeTable } from './native.ts';
import type { ChosenTrace } from './profile-read.ts';
import { createStringTable, interned, toDoubles, toLinks, toWords } from './span-columns.ts';

const textNames = [
  'name',
  'service',
  'namespace',
  'cluster',
  'version',
  'peer',
  'peerNamespace',
  'peerVersion',
] as const;
const byteNames = ['kind', 'marks', 'peerKind'] as const;

const select = `SELECT traceId, spanId, parentId, startNs, durationNs, linkIds, tick, retryCount,
  ${[...byteNames, ...textNames].join(', ')}
FROM spans AS s`;

/** The store is sorted by tick, then commit and trace: it reads little more than these rows. */
const pairsSql = `${select}
WHERE (s.tick, s.traceId) IN (
  SELECT pair.1, toFixedString(unhex(pair.2), 16)
  FROM (SELECT arrayJoin(arrayZip({ticks:Array(UInt32)}, {ids:Array(String)})) AS pair)
)
LIMIT {limit:UInt32}`;

const wideSql = `${select}
WHERE s.tick >= {firstTick:UInt32} AND s.tick <= {lastTick:UInt32}
  AND s.traceId IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))
LIMIT {limit:UInt32}`;

/** A trace that took longer than so many seconds to come in is looked for by its id. */
const maxPairs = 30;
/** Rows read at most: what was chosen, delivered several times. */
const maxRows = 200_000;

/** Spans of one reading: rows of the same columns, by trace id. Starts count from the first start of their own trace. */
export interface TraceRows {
  readonly columns: SpanColumns;
  readonly rows: ReadonlyMap<string, readonly number[]>;
}

/** in: traces and where they lie. out: one or two readings; a trace is in one of them. */
export async function readSpansOf(db: Db, traces: readonly ChosenTrace[]): Promise<TraceRows[]> {
  const isWide = ({ firstTick, lastTick }: ChosenTrace): boolean => lastTick - firstTick >= maxPairs;
  const wide = traces.filter(isWide);
  const ticks: number[] = [];
  const ids: string[] = [];
  for (const trace of traces) {
    if (isWide(trace)) continue;
    for (let { firstTick: tick } = trace; tick <= trace.lastTick; tick++) {
      ticks.push(tick);
      ids.push(trace.traceId);
    }
  }
  const readings: TraceRows[] = [];
  if (ids.length > 0) readings.push(toTraceRows(readNative(await db.native(pairsSql, { ticks, ids, limit: maxRows }))));
  if (wide.length > 0) {
    const answer = await db.native(wideSql, {
      ids: wide.map(({ traceId }) => traceId),
      firstTick: Math.min(...wide.map(({ firstTick }) => firstTick)),
      lastTick: Math.max(...wide.map(({ lastTick }) => lastTick)),
      limit: maxRows,
    });
    readings.push(toTraceRows(readNative(answer)));
  }
  return readings;
}

function toTraceRows(table: NativeTable): TraceRows {
  const { rows: count, columns: read } = table;
  if (count === 0) return { columns: noColumns(0), rows: new Map() };
  const get = <T>(name: string): T => read.get(name) as T;
  const traceId = toWords(get('traceId'));
  const rows = new Map<string, number[]>();
  for (let row = 0; row < count; row++) {
    const id = traceIdHex(traceId, row);
    const list = rows.get(id);
    if (list) list.push(row);
    else rows.set(id, [row]);
  }
  const strings = createStringTable();
  const columns: SpanColumns = {
    ...noColumns(count),
    strings: strings.values,
    traceId,
    spanId: toWords(get('spanId')),
    parentId: toWords(get('parentId')),
    startNs: sinceFirst(get('startNs'), rows.values()),
    durationNs: toDoubles(get('durationNs')),
    tick: get('tick'),
    retryCount: get('retryCount'),
    ...(Object.fromEntries(byteNames.map((name) => [name, get(name)])) as Record<
      (typeof byteNames)[number],
      Uint8Array
    >),
    ...(Object.fromEntries(textNames.map((name) => [name, interned(get(name), strings)])) as Record<
      (typeof textNames)[number],
      Uint32Array
    >),
    links: toLinks(get('linkIds'), count),
  };
  return { columns, rows };
}

/** Columns of so many spans that say nothing. */
function noColumns(count: number): SpanColumns {
  const words = new Uint32Array(count);
  const bytes = new Uint8Array(count);
  const doubles = new Float64Array(count);
  const none = new Int16Array(count).fill(-1);
  return {
    count,
    strings: [''],
    originNs: 0n,
    traceId: words,
    spanId: words,
    parentId: words,
    startNs: doubles,
    durationNs: doubles,
    kind: bytes,
    statusCode: bytes,
    name: words,
    service: words,
    namespace: words,
    cluster: words,
    version: words,
    peer: words,
    peerNamespace: words,
    peerVersion: words,
    peerKind: bytes,
    protocol: words,
    httpCode: none,
    grpcCode: none,
    responseFlags: words,
    errorType: words,
    marks: bytes,
    retryCount: new Uint16Array(count),
    requestBytes: doubles,
    responseBytes: doubles,
    weight: doubles,
    principal: words,
    tick: words,
    links: new Map(),
  };
}

/** Each start since its trace's first: exact whatever the interval, for a trace lasts less than 104 days. */
function sinceFirst(starts: BigUint64Array, traces: Iterable<readonly number[]>): Float64Array {
  const since = new Float64Array(starts.length);
  for (const rows of traces) {
    let first = starts[rows[0] ?? 0] ?? 0n;
    for (const row of rows) if ((starts[row] ?? 0n) < first) first = starts[row] ?? 0n;
    for (const row of rows) since[row] = Number((starts[row] ?? 0n) - first);
  }
  return since;
}
