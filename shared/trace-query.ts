/**
 * The query line of the trace search: text ↔ TraceFilter, the same as the search form. Pure; docs/api.md has it for people.
 *
 *     line  = [ term { [ "and" ] term } ]               all terms hold; the empty line keeps every trace
 *     term  = word "=" value                            service, operation, status, edge, root, version: once each
 *           | "duration" ( ">=" | "<=" | ">" | "<" ) time      once each way; > is read as >=, < as <=
 *           | attribute ( "=" | "!=" | ">" | ">=" | "<" | "<=" ) value
 *           | attribute "exists"
 *     attribute = key | "attr." key                     with attr. a name that is a word of the line: attr.service = x
 *     time  = number ( "us" | "ms" | "s" | "m" | "h" )  as in 1.5s
 *     key, value = bare text, or text in " or ' with \" \' \\ \n \r \t \uXXXX; a key in quotes is always an attribute's
 *
 * All attribute terms hold on one span. A value that is a number compares as one with values that are numbers; `=` asks for the
 * text as it is written, or the same number as a sender of numbers would have it (5.0 finds 5). `!=` asks for another value,
 * so the attribute has to be there.
 */
import { slipsBetween } from './find-operands.ts';
import { queryTokens, writeText, type QueryToken } from './trace-query-tokens.ts';

export const attributeOps = ['=', '!=', '>', '<', '>=', '<=', 'exists'] as const;
export type AttributeOp = (typeof attributeOps)[number];
export const traceStatuses = ['ok', 'error', 'failed'] as const;
export type TraceStatus = (typeof traceStatuses)[number];

export interface AttributeTerm {
  /** Name as sent. */
  readonly key: string;
  readonly op: AttributeOp;
  /** '' for exists. */
  readonly value: string;
}

/** Which traces are meant. What is absent is not asked. */
export interface TraceFilter {
  /** Node id, name, or name.namespace of a workload that takes part. */
  readonly service?: string;
  /** Span name; of that workload when one is given. */
  readonly operation?: string;
  /** Bounds of the whole trace's duration, both included. */
  readonly minMs?: number;
  readonly maxMs?: number;
  /** error: a span failed; ok: none did; failed: the trace's own request did. */
  readonly status?: TraceStatus;
  /** Id of an edge of the map it has a call of: 16 hex digits. */
  readonly edge?: string;
  /** All on one span, or on its resource. */
  readonly attributes: readonly AttributeTerm[];
  /** What it starts with: service|operation, or a service alone. */
  readonly root?: string;
  /** A span of that workload (of any when none is given) has this version. */
  readonly version?: string;
}

export type ParsedTraceQuery =
  | { readonly ok: true; readonly filter: TraceFilter; readonly hint?: string }
  | {
      readonly ok: false;
      /** A sentence that names the place, and what may have been meant. */
      readonly message: string;
      /** The place in the line: [at, end). */
      readonly at: number;
      readonly end: number;
    };

/** The words of the line in the order writeTraceQuery has them; all others are attributes. `workload` is `service`. */
export const queryWords = ['service', 'operation', 'root', 'version', 'duration', 'status', 'edge'] as const;
export type QueryWord = (typeof queryWords)[number];

export const mostLineCharacters = 4000;
export const mostAttributeTerms = 20;
const attributePrefix = 'attr.';

/** The word a key is, undefined for an attribute. */
export function queryWordOf({ text, quoted }: Pick<QueryToken, 'text' | 'quoted'>): QueryWord | undefined {
  if (quoted) return undefined;
  return text === 'workload' ? 'service' : queryWords.find((word) => word === text);
}

/** Name of the attribute a key means. */
export function attributeKeyOf({ text, quoted }: Pick<QueryToken, 'text' | 'quoted'>): string {
  return !quoted && text.startsWith(attributePrefix) ? text.slice(attributePrefix.length) : text;
}

type Draft = { -readonly [Part in keyof TraceFilter]: TraceFilter[Part] } & { attributes: AttributeTerm[] };

type Problem = Extract<ParsedTraceQuery, { readonly ok: false }>;

