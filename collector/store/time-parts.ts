/** Parts of time that sums of edges are kept of: each begins at a multiple of its length. Epoch seconds. */
import { frameSeconds } from '#shared/frame.ts';

export interface Part {
  readonly from: number;
  readonly length: number;
}

export const daySeconds = 86_400;
export const hourSeconds = 3600;
export const tenMinutes = 600;
/** Seconds; each divides the next. */
export const partLengths = [frameSeconds, 60, tenMinutes, hourSeconds] as const;

export function partKey({ from, length }: Part): string {
  return `${length} ${from}`;
}

export function endOf({ from, length }: Part): number {
  return from + length;
}

/** The parts an interval is made of, the fewest there are. in: multiples of the first length; the lengths to choose from. */
export function partsOf(from: number, to: number, lengths: readonly number[]): Part[] {
  const parts: Part[] = [];
  for (let at = from; at < to;) {
    const length = lengths.findLast((one) => at % one === 0 && at + one <= to)!;
    parts.push({ from: at, length });
    at += length;
  }
  return parts;
}

/** The next shorter parts that one is made of; none of the shortest. */
export function shorterOf(part: Part): Part[] {
  const shorter = partLengths.findLast((one) => one < part.length);
  return shorter === undefined ? [] : partsOf(part.from, endOf(part), [shorter]);
}

export function framesOf(part: Part): number[] {
  return partsOf(part.from, endOf(part), [frameSeconds]).map(({ from }) => from);
}
