/**
 * Spans that a sender writes alike: a pattern is the fields of a Span in their order, where ids, times, flags and varying
 * attribute values (shapes.ts) may be anything, and all else is the same bytes. A span of a known pattern is not read but
 * compared, and what rules made of the first one holds for all. Patterns are the paths of a tree: each node is a field that
 * came after another; the child that was right last time is tried first. A span that is not of a known pattern is read by
 * span-fields.ts, which alone decides what is valid.
 */
import { grown } from '#shared/grown.ts';
import { type SpanCursor, typeCode } from './cursor.ts';
import { texts } from './keys.ts';
import {
  createPatternTree,
  fieldEdge,
  headLength,
  kindEdge,
  typeOfTag,
  valueTag,
  varyingEdge,
} from './pattern-tree.ts';
import { createPatternRuns } from './pattern-runs.ts';
import { policy, treat, treatmentOf, urlIsDirty } from './policy.ts';
import { skip, wire } from './protobuf.ts';
import { countSpan } from './shapes.ts';
import { readValue, scratch, value } from './values.ts';

/** Patterns under one redaction and one set of limits. Their numbers hold as long as the vocabulary's generation. */
export interface Patterns {
  /** True when a reset of the vocabulary is due. */
  isFull(): boolean;
  /**
   * Whether the Span in [at, end) is of a pattern that may be used. Then the cursor holds ids, times, flags, status message and
   * varying values; its other attributes, name and kind are not told. Else its pattern is 0, or noPattern.
   */
  match(cursor: SpanCursor, at: number, end: number): boolean;
  /**
   * Notes the pattern of a valid Span that was read in full, lost nothing by it and was not matched before.
   * out: its number, 0 when it can have none.
   */
  learn(cursor: SpanCursor, at: number, end: number): number;
  /**
   * Says of a pattern, just learned, whether its spans are to be matched from now on: whoever visits them knows all that follows
   * from it. The first word counts.
   */
  decide(pattern: number, usable: boolean): void;
}

/** Nodes after which the patterns are found anew. */
const maxNodes = 1 << 18;
/** A sender whose spans are hardly ever alike is left alone after so many patterns. */
const leastUseless = 4096;

/** How a SPIFFE URI begins. */
const spif = 0x66697073;

/** In place of a pattern: one there is, but it is of no use. */
export const noPattern = -1;

