/**
 * What a rule found out about a text, remembered by the text's vocabulary number: a cluster name is parsed once, not once a
 * span. Everything is forgotten when the vocabulary starts anew or another configuration comes into force.
 */
import { createPairs } from '#shared/pairs.ts';
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

/** Numbers for pairs of numbers; pairs nest to make tuples. */
export function createTuples(): { of(a: number, b: number): number } {
  const pairs = createPairs();
  let epochOf = -1;
  return {
    of(a, b) {
      if (epochOf !== epoch) {
        epochOf = epoch;
        pairs.clear();
      }
      const number = pairs.of(a, b);
      if (number >= maxPairs) overfull = true;
      return number;
    },
  };
}

/** To be called by whoever looks at the value of attribute i: what follows from it may hold for this span alone. */
export function noteRead(span: SpanCursor, i: number): void {
  if (span.isVarying[i] === 1) span.readsVarying = true;
}

const last = new Uint32Array(keyLimit);

/** Vocabulary number of a known key's value; 0 when it is absent, empty or `-`, which is how Envoy says "none". */
export function textAt(span: SpanCursor, key: number): number {
  const slot = span.slots[key]!;
  if (slot === 0) return 0;
  const i = slot - 1;
  noteRead(span, i);
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
  noteRead(span, slot - 1);
  return numberOf(span, slot - 1);
}

/** The same of attribute i. */
export function numberOf(span: SpanCursor, i: number): number {
  const bytes = span.sources[i] === 0 ? span.body : span.scratch;
  const at = span.ats[i]!;
  const length = span.lengths[i]!;
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
  if (slot === 0) return false;
  noteRead(span, slot - 1);
  if (span.lengths[slot - 1]! < prefix.length) return false;
  const bytes = span.sources[slot - 1] === 0 ? span.body : span.scratch;
  const at = span.ats[slot - 1]!;
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}
