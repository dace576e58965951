/**
 * A query line cut into keys, operators and values, with their places. A key ends at an operator, a value only at a space, so
 * that `url.path=/cart?a=1` is one term. Quotes keep spaces; in quotes a backslash escapes. trace-query.ts reads the pieces.
 */

export const queryOps = ['!=', '>=', '<=', '=', '>', '<'] as const;

/** `odd`: a quote that is not closed, or an escape that is none. */
export interface QueryToken {
  readonly type: 'key' | 'op' | 'value' | 'exists' | 'and' | 'odd';
  /** Without quotes and escapes; of an odd one what is wrong with it, a sentence. */
  readonly text: string;
  /** Place in the line, half open, quotes included. */
  readonly from: number;
  readonly to: number;
  readonly quoted: boolean;
}

const keyEnd = /[\s"'=!<>]|$/g;
const valueEnd = /[\s"']|$/g;

/** The pieces of a line in order. What stands where tells what it is: a value follows an operator, `exists` a key. */
export function queryTokens(line: string): QueryToken[] {
  const tokens: QueryToken[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(line.charAt(at))) at++;
    if (at >= line.length) return tokens;
    const token = tokenAt(line, at, tokens.at(-1));
    tokens.push(token);
    at = token.to;
  }
}

function tokenAt(line: string, from: number, before: QueryToken | undefined): QueryToken {
  const op = queryOps.find((one) => line.startsWith(one, from));
  if (op !== undefined && (before?.type !== 'op' || op !== '='))
    return { type: 'op', text: op, from, to: from + op.length, quoted: false };
  const asValue = before?.type === 'op';
  const char = line.charAt(from);
  if (char === '"' || char === "'") return quotedAt(line, from, asValue ? 'value' : 'key');
  const ending = asValue ? valueEnd : keyEnd;
  ending.lastIndex = from + 1;
  const to = ending.exec(line)?.index ?? line.length;
  const text = line.slice(from, to);
  if (asValue) return { type: 'value', text, from, to, quoted: false };
  if (before?.type === 'key' && /^exists$/i.test(text)) return { type: 'exists', text, from, to, quoted: false };
  return { type: /^and$/i.test(text) ? 'and' : 'key', text, from, to, quoted: false };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', "'": "'", '\\': '\\' };

function quotedAt(line: string, from: number, type: 'key' | 'value'): QueryToken {
  const quote = line.charAt(from);
  let text = '';
  for (let at = from + 1; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === quote) return { type, text, from, to: at + 1, quoted: true };
    if (char !== '\\') {
      text += char;
      continue;
    }
    const [hex] = /^[0-9a-fA-F]{4}/.exec(line.slice(at + 2, at + 6)) ?? [];
    const next = line.charAt(at + 1);
    if (next === 'u' && hex !== undefined) {
      text += String.fromCharCode(Number.parseInt(hex, 16));
      at += 5;
    } else {
      const escaped = Object.hasOwn(escapes, next) ? escapes[next] : undefined;
      if (escaped === undefined && next !== '') {
        const message = `“\\${next}” is no escape: they are \\" \\' \\\\ \\n \\r \\t and \\u with four hex digits.`;
        return { type: 'odd', text: message, from: at, to: line.length, quoted: true };
      }
      text += escaped ?? '';
      at += 1;
    }
  }
  return { type: 'odd', text: `This quote is not closed: add ${quote}.`, from, to: line.length, quoted: true };
}

/** A text in quotes, so that queryTokens gives it back. */
export function quoteText(text: string): string {
  const inner = text.replaceAll(/["\\\p{Cc}\u2028\u2029]/gu, (char) => {
    if (char === '"' || char === '\\') return `\\${char}`;
    const [letter] = Object.entries(escapes).find(([, escaped]) => escaped === char) ?? [];
    return letter === undefined ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : `\\${letter}`;
  });
  return `"${inner}"`;
}

/** A key or value as short as it can be written. */
export function writeText(text: string, as: 'key' | 'value'): string {
  const bare = as === 'key' ? /^[^\s"'=!<>]+$/ : /^[^\s"'=!<>][^\s"']*$/;
  return bare.test(text) ? text : quoteText(text);
}
