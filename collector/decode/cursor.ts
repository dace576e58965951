/**
 * The span under the decoder's hand: one reusable object per thread, all numbers. Positions point into the body (source 0)
 * or the scratch buffer (source 1) and are valid until `visit` returns. Texts that repeat are vocabulary numbers (texts.ts).
 */
import { keyLimit, texts } from './keys.ts';
import type { Texts } from './texts.ts';

/** A resource or a scope as it was sent, once a distinct one. */
export interface Origin {
  /** Vocabulary number of its stored form: the ResourceSpans (ScopeSpans) message with its fields 1 and 3 only. */
  readonly id: number;
  /** Attributes as text, last one wins; for a scope also its name under ''. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** Limits on what one body and one span may hold; what is over is cut and counted, or rejected. */
export interface DecodeLimits {
  readonly spansPerBody: number;
  /** Of a span, an event, a link, a resource or a scope. */
  readonly attributes: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly nameBytes: number;
  /** Events of a span, and links of a span. */
  readonly events: number;
  /** Fields of a span that are unknown here, in bytes. */
  readonly unknownBytes: number;
}

/** Which values must not be stored (normalise/redact.ts makes one). Answers are remembered a distinct key. */
export interface Redaction {
  /** `hide`: replace the value; `url`: pass it through `url`, `query`: likewise, but all of it is a query string. */
  key(key: string): 'keep' | 'hide' | 'url' | 'query';
  /** Whether the value of this URL parameter is hidden. */
  parameter(name: string): boolean;
  /** Whether every query string is dropped. */
  readonly dropQuery: boolean;
  /** A URL (or bare query string) without its secrets. */
  url(url: string, isQuery: boolean): string;
}

/** What stands for a value that must not be stored. */
export const redacted = 'REDACTED';

export const defaultLimits: DecodeLimits = {
  spansPerBody: 50_000,
  attributes: 256,
  keyBytes: 256,
  valueBytes: 8192,
  nameBytes: 1024,
  events: 128,
  unknownBytes: 65_536,
};

/** Letters of `types`, as character codes; the store's column attributeTypes holds the same letters. */
export const typeCode = {
  string: 115,
  bool: 98,
  int: 105,
  double: 100,
  bytes: 120,
  array: 97,
  kvlist: 107,
  none: 110,
} as const;

export interface SpanCursor {
  readonly texts: Texts;
  body: Uint8Array;
  bodyView: DataView;
  scratch: Uint8Array;
  scratchView: DataView;
  /** Positions in the body; parentIdAt is -1 for a root. */
  traceIdAt: number;
  spanIdAt: number;
  parentIdAt: number;
  /** Epoch ns as two words each. */
  startLo: number;
  startHi: number;
  endLo: number;
  endHi: number;
  kind: number;
  statusCode: number;
  flags: number;
  /** Vocabulary number. */
  name: number;
  statusMessageAt: number;
  statusMessageLength: number;
  traceStateAt: number;
  traceStateLength: number;
  /** Attribute i: key number, type code, source and position of its text. */
  attributeCount: number;
  readonly keys: Uint32Array;
  readonly types: Uint8Array;
  readonly sources: Uint8Array;
  readonly ats: Uint32Array;
  readonly lengths: Uint32Array;
  /** Vocabulary number of the attributes' shape (shapes.ts), and which of them have a value that is not in it. */
  shape: number;
  varyingCount: number;
  /** Attribute numbers, ascending. */
  readonly varying: Uint16Array;
  /** By attribute: 1 when it is among them; 0 before the shape was looked for. */
  readonly isVarying: Uint8Array;
  /** Number of the span's pattern (patterns.ts), 0 when it has none, and whether no more of the span is here than what varies. */
  pattern: number;
  matched: boolean;
  /** A rule has read such a value: what it found holds for this span alone. */
  readsVarying: boolean;
  /** True when each attribute's key is a known one. */
  known: boolean;
  /** By known key: attribute index + 1, 0 when absent. The last of equal keys. */
  readonly slots: Uint16Array;
  /** Pieces of the column `rest`. */
  restCount: number;
  readonly restSources: Uint8Array;
  readonly restAts: Uint32Array;
  readonly restLengths: Uint32Array;
  /** 24 bytes a link: trace id, span id. */
  linkCount: number;
  readonly linkIds: Uint8Array;
  /** Vocabulary number of the last exception event's exception.type. */
  exceptionType: number;
  resource: Origin;
  scope: Origin;
}

export const noOrigin: Origin = { id: 0, attributes: new Map() };

/** Pieces of `rest` at most: each event, link and unknown field is one, and the rewritten counts. */
export const maxRest = 1024;
const maxAttributes = 1024;
const maxLinks = 1024;

export function createCursor(): SpanCursor {
  const scratch = new Uint8Array(1 << 16);
  const body = new Uint8Array(0);
  return {
    texts,
    body,
    bodyView: new DataView(body.buffer),
    scratch,
    scratchView: new DataView(scratch.buffer),
    traceIdAt: 0,
    spanIdAt: 0,
    parentIdAt: -1,
    startLo: 0,
    startHi: 0,
    endLo: 0,
    endHi: 0,
    kind: 0,
    statusCode: 0,
    flags: 0,
    name: 0,
    statusMessageAt: 0,
    statusMessageLength: 0,
    traceStateAt: 0,
    traceStateLength: 0,
    attributeCount: 0,
    keys: new Uint32Array(maxAttributes),
    types: new Uint8Array(maxAttributes),
    sources: new Uint8Array(maxAttributes),
    ats: new Uint32Array(maxAttributes),
    lengths: new Uint32Array(maxAttributes),
    shape: 0,
    varyingCount: 0,
    varying: new Uint16Array(maxAttributes),
    isVarying: new Uint8Array(maxAttributes),
    pattern: 0,
    matched: false,
    readsVarying: false,
    known: true,
    slots: new Uint16Array(keyLimit),
    restCount: 0,
    restSources: new Uint8Array(maxRest),
    restAts: new Uint32Array(maxRest),
    restLengths: new Uint32Array(maxRest),
    linkCount: 0,
    linkIds: new Uint8Array(maxLinks * 24),
    exceptionType: 0,
    resource: noOrigin,
    scope: noOrigin,
  };
}

/** Vocabulary number of attribute i's text. */
export function valueOf(cursor: SpanCursor, i: number): number {
  const view = cursor.sources[i] === 0 ? cursor.bodyView : cursor.scratchView;
  return cursor.texts.intern(view, cursor.ats[i]!, cursor.lengths[i]!);
}
