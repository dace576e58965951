/**
 * Zipkin v2 JSON, a list of spans or a list of such lists → OTLP. Tags that OpenTelemetry's conventions give to resources
 * become the resource's; spans of one id with `shared` stay two spans, as they were. source: https://zipkin.io/zipkin-api
 */
import {
  idAt,
  kindOf,
  listAt,
  nanosAt,
  neededId,
  objectAt,
  partTags,
  textAt,
  toKeyValues,
  wrong,
  type Json,
  type JsonObject,
} from './file-fields.ts';
import type { OtlpKeyValue, OtlpLink, OtlpResourceSpans, OtlpSpan, OtlpTraces } from './otlp.ts';

/** Tags of these tell of the process, not of the request. */
const ofResource =
  /^(?:service\.(?:namespace|version|instance\.id)$|telemetry\.|k8s\.|host\.|cloud\.|container\.|deployment\.|os\.|process\.|webengine\.)/;

/** errors: AppError bad-request that names the field. */
export function readZipkin(file: readonly Json[]): OtlpTraces {
  const spans: (readonly [Json, string])[] = [];
  file.forEach((one, i) => {
    if (Array.isArray(one)) one.forEach((inner: Json, j) => spans.push([inner, `file[${i}][${j}]`]));
    else spans.push([one, `file[${i}]`]);
  });
  const began = earliest(spans);
  const groups = new Map<string, { resource: readonly OtlpKeyValue[]; scopes: Map<string, Scoped> }>();
  for (const [value, place] of spans) {
    const { span, scope, resource } = readSpan(objectAt(value, place), place, began);
    const key = JSON.stringify(resource);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { resource, scopes: new Map() }));
    const scopeKey = JSON.stringify(scope);
    const scoped = group.scopes.get(scopeKey);
    if (scoped) scoped.spans.push(span);
    else group.scopes.set(scopeKey, { scope, spans: [span] });
  }
  return {
    resourceSpans: Array.from(groups.values(), ({ resource, scopes }): OtlpResourceSpans => {
      return { resource: { attributes: resource }, scopeSpans: [...scopes.values()] };
    }),
  };
}

interface Scoped {
  readonly scope: { readonly name: string; readonly version: string };
  readonly spans: OtlpSpan[];
}

/** The first start of each trace: where a span that does not say when it was is put. */
function earliest(spans: readonly (readonly [Json, string])[]): ReadonlyMap<string, bigint> {
  const began = new Map<string, bigint>();
  for (const [value, place] of spans) {
    const span = objectAt(value, place);
    const traceId = neededId(span, 'traceId', 32, place);
    const at = nanosAt(span, 'timestamp', place);
    const known = began.get(traceId);
    if (at !== undefined && (known === undefined || at < known)) began.set(traceId, at);
  }
  return began;
}

function readSpan(
  from: JsonObject,
  at: string,
  began: ReadonlyMap<string, bigint>,
): { span: OtlpSpan; scope: Scoped['scope']; resource: OtlpKeyValue[] } {
  const traceId = neededId(from, 'traceId', 32, at);
  const spanId = neededId(from, 'id', 16, at);
  const parentSpanId = idAt(from, 'parentId', 16, at);
  const tags = from['tags'] === undefined || from['tags'] === null ? {} : objectAt(from['tags'], `${at}.tags`);
  for (const [key, value] of Object.entries(tags))
    if (typeof value !== 'string') wrong(`${at}.tags.${key}`, 'text', value);
  const said = partTags(toKeyValues(tags));
  const start =
    nanosAt(from, 'timestamp', at) ??
    began.get(traceId) ??
    wrong(`${at}.timestamp`, 'a number of microseconds, in one span of a trace at least', undefined);
  const local = endpointAt(from, 'localEndpoint', at);
  const remote = endpointAt(from, 'remoteEndpoint', at);
  const own = said.attributes.filter(({ key = '' }) => !ofResource.test(key) && !key.startsWith('otlp.link.'));
  const kind = kindOf(textAt(from, 'kind', at));
  const span: OtlpSpan = {
    traceId,
    spanId,
    ...(parentSpanId !== '' && { parentSpanId }),
    ...(said.traceState !== '' && { traceState: said.traceState }),
    name: textAt(from, 'name', at),
    kind: kind === 0 ? said.kind : kind,
    startTimeUnixNano: start,
    endTimeUnixNano: start + (nanosAt(from, 'duration', at) ?? 0n),
    attributes: [...own, ...toRemote(remote, own)],
    events: listAt(from['annotations'], `${at}.annotations`).map((one, i) =>
      readAnnotation(one, `${at}.annotations[${i}]`),
    ),
    links: said.attributes.flatMap(({ key = '', value }) =>
      key.startsWith('otlp.link.') ? readLink(value?.stringValue ?? '') : [],
    ),
    status: said.status,
  };
  const name = { key: 'service.name', value: { stringValue: textAt(local, 'serviceName', `${at}.localEndpoint`) } };
  return {
    span,
    scope: said.scope,
    resource: [name, ...said.attributes.filter(({ key = '' }) => ofResource.test(key))],
  };
}

function endpointAt(from: JsonObject, key: string, place: string): JsonObject {
  return from[key] === undefined || from[key] === null ? {} : objectAt(from[key], `${place}.${key}`);
}

/** The other side as attributes, unless the tags tell of it. */
function toRemote(remote: JsonObject, own: readonly OtlpKeyValue[]): OtlpKeyValue[] {
  const known = new Set(own.map(({ key }) => key));
  const { serviceName, ipv4, ipv6, port } = remote;
  const ip = ipv4 ?? ipv6;
  return [
    ...(typeof serviceName === 'string' && serviceName !== '' && !known.has('peer.service')
      ? [{ key: 'peer.service', value: { stringValue: serviceName } }]
      : []),
    ...(typeof ip === 'string' && !known.has('network.peer.address')
      ? [{ key: 'network.peer.address', value: { stringValue: ip } }]
      : []),
    ...(Number.isSafeInteger(port) && !known.has('network.peer.port')
      ? [{ key: 'network.peer.port', value: { intValue: port as number } }]
      : []),
  ];
}

/** A name, or a name in quotes and its attributes as a JSON object. */
function readAnnotation(value: Json, place: string): NonNullable<OtlpSpan['events']>[number] {
  const annotation = objectAt(value, place);
  const text = textAt(annotation, 'value', place);
  const timeUnixNano = nanosAt(annotation, 'timestamp', place) ?? 0n;
  const [, name, attributes] = /^("(?:[^"\\]|\\.)*"):\s*(\{.*\})$/s.exec(text) ?? [];
  if (name !== undefined && attributes !== undefined) {
    try {
      return {
        timeUnixNano,
        name: String(JSON.parse(name)),
        attributes: toKeyValues(JSON.parse(attributes) as JsonObject),
      };
    } catch {
      // It only looked like one of ours.
    }
  }
  return { timeUnixNano, name: text };
}

/** `trace id|span id|trace state|attributes as JSON|dropped`; what is none is left out. */
function readLink(text: string): OtlpLink[] {
  const parts = /^([0-9a-f]{32})\|([0-9a-f]{16})\|([^|]*)\|(.*)\|\d+$/s.exec(text);
  if (parts === null) return [];
  const [, traceId = '', spanId = '', traceState = '', said = ''] = parts;
  try {
    const attributes = toKeyValues(JSON.parse(said) as JsonObject);
    return [{ traceId, spanId, ...(traceState !== '' && { traceState }), attributes }];
  } catch {
    return [{ traceId, spanId }];
  }
}
