/**
 * The limits and the redaction of the body being decoded, with the answers remembered by vocabulary number: whether a key's
 * value is kept, hidden, or a URL, and whether a URL parameter is secret. Also the byte-level question that lets nearly all
 * URLs pass without becoming a string: is there anything in this URL to redact?
 */
import { grown } from '#shared/grown.ts';
import { type DecodeLimits, defaultLimits, type Redaction } from './cursor.ts';
import { texts } from './keys.ts';

/** How the value of a key is treated. 0 is reserved for "not asked yet". */
export const treat = { keep: 1, hide: 2, url: 3, query: 4 } as const;

/** Keeps everything; for tests and for bodies known to hold no secrets. */
export const noRedaction: Redaction = {
  key: () => 'keep',
  parameter: () => false,
  dropQuery: false,
  url: (url) => url,
};

/** What is in force, and what it did to the current body. */
export const policy = {
  limits: defaultLimits,
  redaction: noRedaction,
  /** The limits of keys and values as far as a length of one byte goes: shorter ones need no second look. */
  shortKey: 127,
  shortValue: 127,
  /** Values cut or dropped because of a limit. */
  truncated: 0,
  /** Values replaced or URLs altered. */
  redactedValues: 0,
};

let generation = -1;
let keys = new Uint8Array(1024);
let parameters = new Uint8Array(1024);

/** Puts limits and redaction in force for one body. */
export function enforce(limits: DecodeLimits, redaction: Redaction): void {
  if (redaction !== policy.redaction) generation = -1;
  policy.limits = limits;
  policy.redaction = redaction;
  policy.shortKey = Math.min(limits.keyBytes, 127);
  policy.shortValue = Math.min(limits.valueBytes, 127);
  policy.truncated = 0;
  policy.redactedValues = 0;
}

/** Forgets the answers for numbers of an earlier vocabulary. To be called before the keys of a span or origin are asked. */
export function refreshTreatments(): void {
  if (generation === texts.generation) return;
  generation = texts.generation;
  keys.fill(0);
  parameters.fill(0);
}

/** The treatment of the key with this vocabulary number. */
export function treatmentOf(id: number): number {
  if (id < keys.length) {
    const known = keys[id]!;
    if (known !== 0) return known;
  }
  return askKey(id);
}

function askKey(id: number): number {
  if (id >= keys.length) keys = grown(keys, Math.max(keys.length * 2, id + 1));
  const answer = treat[policy.redaction.key(texts.text(id))];
  keys[id] = answer;
  return answer;
}

function isSecretParameter(id: number): boolean {
  if (id >= parameters.length) parameters = grown(parameters, Math.max(parameters.length * 2, id + 1));
  let answer = parameters[id]!;
  if (answer === 0) {
    answer = policy.redaction.parameter(texts.text(id)) ? 2 : 1;
    parameters[id] = answer;
  }
  return answer === 2;
}

/** Whether the URL (or bare query string) at these bytes has credentials or a secret parameter, or a query to drop. */
export function urlIsDirty(view: DataView, at: number, length: number, isQuery: boolean): boolean {
  const end = at + length;
  let i = at;
  if (!isQuery) {
    // Up to the query only an '@' matters: it ends credentials (or is a harmless part of a path: url() decides).
    for (; i < end; i++) {
      const c = view.getUint8(i);
      if (c === 0x40) return true;
      if (c === 0x3f) break;
    }
    i++;
  }
  if (i >= end) return false;
  if (policy.redaction.dropQuery) return true;
  let nameAt = i;
  for (; i <= end; i++) {
    const c = i < end ? view.getUint8(i) : 0x26;
    if (c === 0x3d && nameAt !== -1) {
      if (i - nameAt <= 64 && isSecretParameter(texts.intern(view, nameAt, i - nameAt))) return true;
      nameAt = -1;
    } else if (c === 0x26 || c === 0x3b) nameAt = i + 1;
    else if (c === 0x40) return true;
  }
  return false;
}
