/** What the other tools' formats share when a trace is written in them from OTLP. */
import type { toKeyValue, toOtlpJson } from '../store/stored-span.ts';

type OtlpTraces = ReturnType<typeof toOtlpJson>;
type OtlpScopeSpans = NonNullable<NonNullable<OtlpTraces['resourceSpans']>[number]['scopeSpans']>[number];
export type OtlpSpan = NonNullable<OtlpScopeSpans['spans']>[number];
export type OtlpAnyValue = NonNullable<ReturnType<typeof toKeyValue>['value']>;

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
  const bare = toJson(value);
  return bare === null ? '' : typeof bare === 'object' ? JSON.stringify(bare) : String(bare);
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A value as JSON has it; integers beyond 2^53 as text. */
export function toJson(value: OtlpAnyValue): Json {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue !== undefined) return value.bytesValue;
  if (value.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : String(value.intValue);
  }
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(toJson);
  if (value.kvlistValue !== undefined)
    return Object.fromEntries(
      (value.kvlistValue.values ?? []).map((pair) => [pair.key ?? '', toJson(pair.value ?? {})]),
    );
  return null;
}
