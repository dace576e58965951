/**
 * What the OTLP doors say back: ExportTraceServiceResponse and google.rpc.Status, in protobuf and in JSON, written by hand
 * because they are four fields. OTLP 1.11, section "OTLP/HTTP Response"; google/rpc/status.proto, error_details.proto.
 */
import { AppError, errorCodes } from '#shared/error.ts';
import { retryAfterSeconds } from './limits.ts';

/** How a body is written. */
export type Encoding = 'protobuf' | 'json';

/** What a sender is told of a body that was taken: spans refused for good, and why; '' = nothing to say. */
export interface Receipt {
  readonly rejected: number;
  readonly message: string;
}

/**
 * The way behind the doors: takes an inflated body, resolves when its spans are durable.
 * errors: AppError; anything else is a bug and answered without detail.
 */
export type Receive = (body: Uint8Array, encoding: Encoding) => Promise<Receipt>;

/** Messages are cut to this many characters, far below the 4 MiB an answer may have. */
const maxMessage = 1000;
const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo';
const nothing = Buffer.alloc(0);
const emptyObject = Buffer.from('{}');

/** The answer to a body that was taken. Full success is zero bytes, or {}. */
export function successBody({ rejected, message }: Receipt, encoding: Encoding): Buffer {
  if (rejected === 0 && message === '') return encoding === 'json' ? emptyObject : nothing;
  const errorMessage = message.slice(0, maxMessage);
  if (encoding === 'json') {
    return Buffer.from(JSON.stringify({ partialSuccess: { rejectedSpans: String(rejected), errorMessage } }));
  }
  return field(1, Buffer.concat([number(1, rejected), text(2, errorMessage)]));
}

/** google.rpc.Status of a refusal; unavailable carries a RetryInfo. */
export function statusBody(error: AppError, encoding: Encoding): Buffer {
  const code = errorCodes[error.code].grpc;
  const message = error.message.slice(0, maxMessage);
  const retry = error.code === 'unavailable';
  if (encoding === 'json') {
    const details = retry ? { details: [{ '@type': retryInfoType, retryDelay: `${retryAfterSeconds}s` }] } : {};
    return Buffer.from(JSON.stringify({ code, message, ...details }));
  }
  const parts = [number(1, code), text(2, message)];
  if (retry) {
    const retryInfo = field(1, number(1, retryAfterSeconds));
    parts.push(field(3, Buffer.concat([text(1, retryInfoType), field(2, retryInfo)])));
  }
  return Buffer.concat(parts);
}

/** The error as senders may see it: a bug keeps its detail to itself. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal', 'cannot take spans: internal error');
}

/** A length-delimited field. */
function field(id: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(id << 3) | 2]), varint(content.length), content]);
}

/** Text; empty is left out, as proto3 does. */
function text(id: number, value: string): Buffer {
  return value === '' ? nothing : field(id, Buffer.from(value));
}

/** A varint field of a number that is not negative. */
function number(id: number, value: number): Buffer {
  return value === 0 ? nothing : Buffer.concat([Buffer.from([id << 3]), varint(value)]);
}

function varint(value: number): Buffer {
  const digits: number[] = [];
  let rest = value;
  while (rest > 127) {
    digits.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  digits.push(rest);
  return Buffer.from(digits);
}
