/**
 * Rows of `spans` -> spans again: `toSpan` for the pure functions of shared/, `toOtlpJson` for giving a trace back as the
 * OTLP it came in. Lossless but for what redaction and the decoder's limits took. Read with
 * `SELECT ${storedSpanColumns} FROM spans … FORMAT Native`: exact integers, bytes as bytes.
 */
import type { Span, SpanLink } from '#shared/span.ts';
import type {
  OtlpAnyValue,
  OtlpEvent,
  OtlpKeyValue,
  OtlpLink,
  OtlpResourceSpans,
  OtlpScopeSpans,
  OtlpSpan,
  OtlpTraces,
} from '../decode/otlp.ts';
import { eachField, readEvent, readHex, readLink, readResource, readScope, readText } from '../decode/otlp-read.ts';
import { varint32 } from '../decode/protobuf.ts';
import { partsOf, type ShapePart } from '../decode/shapes.ts';
import {
  type DictionaryColumn,
  type FixedColumn,
  type ListColumn,
  type NativeTable,
  type NumberColumn,
  readNative,
  type StringColumn,
} from './native.ts';
import { type SpanColumn, spanColumnTypes } from './span-column-types.ts';

/** Columns of a span as it is read; the number of its commit is the log's business alone. */
const readColumns = Object.keys(spanColumnTypes).filter((name) => name !== 'batch');

/** The SELECT list that storedSpans expects. */
export const storedSpanColumns = readColumns.join(', ');

/** One attribute as stored: a letter for its type (see schema.sql, shape) and its text. */
export interface StoredAttribute {
  readonly key: string;
  readonly type: string;
  readonly text: string;
}

/** One row of `spans`. */
export interface StoredSpan extends Omit<Span, 'links'> {
  readonly linkIds: Uint8Array;
  readonly statusMessage: string;
  readonly traceState: string;
  readonly flags: number;
  readonly attributes: readonly StoredAttribute[];
  /** Protobuf fields of the Span message that have no column. */
  readonly rest: Uint8Array;
  /** A ResourceSpans message with its fields resource and schema_url only; empty when there was none. */
  readonly resource: Uint8Array;
  /** A ScopeSpans message with its fields scope and schema_url only. */
  readonly scope: Uint8Array;
}

/** Rows of an answer in Native format whose columns are storedSpanColumns. */
export function storedSpans(native: Uint8Array): StoredSpan[] {
  return toStoredSpans(readNative(native));
}

