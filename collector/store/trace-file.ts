/**
 * A file of traces → spans as the store would give them, without storing anything: OTLP, Jaeger or Zipkin is told by what is in
 * it, all become OTLP protobuf, and that goes the way of every received body up to the block, which is read back from memory.
 */
import { gunzipSync } from 'node:zlib';
import { AppError, quoted } from '#shared/error.ts';
import { defaultLimits } from '../decode/cursor.ts';
import { cannotOpen, type Json, type JsonObject } from '../decode/file-fields.ts';
import { readJaeger } from '../decode/jaeger-json.ts';
import type { OtlpSpan, OtlpTraces } from '../decode/otlp.ts';
import { checkBrackets, exactly } from '../decode/otlp-json.ts';
import { decodeOtlp, type DecodeResult } from '../decode/otlp-proto.ts';
import { InexactNumber, writeOtlp, writeSpan } from '../decode/otlp-write.ts';
import { createProtoWriter } from '../decode/protobuf.ts';
import { readZipkin } from '../decode/zipkin-json.ts';
import { createNormalised, normalise } from '../normalise/normalise.ts';
import { createSpanBlock, type SpanBlock } from './span-block.ts';
import { storedSpans, type StoredSpan } from './stored-span.ts';

/** Inflated bytes of a file. */
export const maxFileBytes = 64 * 1024 * 1024;
/** Spans of a file. */
export const maxFileSpans = 200_000;
const limits = { ...defaultLimits, spansPerBody: maxFileSpans };

/**
 * The spans of a file by trace, the trace that starts first first.
 * errors: AppError bad-request that says what is wrong and where; too-large.
 */
export function readTraceFile(bytes: Uint8Array): StoredSpan[][] {
  const block = createSpanBlock();
  append(block, inflated(bytes));
  if (block.rows === 0) throw new AppError('bad-request', `${cannotOpen}: it holds no spans`);
  const byTrace = new Map<string, StoredSpan[]>();
  for (const span of storedSpans(block.seal({ tick: 1, batch: 0 }))) {
    const held = byTrace.get(span.traceId);
    if (held) held.push(span);
    else byTrace.set(span.traceId, [span]);
  }
  const began = (spans: readonly StoredSpan[]): bigint =>
    spans.reduce((least, { startNs }) => (startNs < least ? startNs : least), spans[0]?.startNs ?? 0n);
  return [...byTrace.values()]
    .map((spans) => ({ spans, at: began(spans) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ spans }) => spans);
}

function inflated(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxFileBytes });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new AppError('too-large', `${cannotOpen}: inflated it is larger than ${maxFileBytes} bytes`);
    throw new AppError('bad-request', `${cannotOpen}: it begins as gzip, but ${(error as Error).message}`);
  }
}

function append(block: SpanBlock, bytes: Uint8Array): void {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const first = bytes.subarray(marked ? 3 : 0).find((byte) => byte > 0x20);
  if (first === undefined) throw new AppError('bad-request', `${cannotOpen}: it is empty`);
  // A protobuf body may begin as blank lines do, but no list or object of JSON can follow in it by chance and parse.
  const looksJson = first === 0x7b || first === 0x5b;
  if (!looksJson) return appendProto(block, bytes, () => '');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return appendProto(block, bytes, () => '');
  }
  const { traces, proto } = written(toTraces(text), text);
  appendProto(block, proto, () => placeOf(traces));
}

