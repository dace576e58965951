/**
 * What of a span has no column: events, links, dropped counts, unknown fields. They are kept as they were sent, as ranges of
 * the body, for the column `rest`; only an event or link that breaks a limit or holds a secret is written anew.
 */
import { cleanAttributes, cut, isDirty } from './clean.ts';
import { maxRest, type SpanCursor } from './cursor.ts';
import { texts } from './keys.ts';
import { eachField, readEvent, readLink } from './otlp-read.ts';
import { writeEvent, writeLink } from './otlp-write.ts';
import { policy, treat, treatmentOf } from './policy.ts';
import { createProtoWriter } from './protobuf.ts';
import { reserveScratch, scratch } from './values.ts';

/** What the span lost, by its sender's dropped counts and by limits here. */
export const dropped = { attributes: 0, events: 0, links: 0 };

/** Events, links and bytes of unknown fields of the span so far. */
const seen = { events: 0, links: 0, unknownBytes: 0 };

/** Events and links of more bytes are dropped unread: within the limits none is so long. */
const maxBytes = 1 << 20;

const writer = createProtoWriter();
const exceptionTypeKey = Buffer.from('exception.type');

/** Starts a span. */
export function beginRest(cursor: SpanCursor): void {
  cursor.restCount = 0;
  cursor.linkCount = 0;
  cursor.exceptionType = 0;
  dropped.attributes = 0;
  dropped.events = 0;
  dropped.links = 0;
  seen.events = 0;
  seen.links = 0;
  seen.unknownBytes = 0;
}

/** Adds a range of the body (source 0) or of scratch (source 1). */
export function addRest(cursor: SpanCursor, source: number, at: number, length: number): void {
  const last = cursor.restCount - 1;
  if (last >= 0 && cursor.restSources[last] === source && cursor.restAts[last]! + cursor.restLengths[last]! === at) {
    cursor.restLengths[last]! += length;
    return;
  }
  if (cursor.restCount === maxRest) {
    policy.truncated++;
    return;
  }
  const i = cursor.restCount++;
  cursor.restSources[i] = source;
  cursor.restAts[i] = at;
  cursor.restLengths[i] = length;
}

/** A field of unknown number. */
export function keepUnknown(cursor: SpanCursor, fieldAt: number, end: number): void {
  seen.unknownBytes += end - fieldAt;
  if (seen.unknownBytes > policy.limits.unknownBytes) policy.truncated++;
  else addRest(cursor, 0, fieldAt, end - fieldAt);
}

/** An event: its field begins at fieldAt, its payload is [at, end). errors: WireError. */
export function keepEvent(cursor: SpanCursor, fieldAt: number, at: number, end: number): void {
  const { body, bodyView } = cursor;
  if (++seen.events > policy.limits.events || end - at > maxBytes) {
    dropped.events++;
    policy.truncated++;
    return;
  }
  const dirty = isDirty(body, bodyView, at, end, 3);
  noteException(cursor, at, end);
  if (!dirty) {
    addRest(cursor, 0, fieldAt, end - fieldAt);
    return;
  }
  const event = readEvent(body, at, end);
  const { kept, dropped: lost } = cleanAttributes(event.attributes ?? []);
  writer.cut(0);
  writer.message(11, () =>
    writeEvent(writer, {
      ...event,
      name: cut(event.name ?? '', policy.limits.valueBytes),
      attributes: kept,
      droppedAttributesCount: (event.droppedAttributesCount ?? 0) + lost,
    }),
  );
  addWritten(cursor);
}

/** A link, likewise. */
export function keepLink(cursor: SpanCursor, fieldAt: number, at: number, end: number): void {
  const { body, bodyView } = cursor;
  if (++seen.links > policy.limits.events || end - at > maxBytes) {
    dropped.links++;
    policy.truncated++;
    return;
  }
  const dirty = isDirty(body, bodyView, at, end, 4);
  let traceIdAt = -1;
  let spanIdAt = -1;
  eachField(body, at, end, (field, wireType, from, to) => {
    if (field === 1 && wireType === 2 && to - from === 16) traceIdAt = from;
    else if (field === 2 && wireType === 2 && to - from === 8) spanIdAt = from;
  });
  if (traceIdAt !== -1 && spanIdAt !== -1) {
    const to = cursor.linkCount++ * 24;
    cursor.linkIds.set(body.subarray(traceIdAt, traceIdAt + 16), to);
    cursor.linkIds.set(body.subarray(spanIdAt, spanIdAt + 8), to + 16);
  }
  if (!dirty) {
    addRest(cursor, 0, fieldAt, end - fieldAt);
    return;
  }
  const link = readLink(body, at, end);
  const { kept, dropped: lost } = cleanAttributes(link.attributes ?? []);
  writer.cut(0);
  writer.message(13, () =>
    writeLink(writer, {
      ...link,
      traceState: cut(link.traceState ?? '', policy.limits.valueBytes),
      attributes: kept,
      droppedAttributesCount: (link.droppedAttributesCount ?? 0) + lost,
    }),
  );
  addWritten(cursor);
}

/** Remembers exception.type of an event named `exception`. */
function noteException(cursor: SpanCursor, at: number, end: number): void {
  const { body, bodyView } = cursor;
  let attributes = 0;
  eachField(body, at, end, (field, wireType, from, to) => {
    if (field === 3 && ++attributes > policy.limits.attributes) return;
    if (field !== 3 || wireType !== 2 || to - from < exceptionTypeKey.length + 4) return;
    // 0a 0e "exception.type" 12 <n> 0a <n - 2> text
    const textAt = from + 2 + exceptionTypeKey.length + 4;
    if (body[from] !== 0x0a || body[from + 1] !== exceptionTypeKey.length || textAt > to) return;
    if (exceptionTypeKey.compare(body, from + 2, from + 2 + exceptionTypeKey.length) !== 0) return;
    if (body[textAt - 4] !== 0x12 || body[textAt - 2] !== 0x0a || body[textAt - 1] !== to - textAt) return;
    if (treatmentOf(texts.intern(bodyView, from + 2, exceptionTypeKey.length)) === treat.hide) return;
    cursor.exceptionType = texts.intern(bodyView, textAt, to - textAt);
  });
}

/** Adds what the writer holds to `rest`. */
function addWritten(cursor: SpanCursor): void {
  const written = writer.bytes;
  reserveScratch(cursor, written.length);
  cursor.scratch.set(written, scratch.at);
  addRest(cursor, 1, scratch.at, written.length);
  scratch.at += written.length;
}

/** Dropped counts, the sender's and ours together, go last. */
export function keepCounts(cursor: SpanCursor): void {
  writer.cut(0);
  for (const [field, count] of [
    [10, dropped.attributes],
    [12, dropped.events],
    [14, dropped.links],
  ] as const) {
    if (count > 0) {
      writer.tag(field, 0);
      writer.varint(Math.min(count, 0xffffffff));
    }
  }
  addWritten(cursor);
}
