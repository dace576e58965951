/**
 * Sorting of small runs of numbers that stand for nodes, without allocating: insertion for short runs (nearly all traces),
 * merging for long ones, so that ten thousand siblings in the worst order cost no more than n log n.
 */

const insertionLimit = 24;

/** Working memory of long sorts; nothing of it outlives a call. */
let spare = new Int32Array(1024);

/** Sorts items[from..to) by `compare`, which must be a total order. */
export function sortRun(items: Int32Array, from: number, to: number, compare: (a: number, b: number) => number): void {
  if (to - from <= insertionLimit) {
    for (let i = from + 1; i < to; i++) {
      const item = items[i] as number;
      let at = i;
      while (at > from && compare(items[at - 1] as number, item) > 0) {
        items[at] = items[at - 1] as number;
        at -= 1;
      }
      items[at] = item;
    }
    return;
  }
  for (let run = from; run < to; run += insertionLimit) {
    sortRun(items, run, Math.min(run + insertionLimit, to), compare);
  }
  if (spare.length < to - from) spare = new Int32Array((to - from) * 2);
  for (let width = insertionLimit; width < to - from; width *= 2) {
    for (let left = from; left + width < to; left += width * 2) {
      mergeRuns(items, left, left + width, Math.min(left + width * 2, to), compare);
    }
  }
}

function mergeRuns(
  items: Int32Array,
  left: number,
  middle: number,
  right: number,
  compare: (a: number, b: number) => number,
): void {
  if (compare(items[middle - 1] as number, items[middle] as number) <= 0) return;
  spare.set(items.subarray(left, middle));
  const size = middle - left;
  let a = 0;
  let b = middle;
  let at = left;
  while (a < size && b < right) {
    if (compare(spare[a] as number, items[b] as number) <= 0) items[at++] = spare[a++] as number;
    else items[at++] = items[b++] as number;
  }
  while (a < size) items[at++] = spare[a++] as number;
}
