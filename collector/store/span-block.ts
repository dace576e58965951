/**
 * Spans on their way into the table `spans`: growing columns that a decoded span is appended to, and the Native block they
 * become, sorted by trace id. Values are copied as bytes; texts that repeat become an index into the column's dictionary. The
 * buffers are kept for the next commit. What each column holds is said in schema.sql; stored-span.ts reads it back.
 */
import type { SpanCursor } from '../decode/cursor.ts';
import type { Normalised } from '../normalise/normalise.ts';
import type { CommitMark } from './log.ts';
import { createDictionary, cutDictionary, type Dictionary, grown, indexIn } from './dictionary.ts';
import {
  blockHead,
  bytesOf,
  columnHead,
  copyRange,
  createByteBuffer,
  dictionaryPrefix,
  emptied,
  putBytes,
  putLength,
  putRange,
} from './native-write.ts';
import {
  orderByTrace,
  putDictionary,
  putDoubles,
  putMapKeys,
  putOctets,
  putRanges,
  putShorts,
  putStrings,
  putWords,
} from './sorted-rows.ts';
import { textColumns } from './span-columns.ts';

export interface SpanBlock {
  /** Spans in the block. */
  readonly rows: number;
  /** Bytes in use, roughly what seal gives. */
  readonly bytes: number;
  append(span: SpanCursor, normalised: Normalised): void;
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
}

export interface SpanBlockMark {
  readonly rows: number;
  readonly attributes: number;
  readonly strings: readonly number[];
  readonly dictionaries: readonly number[];
}

const dictionaryNames = [...textColumns, 'resource', 'scope'] as const;

/** Columns of the table in their order, with their types: what seal writes. */
export const spanColumnTypes = {
  tick: 'UInt32',
  batch: 'UInt16',
  traceId: 'FixedString(16)',
  spanId: 'FixedString(8)',
  parentId: 'FixedString(8)',
  startNs: 'UInt64',
  durationNs: 'Int64',
  kind: 'UInt8',
  statusCode: 'UInt8',
  name: 'LowCardinality(String)',
  service: 'LowCardinality(String)',
  namespace: 'LowCardinality(String)',
  cluster: 'LowCardinality(String)',
  version: 'LowCardinality(String)',
  peer: 'LowCardinality(String)',
  peerNamespace: 'LowCardinality(String)',
  peerVersion: 'LowCardinality(String)',
  peerKind: 'UInt8',
  protocol: 'LowCardinality(String)',
  httpCode: 'Int16',
  grpcCode: 'Int16',
  responseFlags: 'LowCardinality(String)',
  errorType: 'LowCardinality(String)',
  marks: 'UInt8',
  retryCount: 'UInt16',
  requestBytes: 'UInt64',
  responseBytes: 'UInt64',
  weight: 'Float64',
  principal: 'LowCardinality(String)',
  linkIds: 'String',
  statusMessage: 'String',
  traceState: 'String',
  flags: 'UInt32',
  attributes: 'Map(LowCardinality(String), String)',
  attributeTypes: 'String',
  rest: 'String',
  resource: 'LowCardinality(String)',
  scope: 'LowCardinality(String)',
} as const;
type ColumnName = keyof typeof spanColumnTypes;

const two32 = 0x100000000;

