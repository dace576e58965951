/**
 * Protocol Buffers wire format for hostile bytes: every length is checked against what is left before it is used, a varint
 * has at most ten bytes, groups are skipped to a depth of sixteen. Reading needs no copies: functions take the bytes, a
 * position and an end, and leave the position after what they read in `wire.at`. A violation throws `malformed`, one
 * reused object (a stack a bad span would be a gift to an attacker); decodeOtlp turns it into an AppError or a rejection.
 * Spec: https://protobuf.dev/programming-guides/encoding/
 */

/** Where the last read ended. One decoder a thread, so one position. */
export const wire = { at: 0 };

/** What a violation of the wire format throws; its message is that of the last violation. */
export class WireError extends Error {}
const malformed = new WireError('malformed');
Error.captureStackTrace?.(malformed);

/** Throws the wire error with this message. */
export function fail(message: string): never {
  malformed.message = message;
  throw malformed;
}

/** Reads a varint of at most 32 useful bits (tags, enums, counts); higher bits are dropped. out: unsigned. */
export function varint32(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    if (at >= end) fail('truncated varint');
    const byte = bytes[at++]!;
    if (shift < 28) value |= (byte & 0x7f) << shift;
    else if (shift === 28) value |= (byte & 0x0f) << 28;
    if (byte < 0x80) {
      wire.at = at;
      return value >>> 0;
    }
  }
  return fail('varint of more than ten bytes');
}

/** Reads a varint as 64 bits. out: unsigned. */
export function varint64(bytes: Uint8Array, at: number, end: number): bigint {
  let value = 0n;
  for (let shift = 0; shift < 70; shift += 7) {
    if (at >= end) fail('truncated varint');
    const byte = bytes[at++]!;
    value |= BigInt(byte & 0x7f) << BigInt(shift);
    if (byte < 0x80) {
      wire.at = at;
      return BigInt.asUintN(64, value);
    }
  }
  return fail('varint of more than ten bytes');
}

/** Reads the length of a length-delimited field. out: the length; wire.at = the payload, which lies before `end`. */
export function lengthAt(bytes: Uint8Array, at: number, end: number): number {
  if (at < end) {
    const length = bytes[at]!;
    if (length < 0x80) {
      if (length > end - at - 1) fail('length beyond the end');
      wire.at = at + 1;
      return length;
    }
  }
  return longLengthAt(bytes, at, end);
}

function longLengthAt(bytes: Uint8Array, at: number, end: number): number {
  let length = 0;
  let scale = 1;
  for (let i = 0; i < 10; i++) {
    if (at >= end) fail('truncated varint');
    const byte = bytes[at++]!;
    // Plain arithmetic: ten bytes are 70 bits, a number stays exact enough to be found too large.
    length += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) {
      if (length > end - at) fail('length beyond the end');
      wire.at = at;
      return length;
    }
  }
  return fail('varint of more than ten bytes');
}

/** Skips the value of a field whose tag was read. out: the position after it. */
export function skip(bytes: Uint8Array, tag: number, at: number, end: number, depth = 0): number {
  if (tag >>> 3 === 0) fail('field number 0');
  switch (tag & 7) {
    case 0:
      varint32(bytes, at, end);
      return wire.at;
    case 1:
      if (end - at < 8) fail('truncated fixed64');
      return at + 8;
    case 2: {
      const length = lengthAt(bytes, at, end);
      return wire.at + length;
    }
    case 3:
      return skipGroup(bytes, tag, at, end, depth);
    case 5:
      if (end - at < 4) fail('truncated fixed32');
      return at + 4;
    default:
      return fail('unknown wire type');
  }
}

function skipGroup(bytes: Uint8Array, start: number, at: number, end: number, depth: number): number {
  if (depth >= 16) fail('groups nested too deeply');
  for (;;) {
    const tag = varint32(bytes, at, end);
    at = wire.at;
    if ((tag & 7) === 4) {
      if (tag >>> 3 !== start >>> 3) fail('group ended by another field');
      return at;
    }
    at = skip(bytes, tag, at, end, depth + 1);
  }
}

/** A growing byte buffer with the few writes a protobuf message needs. */
export interface ProtoWriter {
  /** What was written; valid until the next write. */
  readonly bytes: Uint8Array;
  readonly length: number;
  varint(value: number | bigint): void;
  tag(field: number, wireType: number): void;
  raw(bytes: Uint8Array): void;
  /** A length-delimited field. */
  field(field: number, bytes: Uint8Array): void;
  /** A string field, also when it is empty. */
  text(field: number, value: string): void;
  fixed64(field: number, value: bigint): void;
  fixed32(field: number, value: number): void;
  double(field: number, value: number): void;
  /** A length-delimited field whose payload `write` writes. */
  message(field: number, write: () => void): void;
  /** Forgets what was written beyond the first `length` bytes. */
  cut(length: number): void;
}

const encoder = new TextEncoder();

/** A writer; `size` is its first capacity in bytes. */
export function createProtoWriter(size = 256): ProtoWriter {
  let bytes = new Uint8Array(size);
  let view = new DataView(bytes.buffer);
  let length = 0;

  function reserve(more: number): void {
    if (length + more <= bytes.length) return;
    const grown = new Uint8Array(Math.max(bytes.length * 2, length + more));
    grown.set(bytes.subarray(0, length));
    bytes = grown;
    view = new DataView(bytes.buffer);
  }
  function varint(value: number | bigint): void {
    reserve(10);
    if (typeof value === 'number' && value >= 0 && value < 0x80000000) {
      let small = value;
      for (; small > 127; small >>>= 7) bytes[length++] = (small & 127) | 128;
      bytes[length++] = small;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      bytes[length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    bytes[length++] = Number(rest);
  }
  function raw(more: Uint8Array): void {
    reserve(more.length);
    bytes.set(more, length);
    length += more.length;
  }
  function tag(field: number, wireType: number): void {
    varint((field << 3) | wireType);
  }
  function field(number: number, payload: Uint8Array): void {
    tag(number, 2);
    varint(payload.length);
    raw(payload);
  }
  return {
    get bytes() {
      return bytes.subarray(0, length);
    },
    get length() {
      return length;
    },
    varint,
    tag,
    raw,
    field,
    text: (number, value) => field(number, encoder.encode(value)),
    fixed64(number, value) {
      tag(number, 1);
      reserve(8);
      view.setBigUint64(length, BigInt.asUintN(64, value), true);
      length += 8;
    },
    fixed32(number, value) {
      tag(number, 5);
      reserve(4);
      view.setUint32(length, value, true);
      length += 4;
    },
    double(number, value) {
      tag(number, 1);
      reserve(8);
      view.setFloat64(length, value, true);
      length += 8;
    },
    message(number, write) {
      tag(number, 2);
      // The length is known afterwards: write the payload, then move it behind its length.
      const start = length;
      write();
      const size = length - start;
      varint(size);
      const head = bytes.slice(start + size, length);
      bytes.copyWithin(start + head.length, start, start + size);
      bytes.set(head, start);
    },
    cut(to) {
      length = to;
    },
  };
}
