/**
 * JSON text as bytes, and the protobuf bytes made of it: one buffer each, kept between bodies. The text is copied in front
 * of zeros, which no JSON has, so that no read needs to look for the end. What is read here is what JSON.parse would take;
 * anything else, and anything rare, throws `unusual`: then the text is for JSON.parse to judge. Spec: RFC 8259.
 */

/** Objects and arrays inside one another. */
export const maxDepth = 64;
/** Objects and arrays of a body; an OTLP body has one in 30 bytes, and each costs far more memory than its text. */
export const maxContainers = 4_000_000;

/** Zeros behind the text, as many as a read may look ahead. */
const margin = 64;
/** Room for what is written ahead of its length: a message never is longer than its JSON, but 64 open ones may be. */
const slack = 1024;
/** Buffers of more bytes are not kept. */
const maxKept = 4 << 20;

function allocate(size: number): { readonly bytes: Uint8Array; readonly view: DataView } {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
  return { bytes, view: new DataView(bytes.buffer) };
}

const firstText = allocate(1 << 16);
const firstOut = allocate(1 << 16);

/** The text and the position in it, and the output and its length. One body at a time a thread. */
export const io = {
  bytes: firstText.bytes,
  view: firstText.view,
  at: 0,
  out: firstOut.bytes,
  outView: firstOut.view,
  to: 0,
  /** Objects and arrays open, and so far. */
  depth: 0,
  containers: 0,
};

const unusual = new Error('unusual');

/** Leaves the text to JSON.parse. */
export function giveUp(): never {
  throw unusual;
}

/**
 * Lets `read` turn a text into output.
 * in: `read` begins at the first character that is no white space and leaves io.at after the text's value.
 * out: the output, the caller's own; undefined when it gave up.
 */
export function transcribe(text: Uint8Array, read: () => void): Uint8Array | undefined {
  const { length } = text;
  if (io.bytes.length < length + margin) ({ bytes: io.bytes, view: io.view } = allocate(grown(length + margin)));
  io.to = 0;
  reserveOut(length + slack);
  io.bytes.set(text);
  io.bytes.fill(0, length, length + margin);
  io.depth = 0;
  io.containers = 0;
  try {
    io.at = token(0);
    read();
    if (token(io.at) !== length || io.containers > maxContainers) return undefined;
    return io.out.slice(0, io.to);
  } catch (error) {
    if (error !== unusual) throw error;
    return undefined;
  } finally {
    if (io.bytes.length > maxKept) ({ bytes: io.bytes, view: io.view } = allocate(1 << 16));
    if (io.out.length > maxKept) ({ bytes: io.out, view: io.outView } = allocate(1 << 16));
  }
}

/** Sizes grow by halves, so that a somewhat longer body does not need another buffer each time. */
function grown(size: number): number {
  return size > maxKept ? size : Math.ceil(size * 1.5);
}

/** Makes room for so many bytes of output in all. */
export function reserveOut(size: number): void {
  if (size <= io.out.length) return;
  const { bytes, view } = allocate(grown(size));
  bytes.set(io.out.subarray(0, io.to));
  io.out = bytes;
  io.outView = view;
}

export const char = {
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  slash: 0x2f,
  zero: 0x30,
  colon: 0x3a,
  equals: 0x3d,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** Position of the next byte that is no white space. */
export function token(at: number): number {
  const { bytes } = io;
  let c = bytes[at]!;
  while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++at]!;
  return at;
}

/** Enters an object or array whose bracket is at `at`. out: position of what follows the bracket. */
export function enter(at: number, bracket: number): number {
  if (io.bytes[at] !== bracket || ++io.depth > maxDepth) giveUp();
  io.containers++;
  return token(at + 1);
}

/** Leaves the object or array whose bracket has to be at `at`. out: position after it. */
export function leave(at: number, bracket: number): number {
  if (io.bytes[at] !== bracket) giveUp();
  io.depth--;
  return at + 1;
}

/** Whether `word` begins at `at`. */
export function isWord(at: number, word: Uint8Array): boolean {
  const { bytes } = io;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}
