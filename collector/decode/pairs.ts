/** Pairs of whole numbers, each with a number of its own, in one typed array. Pairs nest: a tuple is a pair of a tuple and a number. */

/** Plain properties, no getters: see texts.ts. */
export interface Pairs {
  /** Pairs there are; their numbers are 1 to count. */
  count: number;
  /** Number of the pair, 0 when it is not there. */
  find(a: number, b: number): number;
  /** Number of the pair, which is put there when it is new. */
  of(a: number, b: number): number;
  clear(): void;
}

const firstCells = 256 * 3;

/** No pairs yet. */
export function createPairs(): Pairs {
  // Three words a cell: both numbers, and the pair's own, which is 0 in a free cell.
  let cells = new Int32Array(firstCells);

  function cellOf(a: number, b: number): number {
    const mask = cells.length / 3 - 1;
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    hash ^= hash >>> 15;
    let cell = (hash & mask) * 3;
    while (cells[cell + 2] !== 0 && (cells[cell] !== a || cells[cell + 1] !== b)) {
      cell += 3;
      if (cell === cells.length) cell = 0;
    }
    return cell;
  }

  function grow(): void {
    const from = cells;
    cells = new Int32Array(from.length * 2);
    for (let i = 0; i < from.length; i += 3) {
      if (from[i + 2] !== 0) cells.set(from.subarray(i, i + 3), cellOf(from[i]!, from[i + 1]!));
    }
  }

  const pairs: Pairs = {
    count: 0,
    find: (a, b) => cells[cellOf(a, b) + 2]!,
    of(a, b) {
      const cell = cellOf(a, b);
      const known = cells[cell + 2]!;
      if (known !== 0) return known;
      cells[cell] = a;
      cells[cell + 1] = b;
      const number = ++pairs.count;
      cells[cell + 2] = number;
      if (number * 6 > cells.length) grow();
      return number;
    },
    clear() {
      cells = new Int32Array(firstCells);
      pairs.count = 0;
    },
  };
  return pairs;
}
