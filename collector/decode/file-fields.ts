/**
 * Fields of a file of unknown origin, each checked as it is read: what is wrong is said with the place it stands at, as
 * `data[0].spans[12].startTime`. A place is put together only where it is said.
 */
import { AppError, quoted } from '#shared/error.ts';
import type { OtlpAnyValue, OtlpKeyValue, OtlpSpan } from './otlp.ts';

export type Json = unknown;
export type JsonObject = Readonly<Record<string, Json>>;

/** What every refusal begins with. */
export const cannotOpen = 'cannot open file';

/** errors: always AppError bad-request. */
export function wrong(place: string, expected: string, found: Json): never {
  const shown = found === undefined ? 'nothing' : quoted(JSON.stringify(found));
  throw new AppError('bad-request', `${cannotOpen}: ${place} must be ${expected}, not ${shown}`);
}

/** An object. */
export function objectAt(value: Json, place: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(place, 'an object', value);
  return value as JsonObject;
}

/** A list; absent and null are an empty one. */
export function listAt(value: Json, place: string): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) wrong(place, 'a list', value);
  return value as readonly Json[];
}

/** A text field; absent and null are ''. */
export function textAt(from: JsonObject, key: string, place: string): string {
  const value = from[key];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') wrong(`${place}.${key}`, 'text', value);
  return value;
}

/** An id field as hex of that many digits, shorter ones filled up with zeros in front; '' when absent. */
export function idAt(from: JsonObject, key: string, digits: number, place: string): string {
  const value = textAt(from, key, place);
  if (value === '') return '';
  if (value.length > digits || !/^[0-9a-f]+$/i.test(value) || /^0+$/.test(value))
    wrong(`${place}.${key}`, `an id of up to ${digits} hex digits, not all zero`, value);
  return value.toLowerCase().padStart(digits, '0');
}

/** The same where it must be there. */
export function neededId(from: JsonObject, key: string, digits: number, place: string): string {
  return idAt(from, key, digits, place) || wrong(`${place}.${key}`, `an id of up to ${digits} hex digits`, undefined);
}

/** Epoch (or a number of) microseconds as nanoseconds; undefined when absent. A fraction is kept to the nanosecond. */
export function nanosAt(from: JsonObject, key: string, place: string): bigint | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !(value >= 0) || value > Number.MAX_SAFE_INTEGER)
    wrong(`${place}.${key}`, 'a number of microseconds', value);
  const whole = Math.floor(value);
  return BigInt(whole) * 1000n + BigInt(Math.round((value - whole) * 1000));
}

/** A JSON value as OTLP has it. */
export function toAnyValue(value: Json): OtlpAnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toAnyValue) } };
  if (typeof value === 'object' && value !== null) return { kvlistValue: { values: toKeyValues(value as JsonObject) } };
  return {};
}

export function toKeyValues(from: JsonObject): OtlpKeyValue[] {
  return Object.entries(from).map(([key, value]) => ({ key, value: toAnyValue(value) }));
}

/** What other tools keep in tags that OTLP has fields for. */
export interface Said {
  readonly attributes: readonly OtlpKeyValue[];
  readonly kind: number;
  readonly status: NonNullable<OtlpSpan['status']>;
  readonly traceState: string;
  readonly scope: { readonly name: string; readonly version: string };
}

const kinds: Readonly<Record<string, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const statuses: Readonly<Record<string, number>> = { UNSET: 0, OK: 1, ERROR: 2 };

/** OTLP's number of a kind's name, 0 for none. */
export function kindOf(name: string): number {
  return Object.hasOwn(kinds, name.toLowerCase()) ? (kinds[name.toLowerCase()] ?? 0) : 0;
}

/**
 * Tags parted into what they are. The tags that a trace is given back with come after its own: of a special name the last
 * one counts, and the ones before are attributes.
 */
export function partTags(tags: readonly OtlpKeyValue[]): Said {
  const last = new Map<string, number>();
  tags.forEach(({ key = '' }, i) => last.set(key, i));
  const taken = new Set<number>();
  const take = (key: string): string => {
    const at = last.get(key);
    const value = at === undefined ? undefined : tags[at]?.value?.stringValue;
    if (at === undefined || value === undefined) return '';
    taken.add(at);
    return value;
  };
  const statusAt = last.get('otel.status_code');
  const statusName = take('otel.status_code');
  const error = last.get('error');
  const isMarked = error !== undefined && isTrue(tags[error]?.value);
  // Written beside the status, not by the application.
  if (error !== undefined && statusAt !== undefined && error > statusAt) taken.add(error);
  const said = error === undefined ? '' : (tags[error]?.value?.stringValue ?? '');
  // Zipkin's clients say in the tag what the error was.
  const plain = statusAt === undefined && isMarked && said !== 'true' ? said : '';
  const message = take('otel.status_description') || plain;
  const code = statuses[statusName.toUpperCase()] ?? (isMarked ? 2 : 0);
  const kind = kindOf(take('span.kind'));
  const scope = {
    name: take('otel.scope.name') || take('otel.library.name'),
    version: take('otel.scope.version') || take('otel.library.version'),
  };
  const traceState = take('w3c.tracestate');
  return {
    attributes: tags.filter((_, i) => !taken.has(i)),
    kind,
    status: { ...(code !== 0 && { code }), ...(message !== '' && { message }) },
    traceState,
    scope,
  };
}

/** Zipkin's `error` tag tells of an error whatever it says; Jaeger's is a boolean. */
function isTrue(value: OtlpAnyValue = {}): boolean {
  if (value.boolValue !== undefined) return value.boolValue;
  return value.stringValue !== undefined && value.stringValue !== 'false' && value.stringValue !== '';
}
