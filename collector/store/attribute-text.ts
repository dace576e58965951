/** The text an attribute value of any type has in the store: values.ts makes the same of the bytes of a span's attribute. */
import type { OtlpAnyValue } from '../decode/otlp.ts';

/** Texts as they are, numbers in decimal, bytes in base64, arrays and kvlists as the JSON of their values. */
export function textOf(value: OtlpAnyValue): string {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = value;
  const scalar = stringValue ?? boolValue ?? intValue ?? doubleValue ?? bytesValue;
  if (scalar !== undefined) return Object.is(scalar, -0) ? '-0' : String(scalar);
  const nested = arrayValue ?? kvlistValue;
  return nested === undefined ? '' : JSON.stringify(nested.values ?? []);
}
