/**
 * Jaeger's JSON of traces, as its UI downloads and its query API answers: { data: [trace] }, a trace, or a list of them →
 * OTLP. References of the kind CHILD_OF make parents, all others links.
 */
import {
  idAt,
  listAt,
  nanosAt,
  neededId,
  objectAt,
  partTags,
  textAt,
  toAnyValue,
  wrong,
  type Json,
  type JsonObject,
} from './file-fields.ts';
import type { OtlpAnyValue, OtlpKeyValue, OtlpLink, OtlpResourceSpans, OtlpSpan, OtlpTraces } from './otlp.ts';

/** errors: AppError bad-request that names the field. */
export function readJaeger(file: Json): OtlpTraces {
  const whole = !Array.isArray(file) && Array.isArray((file as JsonObject)['data']);
  const traces = whole ? listAt((file as JsonObject)['data'], 'data') : Array.isArray(file) ? (file as Json[]) : [file];
  const root = whole ? 'data' : 'file';
  return { resourceSpans: traces.flatMap((trace, i) => readTrace(trace, `${root}[${i}]`)) };
}

function readTrace(value: Json, place: string): OtlpResourceSpans[] {
  const trace = objectAt(value, place);
  const processes = trace['processes'] === undefined ? {} : objectAt(trace['processes'], `${place}.processes`);
  /** By process, then by scope. */
  const groups = new Map<string, { resource: OtlpResourceSpans['resource']; scopes: Map<string, Scoped> }>();
  listAt(trace['spans'], `${place}.spans`).forEach((one, i) => {
    const at = `${place}.spans[${i}]`;
    const from = objectAt(one, at);
    const id = textAt(from, 'processID', at);
    let group = groups.get(id);
    if (group === undefined || from['process'] !== undefined) {
      const process = from['process'] ?? (Object.hasOwn(processes, id) ? processes[id] : undefined);
      if (process === undefined) wrong(`${at}.processID`, 'one of the processes', id);
      const where = from['process'] === undefined ? `${place}.processes.${id}` : `${at}.process`;
      group = { resource: readProcess(process, where), scopes: new Map() };
      groups.set(from['process'] === undefined ? id : at, group);
    }
    const { span, scope } = readSpan(from, at);
    const key = JSON.stringify(scope);
    const scoped = group.scopes.get(key);
    if (scoped) scoped.spans.push(span);
    else group.scopes.set(key, { scope, spans: [span] });
  });
  return [...groups.values()].map(({ resource, scopes }) => ({
    ...(resource && { resource }),
    scopeSpans: [...scopes.values()],
  }));
}

interface Scoped {
  readonly scope: { readonly name: string; readonly version: string };
  readonly spans: OtlpSpan[];
}

function readProcess(value: Json, place: string): OtlpResourceSpans['resource'] {
  const process = objectAt(value, place);
  const name = { key: 'service.name', value: { stringValue: textAt(process, 'serviceName', place) } };
  return { attributes: [name, ...readTags(process['tags'], `${place}.tags`)] };
}

function readSpan(from: JsonObject, at: string): { span: OtlpSpan; scope: Scoped['scope'] } {
  const traceId = neededId(from, 'traceID', 32, at);
  const { attributes, kind, status, traceState, scope } = partTags(readTags(from['tags'], `${at}.tags`));
  let parentSpanId = idAt(from, 'parentSpanID', 16, at);
  const links: OtlpLink[] = [];
  listAt(from['references'], `${at}.references`).forEach((one, i) => {
    const place = `${at}.references[${i}]`;
    const reference = objectAt(one, place);
    const ids = {
      traceId: idAt(reference, 'traceID', 32, place) || traceId,
      spanId: neededId(reference, 'spanID', 16, place),
    };
    const isParent = textAt(reference, 'refType', place) === 'CHILD_OF' && ids.traceId === traceId;
    if (isParent && (parentSpanId === '' || parentSpanId === ids.spanId)) parentSpanId = ids.spanId;
    else links.push(ids);
  });
  const start = nanosAt(from, 'startTime', at) ?? wrong(`${at}.startTime`, 'a number of microseconds', undefined);
  const end = start + (nanosAt(from, 'duration', at) ?? 0n);
  const events = listAt(from['logs'], `${at}.logs`).map((one, i) => readLog(one, `${at}.logs[${i}]`));
  const span = {
    traceId,
    spanId: neededId(from, 'spanID', 16, at),
    ...(parentSpanId !== '' && { parentSpanId }),
    ...(traceState !== '' && { traceState }),
    name: textAt(from, 'operationName', at),
    kind,
    startTimeUnixNano: start,
    endTimeUnixNano: end,
    attributes,
    events,
    links,
    status,
  };
  return { span, scope };
}

function readLog(value: Json, place: string): NonNullable<OtlpSpan['events']>[number] {
  const log = objectAt(value, place);
  const fields = readTags(log['fields'], `${place}.fields`);
  const named = fields.findIndex((field) => field.key === 'event' && field.value?.stringValue !== undefined);
  return {
    timeUnixNano: nanosAt(log, 'timestamp', place) ?? 0n,
    name: fields[named]?.value?.stringValue ?? '',
    attributes: fields.filter((_, i) => i !== named),
  };
}

function readTags(value: Json, place: string): OtlpKeyValue[] {
  return listAt(value, place).map((one, i) => {
    const tag = objectAt(one, `${place}[${i}]`);
    return { key: textAt(tag, 'key', `${place}[${i}]`), value: readValue(tag) };
  });
}

/** A tag's value by its type; by its own where the type is not told or does not fit. */
function readValue({ type, value }: JsonObject): OtlpAnyValue {
  const text = typeof value === 'string' ? value : String(value);
  if ((type === 'int64' || type === 'long') && /^-?\d{1,19}$/.test(text)) return { intValue: text };
  if (type === 'float64' || type === 'double') {
    if (/^(?:NaN|-?Infinity)$/.test(text)) return { doubleValue: text };
    if (text.trim() !== '' && Number.isFinite(Number(text))) return { doubleValue: Number(text) };
  }
  if (type === 'bool' && /^(?:true|false)$/.test(text)) return { boolValue: text === 'true' };
  if (type === 'binary' && typeof value === 'string') return { bytesValue: value };
  if (type === 'string' && typeof value !== 'object') return { stringValue: text };
  return toAnyValue(value);
}
