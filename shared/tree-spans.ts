/**
 * First half of trace-tree.ts: which rows of a trace are spans of their own, and which span is whose parent. One
 * open-addressing table over the ids, in memory that is used again for the next trace.
 */
import { hashOfTwo } from './keyed-hash.ts';
import { kind, traceIdHex, type SpanColumns } from './span.ts';

/** Bits of a node's `flags`. */
export const nodeFlag = {
  /** Its parent never arrived, or is itself. */
  orphan: 1,
  /** Its parent would have closed a cycle and was cut off. */
  cycle: 2,
  /** It was delivered more than once; the longest copy is kept. */
  duplicate: 4,
  /** Its end lies before its start; it is taken to be of no length. */
  negative: 8,
  /** It starts before its parent does: clocks differ. */
  skew: 16,
  /** A link, not its parent id, joins it to its parent. */
  linked: 32,
} as const;

/** Kept spans of one trace, in order of arrival. */
export interface KeptSpans {
  row: Int32Array;
  /** Kept span, or -1. */
  parent: Int32Array;
  startNs: Float64Array;
  endNs: Float64Array;
  flags: Uint8Array;
  tick: Uint32Array;
  /** Open addressing by span id: kept span + 1, 0 = free. */
  table: Int32Array;
  mask: number;
}

export function allocateKept(capacity: number): KeptSpans {
  return {
    row: new Int32Array(capacity),
    parent: new Int32Array(capacity),
    startNs: new Float64Array(capacity),
    endNs: new Float64Array(capacity),
    flags: new Uint8Array(capacity),
    tick: new Uint32Array(capacity),
    table: new Int32Array(tableSize(capacity)),
    mask: 0,
  };
}

/** Fills `kept` with one row a span and its parent. out: how many there are. */
export function keepSpans(columns: SpanColumns, rows: ArrayLike<number>, kept: KeptSpans): number {
  kept.mask = tableSize(rows.length) - 1;
  let count = dedupe(columns, rows, kept, false);
  // A sender that gives one id to countless services would make the look-up slow: then an id has one copy a kind.
  if (count < 0) count = dedupe(columns, rows, kept, true);
  findParents(columns, count, kept);
  return count;
}

function tableSize(capacity: number): number {
  let size = 8;
  while (size < capacity * 2) size *= 2;
  return size;
}

/** Copies of one id that may differ in service or kind. */
const maxCopies = 32;

function slotOf(hi: number, lo: number, mask: number): number {
  return hashOfTwo(hi, lo) & mask;
}

/** out: the number of kept spans, or -1 when an id has more copies than maxCopies. */
function dedupe(columns: SpanColumns, rows: ArrayLike<number>, kept: KeptSpans, anyService: boolean): number {
  const { spanId, service, startNs, durationNs, tick } = columns;
  const kinds = columns.kind;
  const { table, mask, flags } = kept;
  table.fill(0, 0, mask + 1);
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const hi = spanId[row * 2] as number;
    const lo = spanId[row * 2 + 1] as number;
    let slot = slotOf(hi, lo, mask);
    let copies = 0;
    let held = -1;
    for (let entry = table[slot] as number; entry !== 0; entry = table[slot] as number) {
      const other = kept.row[entry - 1] as number;
      if (spanId[other * 2 + 1] === lo && spanId[other * 2] === hi) {
        copies += 1;
        if (kinds[other] === kinds[row] && (anyService || service[other] === service[row])) {
          held = entry - 1;
          break;
        }
      }
      slot = (slot + 1) & mask;
    }
    if (held >= 0) {
      flags[held] = (flags[held] as number) | nodeFlag.duplicate;
      if ((tick[row] as number) < (kept.tick[held] as number)) kept.tick[held] = tick[row] as number;
      if (compareCopies(columns, row, kept.row[held] as number) >= 0) continue;
    } else {
      if (copies >= maxCopies && !anyService) return -1;
      held = count++;
      table[slot] = held + 1;
      flags[held] = 0;
      kept.tick[held] = tick[row] as number;
    }
    const start = startNs[row] as number;
    const duration = durationNs[row] as number;
    kept.row[held] = row;
    kept.startNs[held] = start;
    kept.endNs[held] = duration > 0 ? start + duration : start;
    flags[held] = ((flags[held] as number) & ~nodeFlag.negative) | (duration < 0 ? nodeFlag.negative : 0);
  }
  return count;
}

