/**
 * OTLP traces as plain objects in their JSON form (OTLP 1.11, "JSON Protobuf Encoding"): ids in hex, 64-bit integers as
 * decimal strings. Every field may be absent, which means its proto3 default. otlp-write.ts turns them into protobuf,
 * otlp-read.ts turns protobuf into them.
 */

export interface OtlpAnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  /** Decimal; numbers are taken when they are exact. */
  readonly intValue?: string | number | bigint;
  /** `NaN`, `Infinity` and `-Infinity` are strings. */
  readonly doubleValue?: number | string;
  readonly arrayValue?: { readonly values?: readonly OtlpAnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly OtlpKeyValue[] };
  /** Base64. */
  readonly bytesValue?: string;
}

export interface OtlpKeyValue {
  readonly key?: string;
  readonly value?: OtlpAnyValue;
}

export interface OtlpResource {
  readonly attributes?: readonly OtlpKeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface OtlpScope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly OtlpKeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface OtlpEvent {
  readonly timeUnixNano?: string | number | bigint;
  readonly name?: string;
  readonly attributes?: readonly OtlpKeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface OtlpLink {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly attributes?: readonly OtlpKeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
}

export interface OtlpSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly flags?: number;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string | number | bigint;
  readonly endTimeUnixNano?: string | number | bigint;
  readonly attributes?: readonly OtlpKeyValue[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly OtlpEvent[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly OtlpLink[];
  readonly droppedLinksCount?: number;
  readonly status?: { readonly message?: string; readonly code?: number };
}

export interface OtlpScopeSpans {
  readonly scope?: OtlpScope;
  readonly spans?: readonly OtlpSpan[];
  readonly schemaUrl?: string;
}

export interface OtlpResourceSpans {
  readonly resource?: OtlpResource;
  readonly scopeSpans?: readonly OtlpScopeSpans[];
  readonly schemaUrl?: string;
}

export interface OtlpTraces {
  readonly resourceSpans?: readonly OtlpResourceSpans[];
}