/** Reads a query line. Never throws. */
export function parseTraceQuery(line: string): ParsedTraceQuery {
  if (line.length > mostLineCharacters)
    return problem(`Too long: ${line.length} characters of at most ${mostLineCharacters}.`, {
      from: mostLineCharacters,
      to: line.length,
    });
  const tokens = queryTokens(line);
  const odd = tokens.find(({ type }) => type === 'odd');
  const draft: Draft = { attributes: [] };
  const hints: string[] = [];
  for (let at = 0; at < tokens.length;) {
    const joint = tokens[at]?.type === 'and' && at > 0 ? 1 : 0;
    const [key, sign, value] = tokens.slice(at + joint, at + joint + 3);
    if (key === undefined || key.type !== 'key')
      return odd?.from === key?.from && odd ? unread(odd) : noTerm(tokens[at]!, key);
    if (sign?.type === 'exists') {
      const wrong = readExists(draft, key, sign);
      if (wrong) return wrong;
      at += joint + 2;
      continue;
    }
    if (sign?.type === 'odd') return unread(sign);
    if (sign?.type !== 'op') return noOperator(key);
    if (value?.type === 'odd') return unread(value);
    if (value?.type !== 'value') return problem(`A value is missing after “${key.text} ${sign.text}”.`, sign);
    const wrong = readComparison(draft, hints, key, sign, value);
    if (wrong) return wrong;
    at += joint + 3;
  }
  return { ok: true, filter: draft, ...(hints[0] === undefined ? {} : { hint: hints[0] }) };
}

function readExists(draft: Draft, key: QueryToken, sign: QueryToken): Problem | undefined {
  const word = queryWordOf(key);
  if (word === undefined) return addAttribute(draft, key, 'exists', '');
  return problem(
    `\`${key.text}\` goes with ${word === 'duration' ? '>= or <=' : '='}; the attribute of that name is attr.${key.text}.`,
    { from: key.from, to: sign.to },
  );
}

function readComparison(
  draft: Draft,
  hints: string[],
  key: QueryToken,
  sign: QueryToken,
  value: QueryToken,
): Problem | undefined {
  const word = queryWordOf(key);
  if (word === undefined) {
    const near = key.quoted ? undefined : nearestOf(key.text, [...queryWords, 'workload']);
    if (near !== undefined) hints.push(`“${key.text}” is looked for as an attribute. Did you mean \`${near}\`?`);
    return addAttribute(draft, key, sign.text as AttributeOp, value.text);
  }
  if (word === 'duration') return readDuration(draft, sign, value);
  if (sign.text !== '=') {
    const message = `\`${key.text}\` goes with = only; the attribute of that name is attr.${key.text}.`;
    return problem(message, sign);
  }
  if (draft[word] !== undefined)
    return problem(`\`${key.text}\` is asked for twice.`, { from: key.from, to: value.to });
  if (value.text === '') return problem(`\`${key.text}\` needs a value.`, value);
  if (word === 'status') {
    const status = traceStatuses.find((one) => one === value.text);
    if (status === undefined) {
      const near = nearestOf(value.text, traceStatuses);
      const hint = near === undefined ? '' : ` Did you mean ${near}?`;
      return problem(`“${value.text}” is no status: it is ok, error or failed.${hint}`, value);
    }
    draft.status = status;
  } else if (word === 'edge') {
    if (!/^[0-9a-f]{16}$/i.test(value.text))
      return problem(`“${value.text}” is no edge: its id has 16 hex digits, as the map gives it.`, value);
    draft.edge = value.text.toLowerCase();
  } else draft[word] = value.text;
  return undefined;
}

function readDuration(draft: Draft, sign: QueryToken, value: QueryToken): Problem | undefined {
  const bound = sign.text.startsWith('>') ? 'minMs' : sign.text.startsWith('<') ? 'maxMs' : undefined;
  if (bound === undefined) return problem('`duration` goes with >= or <=: duration >= 100ms.', sign);
  if (draft[bound] !== undefined)
    return problem(`\`duration ${sign.text}\` is asked for twice.`, { from: sign.from, to: value.to });
  const ms = readQueryDuration(value.text);
  if (ms === undefined) {
    const bare = /^\d+(\.\d+)?$/.test(value.text);
    const hint = bare ? `write ${value.text}ms or ${value.text}s` : 'write it like 500us, 100ms, 1.5s or 2m';
    return problem(`“${value.text}” is no duration: ${hint}.`, value);
  }
  draft[bound] = ms;
  return undefined;
}

