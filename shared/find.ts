/**
 * The find language: text → expression, or where and why it cannot be read. A superset of Kiali's: every string that works there
 * means the same here. Ours on top: parentheses, criteria of workloads and of edges in one AND, quotes, units, and a plain word
 * for a part of a name. There are no regular expressions: a text in an address must not be able to hang the page.
 *
 *     any       = all { OR all }                                AND binds tighter
 *     all       = one { AND one }
 *     one       = { NOT | is | has } ( "(" any ")" | criterion )
 *     criterion = operand [ NOT ] operator value | operand | word
 *
 * What an expression matches is find-match.ts; completions are find-complete.ts; the words are find-operands.ts.
 */
import {
  exampleValue,
  kindAliases,
  kinds,
  nearestOperand,
  operandOf,
  readNumber,
  unitsOf,
  type Operand,
} from './find-operands.ts';
import { tokensOf, type CompareOp, type Token } from './find-tokens.ts';

export { completeFind, type Completion } from './find-complete.ts';
export { foundIds, hideFrom, matchFind, type Matches } from './find-match.ts';

/** What is asked of the operand. none: `= NaN`, no activity. Texts are in lower case. */
export type Test =
  | { readonly type: 'alone' }
  | { readonly type: 'none' }
  | { readonly type: 'number'; readonly op: CompareOp; readonly value: number }
  | { readonly type: 'text'; readonly op: CompareOp; readonly value: string };

export interface Criterion {
  readonly kind: 'criterion';
  readonly operand: Operand;
  readonly test: Test;
  readonly not: boolean;
}

/** Negation stands at the criteria only. `any` without parts matches nothing. */
export type FindExpression = Criterion | { readonly kind: 'all' | 'any'; readonly parts: readonly FindExpression[] };

export interface FindProblem {
  readonly ok: false;
  /** A sentence. */
  readonly message: string;
  /** The place in the text: [at, end). Empty at the end of the text when something is missing there. */
  readonly at: number;
  readonly end: number;
  /** What may have been meant. */
  readonly hint?: string;
}

export interface Find {
  readonly ok: true;
  readonly expression: FindExpression;
  /** What it asks about: whether labels of latency, marks of mutual TLS help to see it. */
  readonly uses: { readonly latency: boolean; readonly mtls: boolean };
  /** What never matches, and why. */
  readonly notes: readonly string[];
  /** What may have been meant if nothing matches: a word that is nearly an operand. */
  readonly hint?: string;
}

const mostCharacters = 2000;
const mostDepth = 50;

interface Reading {
  readonly text: string;
  readonly tokens: readonly Token[];
  next: number;
  depth: number;
  readonly criteria: Criterion[];
  readonly notes: Set<string>;
  hint: string | undefined;
  problem: FindProblem | undefined;
}

/** Reads a find text. The empty text is the expression that matches nothing. Never throws. */
export function parseFind(text: string): Find | FindProblem {
  if (text.length > mostCharacters)
    return {
      ok: false,
      message: `Too long: ${text.length} characters of at most ${mostCharacters}.`,
      at: mostCharacters,
      end: text.length,
    };
  const reading: Reading = {
    text,
    tokens: tokensOf(text),
    next: 0,
    depth: 0,
    criteria: [],
    notes: new Set(),
    hint: undefined,
    problem: undefined,
  };
  const expression = reading.tokens.length === 0 ? nothing : readAny(reading, false);
  const left = reading.tokens[reading.next];
  if (reading.problem === undefined && left !== undefined) unexpected(reading, left);
  if (reading.problem !== undefined || expression === undefined)
    return reading.problem ?? { ok: false, message: 'This cannot be read.', at: 0, end: text.length };
  const names = reading.criteria.map(({ operand }) => operand);
  return {
    ok: true,
    expression,
    uses: {
      latency: names.some(({ measure }) => measure === 'ms'),
      mtls: names.some(({ name }) => name === 'mtls' || name.endsWith('principal')),
    },
    notes: [...reading.notes],
    ...(reading.hint === undefined ? {} : { hint: reading.hint }),
  };
}

const nothing: FindExpression = { kind: 'any', parts: [] };

/** negated: everything in here is turned round, so AND and OR change places. */
function readAny(reading: Reading, negated: boolean): FindExpression | undefined {
  return readGroup(reading, 'or', negated ? 'all' : 'any', () => readAll(reading, negated));
}

function readAll(reading: Reading, negated: boolean): FindExpression | undefined {
  return readGroup(reading, 'and', negated ? 'any' : 'all', () => readOne(reading, negated));
}

function readGroup(
  reading: Reading,
  joint: 'and' | 'or',
  kind: 'all' | 'any',
  readPart: () => FindExpression | undefined,
): FindExpression | undefined {
  const parts: FindExpression[] = [];
  for (;;) {
    const part = readPart();
    if (part === undefined) return undefined;
    parts.push(part);
    if (reading.tokens[reading.next]?.type !== joint) break;
    reading.next++;
  }
  return parts.length === 1 ? parts[0] : { kind, parts };
}

