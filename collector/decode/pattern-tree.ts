/**
 * The tree whose paths are patterns (patterns.ts). A node is a field of a Span that came after the fields above it; the first two
 * stand for resource and scope. Nodes are numbers, what is known of them lies in typed arrays, and an edge leads to each: an
 * edge is a number too, by what the field is.
 */
import { grown } from '#shared/grown.ts';
import { createPairs } from '#shared/pairs.ts';
import { noOrigin, type Origin, typeCode } from './cursor.ts';

/** Plain properties, no getters: see shared/pairs.ts. */
export interface PatternTree {
  /** Nodes there are; 0 is the root. */
  count: number;
  /** By node: vocabulary number of its field's bytes; of a varying attribute those from the key's tag to the value's. */
  fields: Uint32Array;
  /** 1 = a varying attribute, with the type of its value and how values of its key are treated (policy.ts). */
  isVarying: Uint8Array;
  types: Uint8Array;
  treatments: Uint8Array;
  /** The child that was right last time, 0 before there was one. */
  likely: Uint32Array;
  /** Number of the pattern that ends here, 0 when none does. */
  patternOf: Uint32Array;
  /** Of the node of a scope: spans matched, and patterns learned. */
  matched: Uint32Array;
  learned: Uint32Array;
  /** The child along an edge, 0 when there is none. */
  find(node: number, edge: number): number;
  /** The same, made when it is new. */
  childOf(node: number, edge: number): number;
  /** The node of a resource and a scope; 0 when there is none and none is to be made. */
  startOf(resource: Origin, scope: Origin, make: boolean): number;
  clear(): void;
}

export function createPatternTree(): PatternTree {
  const edges = createPairs();
  let resource = noOrigin;
  let scope = noOrigin;
  let start = 0;
  const tree: PatternTree = {
    count: 0,
    fields: new Uint32Array(1024),
    isVarying: new Uint8Array(1024),
    types: new Uint8Array(1024),
    treatments: new Uint8Array(1024),
    likely: new Uint32Array(1024),
    patternOf: new Uint32Array(1024),
    matched: new Uint32Array(1024),
    learned: new Uint32Array(1024),
    find,
    childOf,
    startOf(ofResource, ofScope, make) {
      if (ofResource === resource && ofScope === scope && start !== 0) return start;
      const child = make ? childOf : find;
      const first = child(0, ofResource.id);
      start = first === 0 ? 0 : child(first, ofScope.id);
      resource = ofResource;
      scope = ofScope;
      return start;
    },
    clear() {
      edges.clear();
      tree.count = 0;
      start = 0;
      for (const table of [tree.likely, tree.patternOf, tree.matched, tree.learned]) table.fill(0);
    },
  };

  function find(node: number, edge: number): number {
    return edges.find(node, edge) + 1;
  }

  // Nodes are numbered as edges are, after the root.
  function childOf(node: number, edge: number): number {
    const child = edges.of(node, edge) + 1;
    if (child <= tree.count) return child;
    tree.count = child;
    if (child >= tree.fields.length) {
      const size = child * 2;
      tree.fields = grown(tree.fields, size);
      tree.isVarying = grown(tree.isVarying, size);
      tree.types = grown(tree.types, size);
      tree.treatments = grown(tree.treatments, size);
      tree.likely = grown(tree.likely, size);
      tree.patternOf = grown(tree.patternOf, size);
      tree.matched = grown(tree.matched, size);
      tree.learned = grown(tree.learned, size);
    }
    return child;
  }

  return tree;
}

/** Edge of a field that is the same in all spans. in: vocabulary number of its bytes. */
export function fieldEdge(field: number): number {
  return field;
}

/** Edge of the span's kind, which is no text because it has two bytes only. */
export function kindEdge(kind: number): number {
  return -1 - kind;
}

/** Edge of a varying attribute. in: vocabulary number of what it begins with (headLength), tag of its value (valueTag). */
export function varyingEdge(head: number, tag: number): number {
  return -1000 - head * 256 - tag;
}

/** Length of the start of a KeyValue [at, end) up to its value's length: `0a <length> key 12`; 0 for any other form. */
export function headLength(view: DataView, at: number, end: number): number {
  if (at + 4 > end || view.getUint8(at) !== 0x0a) return 0;
  const keyLength = view.getUint8(at + 1);
  const tagAt = at + 2 + keyLength;
  return keyLength > 127 || tagAt + 1 >= end || view.getUint8(tagAt) !== 0x12 ? 0 : tagAt + 1 - at;
}

/** Tag of the field that an AnyValue `<length> field …` begins with; 0 for an empty one. in: where its length stands. */
export function valueTag(view: DataView, at: number, end: number): number {
  const tagAt = view.getUint8(at) > 127 ? at + 2 : at + 1;
  return tagAt < end ? view.getUint8(tagAt) : 0;
}

/** Types of values that may vary, by their tags. */
export const typeOfTag: Readonly<Record<number, number>> = {
  0x0a: typeCode.string,
  0x10: typeCode.bool,
  0x18: typeCode.int,
  0x21: typeCode.double,
  0x3a: typeCode.bytes,
};
