/**
 * What many spans of a block have in common: a class is one choice of all columns of few values. Spans of one pattern are of
 * one class, so a row holds the number of its class instead of twenty-three values.
 */
import { grown } from '#shared/grown.ts';
import type { SpanCursor } from '../decode/cursor.ts';
import type { Texts } from '../decode/texts.ts';
import type { Normalised } from '../normalise/normalise.ts';
import { addKeys, createDictionary, cutDictionary, type Dictionary, indexIn } from './dictionary.ts';
import { type ByteBuffer, bytesUnder, putBytes, putWord } from './native-write.ts';
import { putSection, type SectionReader } from './sections.ts';
import { textColumns } from './span-columns.ts';

/** Columns of texts, by class. */
export const classTexts = [...textColumns, 'shape', 'resource', 'scope'] as const;
export type ClassText = (typeof classTexts)[number];

/** Plain properties, no getters: see shared/pairs.ts. */
export interface SpanClasses {
  count: number;
  readonly texts: Readonly<Record<ClassText, Dictionary>>;
  /** Columns of numbers, by class; arrays are replaced as they grow. */
  kind: Uint8Array;
  statusCode: Uint8Array;
  peerKind: Uint8Array;
  marks: Uint8Array;
  httpCode: Int16Array;
  grpcCode: Int16Array;
  retryCount: Uint16Array;
  weight: Float64Array;
  /** Class of the span: that of its pattern, or a new one. */
  of(span: SpanCursor, normalised: Normalised): number;
  /** Distinct texts there are, by column: with `count` what cut() goes back to. */
  lengths(): number[];
  /** Forgets later classes and texts. */
  cut(count: number, lengths: readonly number[]): void;
  /** Puts the classes that came since the last record, or since there was none, with their texts; for `restore`. */
  record(to: ByteBuffer): void;
  restore(from: SectionReader): void;
  /** Bytes in use, roughly. */
  sizeBytes(): number;
}