function readOne(reading: Reading, negated: boolean): FindExpression | undefined {
  const not = readNots(reading) !== negated;
  const token = reading.tokens[reading.next];
  if (token?.type === 'word') return readCriterion(reading, token, not);
  if (token?.type !== 'open') return missingCriterion(reading, token);
  if (++reading.depth > mostDepth)
    return fail(reading, `More than ${mostDepth} parentheses in each other.`, token.from, token.to);
  reading.next++;
  const inner = readAny(reading, not);
  if (inner === undefined) return undefined;
  const close = reading.tokens[reading.next];
  if (close === undefined)
    return fail(reading, 'This parenthesis is not closed.', token.from, token.to, 'add ) at the end');
  if (close.type !== 'close') return unexpected(reading, close);
  reading.next++;
  reading.depth--;
  return inner;
}

/** Skips `!`, `not`, `is` and `has`. out: whether an odd number of them negates. */
function readNots(reading: Reading): boolean {
  let not = false;
  for (;;) {
    const type = reading.tokens[reading.next]?.type;
    if (type !== 'not' && type !== 'mnemonic') return not;
    if (type === 'not') not = !not;
    reading.next++;
  }
}

function readCriterion(reading: Reading, word: Token, not: boolean): FindExpression | undefined {
  reading.next++;
  const operand = word.quoted === true ? undefined : operandOf(word.text);
  const before = reading.next;
  const notOp = readNots(reading);
  const sign = reading.tokens[reading.next];
  if (sign?.type === 'odd' && sign.text !== '"' && sign.text !== "'") return noRegularExpressions(reading, sign);
  if (sign?.type !== 'op' || sign.op === undefined) {
    if (reading.next > before) return strayIs(reading, word, sign, operand);
    return operand === undefined ? plainWord(reading, word, not) : alone(reading, operand, word, not);
  }
  reading.next++;
  if (operand === undefined) return unknownOperand(reading, word);
  const value = reading.tokens[reading.next];
  if (operand.type === 'flag')
    return fail(
      reading,
      `\`${word.text}\` stands alone, without “${sign.text}”.`,
      sign.from,
      value?.type === 'value' ? value.to : sign.to,
      `write ${word.text} or ! ${word.text}`,
    );
  if (value?.type === 'odd') return unexpected(reading, value);
  if (value?.type !== 'value') return missingValue(reading, operand, word, sign);
  reading.next++;
  const turned = (sign.negated === true) !== (notOp !== not);
  const test =
    operand.type === 'number'
      ? numberTest(reading, operand, word, sign, value)
      : textTest(reading, operand, word, sign.op, value);
  return test && criterion(reading, operand, test, turned);
}

function criterion(reading: Reading, operand: Operand, test: Test, not: boolean): Criterion {
  if (operand.nothing !== undefined) reading.notes.add(`\`${operand.name}\` matches nothing: ${operand.nothing}.`);
  const made: Criterion = { kind: 'criterion', operand, test, not };
  reading.criteria.push(made);
  return made;
}

function plainWord(reading: Reading, word: Token, not: boolean): Criterion | undefined {
  const name = operandOf('name');
  if (name === undefined) return undefined;
  const near = word.quoted === true ? undefined : nearestOperand(word.text);
  if (near !== undefined) reading.hint ??= `“${word.text}” is looked for in names. Did you mean \`${near}\`?`;
  return criterion(reading, name, { type: 'text', op: '*=', value: word.text.toLowerCase() }, not);
}

function alone(reading: Reading, operand: Operand, word: Token, not: boolean): Criterion | undefined {
  if (operand.type === 'flag' || operand.alone === true) return criterion(reading, operand, { type: 'alone' }, not);
  const message = `\`${word.text}\` needs a comparison: ${example(operand, word.text)}.`;
  return fail(reading, message, word.from, word.to, `"${word.text}" in quotes looks for the word in names`);
}

function numberTest(reading: Reading, operand: Operand, word: Token, sign: Token, value: Token): Test | undefined {
  const op = sign.op ?? '=';
  if (op === '*=' || op === '^=' || op === '$=')
    return fail(reading, `\`${word.text}\` is a number: compare it with = != > >= < or <=.`, sign.from, sign.to);
  if (value.text.toLowerCase() === 'nan') {
    if (op === '=') return { type: 'none' };
    return fail(reading, 'NaN, no activity, goes with = or !=.', sign.from, sign.to);
  }
  const number = readNumber(value.text, operand.measure ?? 'count');
  if (number === undefined) {
    if (missingJoint(reading, value)) return undefined;
    const units = unitsOf(operand.measure ?? 'count');
    return fail(
      reading,
      `\`${word.text}\` needs a number: ${example(operand, word.text)}.`,
      value.from,
      value.to,
      units === '' ? undefined : units,
    );
  }
  if (operand.name === 'rank' && (number < 1 || number > 100))
    return fail(reading, 'A rank is a number from 1 to 100.', value.from, value.to);
  return { type: 'number', op, value: number };
}

