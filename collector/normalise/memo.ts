/**
 * What a rule found out about a text, remembered by the text's vocabulary number: a cluster name is parsed once, not once a
 * span. Everything is forgotten when the vocabulary starts anew or another configuration comes into force.
 */
import { valueOf, type SpanCursor } from '../decode/cursor.ts';
import { keyLimit, texts, word } from '../decode/keys.ts';

/** Grows whenever everything is forgotten. */
export let epoch = 0;
let generation = 0;
let config: unknown;
/** A table of pairs outgrew maxPairs: few texts make many combinations, so this is a bound of its own. */
let overfull = false;
const maxPairs = 1 << 16;

/** Forgets what no longer holds. To be called before the rules of a span. */
export function refresh(current: unknown): void {
  if (texts.generation === generation && current === config && !overfull) return;
  overfull = false;
  generation = texts.generation;
  config = current;
  epoch++;
}

/** `make`, asked once a distinct text. */
export function perText<T>(make: (text: string, id: number) => T): (id: number) => T {
  let answers: (T | undefined)[] = [];
  let epochOf = -1;
  return (id) => {
    if (epochOf !== epoch) {
      answers = [];
      epochOf = epoch;
    }
    const known = answers[id];
    if (known !== undefined) return known;
    const answer = make(texts.text(id), id);
    while (answers.length <= id) answers.push(undefined);
    answers[id] = answer;
    return answer;
  };
}

/** `make`, asked once a distinct pair of numbers; pairs nest to make tuples. out: a small number for the pair. */
export function createPairs(): { of(a: number, b: number): number } {
  let table = new Int32Array(256 * 3);
  let count = 0;
  let epochOf = -1;
  function slotOf(a: number, b: number, size: number, cells: Int32Array): number {
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & (size - 1);
    while (cells[slot * 3 + 2] !== 0 && (cells[slot * 3] !== a || cells[slot * 3 + 1] !== b))
      slot = (slot + 1) & (size - 1);
    return slot * 3;
  }
  function grow(): void {
    const wider = new Int32Array(table.length * 2);
    for (let i = 0; i < table.length; i += 3) {
      if (table[i + 2] === 0) continue;
      const to = slotOf(table[i]!, table[i + 1]!, wider.length / 3, wider);
      wider.set(table.subarray(i, i + 3), to);
    }
    table = wider;
  }
  return {
    of(a, b) {
      if (epochOf !== epoch) {
        epochOf = epoch;
        table = new Int32Array(256 * 3);
        count = 0;
      }
      const at = slotOf(a, b, table.length / 3, table);
      if (table[at + 2] !== 0) return table[at + 2]!;
      table[at] = a;
      table[at + 1] = b;
      table[at + 2] = ++count;
      if (count * 6 > table.length) grow();
      if (count >= maxPairs) overfull = true;
      return count;
    },
  };
}

const last = new Uint32Array(keyLimit);

/** Vocabulary number of a known key's value; 0 when it is absent, empty or `-`, which is how Envoy says "none". */
export function textAt(span: SpanCursor, key: number): number {
  const slot = span.slots[key]!;
  if (slot === 0) return 0;
  const i = slot - 1;
  const length = span.lengths[i]!;
  if (length === 0) return 0;
  const guess = last[key]!;
  const view = span.sources[i] === 0 ? span.bodyView : span.scratchView;
  const id = guess !== 0 && texts.equals(guess, view, span.ats[i]!, length) ? guess : valueOf(span, i);
  last[key] = id;
  return id === word.dash ? 0 : id;
}

/** The first of two keys that has a value. */
export function textAtEither(span: SpanCursor, key: number, older: number): number {
  const id = textAt(span, key);
  return id === 0 ? textAt(span, older) : id;
}

/** A known key's value as a non-negative integer below 2^53, from an integer or the text of one; -1 when it is none. */
export function numberAt(span: SpanCursor, key: number): number {
  const slot = span.slots[key]!;
  if (slot === 0) return -1;
  const bytes = span.sources[slot - 1] === 0 ? span.body : span.scratch;
  const at = span.ats[slot - 1]!;
  const length = span.lengths[slot - 1]!;
  if (length === 0 || length > 15) return -1;
  let number = 0;
  for (let i = at; i < at + length; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** Whether a known key's value begins with these bytes. */
export function valueStartsWith(span: SpanCursor, key: number, prefix: Uint8Array): boolean {
  const slot = span.slots[key]!;
  if (slot === 0 || span.lengths[slot - 1]! < prefix.length) return false;
  const bytes = span.sources[slot - 1] === 0 ? span.body : span.scratch;
  const at = span.ats[slot - 1]!;
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}
