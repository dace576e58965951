/**
 * What the rules make of a span, remembered by its pattern: the rules are asked about the first span of a pattern, and when
 * they looked at nothing that varies, their answer holds for all others. Only the sizes of bodies are read anew for each.
 */
import type { SpanCursor } from '../decode/cursor.ts';
import type { Patterns } from '../decode/patterns.ts';
import { numberOf } from './memo.ts';
import { createNormalised, normalise, type Normalised, type NormaliseConfig } from './normalise.ts';
import { requestSizes, responseSizes } from './semconv.ts';

interface Known extends Pick<SpanCursor, 'name' | 'kind' | 'statusCode' | 'shape'> {
  readonly normalised: Normalised;
  readonly request: Size;
  readonly response: Size;
}

/** A size: the largest of a fixed one and what some attributes say. */
interface Size {
  readonly fixed: number;
  readonly attributes: readonly number[];
}

/**
 * out: gives the promoted fields of a span, valid until the next, and sees to the cursor: one that was matched gets name, kind,
 * status code and shape; one whose fields follow from values of its own has no pattern.
 */
export function createNormaliser(patterns: Patterns, config: NormaliseConfig): (span: SpanCursor) => Normalised {
  const known: Known[] = [];
  const normalised = createNormalised();
  return (span) => {
    if (span.matched) return recall(known[span.pattern]!, span);
    normalise(span, normalised, config);
    if (span.pattern !== 0) {
      patterns.decide(span.pattern, !span.readsVarying);
      if (span.readsVarying) span.pattern = 0;
      else known[span.pattern] = toKnown(span, normalised);
    }
    return normalised;
  };
}

function recall({ normalised, request, response, name, kind, statusCode, shape }: Known, span: SpanCursor): Normalised {
  span.name = name;
  span.kind = kind;
  span.statusCode = statusCode;
  span.shape = shape;
  normalised.requestBytes = bytesOf(request, span);
  normalised.responseBytes = bytesOf(response, span);
  return normalised;
}

function bytesOf({ fixed, attributes }: Size, span: SpanCursor): number {
  let bytes = fixed;
  for (let i = 0; i < attributes.length; i++) bytes = Math.max(bytes, numberOf(span, attributes[i]!));
  return bytes;
}

function toKnown(span: SpanCursor, normalised: Normalised): Known {
  const { name, kind, statusCode, shape } = span;
  const sizeOf = (keys: readonly number[]): Size => {
    const attributes = keys.filter((key) => span.slots[key] !== 0).map((key) => span.slots[key]! - 1);
    const fixed = attributes.filter((i) => span.isVarying[i] === 0).map((i) => numberOf(span, i));
    return { fixed: Math.max(0, ...fixed), attributes: attributes.filter((i) => span.isVarying[i] === 1) };
  };
  const [request, response] = [sizeOf(requestSizes), sizeOf(responseSizes)];
  return { normalised: { ...normalised }, request, response, name, kind, statusCode, shape };
}
