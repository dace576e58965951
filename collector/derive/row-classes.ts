/**
 * What many spans have in common, as a number: a class is one choice of all columns of few values. Rows that wait for their
 * trace to settle hold the number instead of twenty values (store/span-classes.ts does the same on the way into the store).
 */
import { grown } from '#shared/grown.ts';
import type { SpanColumns } from '#shared/span.ts';
import { type numberColumns, textColumns } from '../store/span-columns.ts';

/** Columns that a class tells. */
export type ClassNumbers = Pick<SpanColumns, (typeof numberColumns)[number]>;

/** Words of a class: its weight as a double, its texts, the other numbers; an even count, so that each weight is aligned. */
const firstText = 2;
const firstNumber = firstText + textColumns.length;
const width = (firstNumber + 7 + 1) & ~1;

export interface RowClasses {
  count: number;
  /** Class of each row. in: the numbers of the texts by column, as in textColumns. */
  of(numbers: ClassNumbers, texts: readonly Uint32Array[], count: number): Uint32Array;
  /** Puts what the class tells into a row. */
  read(of: number, to: ClassNumbers & { readonly texts: readonly Uint32Array[] }, row: number): void;
  /** A class of another table. in: this table's number of a text of that one. out: its number here. */
  take(from: RowClasses, of: number, textOf: (text: number) => number): number;
  /** By class, `width` words each; the array may be another one after `of` and `take`. */
  words: Int32Array;
}

/** Differs from process to process, so that nobody can make classes that collide. Nothing that is given out depends on it. */
const seed = Math.floor(Math.random() * 2 ** 32) | 1;

export function createRowClasses(): RowClasses {
  let capacity = 256;
  /** Class + 1, 0 = none; at most half full. */
  let table = new Int32Array(capacity * 2);
  let weights: Float64Array = new Float64Array(0);
  const wanted = new Int32Array(width);
  const wantedWeight = new Float64Array(wanted.buffer);

  function setWords(words: Int32Array): void {
    classes.words = words;
    weights = new Float64Array(words.buffer);
  }

  function homeOf(words: Int32Array, at: number): number {
    let hash = seed;
    for (let word = 0; word < width; word++) hash = Math.imul(hash ^ words[at + word]!, 0x9e3779b1) ^ (hash >>> 15);
    return (hash ^ (hash >>> 16)) & (table.length - 1);
  }

  function enlarge(): void {
    capacity *= 2;
    setWords(grown(classes.words, capacity * width));
    table = new Int32Array(capacity * 2);
    for (let known = 0; known < classes.count; known++) {
      let slot = homeOf(classes.words, known * width);
      while (table[slot] !== 0) slot = (slot + 1) & (table.length - 1);
      table[slot] = known + 1;
    }
  }

  /** Number of the class with the words that are wanted. */
  function find(): number {
    if (classes.count === capacity) enlarge();
    const { words } = classes;
    let slot = homeOf(wanted, 0);
    for (let entry = table[slot]!; entry !== 0; entry = table[slot]!) {
      const at = (entry - 1) * width;
      let word = 0;
      while (word < width && words[at + word] === wanted[word]) word++;
      if (word === width) return entry - 1;
      slot = (slot + 1) & (table.length - 1);
    }
    words.set(wanted, classes.count * width);
    table[slot] = ++classes.count;
    return classes.count - 1;
  }

  const classes: RowClasses = {
    count: 0,
    words: new Int32Array(0),
    of({ weight, kind, statusCode, peerKind, httpCode, grpcCode, marks, retryCount }, texts, count) {
      const found = new Uint32Array(count);
      for (let row = 0; row < count; row++) {
        wantedWeight[0] = weight[row]!;
        for (let text = 0; text < texts.length; text++) wanted[firstText + text] = texts[text]![row]!;
        wanted[firstNumber] = kind[row]!;
        wanted[firstNumber + 1] = statusCode[row]!;
        wanted[firstNumber + 2] = peerKind[row]!;
        wanted[firstNumber + 3] = httpCode[row]!;
        wanted[firstNumber + 4] = grpcCode[row]!;
        wanted[firstNumber + 5] = marks[row]!;
        wanted[firstNumber + 6] = retryCount[row]!;
        found[row] = find();
      }
      return found;
    },
    read(of, to, row) {
      const { words } = classes;
      const { texts } = to;
      const at = of * width;
      to.weight[row] = weights[at / 2]!;
      for (let text = 0; text < texts.length; text++) texts[text]![row] = words[at + firstText + text]!;
      to.kind[row] = words[at + firstNumber]!;
      to.statusCode[row] = words[at + firstNumber + 1]!;
      to.peerKind[row] = words[at + firstNumber + 2]!;
      to.httpCode[row] = words[at + firstNumber + 3]!;
      to.grpcCode[row] = words[at + firstNumber + 4]!;
      to.marks[row] = words[at + firstNumber + 5]!;
      to.retryCount[row] = words[at + firstNumber + 6]!;
    },
    take(from, of, textOf) {
      wanted.set(from.words.subarray(of * width, (of + 1) * width));
      for (let text = firstText; text < firstNumber; text++) wanted[text] = textOf(wanted[text]!);
      return find();
    },
  };
  setWords(new Int32Array(capacity * width));
  return classes;
}
