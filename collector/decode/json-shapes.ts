/**
 * The messages of an OTLP/JSON body: names of their fields, and how each is written as protobuf. What is not here is skipped.
 * Fields and numbers are those of otlp-write.ts: opentelemetry/proto/{trace,common,resource}/v1 1.11.
 */

/** How the value of a field is read and written. Of `one…` fields a message has one, and it is written also when it is empty. */
export const as = {
  id: 0,
  text: 1,
  count: 2,
  time: 3,
  flags: 4,
  message: 5,
  list: 6,
  oneText: 7,
  oneBool: 8,
  oneInt: 9,
  oneDouble: 10,
  oneMessage: 11,
  oneBytes: 12,
} as const;

export interface Field {
  /** The name with its closing quote. */
  readonly name: Uint8Array;
  readonly number: number;
  readonly kind: number;
  /** Field number and wire type. */
  readonly tag: number;
  /** Of a message, or of the messages of a list. */
  readonly shape: Shape | undefined;
  /** Bytes that the last length took. */
  room: number;
}

export interface Shape {
  readonly fields: Field[];
  /** The field that followed field i last time; the last element is for the first field. */
  readonly followers: Uint8Array;
}

const wireTypes: Readonly<Record<number, number>> = {
  [as.count]: 0,
  [as.time]: 1,
  [as.flags]: 5,
  [as.oneBool]: 0,
  [as.oneInt]: 0,
  [as.oneDouble]: 1,
};

type FieldSpec = readonly [name: string, number: number, kind: number, shape?: Shape];

function shapeOf(...specs: FieldSpec[]): Shape {
  const shape: Shape = { fields: [], followers: new Uint8Array(24) };
  addFields(shape, specs);
  return shape;
}

function addFields(shape: Shape, specs: readonly FieldSpec[]): void {
  for (const [name, number, kind, inner] of specs) {
    const tag = (number << 3) | (wireTypes[kind] ?? 2);
    shape.fields.push({ name: Buffer.from(`${name}"`), number, kind, tag, shape: inner, room: 1 });
  }
}

const anyValue = shapeOf();
export const keyValue = shapeOf(['key', 1, as.text], ['value', 2, as.message, anyValue]);
addFields(anyValue, [
  ['stringValue', 1, as.oneText],
  ['intValue', 3, as.oneInt],
  ['boolValue', 2, as.oneBool],
  ['doubleValue', 4, as.oneDouble],
  ['arrayValue', 5, as.oneMessage, shapeOf(['values', 1, as.list, anyValue])],
  ['kvlistValue', 6, as.oneMessage, shapeOf(['values', 1, as.list, keyValue])],
  ['bytesValue', 7, as.oneBytes],
]);
const attributed = (attributes: number): FieldSpec[] => [
  ['attributes', attributes, as.list, keyValue],
  ['droppedAttributesCount', attributes + 1, as.count],
];
const event = shapeOf(['timeUnixNano', 1, as.time], ['name', 2, as.text], ...attributed(3));
const link = shapeOf(['traceId', 1, as.id], ['spanId', 2, as.id], ['traceState', 3, as.text], ...attributed(4), [
  'flags',
  6,
  as.flags,
]);
const span = shapeOf(
  ['traceId', 1, as.id],
  ['spanId', 2, as.id],
  ['traceState', 3, as.text],
  ['parentSpanId', 4, as.id],
  ['name', 5, as.text],
  ['kind', 6, as.count],
  ['startTimeUnixNano', 7, as.time],
  ['endTimeUnixNano', 8, as.time],
  ...attributed(9),
  ['events', 11, as.list, event],
  ['droppedEventsCount', 12, as.count],
  ['links', 13, as.list, link],
  ['droppedLinksCount', 14, as.count],
  ['status', 15, as.message, shapeOf(['message', 2, as.text], ['code', 3, as.count])],
  ['flags', 16, as.flags],
);
const scope = shapeOf(['name', 1, as.text], ['version', 2, as.text], ...attributed(3));
const scopeSpans = shapeOf(['scope', 1, as.message, scope], ['spans', 2, as.list, span], ['schemaUrl', 3, as.text]);
const resourceSpans = shapeOf(
  ['resource', 1, as.message, shapeOf(...attributed(1))],
  ['scopeSpans', 2, as.list, scopeSpans],
  ['schemaUrl', 3, as.text],
);
export const traces = shapeOf(['resourceSpans', 1, as.list, resourceSpans]);