/** No classes yet. */
export function createSpanClasses(): SpanClasses {
  let capacity = 256;
  let generation = -1;
  /** By pattern: class + 1, 0 = none; and the pattern of each class. */
  let classOf = new Uint32Array(256);
  let patternOf = new Uint32Array(capacity);
  const dictionaries = classTexts.map(() => createDictionary(capacity));
  const texts = Object.fromEntries(classTexts.map((name, i) => [name, dictionaries[i]])) as Record<
    ClassText,
    Dictionary
  >;

  /** What the records hold: classes, and of each column its distinct texts and their bytes. */
  let recorded = 0;
  let recordedTexts = dictionaries.map(() => ({ count: 0, bytes: 0 }));

  function noteRecorded(): void {
    recorded = classes.count;
    recordedTexts = dictionaries.map(({ count, keys }) => ({ count, bytes: keys.length }));
  }

  /** All columns; of texts, the number of each. */
  function columns(): (Uint8Array | Int16Array | Uint16Array | Uint32Array | Float64Array)[] {
    const { kind, statusCode, peerKind, marks, httpCode, grpcCode, retryCount, weight } = classes;
    const numbers = [kind, statusCode, peerKind, marks, httpCode, grpcCode, retryCount, weight];
    return [...numbers, ...dictionaries.map(({ index }) => index)];
  }

  function grow(): void {
    capacity *= 2;
    patternOf = grown(patternOf, capacity);
    classes.kind = grown(classes.kind, capacity);
    classes.statusCode = grown(classes.statusCode, capacity);
    classes.peerKind = grown(classes.peerKind, capacity);
    classes.marks = grown(classes.marks, capacity);
    classes.httpCode = grown(classes.httpCode, capacity);
    classes.grpcCode = grown(classes.grpcCode, capacity);
    classes.retryCount = grown(classes.retryCount, capacity);
    classes.weight = grown(classes.weight, capacity);
    for (const dictionary of dictionaries) dictionary.index = grown(dictionary.index, capacity);
  }

  /** Numbers of patterns and texts are the vocabulary's: when it begins anew, so do they. */
  function forget(vocabulary: Texts): void {
    generation = vocabulary.generation;
    classOf.fill(0);
    patternOf.fill(0);
    for (const dictionary of dictionaries) dictionary.indexOf.fill(0);
  }

  function add(span: SpanCursor, normalised: Normalised): number {
    if (classes.count === capacity) grow();
    const at = classes.count++;
    classes.kind[at] = span.kind;
    classes.statusCode[at] = span.statusCode;
    classes.peerKind[at] = normalised.peerKind;
    classes.marks[at] = normalised.marks;
    classes.httpCode[at] = normalised.httpCode;
    classes.grpcCode[at] = normalised.grpcCode;
    classes.retryCount[at] = normalised.retryCount;
    classes.weight[at] = normalised.weight;
    const put = (name: ClassText, id: number): void => {
      texts[name].index[at] = indexIn(texts[name], span.texts, id);
    };
    put('name', span.name);
    put('service', normalised.service);
    put('namespace', normalised.namespace);
    put('cluster', normalised.cluster);
    put('version', normalised.version);
    put('peer', normalised.peer);
    put('peerNamespace', normalised.peerNamespace);
    put('peerVersion', normalised.peerVersion);
    put('protocol', normalised.protocol);
    put('responseFlags', normalised.responseFlags);
    put('errorType', normalised.errorType);
    put('principal', normalised.principal);
    put('shape', span.shape);
    put('resource', span.resource.id);
    put('scope', span.scope.id);
    patternOf[at] = span.pattern;
    if (span.pattern !== 0) {
      if (span.pattern >= classOf.length) classOf = grown(classOf, span.pattern * 2);
      classOf[span.pattern] = at + 1;
    }
    return at;
  }

  const classes: SpanClasses = {
    count: 0,
    texts,
    kind: new Uint8Array(capacity),
    statusCode: new Uint8Array(capacity),
    peerKind: new Uint8Array(capacity),
    marks: new Uint8Array(capacity),
    httpCode: new Int16Array(capacity),
    grpcCode: new Int16Array(capacity),
    retryCount: new Uint16Array(capacity),
    weight: new Float64Array(capacity),
    of(span, normalised) {
      if (generation !== span.texts.generation) forget(span.texts);
      const { pattern } = span;
      const known = pattern < classOf.length ? classOf[pattern]! : 0;
      return known === 0 ? add(span, normalised) : known - 1;
    },
    lengths: () => dictionaries.map((dictionary) => dictionary.count),
    cut(to, lengths) {
      for (let at = to; at < classes.count; at++) {
        if (classOf[patternOf[at]!] === at + 1) classOf[patternOf[at]!] = 0;
      }
      classes.count = to;
      dictionaries.forEach((dictionary, i) => cutDictionary(dictionary, lengths[i] ?? 0));
      if (to === 0) noteRecorded();
    },
    record(to) {
      const { count } = classes;
      putWord(to, count - recorded);
      if (count === recorded) return;
      for (const column of columns()) putBytes(to, bytesUnder(column.subarray(recorded, count)));
      dictionaries.forEach((dictionary, i) => {
        const before = recordedTexts[i]!;
        putWord(to, dictionary.count - before.count);
        putSection(to, dictionary.keys, before.bytes);
      });
      noteRecorded();
    },
    restore(from) {
      const { count } = classes;
      const until = count + from.word();
      if (until === count) return;
      while (capacity < until) grow();
      for (const column of columns()) {
        const added = column.subarray(count, until);
        bytesUnder(added).set(from.take(added.byteLength));
      }
      for (const dictionary of dictionaries) addKeys(dictionary, from.word(), from.section());
      patternOf.fill(0, count, until);
      classes.count = until;
      noteRecorded();
    },
    sizeBytes: () => dictionaries.reduce((sum, { keys }) => sum + keys.length, classes.count * 72),
  };
  return classes;
}
