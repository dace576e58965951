/**
 * A stable 64-bit hash of text, for ids that outlive the process: edge ids and call-path ids. FNV-1a over the UTF-8 bytes,
 * in two 32-bit halves because BigInt is ten times slower. Not for keyed or adversarial use: a made-up collision only
 * merges two numbers on a chart.
 * Spec: draft-eastlake-fnv-21.
 */

/** 64 bits as two unsigned 32-bit halves. */
export interface Hash64 {
  readonly hi: number;
  readonly lo: number;
}

const offsetBasis: Hash64 = { hi: 0xcbf29ce4, lo: 0x84222325 };

/** Hash of a text, or of a text that follows what `from` is the hash of. */
export function hash64(text: string, from: Hash64 = offsetBasis): Hash64 {
  let { hi, lo } = from;
  const byte = (value: number): void => {
    lo ^= value;
    // (hi, lo) * (2^40 + 0x1b3), 16 bits of lo at a time so that no product leaves the exact integers.
    const low = (lo & 0xffff) * 0x1b3;
    const high = (lo >>> 16) * 0x1b3 + (low >>> 16);
    hi = (Math.imul(hi, 0x1b3) + (high >>> 16) + (lo << 8)) >>> 0;
    lo = ((high << 16) | (low & 0xffff)) >>> 0;
  };
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) byte(code);
    else if (code < 0x800) {
      byte(0xc0 | (code >> 6));
      byte(0x80 | (code & 63));
    } else {
      if (code < 0x10000) byte(0xe0 | (code >> 12));
      else {
        byte(0xf0 | (code >> 18));
        byte(0x80 | ((code >> 12) & 63));
      }
      byte(0x80 | ((code >> 6) & 63));
      byte(0x80 | (code & 63));
    }
  }
  return { hi, lo };
}

/** 16 lower-case hex digits. */
export function hex64({ hi, lo }: Hash64): string {
  return hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0');
}

/** The hash as an unsigned bigint, as ClickHouse's UInt64 takes it. */
export function toBigInt({ hi, lo }: Hash64): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}
