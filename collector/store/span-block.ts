/**
 * Spans on their way into the table `spans`: growing columns that a decoded span is appended to, and the Native block they
 * become, sorted by trace id. Columns of few values are those of the span's class (span-classes.ts); varying values are copied
 * as bytes. The buffers are kept for the next commit. What each column holds is said in schema.sql; stored-span.ts reads it
 * back.
 */
import { grown } from '#shared/grown.ts';
import type { SpanCursor } from '../decode/cursor.ts';
import type { Normalised } from '../normalise/normalise.ts';
import type { CommitMark } from './log.ts';
import {
  blockHead,
  type ByteBuffer,
  bytesOf,
  bytesUnder,
  columnHead,
  copyRange,
  createByteBuffer,
  dictionaryPrefix,
  emptied,
  putBytes,
  putLength,
  putRange,
  putWord,
  putZeros,
} from './native-write.ts';
import { createSectionReader, putSection, putWordRange } from './sections.ts';
import {
  orderByTrace,
  putDictionary,
  putDoubles,
  putEnds,
  putOctets,
  putRanges,
  putShorts,
  putStrings,
  putWords,
} from './sorted-rows.ts';
import { createSpanClasses } from './span-classes.ts';
import { type SpanColumn, spanColumnTypes } from './span-column-types.ts';
import { toldOfClasses, toldOfRows, type ToldSpans } from './spans-told.ts';

export interface SpanBlock {
  /** Spans in the block. */
  readonly rows: number;
  /** Bytes in use, roughly what seal gives. */
  readonly bytes: number;
  append(span: SpanCursor, normalised: Normalised): void;
  /**
   * What was appended since the last record, or since the block was empty, for `restore`. in: no rollback goes back beyond it
   * any more. out: valid until the next record.
   */
  record(): Uint8Array;
  /** Appends what a record holds. in: the records of one block, from its first on. errors: Error when one is missing between. */
  restore(record: Uint8Array): void;
  /** The present end of the block, for rollback. */
  mark(): SpanBlockMark;
  /** Forgets what was appended since the mark; marks taken after it are void. */
  rollback(to: SpanBlockMark): void;
  /**
   * Takes all rows out, as one Native block whose columns are those of `spans` in their order, each row with this mark. Rows
   * are in the order of their trace ids; those of one trace as they came.
   * out: valid until the next seal.
   */
  seal(mark: CommitMark): Uint8Array;
  /** What the last seal gave, as the derivation is told of it; undefined when the block does not tell. */
  readonly told: ToldSpans | undefined;
}

export interface SpanBlockMark {
  readonly rows: number;
  readonly values: number;
  readonly strings: readonly number[];
  readonly classes: number;
  readonly texts: readonly number[];
}

const two32 = 0x100000000;
/** Bytes that are kept for the next record: those of a body of some ten thousand spans. */
const mostRecorded = 1 << 22;