function addAttribute(draft: Draft, token: QueryToken, op: AttributeOp, value: string): Problem | undefined {
  const key = attributeKeyOf(token);
  if (key === '') return problem('An attribute needs a name here.', token);
  if (draft.attributes.length === mostAttributeTerms)
    return problem(`More than ${mostAttributeTerms} attributes are asked for.`, token);
  draft.attributes.push({ key, op, value });
  return undefined;
}

/** The words of a filter as a line; parseTraceQuery gives the filter back. in: texts that are not empty, but for values of attributes. */
export function writeTraceQuery(filter: TraceFilter): string {
  const { attributes, minMs, maxMs, ...words } = filter;
  const terms: string[] = [];
  for (const word of queryWords) {
    if (word === 'duration') {
      if (minMs !== undefined) terms.push(`duration >= ${writeQueryDuration(minMs)}`);
      if (maxMs !== undefined) terms.push(`duration <= ${writeQueryDuration(maxMs)}`);
    } else {
      const value = words[word];
      if (value !== undefined) terms.push(`${word} = ${writeText(value, 'value')}`);
    }
  }
  for (const { key, op, value } of attributes) {
    const name = writeAttributeKey(key);
    terms.push(op === 'exists' ? `${name} exists` : `${name} ${op} ${writeText(value, 'value')}`);
  }
  return terms.join(' ');
}

/** The name of an attribute as it stands in a line: `attr.service`, `"two words"`. */
export function writeAttributeKey(key: string): string {
  const reserved = queryWordOf({ text: key, quoted: false }) !== undefined || /^(and|exists)$/i.test(key);
  return writeText(reserved || key.startsWith(attributePrefix) ? attributePrefix + key : key, 'key');
}

const unitMs = { us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of `500us`, `100ms`, `1.5s`, `2m`, `1h`; undefined for anything else. */
export function readQueryDuration(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(us|µs|ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  const value = Number(number);
  // dividing by a whole number keeps 1.1us the number nearest to 0.0011
  const ms = unit.endsWith('us') || unit === 'µs' ? value / 1_000 : value * unitMs[unit as keyof typeof unitMs];
  return Number.isFinite(ms) ? ms : undefined;
}

/** The shortest text that reads back to the same milliseconds, of a unit it has at least one of: `500ms`, not `0.5s`. */
export function writeQueryDuration(ms: number): string {
  const units = [
    [ms * 1_000, 'us'],
    [ms, 'ms'],
    [ms / 1_000, 's'],
    [ms / 60_000, 'm'],
  ] as const;
  let best = `${ms}ms`;
  for (const [value, unit] of units) {
    const text = `${value}${unit}`;
    if (value >= 1 && text.length < best.length && readQueryDuration(text) === ms) best = text;
  }
  return best;
}

function problem(message: string, { from, to }: { readonly from: number; readonly to: number }): Problem {
  return { ok: false, message, at: from, end: to };
}

function unread(odd: QueryToken): Problem {
  return problem(odd.text, odd);
}

function noTerm(first: QueryToken, key: QueryToken | undefined): Problem {
  if (key === undefined) return problem(`Something is missing after “${first.text}”.`, first);
  if (key.type === 'op') return problem(`“${key.text}” needs a word before it: duration >= 100ms.`, key);
  if (key.type === 'and') return problem(`“${key.text}” joins two terms: one is missing before it.`, key);
  return problem(`“${key.text}” has no place here.`, key);
}

function noOperator(key: QueryToken): Problem {
  const word = queryWordOf(key);
  if (word !== undefined) {
    const example = word === 'duration' ? 'duration >= 100ms' : word === 'status' ? 'status = failed' : `${word} = …`;
    return problem(`\`${key.text}\` needs an operator and a value: ${example}.`, key);
  }
  const near = key.quoted ? undefined : nearestOf(key.text, queryWords);
  const written = writeText(key.text, 'value');
  const hint =
    near === undefined
      ? `write service = ${written}, or ${writeAttributeKey(key.text)} exists`
      : `did you mean ${near}?`;
  return problem(`“${key.text}” needs an operator: ${hint}${near === undefined ? '.' : ''}`, key);
}

/** The known word a misspelt one is at most two slips away from, one for short words. */
function nearestOf(text: string, known: readonly string[]): string | undefined {
  const wrong = text.toLowerCase();
  let best: string | undefined;
  let least = wrong.length < 5 ? 2 : 3;
  for (const word of known) {
    const slips = slipsBetween(wrong, word, least);
    if (slips < least) [best, least] = [word, slips];
  }
  return best;
}