/** The same of one that was taken apart. */
export function toStoredSpans({ rows, columns }: NativeTable): StoredSpan[] {
  const column = <T>(name: SpanColumn): T => columns.get(name) as T;
  const number = (name: SpanColumn) => {
    const values = column<NumberColumn>(name);
    return (row: number) => Number(values[row]);
  };
  const bigints = (name: SpanColumn) => {
    const values = column<BigInt64Array | BigUint64Array>(name);
    return (row: number) => values[row]!;
  };
  const id = (name: SpanColumn) => {
    const { width, bytes } = column<FixedColumn>(name);
    return (row: number) => readHex(bytes, row * width, (row + 1) * width);
  };
  const word = (name: SpanColumn) => {
    const { dictionary, index } = column<DictionaryColumn>(name);
    return (row: number) => dictionary[index[row]!]!;
  };
  const wordBytes = (name: SpanColumn) => {
    const { keys, index } = column<DictionaryColumn>(name);
    return (row: number) => keys[index[row]!]!;
  };
  const bytes = (name: SpanColumn) => {
    const strings = column<StringColumn>(name);
    return (row: number) => strings.bytes.subarray(strings.starts[row], strings.ends[row]);
  };
  const text = (name: SpanColumn) => {
    const strings = column<StringColumn>(name);
    return (row: number) => readText(strings.bytes, strings.starts[row]!, strings.ends[row]!);
  };
  if (rows === 0) return [];
  const parentId = id('parentId');
  const types = text('attributeTypes');
  const attributes = column<ListColumn>('attributes');
  const shape = column<DictionaryColumn>('shape');
  const parts: (readonly ShapePart[])[] = [];
  const varying = column<ListColumn>('varying');
  const get = {
    tick: number('tick'),
    traceId: id('traceId'),
    spanId: id('spanId'),
    parentId: (row: number) => parentId(row).replace(/^0{16}$/, ''),
    startNs: bigints('startNs'),
    durationNs: bigints('durationNs'),
    kind: number('kind'),
    statusCode: number('statusCode'),
    name: word('name'),
    service: word('service'),
    namespace: word('namespace'),
    cluster: word('cluster'),
    version: word('version'),
    peer: word('peer'),
    peerNamespace: word('peerNamespace'),
    peerVersion: word('peerVersion'),
    peerKind: number('peerKind'),
    protocol: word('protocol'),
    httpCode: number('httpCode'),
    grpcCode: number('grpcCode'),
    responseFlags: word('responseFlags'),
    errorType: word('errorType'),
    marks: number('marks'),
    retryCount: number('retryCount'),
    requestBytes: number('requestBytes'),
    responseBytes: number('responseBytes'),
    weight: number('weight'),
    principal: word('principal'),
    linkIds: bytes('linkIds'),
    statusMessage: text('statusMessage'),
    traceState: text('traceState'),
    flags: number('flags'),
    attributes(row: number) {
      const number = shape.index[row]!;
      const shaped = (parts[number] ??= partsOf(shape.dictionary[number]!));
      return shaped.length > 0 ? shapedOf(shaped, varying, row) : attributesOf(attributes, row, types(row));
    },
    rest: bytes('rest'),
    resource: wordBytes('resource'),
    scope: wordBytes('scope'),
  } satisfies { [K in keyof StoredSpan]: (row: number) => StoredSpan[K] };
  return Array.from({ length: rows }, (_, row) => {
    return Object.fromEntries(Object.entries(get).map(([name, read]) => [name, read(row)])) as unknown as StoredSpan;
  });
}

function shapedOf(parts: readonly ShapePart[], { ends, values }: ListColumn, row: number): StoredAttribute[] {
  const { bytes, starts, ends: valueEnds } = values as StringColumn;
  let at = row === 0 ? 0 : ends[row - 1]!;
  return parts.map(([key, type, text]) => {
    if (text !== null) return { key, type, text };
    const own = readText(bytes, starts[at]!, valueEnds[at]!);
    at++;
    return { key, type, text: own };
  });
}

/** Attributes of a row from before there were shapes. */
function attributesOf({ ends, keys, values }: ListColumn, row: number, types: string): StoredAttribute[] {
  const { dictionary, index } = keys as DictionaryColumn;
  const { bytes, starts, ends: valueEnds } = values as StringColumn;
  const from = row === 0 ? 0 : ends[row - 1]!;
  return Array.from({ length: ends[row]! - from }, (_, i) => ({
    key: dictionary[index[from + i]!]!,
    type: types === '' ? 's' : types[i]!,
    text: readText(bytes, starts[from + i]!, valueEnds[from + i]!),
  }));
}

const otherFields: readonly string[] = [
  'linkIds',
  'statusMessage',
  'traceState',
  'flags',
  'attributes',
  'attributeTypes',
  'shape',
  'varying',
  'rest',
  'resource',
  'scope',
];
const spanFields = readColumns.filter((name) => !otherFields.includes(name)) as (keyof Span & keyof StoredSpan)[];

/** The span that the rules on calls and paths work with. */
export function toSpan(stored: StoredSpan): Span {
  const { linkIds } = stored;
  const links: SpanLink[] = [];
  for (let at = 0; at + 24 <= linkIds.length; at += 24) {
    links.push({ traceId: readHex(linkIds, at, at + 16), spanId: readHex(linkIds, at + 16, at + 24) });
  }
  return {
    ...(Object.fromEntries(spanFields.map((name) => [name, stored[name]])) as unknown as Omit<Span, 'links'>),
    links,
  };
}