/** An empty block. in: whether it tells what it seals. */
export function createSpanBlock(tells = false): SpanBlock {
  let capacity = 1024;
  let rows = 0;
  let values = 0;

  const classes = createSpanClasses();
  let classOf = new Uint32Array(capacity);
  // Fixed-size columns; ids and 64-bit numbers as 32-bit words.
  let traceId = new Uint32Array(capacity * 4);
  let spanId = new Uint32Array(capacity * 2);
  let parentId = new Uint32Array(capacity * 2);
  let startNs = new Uint32Array(capacity * 2);
  let durationNs = new Uint32Array(capacity * 2);
  let requestBytes = new Uint32Array(capacity * 2);
  let responseBytes = new Uint32Array(capacity * 2);
  let flags = new Uint32Array(capacity);
  // How many varying values there are before each row and where they begin, and after the last row how many in all.
  let valueCounts = new Uint32Array(capacity + 1);
  let valueStarts = new Uint32Array(capacity + 1);

  const linkIds = createByteBuffer(capacity);
  const statusMessage = createByteBuffer(capacity);
  const traceState = createByteBuffer(capacity);
  const rest = createByteBuffer(capacity);
  const varying = createByteBuffer(capacity * 128);
  const strings = [linkIds, statusMessage, traceState, rest, varying];
  const sealed = createByteBuffer();
  const recorded = createByteBuffer();
  let fixed = fixedColumns();
  let told: ToldSpans | undefined;
  /** What the records hold: rows, and bytes of each of the strings. */
  let recordedRows = 0;
  const recordedBytes = strings.map(() => 0);

  function growRows(): void {
    capacity *= 2;
    classOf = grown(classOf, capacity);
    traceId = grown(traceId, capacity * 4);
    spanId = grown(spanId, capacity * 2);
    parentId = grown(parentId, capacity * 2);
    startNs = grown(startNs, capacity * 2);
    durationNs = grown(durationNs, capacity * 2);
    requestBytes = grown(requestBytes, capacity * 2);
    responseBytes = grown(responseBytes, capacity * 2);
    flags = grown(flags, capacity);
    valueCounts = grown(valueCounts, capacity + 1);
    valueStarts = grown(valueStarts, capacity + 1);
    fixed = fixedColumns();
  }

  /** What a record has of rows, with the words of each and where the first row's are. */
  function fixedColumns(): [array: Uint32Array, words: number, first: number][] {
    return [
      [classOf, 1, 0],
      [traceId, 4, 0],
      [spanId, 2, 0],
      [parentId, 2, 0],
      [startNs, 2, 0],
      [durationNs, 2, 0],
      [requestBytes, 2, 0],
      [responseBytes, 2, 0],
      [flags, 1, 0],
      [valueCounts, 1, 1],
      [valueStarts, 1, 1],
    ];
  }

  function record(): Uint8Array {
    emptied(recorded, mostRecorded);
    putWord(recorded, recordedRows);
    putWord(recorded, rows - recordedRows);
    for (const [array, words, first] of fixed) {
      putWordRange(recorded, array, first + recordedRows * words, first + rows * words);
    }
    for (let i = 0; i < strings.length; i++) putSection(recorded, strings[i]!, recordedBytes[i]!);
    classes.record(recorded);
    noteRecorded();
    return bytesOf(recorded);
  }

  function restore(from: Uint8Array): void {
    const reader = createSectionReader(from);
    if (reader.word() !== rows) throw new Error('cannot restore spans: a record before them is missing');
    const until = rows + reader.word();
    while (capacity < until) growRows();
    for (const [array, words, first] of fixed) {
      const added = array.subarray(first + rows * words, first + until * words);
      bytesUnder(added).set(reader.take(added.byteLength));
    }
    for (const buffer of strings) putBytes(buffer, reader.section());
    classes.restore(reader);
    rows = until;
    values = valueCounts[rows]!;
    noteRecorded();
  }

  function noteRecorded(): void {
    recordedRows = rows;
    for (let i = 0; i < strings.length; i++) recordedBytes[i] = strings[i]!.length;
  }

  function append(span: SpanCursor, normalised: Normalised): void {
    if (rows === capacity) growRows();
    const row = rows;
    const { bodyView, traceIdAt, spanIdAt, parentIdAt } = span;
    classOf[row] = classes.of(span, normalised);
    for (let w = 0; w < 4; w++) traceId[row * 4 + w] = bodyView.getUint32(traceIdAt + w * 4, true);
    spanId[row * 2] = bodyView.getUint32(spanIdAt, true);
    spanId[row * 2 + 1] = bodyView.getUint32(spanIdAt + 4, true);
    parentId[row * 2] = parentIdAt === -1 ? 0 : bodyView.getUint32(parentIdAt, true);
    parentId[row * 2 + 1] = parentIdAt === -1 ? 0 : bodyView.getUint32(parentIdAt + 4, true);
    startNs[row * 2] = span.startLo;
    startNs[row * 2 + 1] = span.startHi;
    durationNs[row * 2] = span.endLo - span.startLo;
    durationNs[row * 2 + 1] = span.endHi - span.startHi - (span.endLo < span.startLo ? 1 : 0);
    flags[row] = span.flags;
    requestBytes[row * 2] = normalised.requestBytes;
    requestBytes[row * 2 + 1] = normalised.requestBytes / two32;
    responseBytes[row * 2] = normalised.responseBytes;
    responseBytes[row * 2 + 1] = normalised.responseBytes / two32;
    if (span.linkCount === 0) putLength(linkIds, 0);
    else putRange(linkIds, new DataView(span.linkIds.buffer), 0, span.linkCount * 24);
    putRange(statusMessage, bodyView, span.statusMessageAt, span.statusMessageLength);
    putRange(traceState, bodyView, span.traceStateAt, span.traceStateLength);
    for (let v = 0; v < span.varyingCount; v++) {
      const i = span.varying[v]!;
      putRange(varying, span.sources[i] === 0 ? bodyView : span.scratchView, span.ats[i]!, span.lengths[i]!);
    }
    values += span.varyingCount;
    appendRest(span);
    rows++;
    valueCounts[rows] = values;
    valueStarts[rows] = varying.length;
  }

  function appendRest(span: SpanCursor): void {
    let length = 0;
    for (let i = 0; i < span.restCount; i++) length += span.restLengths[i]!;
    putLength(rest, length);
    for (let i = 0; i < span.restCount; i++) {
      copyRange(
        rest,
        span.restSources[i] === 0 ? span.bodyView : span.scratchView,
        span.restAts[i]!,
        span.restLengths[i]!,
      );
    }
  }

  /** Writes a column's rows. in: the order of the rows, and their classes in that order. */
  function putColumn(
    to: ByteBuffer,
    name: SpanColumn,
    { tick, batch }: CommitMark,
    order: Uint32Array,
    ofClass: Uint32Array,
  ): void {
    switch (name) {
      case 'tick':
        return putWords(to, Uint32Array.of(tick), 1, new Uint32Array(rows));
      case 'batch':
        return putShorts(to, Uint16Array.of(batch), new Uint32Array(rows));
      case 'traceId':
        return putWords(to, traceId, 4, order);
      case 'spanId':
        return putWords(to, spanId, 2, order);
      case 'parentId':
        return putWords(to, parentId, 2, order);
      case 'startNs':
        return putWords(to, startNs, 2, order);
      case 'durationNs':
        return putWords(to, durationNs, 2, order);
      case 'kind':
        return putOctets(to, classes.kind, ofClass);
      case 'statusCode':
        return putOctets(to, classes.statusCode, ofClass);
      case 'peerKind':
        return putOctets(to, classes.peerKind, ofClass);
      case 'httpCode':
        return putShorts(to, classes.httpCode, ofClass);
      case 'grpcCode':
        return putShorts(to, classes.grpcCode, ofClass);
      case 'marks':
        return putOctets(to, classes.marks, ofClass);
      case 'retryCount':
        return putShorts(to, classes.retryCount, ofClass);
      case 'requestBytes':
        return putWords(to, requestBytes, 2, order);
      case 'responseBytes':
        return putWords(to, responseBytes, 2, order);
      case 'weight':
        return putDoubles(to, classes.weight, ofClass);
      case 'linkIds':
        return putStrings(to, linkIds, order);
      case 'statusMessage':
        return putStrings(to, statusMessage, order);
      case 'traceState':
        return putStrings(to, traceState, order);
      case 'flags':
        return putWords(to, flags, 1, order);
      case 'attributes':
        putBytes(to, dictionaryPrefix);
        return putZeros(to, rows * 8);
      case 'attributeTypes':
        return putZeros(to, rows);
      case 'varying':
        putEnds(to, valueCounts, order);
        return putRanges(to, varying, valueStarts, order);
      case 'rest':
        return putStrings(to, rest, order);
      default:
        putBytes(to, dictionaryPrefix);
        putDictionary(to, classes.texts[name], ofClass);
    }
  }

  /** in: where the told columns of rows have been written to; the classes of the rows in their order. */
  function tell(
    mark: CommitMark,
    columns: readonly (readonly [from: number, to: number])[],
    ofClass: Uint32Array,
  ): ToldSpans {
    const told = createByteBuffer(columns.reduce((sum, [from, to]) => sum + to - from, 64 + rows * 4));
    putBytes(told, blockHead(columns.length + 1, rows));
    for (const [from, to] of columns) putBytes(told, sealed.bytes.subarray(from, to));
    putBytes(told, columnHead('class', 'UInt32'));
    putBytes(told, bytesUnder(ofClass));
    const ofClasses = createByteBuffer(classes.count * 128);
    const all = Uint32Array.from({ length: classes.count }, (_, at) => at);
    putBytes(ofClasses, blockHead(toldOfClasses.length, classes.count));
    for (const name of toldOfClasses) {
      putBytes(ofClasses, columnHead(name, spanColumnTypes[name]));
      putColumn(ofClasses, name, mark, all, all);
    }
    return { tick: mark.tick, rows: bytesOf(told), classes: bytesOf(ofClasses) };
  }

  function empty(): void {
    rows = 0;
    values = 0;
    for (const buffer of strings) emptied(buffer);
    classes.cut(0, []);
    noteRecorded();
  }

  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return strings.reduce((sum, { length }) => sum + length, rows * 80) + classes.sizeBytes();
    },
    append,
    record,
    restore,
    mark: () => ({
      rows,
      values,
      strings: strings.map(({ length }) => length),
      classes: classes.count,
      texts: classes.lengths(),
    }),
    rollback(to) {
      ({ rows, values } = to);
      strings.forEach((buffer, i) => (buffer.length = to.strings[i]!));
      classes.cut(to.classes, to.texts);
    },
    seal(mark) {
      emptied(sealed);
      const order = orderByTrace(traceId, rows);
      const ofClass = new Uint32Array(rows);
      for (let i = 0; i < rows; i++) ofClass[i] = classOf[order[i]!]!;
      putBytes(sealed, blockHead(Object.keys(spanColumnTypes).length, rows));
      const ofRows: [from: number, to: number][] = [];
      for (const [name, type] of Object.entries(spanColumnTypes)) {
        const { length } = sealed;
        putBytes(sealed, columnHead(name, type));
        if (rows > 0) putColumn(sealed, name as SpanColumn, mark, order, ofClass);
        if (tells && (toldOfRows as readonly string[]).includes(name)) ofRows.push([length, sealed.length]);
      }
      if (tells && rows > 0) told = tell(mark, ofRows, ofClass);
      empty();
      return bytesOf(sealed);
    },
    get told() {
      return told;
    },
  };
}
