/** What the page's form and the other tools' formats share when a trace is written in them from OTLP. */
import type { AttributeValue } from '#shared/api.ts';
import type { toKeyValue, toOtlpJson } from '../store/stored-span.ts';

export type OtlpTraces = ReturnType<typeof toOtlpJson>;
type OtlpScopeSpans = NonNullable<NonNullable<OtlpTraces['resourceSpans']>[number]['scopeSpans']>[number];
export type OtlpSpan = NonNullable<OtlpScopeSpans['spans']>[number];
export type OtlpKeyValue = ReturnType<typeof toKeyValue>;
export type OtlpAnyValue = NonNullable<OtlpKeyValue['value']>;

/** By OTLP's number of the kind; '' for none said. */
export const kindNames = ['', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
/** The status code's name; '' for none said. An `error` tag would be read as a status where none is told. */
export function statusName({ status, attributes = [] }: OtlpSpan): string {
  const code = status?.code ?? 0;
  if (code === 0) return attributes.some(({ key }) => key === 'error') ? 'UNSET' : '';
  return code === 1 ? 'OK' : code === 2 ? 'ERROR' : '';
}

/** Epoch microseconds of epoch nanoseconds, cut off: order and nesting stay. */
export function microsOf(unixNano: string | number | bigint = 0): number {
  return Number(BigInt(unixNano) / 1000n);
}

/** A value as text: scalars as they read, lists and maps as JSON. */
export function plain(value: OtlpAnyValue): string {
  const bare = toValue(value);
  return bare === null ? '' : typeof bare === 'object' ? JSON.stringify(bare) : String(bare);
}

/** Attributes with their values as JSON has them. */
export function toAttributes(pairs: readonly OtlpKeyValue[] = []): Record<string, AttributeValue> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key ?? '', toValue(value)]));
}

/** JSON's own value where it is exact; 64-bit integers beyond 2^53, NaN and the infinities as text, bytes as base64. */
function toValue(value: OtlpAnyValue = {}): AttributeValue {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue !== undefined) return value.bytesValue;
  if (value.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : String(value.intValue);
  }
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(toValue);
  if (value.kvlistValue !== undefined) return toAttributes(value.kvlistValue.values);
  return null;
}
