/**
 * Redaction and limits for what is stored as protobuf: attributes of resources, scopes, events and links. Bytes are only
 * looked at; where something must go, the message is read into an object, cleaned and written again (rare).
 */
import { redacted } from './cursor.ts';
import { texts } from './keys.ts';
import type { OtlpAnyValue, OtlpKeyValue } from './otlp.ts';
import { eachField, readAnyValue, readText } from './otlp-read.ts';
import { policy, refreshTreatments, treat, treatmentOf, urlIsDirty } from './policy.ts';

/** Whether a message's KeyValues under this field number break a limit or hold a secret. Throws WireError. */
export function isDirty(bytes: Uint8Array, view: DataView, at: number, end: number, under: number): boolean {
  refreshTreatments();
  let dirty = false;
  let count = 0;
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (wireType !== 2) return;
    if (field === under) {
      // Once over the limit the message is written anew anyway.
      if (++count > policy.limits.attributes) dirty = true;
      else if (keyValueIsDirty(bytes, view, from, to)) dirty = true;
    } else if (to - from > policy.limits.valueBytes) dirty = true;
  });
  return dirty;
}

function keyValueIsDirty(bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
  let dirty = false;
  let treatment: number = treat.keep;
  let valueAt = 0;
  let valueEnd = 0;
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (wireType !== 2) return;
    if (field === 1) {
      if (to - from > policy.limits.keyBytes) dirty = true;
      else treatment = treatmentOf(texts.intern(view, from, to - from));
    } else if (field === 2) {
      valueAt = from;
      valueEnd = to;
    }
  });
  return valueIsDirty(bytes, view, valueAt, valueEnd, treatment) || dirty;
}

function valueIsDirty(bytes: Uint8Array, view: DataView, at: number, end: number, treatment: number): boolean {
  let dirty = treatment === treat.hide && end > at;
  let nested = false;
  eachField(bytes, at, end, (field, wireType, from, to) => {
    if (wireType !== 2) return;
    if (to - from > policy.limits.valueBytes) dirty = true;
    if (field === 1 && treatment >= treat.url) {
      if (urlIsDirty(view, from, to - from, treatment === treat.query)) dirty = true;
    }
    if (field === 5 || field === 6) nested = true;
  });
  if (!nested) return dirty;
  // Values that nest are rare: read them, which also checks their depth, and see whether cleaning changes them.
  const read = readAnyValue(bytes, at, end);
  return dirty || JSON.stringify(cleanAnyValue(read, treatment)) !== JSON.stringify(read);
}

/**
 * An attribute list within the limits and without secrets.
 * in: how values of the key above are treated, for a list that is a value itself. out: also how many were dropped.
 */
export function cleanAttributes(
  attributes: readonly OtlpKeyValue[],
  above: number = treat.keep,
): { kept: OtlpKeyValue[]; dropped: number } {
  const kept = attributes.slice(0, policy.limits.attributes).map((attribute) => cleanKeyValue(attribute, above));
  const dropped = attributes.length - kept.length;
  policy.truncated += dropped;
  return { kept, dropped };
}

function cleanKeyValue({ key = '', value = {} }: OtlpKeyValue, above: number): OtlpKeyValue {
  const shortKey = cut(key, policy.limits.keyBytes);
  const treatment = treat[policy.redaction.key(key)];
  if (treatment === treat.hide) {
    if (Object.keys(value).length === 0) return { key: shortKey, value };
    policy.redactedValues++;
    return { key: shortKey, value: { stringValue: redacted } };
  }
  return { key: shortKey, value: cleanAnyValue(value, treatment === treat.keep ? above : treatment) };
}

/**
 * A value within the limits and, where it nests attributes, without secrets.
 * in: how values of its key are treated: of a URL's, every string in it is one. What is to be hidden whole, the caller hides.
 */
export function cleanAnyValue(value: OtlpAnyValue, treatment: number): OtlpAnyValue {
  const { stringValue, arrayValue, kvlistValue } = value;
  if (stringValue !== undefined) {
    return { stringValue: cut(cleanUrl(stringValue, treatment), policy.limits.valueBytes) };
  }
  if (arrayValue !== undefined) {
    return { arrayValue: { values: (arrayValue.values ?? []).map((item) => cleanAnyValue(item, treatment)) } };
  }
  if (kvlistValue !== undefined) {
    return { kvlistValue: { values: cleanAttributes(kvlistValue.values ?? [], treatment).kept } };
  }
  return value;
}

function cleanUrl(text: string, treatment: number): string {
  if (treatment < treat.url) return text;
  const clean = policy.redaction.url(text, treatment === treat.query);
  if (clean !== text) policy.redactedValues++;
  return clean;
}

/** A text cut to so many bytes of UTF-8. */
export function cut(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  policy.truncated++;
  let end = limit;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return readText(bytes, 0, end);
}