/** An empty block. */
export function createSpanBlock(): SpanBlock {
  let capacity = 1024;
  let rows = 0;
  let attributes = 0;
  let generation = -1;

  // Fixed-size columns; ids and 64-bit numbers as 32-bit words.
  let traceId = new Uint32Array(capacity * 4);
  let spanId = new Uint32Array(capacity * 2);
  let parentId = new Uint32Array(capacity * 2);
  let startNs = new Uint32Array(capacity * 2);
  let durationNs = new Uint32Array(capacity * 2);
  let requestBytes = new Uint32Array(capacity * 2);
  let responseBytes = new Uint32Array(capacity * 2);
  // Where each row's attributes and their values begin, and after the last row where they end.
  let attributeStarts = new Uint32Array(capacity + 1);
  let valueStarts = new Uint32Array(capacity + 1);
  let flags = new Uint32Array(capacity);
  let weight = new Float64Array(capacity);
  let kind = new Uint8Array(capacity);
  let statusCode = new Uint8Array(capacity);
  let peerKind = new Uint8Array(capacity);
  let marks = new Uint8Array(capacity);
  let httpCode = new Int16Array(capacity);
  let grpcCode = new Int16Array(capacity);
  let retryCount = new Uint16Array(capacity);

  const linkIds = createByteBuffer(capacity);
  const statusMessage = createByteBuffer(capacity);
  const traceState = createByteBuffer(capacity);
  const attributeTypes = createByteBuffer(capacity);
  const rest = createByteBuffer(capacity);
  const attributeValues = createByteBuffer(capacity * 256);
  const strings = [linkIds, statusMessage, traceState, attributeTypes, rest, attributeValues];

  const dictionaries = dictionaryNames.map(() => createDictionary(capacity));
  const [names, services, namespaces, clusters, versions, peers, peerNamespaces, peerVersions] = dictionaries as [
    Dictionary,
    Dictionary,
    Dictionary,
    Dictionary,
    Dictionary,
    Dictionary,
    Dictionary,
    Dictionary,
  ];
  const [protocols, responseFlags, errorTypes, principals, resources, scopes] = dictionaries.slice(8) as [
    Dictionary,
    Dictionary,
    Dictionary,
    Dictionary,
    Dictionary,
    Dictionary,
  ];
  const attributeKeys = createDictionary(capacity * 16);
  const allDictionaries = [...dictionaries, attributeKeys];
  const sealed = createByteBuffer();

  function growRows(): void {
    capacity *= 2;
    traceId = grown(traceId, capacity * 4);
    spanId = grown(spanId, capacity * 2);
    parentId = grown(parentId, capacity * 2);
    startNs = grown(startNs, capacity * 2);
    durationNs = grown(durationNs, capacity * 2);
    requestBytes = grown(requestBytes, capacity * 2);
    responseBytes = grown(responseBytes, capacity * 2);
    attributeStarts = grown(attributeStarts, capacity + 1);
    valueStarts = grown(valueStarts, capacity + 1);
    flags = grown(flags, capacity);
    weight = grown(weight, capacity);
    kind = grown(kind, capacity);
    statusCode = grown(statusCode, capacity);
    peerKind = grown(peerKind, capacity);
    marks = grown(marks, capacity);
    httpCode = grown(httpCode, capacity);
    grpcCode = grown(grpcCode, capacity);
    retryCount = grown(retryCount, capacity);
    for (const dictionary of dictionaries) dictionary.index = grown(dictionary.index, capacity);
  }

  function append(span: SpanCursor, normalised: Normalised): void {
    const { texts, bodyView } = span;
    if (rows === capacity) growRows();
    if (generation !== texts.generation) {
      generation = texts.generation;
      for (const dictionary of allDictionaries) dictionary.indexOf.fill(0);
    }
    const row = rows;
    const { traceIdAt, spanIdAt, parentIdAt } = span;
    for (let w = 0; w < 4; w++) traceId[row * 4 + w] = bodyView.getUint32(traceIdAt + w * 4, true);
    spanId[row * 2] = bodyView.getUint32(spanIdAt, true);
    spanId[row * 2 + 1] = bodyView.getUint32(spanIdAt + 4, true);
    parentId[row * 2] = parentIdAt === -1 ? 0 : bodyView.getUint32(parentIdAt, true);
    parentId[row * 2 + 1] = parentIdAt === -1 ? 0 : bodyView.getUint32(parentIdAt + 4, true);
    startNs[row * 2] = span.startLo;
    startNs[row * 2 + 1] = span.startHi;
    durationNs[row * 2] = span.endLo - span.startLo;
    durationNs[row * 2 + 1] = span.endHi - span.startHi - (span.endLo < span.startLo ? 1 : 0);
    kind[row] = span.kind;
    statusCode[row] = span.statusCode;
    flags[row] = span.flags;
    names.index[row] = indexIn(names, texts, span.name);
    services.index[row] = indexIn(services, texts, normalised.service);
    namespaces.index[row] = indexIn(namespaces, texts, normalised.namespace);
    clusters.index[row] = indexIn(clusters, texts, normalised.cluster);
    versions.index[row] = indexIn(versions, texts, normalised.version);
    peers.index[row] = indexIn(peers, texts, normalised.peer);
    peerNamespaces.index[row] = indexIn(peerNamespaces, texts, normalised.peerNamespace);
    peerVersions.index[row] = indexIn(peerVersions, texts, normalised.peerVersion);
    peerKind[row] = normalised.peerKind;
    protocols.index[row] = indexIn(protocols, texts, normalised.protocol);
    httpCode[row] = normalised.httpCode;
    grpcCode[row] = normalised.grpcCode;
    responseFlags.index[row] = indexIn(responseFlags, texts, normalised.responseFlags);
    errorTypes.index[row] = indexIn(errorTypes, texts, normalised.errorType);
    marks[row] = normalised.marks;
    retryCount[row] = normalised.retryCount;
    requestBytes[row * 2] = normalised.requestBytes;
    requestBytes[row * 2 + 1] = normalised.requestBytes / two32;
    responseBytes[row * 2] = normalised.responseBytes;
    responseBytes[row * 2 + 1] = normalised.responseBytes / two32;
    weight[row] = normalised.weight;
    principals.index[row] = indexIn(principals, texts, normalised.principal);
    resources.index[row] = indexIn(resources, texts, span.resource.id);
    scopes.index[row] = indexIn(scopes, texts, span.scope.id);
    if (span.linkCount === 0) putLength(linkIds, 0);
    else putRange(linkIds, new DataView(span.linkIds.buffer), 0, span.linkCount * 24);
    putRange(statusMessage, bodyView, span.statusMessageAt, span.statusMessageLength);
    putRange(traceState, bodyView, span.traceStateAt, span.traceStateLength);
    appendAttributes(span);
    appendRest(span);
    rows++;
    attributeStarts[rows] = attributes;
    valueStarts[rows] = attributeValues.length;
  }

  function appendAttributes(span: SpanCursor): void {
    const { texts, attributeCount, keys, sources, ats, lengths, bodyView, scratchView } = span;
    if (attributes + attributeCount > attributeKeys.index.length) {
      attributeKeys.index = grown(attributeKeys.index, (attributes + attributeCount) * 2);
    }
    for (let i = 0; i < attributeCount; i++) {
      attributeKeys.index[attributes++] = indexIn(attributeKeys, texts, keys[i]!);
      putRange(attributeValues, sources[i] === 0 ? bodyView : scratchView, ats[i]!, lengths[i]!);
    }
    putRange(attributeTypes, span.typesView, 0, span.plain ? 0 : attributeCount);
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

  /** Writes a column's rows. */
  function putColumn(name: ColumnName, { tick, batch }: CommitMark, order: Uint32Array): void {
    switch (name) {
      case 'tick':
        return putWords(sealed, Uint32Array.of(tick), 1, new Uint32Array(rows));
      case 'batch':
        return putShorts(sealed, Uint16Array.of(batch), new Uint32Array(rows));
      case 'traceId':
        return putWords(sealed, traceId, 4, order);
      case 'spanId':
        return putWords(sealed, spanId, 2, order);
      case 'parentId':
        return putWords(sealed, parentId, 2, order);
      case 'startNs':
        return putWords(sealed, startNs, 2, order);
      case 'durationNs':
        return putWords(sealed, durationNs, 2, order);
      case 'kind':
        return putOctets(sealed, kind, order);
      case 'statusCode':
        return putOctets(sealed, statusCode, order);
      case 'peerKind':
        return putOctets(sealed, peerKind, order);
      case 'httpCode':
        return putShorts(sealed, httpCode, order);
      case 'grpcCode':
        return putShorts(sealed, grpcCode, order);
      case 'marks':
        return putOctets(sealed, marks, order);
      case 'retryCount':
        return putShorts(sealed, retryCount, order);
      case 'requestBytes':
        return putWords(sealed, requestBytes, 2, order);
      case 'responseBytes':
        return putWords(sealed, responseBytes, 2, order);
      case 'weight':
        return putDoubles(sealed, weight, order);
      case 'linkIds':
        return putStrings(sealed, linkIds, order);
      case 'statusMessage':
        return putStrings(sealed, statusMessage, order);
      case 'traceState':
        return putStrings(sealed, traceState, order);
      case 'flags':
        return putWords(sealed, flags, 1, order);
      case 'attributes':
        putBytes(sealed, dictionaryPrefix);
        putMapKeys(sealed, attributeKeys, attributeStarts, order);
        return putRanges(sealed, attributeValues, valueStarts, order);
      case 'attributeTypes':
        return putStrings(sealed, attributeTypes, order);
      case 'rest':
        return putStrings(sealed, rest, order);
      default:
        putBytes(sealed, dictionaryPrefix);
        putDictionary(sealed, dictionaries[dictionaryNames.indexOf(name)]!, order);
    }
  }

  function empty(): void {
    rows = 0;
    attributes = 0;
    for (const buffer of strings) emptied(buffer);
    for (const dictionary of allDictionaries) cutDictionary(dictionary, 0);
  }

  return {
    get rows() {
      return rows;
    },
    get bytes() {
      let sum = rows * 180 + attributes;
      for (const { length } of strings) sum += length;
      for (const { keys } of allDictionaries) sum += keys.length;
      return sum;
    },
    append,
    mark: () => ({
      rows,
      attributes,
      strings: strings.map(({ length }) => length),
      dictionaries: allDictionaries.map(({ count }) => count),
    }),
    rollback(to) {
      ({ rows, attributes } = to);
      strings.forEach((buffer, i) => (buffer.length = to.strings[i]!));
      allDictionaries.forEach((dictionary, i) => cutDictionary(dictionary, to.dictionaries[i]!));
    },
    seal(mark) {
      emptied(sealed);
      const order = orderByTrace(traceId, rows);
      putBytes(sealed, blockHead(Object.keys(spanColumnTypes).length, rows));
      for (const [name, type] of Object.entries(spanColumnTypes)) {
        putBytes(sealed, columnHead(name, type));
        if (rows > 0) putColumn(name as ColumnName, mark, order);
      }
      empty();
      return bytesOf(sealed);
    },
  };
}