function appendProto(block: SpanBlock, bytes: Uint8Array, place: () => string): void {
  const normalised = createNormalised();
  let result: DecodeResult;
  try {
    result = decodeOtlp(
      bytes,
      (span) => {
        normalise(span, normalised);
        block.append(span, normalised);
      },
      limits,
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('bad-request', `${cannotOpen}: it is no JSON, and as OTLP protobuf: ${error.message}`);
  }
  const { rejected, reason, accepted } = result;
  if (rejected === 0) return;
  if (accepted + rejected > maxFileSpans)
    throw new AppError('too-large', `${cannotOpen}: it holds more than ${maxFileSpans} spans`);
  throw new AppError('bad-request', `${cannotOpen}: ${place() || `${rejected} of its spans: ${reason}`}`);
}

/** What the text is, as OTLP. */
function toTraces(text: string): OtlpTraces {
  checkBrackets(text, cannotOpen);
  const file = parse(text);
  if (Array.isArray(file)) {
    const [first] = file.flat(1) as Json[];
    if (first === undefined) throw new AppError('bad-request', `${cannotOpen}: it holds no spans`);
    if (isObject(first) && Array.isArray(first['resourceSpans'])) return merged(file as JsonObject[]);
    if (isObject(first) && Array.isArray(first['spans'])) return readJaeger(file);
    if (isObject(first) && first['traceId'] !== undefined && first['id'] !== undefined) return readZipkin(file);
    return unknownFormat(first, 'its first element');
  }
  if (!isObject(file)) return unknownFormat({}, 'it');
  if (Array.isArray(file['data']) || Array.isArray(file['spans'])) return readJaeger(file);
  return otlpIn(file) ?? unknownFormat(file, 'it');
}

function unknownFormat(found: Json, what: string): never {
  const keys = isObject(found) ? Object.keys(found).slice(0, 5).join(', ') : '';
  throw new AppError(
    'bad-request',
    `${cannotOpen}: it is JSON, but neither OTLP (resourceSpans), nor Jaeger (data), nor Zipkin (a list of spans with traceId and id); ${what} has ${keys === '' ? 'no keys' : `the keys ${quoted(keys)}`}`,
  );
}

/** OTLP as it is, or in the wrappers that query APIs answer with. */
function otlpIn(file: JsonObject): OtlpTraces | undefined {
  for (const key of ['result', 'trace']) {
    const inner = file[key];
    if (isObject(inner)) return otlpIn(inner);
  }
  if (file['resourceSpans'] !== undefined) return file as OtlpTraces;
  return file['batches'] === undefined ? undefined : ({ resourceSpans: file['batches'] } as OtlpTraces);
}

function merged(files: readonly JsonObject[]): OtlpTraces {
  return {
    resourceSpans: files.flatMap((file) => (otlpIn(file)?.resourceSpans ?? []) as OtlpTraces['resourceSpans'] & object),
  };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON, or a line of JSON each as collectors write to files. */
function parse(text: string, reviver?: typeof exactly): Json {
  try {
    return JSON.parse(text, reviver) as Json;
  } catch (error) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length > 1 && lines.every((line) => line.trim().startsWith('{') && line.trim().endsWith('}'))) {
      return lines.map((line, i) => {
        try {
          return JSON.parse(line, reviver) as Json;
        } catch (inLine) {
          throw new AppError(
            'bad-request',
            `${cannotOpen}: line ${i + 1} is no JSON: ${quoted((inLine as Error).message)}`,
          );
        }
      });
    }
    throw new AppError('bad-request', `${cannotOpen}: it is no JSON: ${quoted((error as Error).message)}`);
  }
}

/** The traces as protobuf, and beside it: with exact numbers where doubles would not do. */
function written(traces: OtlpTraces, text: string): { readonly traces: OtlpTraces; readonly proto: Uint8Array } {
  try {
    return { traces, proto: writeOtlp(traces) };
  } catch (error) {
    if (error instanceof AppError) throw new AppError('bad-request', `${cannotOpen}: ${error.message}`);
    if (!(error instanceof InexactNumber)) throw error;
    const again = parse(text, exactly);
    return written(Array.isArray(again) ? merged(again as JsonObject[]) : (otlpIn(again as JsonObject) ?? {}), text);
  }
}

/** Where the first span stands that the decoder does not take, and why: '' when there is none. */
function placeOf({ resourceSpans = [] }: OtlpTraces): string {
  for (const [i, { scopeSpans = [] }] of resourceSpans.entries()) {
    for (const [j, { spans = [] }] of scopeSpans.entries()) {
      for (const [k, span] of spans.entries()) {
        const reason = refusal(span);
        if (reason !== '') return `resourceSpans[${i}].scopeSpans[${j}].spans[${k}]: ${reason}`;
      }
    }
  }
  return '';
}

function refusal(span: OtlpSpan): string {
  try {
    writeSpan(createProtoWriter(1024), span);
  } catch (error) {
    return error instanceof Error ? error.message : 'it has a field of a wrong type';
  }
  return decodeOtlp(writeOtlp({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }), () => {}, limits).reason;
}
