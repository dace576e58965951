/**
 * An OTLP/JSON body -> the same body in OTLP protobuf, so that one decoder serves both. Rules: OTLP 1.11 "JSON Protobuf
 * Encoding": hex ids of any case, enums as integers, lowerCamelCase names only, unknown fields ignored, 64-bit integers as
 * string or number. A span whose ids or types are wrong becomes one that the decoder rejects; the rest of the body stays.
 */
import { AppError, quoted } from '#shared/error.ts';
import { maxContainers, maxDepth } from './json-bytes.ts';
import { transcribeOtlp } from './json-otlp.ts';
import type { OtlpTraces } from './otlp.ts';
import { InexactNumber, writeOtlp } from './otlp-write.ts';

const decoder = new TextDecoder();

/**
 * Protobuf bytes of an ExportTraceServiceRequest given as JSON, in bytes of its own.
 * in: UTF-8, invalid sequences are replaced; or text. Bytes as exporters write them are not parsed into objects, and give
 * the same as if they were.
 * errors: AppError('bad-request') for what is no JSON, nests deeper than 64, or is not shaped like an OTLP request;
 * 'too-large' for millions of objects.
 */
export function otlpJsonToProto(body: Uint8Array | string): Uint8Array {
  if (typeof body === 'string') return textToProto(body);
  return transcribeOtlp(body) ?? textToProto(decoder.decode(body));
}

function textToProto(text: string): Uint8Array {
  checkBrackets(text);
  try {
    return writeOtlp(JSON.parse(text) as OtlpTraces);
  } catch (error) {
    if (error instanceof InexactNumber) return writeOtlp(JSON.parse(text, exactly) as OtlpTraces);
    if (error instanceof SyntaxError) {
      throw new AppError('bad-request', `cannot parse OTLP JSON body: ${quoted(error.message)}`);
    }
    throw error;
  }
}

/**
 * A reviver for JSON.parse that makes integers beyond 2^53 bigints: exact ones, from the digits in the text. One that is written
 * in another way, as 1.7e18, or longer than any field takes, is what its double is.
 */
export function exactly(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  const { source = '' } = context ?? {};
  return BigInt(/^-?\d{1,40}$/.test(source) ? source : value);
}

/**
 * Refuses text whose brackets nest too deeply or are too many, before a parser makes objects of them.
 * errors: AppError bad-request, too-large; they begin with `what`.
 */
export function checkBrackets(text: string, what = 'cannot parse OTLP JSON body'): void {
  let depth = 0;
  let containers = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      i = endOfString(text, i + 1);
    } else if (c === 0x7b || c === 0x5b) {
      if (++containers > maxContainers) {
        throw new AppError('too-large', `${what}: more than ${maxContainers} objects and arrays`);
      }
      if (++depth > maxDepth) {
        throw new AppError('bad-request', `${what}: nested deeper than ${maxDepth}`);
      }
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
}

/** Position of the quote that ends the string, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let i = text.indexOf('"', from); i !== -1; i = text.indexOf('"', i + 1)) {
    let slashes = 0;
    while (i - 1 - slashes >= from && text.charCodeAt(i - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return i;
  }
  return text.length;
}