/** No patterns yet. */
export function createPatterns(): Patterns {
  const tree = createPatternTree();
  const runs = createPatternRuns();
  let generation = -1;
  let count = 0;
  /** By pattern: 1 = may be used, 2 = may not, 0 = not decided. */
  let usable = new Uint8Array(1024);
  /** Where its status message is within the status field, and whether that field has more to be kept. */
  let messageAts = new Uint16Array(1024);
  let messageLengths = new Uint16Array(1024);
  let keepsStatus = new Uint8Array(1024);

  function forget(): void {
    generation = texts.generation;
    tree.clear();
    runs.clear();
    usable.fill(0);
    count = 0;
  }

  function match(cursor: SpanCursor, at: number, end: number): boolean {
    if (generation !== texts.generation) forget();
    cursor.pattern = 0;
    const bytes = cursor.body;
    const view = cursor.bodyView;
    const first = tree.startOf(cursor.resource, cursor.scope, false);
    if (first === 0) return false;
    let node = first;
    let attribute = 0;
    let statusAt = -1;
    let statusEnd = -1;
    cursor.traceIdAt = -1;
    cursor.spanIdAt = -1;
    cursor.parentIdAt = -1;
    cursor.startLo = 0;
    cursor.startHi = 0;
    cursor.endLo = 0;
    cursor.endHi = 0;
    cursor.flags = 0;
    cursor.varyingCount = 0;
    scratch.at = 0;
    // Attributes of the run that is being walked, and where it begins.
    let walked = 0;
    let walkedFrom = 0;
    let walkedAt = 0;
    while (at < end) {
      const tag = bytes[at]!;
      if (tag === 0x4a) {
        if (walked === 0) {
          const to = runs.follow(node, view, at, end);
          if (to !== 0) {
            node = to;
            at += runs.lengths[to]!;
            attribute += runs.attributes[to]!;
            continue;
          }
          walkedFrom = node;
          walkedAt = at;
        }
      } else if (walked > 0) {
        if (walked > 1) runs.note(walkedFrom, node, view, walkedAt, at, walked);
        walked = 0;
      }
      let next: number;
      switch (tag) {
        case 0x4a:
        case 0x2a:
        case 0x7a: {
          if (at + 2 > end) return false;
          const low = bytes[at + 1]!;
          const payloadAt = low < 128 ? at + 2 : at + 3;
          if (low > 127 && bytes[at + 2]! > 127) return false;
          next = payloadAt + (low < 128 ? low : (low & 127) | (bytes[at + 2]! << 7));
          if (next > end) return false;
          if (tag === 0x7a) {
            statusAt = at;
            statusEnd = next;
          }
          let child = tree.likely[node]!;
          if (child === 0 || !leadsTo(child, view, at, payloadAt, next)) {
            child = seek(node, view, at, payloadAt, next);
            if (child === 0) return false;
            tree.likely[node] = child;
          }
          if (tag === 0x4a) {
            if (tree.isVarying[child] === 0) walked++;
            else {
              if (walked > 1) runs.note(walkedFrom, node, view, walkedAt, at, walked);
              walked = 0;
              if (!takeVarying(cursor, child, attribute, payloadAt, next)) return false;
            }
            attribute++;
          }
          node = child;
          break;
        }
        case 0x30:
          next = at + 2;
          if (next > end || bytes[at + 1]! > 127) return false;
          node = tree.find(node, kindEdge(bytes[at + 1]!));
          if (node === 0) return false;
          break;
        case 0x0a:
          if (bytes[at + 1] !== 16) return false;
          cursor.traceIdAt = at + 2;
          next = at + 18;
          break;
        case 0x12:
          if (bytes[at + 1] !== 8) return false;
          cursor.spanIdAt = at + 2;
          next = at + 10;
          break;
        case 0x22:
          if (bytes[at + 1] !== 8 || at + 10 > end) return false;
          cursor.parentIdAt = (view.getInt32(at + 2, true) | view.getInt32(at + 6, true)) === 0 ? -1 : at + 2;
          next = at + 10;
          break;
        case 0x39:
          next = at + 9;
          if (next > end) return false;
          cursor.startLo = view.getUint32(at + 1, true);
          cursor.startHi = view.getUint32(at + 5, true);
          break;
        case 0x41:
          next = at + 9;
          if (next > end) return false;
          cursor.endLo = view.getUint32(at + 1, true);
          cursor.endHi = view.getUint32(at + 5, true);
          break;
        case 0x85:
          next = at + 6;
          if (next > end || bytes[at + 1] !== 1) return false;
          cursor.flags = view.getUint32(at + 2, true);
          break;
        default:
          return false;
      }
      if (next > end) return false;
      at = next;
    }
    if (walked > 1) runs.note(walkedFrom, node, view, walkedAt, end, walked);
    const pattern = tree.patternOf[node]!;
    if (usable[pattern] !== 1) {
      cursor.pattern = usable[pattern] === 2 ? noPattern : 0;
      return false;
    }
    cursor.pattern = pattern;
    const { traceIdAt, spanIdAt } = cursor;
    if (traceIdAt === -1 || spanIdAt === -1) return false;
    if ((view.getInt32(spanIdAt, true) | view.getInt32(spanIdAt + 4, true)) === 0) return false;
    if (
      (view.getInt32(traceIdAt, true) |
        view.getInt32(traceIdAt + 4, true) |
        view.getInt32(traceIdAt + 8, true) |
        view.getInt32(traceIdAt + 12, true)) ===
      0
    )
      return false;
    cursor.statusMessageAt = statusAt + messageAts[pattern]!;
    cursor.statusMessageLength = messageLengths[pattern]!;
    cursor.traceStateLength = 0;
    cursor.linkCount = 0;
    cursor.restCount = 0;
    if (keepsStatus[pattern] === 1) {
      cursor.restCount = 1;
      cursor.restSources[0] = 0;
      cursor.restAts[0] = statusAt;
      cursor.restLengths[0] = statusEnd - statusAt;
    }
    tree.matched[first]!++;
    countSpan();
    return true;
  }

  /** Whether the field [at, end) is the node's. */
  function leadsTo(node: number, view: DataView, at: number, payloadAt: number, end: number): boolean {
    const id = tree.fields[node]!;
    if (tree.isVarying[node] === 0) return texts.equals(id, view, at, end - at);
    const length = texts.lengthOf(id);
    return payloadAt + length <= end && texts.equals(id, view, payloadAt, length);
  }

  /** The child the field [at, end) leads to, 0 when there is none. */
  function seek(node: number, view: DataView, at: number, payloadAt: number, end: number): number {
    const field = texts.find(view, at, end - at);
    const child = field === 0 ? 0 : tree.find(node, fieldEdge(field));
    if (child !== 0 || view.getUint8(at) !== 0x4a) return child;
    const head = headLength(view, payloadAt, end);
    const id = head === 0 ? 0 : texts.find(view, payloadAt, head);
    return id === 0 ? 0 : tree.find(node, varyingEdge(id, valueTag(view, payloadAt + head, end)));
  }

  /** Notes the value of a varying attribute. out: false when it has to be looked at more closely. */
  function takeVarying(cursor: SpanCursor, node: number, attribute: number, at: number, end: number): boolean {
    const { body, bodyView } = cursor;
    // The value's length, of one or two bytes, is followed by the value.
    let valueAt = at + texts.lengthOf(tree.fields[node]!);
    if (valueAt + 2 > end) return false;
    let length = body[valueAt++]!;
    if (length > 127) length = (length & 127) | (body[valueAt++]! << 7);
    if (valueAt + length !== end || length < 2) return false;
    const type = tree.types[node]!;
    let textAt = valueAt + 2;
    let textLength = end - textAt;
    let source = 0;
    if (type === typeCode.string) {
      if (body[valueAt] !== 0x0a) return false;
      if (body[valueAt + 1] !== textLength) {
        // A length of two bytes.
        textAt++;
        textLength--;
        if (
          textLength < 128 ||
          body[valueAt + 1] !== ((textLength & 127) | 128) ||
          body[valueAt + 2] !== textLength >> 7
        )
          return false;
        if (textLength > policy.limits.valueBytes) return false;
      } else if (textLength > policy.shortValue) return false;
    } else {
      readValue(cursor, valueAt, end);
      if (value.type !== type || value.length > policy.limits.valueBytes) return false;
      ({ source, at: textAt, length: textLength } = value);
    }
    const treatment = tree.treatments[node]!;
    if (treatment !== treat.keep && textLength > 0) {
      if (type !== typeCode.string || treatment === treat.hide) return false;
      if (urlIsDirty(bodyView, textAt, textLength, treatment === treat.query)) return false;
    }
    // A TLS identity is one wherever it stands (normalise/istio.ts).
    if (source === 0 && textLength > 4 && bodyView.getInt32(textAt, true) === spif) return false;
    const v = cursor.varyingCount++;
    cursor.varying[v] = attribute;
    cursor.sources[attribute] = source;
    cursor.ats[attribute] = textAt;
    cursor.lengths[attribute] = textLength;
    return true;
  }

  function learn(cursor: SpanCursor, at: number, end: number): number {
    // What a span has of these is its own.
    if (cursor.traceStateLength + cursor.linkCount + cursor.exceptionType > 0 || cursor.restCount > 1) return 0;
    if (cursor.restCount === 1 && (cursor.restSources[0] !== 0 || cursor.body[cursor.restAts[0]!] !== 0x7a)) return 0;
    const first = tree.startOf(cursor.resource, cursor.scope, true);
    if (tree.learned[first]! > leastUseless && tree.learned[first]! > tree.matched[first]! / 4) return 0;
    const { body, bodyView } = cursor;
    let node = first;
    let attribute = 0;
    let statusAt = -1;
    while (at < end) {
      const fieldAt = at;
      const tag = body[at]!;
      if (tag === 0x85 ? body[at + 1] !== 1 : tag > 127) return 0;
      at = skip(body, tag, at + (tag === 0x85 ? 2 : 1), end);
      const payloadAt = wire.at;
      switch (tag) {
        case 0x0a:
        case 0x12:
        case 0x22:
        case 0x39:
        case 0x41:
        case 0x85:
          break;
        case 0x30:
          if (at - fieldAt !== 2) return 0;
          node = tree.childOf(node, kindEdge(body[fieldAt + 1]!));
          break;
        case 0x2a:
        case 0x7a:
          if (tag === 0x7a) statusAt = fieldAt;
          node = fixedChild(node, bodyView, fieldAt, at);
          break;
        case 0x4a: {
          if (cursor.isVarying[attribute] === 0) {
            node = fixedChild(node, bodyView, fieldAt, at);
          } else {
            const head = headLength(bodyView, payloadAt, at);
            if (head === 0) return 0;
            const ofValue = valueTag(bodyView, payloadAt + head, at);
            if (typeOfTag[ofValue] !== cursor.types[attribute]) return 0;
            const id = texts.intern(bodyView, payloadAt, head);
            node = tree.childOf(node, varyingEdge(id, ofValue));
            tree.fields[node] = id;
            tree.isVarying[node] = 1;
            tree.types[node] = cursor.types[attribute]!;
            tree.treatments[node] = treatmentOf(cursor.keys[attribute]!);
          }
          attribute++;
          break;
        }
        default:
          return 0;
      }
    }
    const keptStatus = cursor.restCount === 1;
    if (attribute !== cursor.attributeCount || (keptStatus && cursor.restAts[0] !== statusAt)) return 0;
    const message = cursor.statusMessageLength === 0 ? 0 : cursor.statusMessageAt - statusAt;
    if (message < 0 || message > 0xffff || cursor.statusMessageLength > 0xffff) return 0;
    if (tree.patternOf[node] === 0) {
      tree.patternOf[node] = ++count;
      tree.learned[first]!++;
      if (count >= usable.length) {
        const size = count * 2;
        usable = grown(usable, size);
        messageAts = grown(messageAts, size);
        messageLengths = grown(messageLengths, size);
        keepsStatus = grown(keepsStatus, size);
      }
      const pattern = count;
      usable[pattern] = 0;
      messageAts[pattern] = message;
      messageLengths[pattern] = cursor.statusMessageLength;
      keepsStatus[pattern] = keptStatus ? 1 : 0;
    }
    return tree.patternOf[node]!;
  }

  function fixedChild(node: number, view: DataView, at: number, end: number): number {
    const id = texts.intern(view, at, end - at);
    const child = tree.childOf(node, fieldEdge(id));
    tree.fields[child] = id;
    tree.isVarying[child] = 0;
    return child;
  }

  return {
    isFull: () => tree.count > maxNodes,
    match,
    learn,
    decide(pattern, isUsable) {
      if (usable[pattern] === 0) usable[pattern] = isUsable ? 1 : 2;
    },
  };
}
