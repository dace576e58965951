/**
 * What spans say again and again, told apart from what differs: the shape of a span is its attributes in order, keys, types
 * and the values that repeat; left over are a few varying values. A shape is a text in the vocabulary, so a span's sixteen
 * attributes become a number and about four values. Which keys vary is known for some, and found out for the others: where
 * the shapes of spans go on to part at a key, its values are kept apart from then on. Either way gives the span back.
 */
import { grown } from '#shared/grown.ts';
import { createPairs } from '#shared/pairs.ts';
import type { SpanCursor } from './cursor.ts';
import { texts } from './keys.ts';

/** One attribute of a shape: key, letter of its type, and its value; null when each span has its own. */
export type ShapePart = readonly [key: string, type: string, value: string | null];

/** Keys whose values differ from request to request, whoever sends them. */
const varyingKeys = [
  'guid:x-request-id',
  'http.url',
  'url.full',
  'url.path',
  'url.query',
  'http.target',
  'request_size',
  'response_size',
  'http.request.body.size',
  'http.response.body.size',
  'http.request_content_length',
  'http.response_content_length',
];

/** Longer values are taken as varying. */
const longestRepeated = 256;
/** A key is taken as varying when shapes have parted at it so often, and at more than one span of so many, within a stretch. */
const leastPartings = 256;
const spansAParting = 32;
const stretchSpans = 65_536;

/** Steps after which shapes are found anew: made-up keys and values make many of them. */
const maxSteps = 1 << 18;

/** A shape while its attributes are gone through: pairs of the step so far, 0 before the first, and the next key or value. */
const steps = createPairs();
const typedKeys = createPairs();
/** By step: vocabulary number of the finished shape. */
let shapes = new Uint32Array(1024);
/** By key: 1 = varying. */
let varying = new Uint8Array(1024);
let partings = new Uint32Array(1024);
/** By key: the value it had last, a good guess at the next. */
let lastValues = new Uint32Array(1024);
/** By value: 1 = a text that survives becoming a JavaScript string and back, 2 = it does not. */
let whole = new Uint8Array(1024);
let generation = -1;
let spans = 0;

/** Puts shape and varying values of the cursor's attributes into it. */
export function findShape(cursor: SpanCursor): void {
  if (generation !== texts.generation || steps.size > maxSteps) forget();
  countSpan();
  cursor.varyingCount = 0;
  cursor.readsVarying = false;
  const known = steps.size;
  let parted = 0;
  let step = 0;
  for (let i = 0; i < cursor.attributeCount; i++) {
    const key = cursor.keys[i]!;
    const value = repeatedValue(cursor, i, key);
    // Attributes without a value of the shape's own have -1 there.
    step = steps.of(steps.of(step, typedKeys.of(key, cursor.types[i]!)), value) + 1;
    if (parted === 0 && steps.size > known) parted = key;
    if (value !== -1) continue;
    cursor.varying[cursor.varyingCount++] = i;
  }
  if (parted !== 0) countParting(parted);
  if (cursor.attributeCount === 0) cursor.shape = 0;
  else cursor.shape = (step < shapes.length && shapes[step]) || finish(cursor, step);
}

/** Counts a span whose shape was told without going through its attributes. */
export function countSpan(): void {
  if (++spans < stretchSpans) return;
  spans = 0;
  partings.fill(0);
}

/** Vocabulary number of an attribute's value when it belongs to the shape, else -1. */
function repeatedValue(cursor: SpanCursor, i: number, key: number): number {
  const length = cursor.lengths[i]!;
  cursor.isVarying[i] = 1;
  if (isVarying(key) || length > longestRepeated) return -1;
  const view = cursor.sources[i] === 0 ? cursor.bodyView : cursor.scratchView;
  const at = cursor.ats[i]!;
  const last = lastValues[key]!;
  const id = last !== 0 && texts.equals(last, view, at, length) ? last : texts.intern(view, at, length);
  lastValues[key] = id;
  if (!isWhole(id)) return -1;
  cursor.isVarying[i] = 0;
  return id;
}

function isVarying(key: number): boolean {
  if (key >= varying.length) {
    varying = grown(varying, key * 2);
    partings = grown(partings, key * 2);
    lastValues = grown(lastValues, key * 2);
  }
  return varying[key] === 1;
}

function isWhole(id: number): boolean {
  if (id >= whole.length) whole = grown(whole, id * 2);
  if (whole[id] === 0) whole[id] = texts.text(id).includes('\ufffd') ? 2 : 1;
  return whole[id] === 1;
}

function countParting(key: number): void {
  const count = ++partings[key]!;
  if (count > leastPartings && count * spansAParting > spans) varying[key] = 1;
}

/** The shape of the cursor's attributes, made when it is first seen. */
function finish(cursor: SpanCursor, step: number): number {
  const parts = Array.from({ length: cursor.attributeCount }, (_, i): ShapePart => {
    const key = texts.text(cursor.keys[i]!);
    const type = String.fromCharCode(cursor.types[i]!);
    if (cursor.isVarying[i] === 1) return [key, type, null];
    const view = cursor.sources[i] === 0 ? cursor.bodyView : cursor.scratchView;
    return [key, type, texts.text(texts.intern(view, cursor.ats[i]!, cursor.lengths[i]!))];
  });
  if (step >= shapes.length) shapes = grown(shapes, step * 2);
  return (shapes[step] = texts.of(JSON.stringify(parts)));
}

function forget(): void {
  generation = texts.generation;
  steps.clear();
  typedKeys.clear();
  spans = 0;
  for (const table of [shapes, varying, partings, lastValues, whole]) table.fill(0);
  for (const key of varyingKeys) {
    const id = texts.of(key);
    isVarying(id);
    varying[id] = 1;
  }
}

/** A shape's attributes, as its text says them. */
export function partsOf(shape: string): readonly ShapePart[] {
  return shape === '' ? [] : (JSON.parse(shape) as ShapePart[]);
}
