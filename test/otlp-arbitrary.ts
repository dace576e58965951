/** Arbitrary OTLP requests, and an independent reader of them: protobufjs with the messages of opentelemetry-proto 1.11. */
import fc from 'fast-check';
import protobuf from 'protobufjs';
import type { OtlpAnyValue, OtlpKeyValue, OtlpSpan, OtlpTraces } from '../collector/decode/otlp.ts';

const messages = protobuf.parse(`syntax = "proto3";
message AnyValue { oneof value { string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4;
  ArrayValue arrayValue = 5; KeyValueList kvlistValue = 6; bytes bytesValue = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 droppedAttributesCount = 4; }
message Resource { repeated KeyValue attributes = 1; uint32 droppedAttributesCount = 2; }
message Traces { repeated ResourceSpans resourceSpans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; string schemaUrl = 3; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schemaUrl = 3; }
message Status { string message = 2; int32 code = 3; }
message Event { fixed64 timeUnixNano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 droppedAttributesCount = 4; }
message Link { bytes traceId = 1; bytes spanId = 2; string traceState = 3; repeated KeyValue attributes = 4;
  uint32 droppedAttributesCount = 5; fixed32 flags = 6; }
message Span { bytes traceId = 1; bytes spanId = 2; string traceState = 3; bytes parentSpanId = 4; string name = 5;
  int32 kind = 6; fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8; repeated KeyValue attributes = 9;
  uint32 droppedAttributesCount = 10; repeated Event events = 11; uint32 droppedEventsCount = 12; repeated Link links = 13;
  uint32 droppedLinksCount = 14; Status status = 15; fixed32 flags = 16; }`).root;

const tracesType = messages.lookupType('Traces');

/** What protobufjs makes of a body, in OTLP's JSON form with what equals a default left out. */
export function decodeElsewhere(body: Uint8Array): OtlpTraces {
  return canonical(tracesType.toObject(tracesType.decode(body), { longs: String }), '') as OtlpTraces;
}

/** OTLP JSON in one spelling: ids in lower-case hex, 64-bit integers as text, defaults and absent fields left out. */
export function canonical(value: unknown, key: string): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString(key === 'bytesValue' ? 'base64' : 'hex');
  if (Array.isArray(value)) return value.map((item) => canonical(item, ''));
  if (typeof value === 'bigint') return value.toString();
  if (key === 'doubleValue') return Object.is(value, -0) ? '-0' : String(value);
  if (key === 'intValue' || key.endsWith('UnixNano')) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([name, inner]) => [name, canonical(inner, name)] as const)
    .filter(([name, inner]) => name.endsWith('Value') || !isDefault(inner));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A message that is present, though empty, is no default. */
function isDefault(value: unknown): boolean {
  return (
    value === undefined || value === '' || value === 0 || value === '0' || (Array.isArray(value) && value.length === 0)
  );
}

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((id) => Buffer.from(id).toString('hex'))
    .filter((id) => !/^0*$/.test(id));
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.constantFrom('', '-', 'GET'),
);
const key = fc.oneof(
  fc.constantFrom(
    'http.status_code',
    'component',
    'upstream_cluster',
    'server.address',
    'http.url',
    'istio.namespace',
    'k',
  ),
  fc.string({ minLength: 1, maxLength: 40 }),
);
const time = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const count = fc.oneof(fc.constant(0), fc.nat(), fc.constant(2 ** 32 - 1));

const { anyValue } = fc.letrec<{ anyValue: OtlpAnyValue; keyValue: OtlpKeyValue }>((tie) => ({
  anyValue: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text.map((stringValue) => ({ stringValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((intValue) => ({ intValue: intValue.toString() })),
    fc.integer({ min: -5, max: 70_000 }).map((intValue) => ({ intValue: String(intValue) })),
    fc.double().map((doubleValue) => ({ doubleValue })),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ bytesValue: Buffer.from(bytes).toString('base64') })),
    fc.constant({}),
    fc.array(tie('anyValue'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
    fc.array(tie('keyValue'), { maxLength: 3 }).map((values) => ({ kvlistValue: { values } })),
  ),
  keyValue: fc.record({ key: text, value: tie('anyValue') }),
}));

const attributes = fc.array(fc.record({ key, value: anyValue }), { maxLength: 12 });
const attributed = { attributes, droppedAttributesCount: count };

/** A valid span, as objects. */
export const otlpSpan: fc.Arbitrary<OtlpSpan> = fc.record(
  {
    traceId: hex(16),
    spanId: hex(8),
    traceState: text,
    parentSpanId: hex(8),
    flags: count,
    name: text,
    kind: fc.integer({ min: 0, max: 5 }),
    startTimeUnixNano: time,
    endTimeUnixNano: time,
    ...attributed,
    events: fc.array(fc.record({ timeUnixNano: time, name: text, ...attributed }), { maxLength: 3 }),
    droppedEventsCount: count,
    links: fc.array(fc.record({ traceId: hex(16), spanId: hex(8), traceState: text, ...attributed, flags: count }), {
      maxLength: 3,
    }),
    droppedLinksCount: count,
    status: fc.record({ message: text, code: fc.integer({ min: 0, max: 2 }) }, { requiredKeys: [] }),
  },
  { requiredKeys: ['traceId', 'spanId'] },
);

/** A valid request, as objects. */
export const otlpTraces: fc.Arbitrary<OtlpTraces> = fc.record({
  resourceSpans: fc.array(
    fc.record(
      {
        resource: fc.record(attributed, { requiredKeys: [] }),
        schemaUrl: text,
        scopeSpans: fc.array(
          fc.record(
            {
              scope: fc.record({ name: text, version: text, ...attributed }, { requiredKeys: [] }),
              schemaUrl: text,
              spans: fc.array(otlpSpan, { maxLength: 4 }),
            },
            { requiredKeys: [] },
          ),
          { maxLength: 3 },
        ),
      },
      { requiredKeys: [] },
    ),
    { maxLength: 3 },
  ),
});