/** The spans as an OTLP request, grouped by resource and scope in the order of their first spans. */
export function toOtlpJson(stored: readonly StoredSpan[]): OtlpTraces {
  const groups = new Map<string, Map<string, StoredSpan[]>>();
  for (const span of stored) {
    const byScope = entryOf(groups, keyOf(span.resource), () => new Map<string, StoredSpan[]>());
    entryOf(byScope, keyOf(span.scope), () => []).push(span);
  }
  const resourceSpans = Array.from(groups, ([resource, byScope]): OtlpResourceSpans => {
    const scopeSpans = Array.from(byScope, ([scope, spans]): OtlpScopeSpans => {
      return { ...envelopeOf(scope, 'scope', readScope), spans: spans.map(toOtlpSpan) };
    });
    return { ...envelopeOf(resource, 'resource', readResource), scopeSpans };
  });
  return { resourceSpans };
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** The resource (scope) and schema URL of a stored envelope. */
function envelopeOf<N extends string, T>(
  key: string,
  name: N,
  read: (bytes: Uint8Array, at: number, end: number) => T,
): Partial<Record<N, T>> & { schemaUrl?: string } {
  const bytes = Buffer.from(key, 'latin1');
  const envelope: Partial<Record<string, unknown>> = {};
  eachField(bytes, 0, bytes.length, (field, wireType, at, end) => {
    if (field === 1 && wireType === 2) envelope[name] = read(bytes, at, end);
    else if (field === 3 && wireType === 2) envelope['schemaUrl'] = readText(bytes, at, end);
  });
  return envelope as Partial<Record<N, T>> & { schemaUrl?: string };
}

function toOtlpSpan(stored: StoredSpan): OtlpSpan {
  const { rest } = stored;
  const events: OtlpEvent[] = [];
  const links: OtlpLink[] = [];
  const counts: Record<string, number> = {};
  let hasStatus = stored.statusCode !== 0 || stored.statusMessage !== '';
  eachField(rest, 0, rest.length, (field, wireType, at, end) => {
    if (field === 11 && wireType === 2) events.push(readEvent(rest, at, end));
    else if (field === 13 && wireType === 2) links.push(readLink(rest, at, end));
    else if (field === 15) hasStatus = true;
    else if (wireType === 0) {
      const name = { 10: 'droppedAttributesCount', 12: 'droppedEventsCount', 14: 'droppedLinksCount' }[field];
      if (name !== undefined) counts[name] = varint32(rest, at, end);
    }
  });
  return {
    traceId: stored.traceId,
    spanId: stored.spanId,
    ...(stored.traceState !== '' && { traceState: stored.traceState }),
    ...(stored.parentId !== '' && { parentSpanId: stored.parentId }),
    ...(stored.flags !== 0 && { flags: stored.flags }),
    name: stored.name,
    kind: stored.kind,
    startTimeUnixNano: stored.startNs.toString(),
    endTimeUnixNano: BigInt.asUintN(64, stored.startNs + stored.durationNs).toString(),
    ...(stored.attributes.length > 0 && { attributes: stored.attributes.map(toKeyValue) }),
    ...(events.length > 0 && { events }),
    ...(links.length > 0 && { links }),
    ...counts,
    ...(hasStatus && { status: toStatus(stored) }),
  };
}

function toStatus({ statusCode, statusMessage }: StoredSpan): NonNullable<OtlpSpan['status']> {
  return {
    ...(statusCode !== 0 && { code: statusCode }),
    ...(statusMessage !== '' && { message: statusMessage }),
  };
}

/** An attribute as OTLP has it. */
export function toKeyValue({ key, type, text }: StoredAttribute): OtlpKeyValue {
  return { key, value: toAnyValue(type, text) };
}

function toAnyValue(type: string, text: string): OtlpAnyValue {
  switch (type) {
    case 's':
      return { stringValue: text };
    case 'b':
      return { boolValue: text === 'true' };
    case 'i':
      return { intValue: text };
    case 'd':
      return { doubleValue: Number.isFinite(Number(text)) ? Number(text) : text };
    case 'x':
      return { bytesValue: text };
    case 'a':
      return { arrayValue: { values: JSON.parse(text) as OtlpAnyValue[] } };
    case 'k':
      return { kvlistValue: { values: JSON.parse(text) as OtlpKeyValue[] } };
    default:
      return {};
  }
}