/** Which of two copies is kept (less than 0: the first): the longest, then whatever else tells them apart. */
function compareCopies(columns: SpanColumns, a: number, b: number): number {
  const numbers = (column: ArrayLike<number>) => (column[a] as number) - (column[b] as number);
  const texts = (column: Uint32Array) => compareTexts(columns.strings, column[a] as number, column[b] as number);
  return (
    -numbers(columns.durationNs) ||
    numbers(columns.startNs) ||
    compareWords(columns.parentId, a, b) ||
    texts(columns.service) ||
    texts(columns.name) ||
    texts(columns.namespace) ||
    texts(columns.cluster) ||
    texts(columns.version) ||
    texts(columns.peer) ||
    texts(columns.peerNamespace) ||
    texts(columns.peerVersion) ||
    texts(columns.protocol) ||
    texts(columns.responseFlags) ||
    texts(columns.errorType) ||
    texts(columns.principal) ||
    numbers(columns.peerKind) ||
    numbers(columns.httpCode) ||
    numbers(columns.grpcCode) ||
    numbers(columns.statusCode) ||
    numbers(columns.marks) ||
    numbers(columns.retryCount) ||
    numbers(columns.requestBytes) ||
    numbers(columns.responseBytes) ||
    numbers(columns.weight)
  );
}

function compareWords(ids: Uint32Array, a: number, b: number): number {
  return (ids[a * 2] as number) - (ids[b * 2] as number) || (ids[a * 2 + 1] as number) - (ids[b * 2 + 1] as number);
}

function compareTexts(strings: readonly string[], a: number, b: number): number {
  if (a === b) return 0;
  const first = strings[a] as string;
  const second = strings[b] as string;
  return first < second ? -1 : first > second ? 1 : 0;
}

/** Order of two rows by span id, then kind, then service: never 0 for two kept spans. */
export function compareIds(columns: SpanColumns, a: number, b: number): number {
  return (
    compareWords(columns.spanId, a, b) ||
    (columns.kind[a] as number) - (columns.kind[b] as number) ||
    compareTexts(columns.strings, columns.service[a] as number, columns.service[b] as number)
  );
}

function findParents(columns: SpanColumns, count: number, kept: KeptSpans): void {
  const { spanId, parentId, links } = columns;
  const { flags } = kept;
  for (let span = 0; span < count; span++) {
    const row = kept.row[span] as number;
    const ownHi = spanId[row * 2] as number;
    const ownLo = spanId[row * 2 + 1] as number;
    // Zipkin: client and server report one id; the server's copy hangs below the client's.
    let parent = columns.kind[row] === kind.server ? find(columns, kept, ownHi, ownLo, span, kind.client) : -1;
    if (parent < 0) {
      const hi = parentId[row * 2] as number;
      const lo = parentId[row * 2 + 1] as number;
      if (hi !== 0 || lo !== 0) {
        const self = hi === ownHi && lo === ownLo;
        if (!self) parent = find(columns, kept, hi, lo, span, -1);
        if (parent < 0) flags[span] = (flags[span] as number) | nodeFlag.orphan | (self ? nodeFlag.cycle : 0);
      }
      if (parent < 0 && links.size > 0) {
        parent = findLinked(columns, kept, span);
        if (parent >= 0) flags[span] = ((flags[span] as number) & ~nodeFlag.orphan) | nodeFlag.linked;
      }
    }
    kept.parent[span] = parent;
  }
}

/**
 * The kept span of an id other than `child`, -1 for none. Of several copies: only those of the wanted kind when it is >= 0;
 * then the copy of the child's own service, then a callee's (it made the child), then the first by kind and service.
 */
function find(columns: SpanColumns, kept: KeptSpans, hi: number, lo: number, child: number, wanted: number): number {
  const { spanId, service } = columns;
  const { table, mask, row } = kept;
  const own = service[row[child] as number];
  let best = -1;
  let bestRank = -1;
  let slot = slotOf(hi, lo, mask);
  for (let entry = table[slot] as number; entry !== 0; entry = table[slot] as number) {
    const span = entry - 1;
    const at = row[span] as number;
    slot = (slot + 1) & mask;
    if (spanId[at * 2 + 1] !== lo || spanId[at * 2] !== hi || span === child) continue;
    const spanKind = columns.kind[at] as number;
    if (wanted >= 0 && spanKind !== wanted) continue;
    const rank = service[at] === own ? 2 : spanKind === kind.server || spanKind === kind.consumer ? 1 : 0;
    if (rank > bestRank || (rank === bestRank && compareIds(columns, at, row[best] as number) < 0)) {
      best = span;
      bestRank = rank;
    }
  }
  return best;
}

/** The span of the same trace that a link names, the first by id when there are several; -1 for none. */
function findLinked(columns: SpanColumns, kept: KeptSpans, span: number): number {
  const links = columns.links.get(kept.row[span] as number);
  if (links === undefined) return -1;
  const traceId = traceIdHex(columns.traceId, kept.row[span] as number);
  let best = -1;
  for (const link of links) {
    if (link.traceId !== traceId) continue;
    const hi = Number.parseInt(link.spanId.slice(0, 8), 16) >>> 0;
    const lo = Number.parseInt(link.spanId.slice(8), 16) >>> 0;
    const found = find(columns, kept, hi, lo, span, -1);
    if (found < 0) continue;
    if (best < 0 || compareIds(columns, kept.row[found] as number, kept.row[best] as number) < 0) best = found;
  }
  return best;
}