function textTest(reading: Reading, operand: Operand, word: Token, op: CompareOp, value: Token): Test | undefined {
  if (value.quoted !== true && missingJoint(reading, value)) return undefined;
  const text = value.text.toLowerCase();
  if (operand.name !== 'node' || op !== '=') return { type: 'text', op, value: text };
  const kind = Object.hasOwn(kindAliases, text) ? kindAliases[text] : undefined;
  if (kind === undefined) {
    const names = `${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`;
    return fail(reading, `“${value.text}” is no kind: \`${word.text}\` is ${names}.`, value.from, value.to);
  }
  if (kind === 'operation')
    reading.notes.add(`\`node = ${value.text}\` matches nothing: ${operandOf('operation')?.nothing}.`);
  return { type: 'text', op, value: kind };
}

const swallowed = /^(\S+\s+(?:(?:not|is|has)\s+|!\s*)*)([\w%:.-]+)\s*([!*^$]?=|[<>]|contains|startswith|endswith|$)/i;

/** `rt > 5 name = cart`: the value swallowed a criterion. Says so at that place. */
function missingJoint(reading: Reading, value: Token): boolean {
  const [, head = '', next = '', op = ''] = swallowed.exec(value.text) ?? [];
  const operand = next === '' ? undefined : operandOf(next);
  if (operand === undefined || (op === '' && operand.type !== 'flag')) return false;
  const at = value.from + head.length;
  fail(reading, `Put AND or OR before “${next}”.`, at, value.to);
  return true;
}

function example(operand: Operand, word: string): string {
  if (operand.type === 'number') return `${word} > ${exampleValue[operand.measure ?? 'count']}`;
  if (operand.name === 'node') return `${word} = database`;
  return `${word} contains cart`;
}

function missingValue(reading: Reading, operand: Operand, word: Token, sign: Token): undefined {
  const what = operand.type === 'number' ? 'a number' : 'a value';
  return fail(reading, `\`${word.text}\` needs ${what}: ${example(operand, word.text)}.`, sign.from, sign.to);
}

function missingCriterion(reading: Reading, token: Token | undefined): undefined {
  const before = reading.tokens[reading.next - 1];
  if (token === undefined || token.type === 'and' || token.type === 'or' || token.type === 'close') {
    const place = token ?? before;
    const what = before === undefined ? 'at the beginning' : `after “${before.text}”`;
    return fail(reading, `Something is missing ${what}.`, place?.from ?? 0, place?.to ?? 0);
  }
  if (token.type === 'op')
    return fail(reading, `“${token.text}” needs a word before it: rt > 1000.`, token.from, token.to);
  return unexpected(reading, token);
}

function unknownOperand(reading: Reading, word: Token): undefined {
  const near = nearestOperand(word.text);
  const hint = near === undefined ? 'such as name, namespace, rt, errors, protocol' : `did you mean ${near}?`;
  return fail(reading, `“${word.text}” is no word of the find language.`, word.from, word.to, hint);
}

/** `name is cart`, `rt is`: is, has and not come before a word, not after it. */
function strayIs(reading: Reading, word: Token, after: Token | undefined, operand: Operand | undefined): undefined {
  const stray = reading.tokens[reading.next - 1];
  if (stray?.type === 'not' && (after?.type === 'word' || after?.type === 'open'))
    return fail(reading, 'Put AND or OR between these two.', word.from, after.to);
  const hint =
    operand?.type === 'text' && after?.type === 'word'
      ? `write ${word.text} = ${after.text}`
      : 'write it before the word, or an operator after it';
  return fail(reading, `“${stray?.text}” has no place here.`, stray?.from ?? 0, stray?.to ?? 0, hint);
}

function unexpected(reading: Reading, token: Token): undefined {
  const { type, text, from, to } = token;
  if (type === 'odd') {
    if (text !== '"' && text !== "'") return noRegularExpressions(reading, token);
    return fail(reading, 'This quote is not closed.', from, to, `add ${text} at the end`);
  }
  if (type === 'close') return fail(reading, 'This parenthesis was never opened.', from, to);
  if (type === 'op') return fail(reading, `“${text}” has no place here.`, from, to);
  return fail(reading, `Put AND or OR before “${text}”.`, from, to);
}

function noRegularExpressions(reading: Reading, { from, to }: Token): undefined {
  return fail(reading, 'There are no regular expressions here.', from, to, 'contains, startswith and endswith are');
}

/** Keeps the first problem. */
function fail(reading: Reading, message: string, at: number, end: number, hint?: string): undefined {
  reading.problem ??= { ok: false, message, at, end, ...(hint === undefined ? {} : { hint }) };
  return undefined;
}
