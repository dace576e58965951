/**
 * Makes the PNG of a browser smaller without changing a pixel: browsers filter each row as suits photographs, and pictures
 * of flat areas and letters deflate better unfiltered. Format: PNG, 3rd edition, §9 (filters). Truecolour of 8 bits only.
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

const signatureBytes = 8;
const bytesPerPixelOf: Readonly<Record<number, number>> = { 2: 3, 6: 4 };

/** out: the same picture, or the one given when that is no longer. */
export function shrinkPng(png: Buffer): Buffer {
  const chunks = readChunks(png);
  const header = chunks.find(({ type }) => type === 'IHDR')?.data;
  const bytesPerPixel = bytesPerPixelOf[header?.[9] ?? -1];
  if (!header || !bytesPerPixel || header[8] !== 8 || header[12] !== 0) return png;
  const stride = header.readUInt32BE(0) * bytesPerPixel;
  const rows = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  unfilter(rows, stride, bytesPerPixel);
  const data = deflateSync(rows, { level: 9, memLevel: 9 });
  const kept = chunks.filter(({ type }) => type !== 'IDAT' && type !== 'IEND');
  const all = [...kept, { type: 'IDAT', data }, { type: 'IEND', data: Buffer.alloc(0) }];
  const smaller = Buffer.concat([png.subarray(0, signatureBytes), ...all.map(toBytes)]);
  return smaller.length < png.length ? smaller : png;
}

/** Takes the filters off rows in place; each row is its filter's number and `stride` bytes. */
function unfilter(rows: Buffer, stride: number, bytesPerPixel: number): void {
  for (let start = 0; start < rows.length; start += stride + 1) {
    const filter = rows[start];
    rows[start] = 0;
    for (let x = 0; x < stride; x++) {
      const at = start + 1 + x;
      const left = x < bytesPerPixel ? 0 : (rows[at - bytesPerPixel] ?? 0);
      const up = start === 0 ? 0 : (rows[at - stride - 1] ?? 0);
      const upLeft = start === 0 || x < bytesPerPixel ? 0 : (rows[at - stride - 1 - bytesPerPixel] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter ?? 0] ?? 0;
      rows[at] = ((rows[at] ?? 0) + guess) & 255;
    }
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const sum = left + up - upLeft;
  const [a, b, c] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - upLeft)];
  return a <= b && a <= c ? left : b <= c ? up : upLeft;
}

function readChunks(png: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = signatureBytes; at + 12 <= png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

function toBytes({ type, data }: Chunk): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
