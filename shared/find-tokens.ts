/**
 * A find text → its tokens. What follows an operator is a value and reaches to the next AND, OR or unmatched parenthesis, as
 * in Kiali, so values may hold spaces; quotes hold anything. Never throws: what cannot be read is a token `odd`.
 */

export type CompareOp = '=' | '*=' | '^=' | '$=' | '>' | '>=' | '<' | '<=';

export interface Token {
  /** mnemonic: `is` and `has`, which mean nothing. odd: a regular expression's operator, or a quote without an end. */
  readonly type: 'word' | 'op' | 'value' | 'not' | 'and' | 'or' | 'open' | 'close' | 'mnemonic' | 'odd';
  /** As written; of a quoted value or word what stands between the quotes. */
  readonly text: string;
  /** Where it stands: [from, to). */
  readonly from: number;
  readonly to: number;
  /** Of operators: what is compared, and whether it is turned round (`!=`). */
  readonly op?: CompareOp;
  readonly negated?: boolean;
  readonly quoted?: boolean;
}

const signs: readonly (readonly [sign: string, op: CompareOp, negated: boolean])[] = [
  ['!*=', '*=', true],
  ['!^=', '^=', true],
  ['!$=', '$=', true],
  ['!=', '=', true],
  ['>=', '>=', false],
  ['<=', '<=', false],
  ['*=', '*=', false],
  ['^=', '^=', false],
  ['$=', '$=', false],
  ['==', '=', false],
  ['=', '=', false],
  ['>', '>', false],
  ['<', '<', false],
];
const oddSigns = ['=~', '!~', '~'];
const wordTypes: Readonly<Record<string, Token['type']>> = {
  and: 'and',
  '&&': 'and',
  or: 'or',
  '||': 'or',
  not: 'not',
  is: 'mnemonic',
  has: 'mnemonic',
};
const wordOps: Readonly<Record<string, CompareOp>> = { contains: '*=', startswith: '^=', endswith: '$=' };
const wordEnd = /[\s()=!<>~"']|[*^$]=/g;
const joint = /\s(?:and|or|&&|\|\|)(?=[\s(]|$)/giy;

/** The tokens of a text, in order. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at++;
      continue;
    }
    const token = tokens.at(-1)?.type === 'op' ? valueAt(text, at) : tokenAt(text, at);
    if (token.to > token.from) tokens.push(token);
    if (token.to <= at) {
      // a value that is empty because AND, OR or `)` follows: read that as what it is
      const next = tokenAt(text, at);
      tokens.push(next);
      at = next.to;
    } else {
      at = token.to;
    }
  }
  return tokens;
}

function tokenAt(text: string, from: number): Token {
  const char = text.charAt(from);
  const odd = oddSigns.find((sign) => text.startsWith(sign, from));
  if (odd !== undefined) return { type: 'odd', text: odd, from, to: from + odd.length };
  const sign = signs.find(([written]) => text.startsWith(written, from));
  if (sign !== undefined) {
    const [written, op, negated] = sign;
    return { type: 'op', text: written, from, to: from + written.length, op, negated };
  }
  if (char === '(' || char === ')') return { type: char === '(' ? 'open' : 'close', text: char, from, to: from + 1 };
  if (char === '!') return { type: 'not', text: char, from, to: from + 1 };
  if (char === '"' || char === "'") return quotedAt(text, from, 'word');
  wordEnd.lastIndex = from + 1;
  const to = wordEnd.exec(text)?.index ?? text.length;
  const word = text.slice(from, to);
  const lower = word.toLowerCase();
  const op = Object.hasOwn(wordOps, lower) ? wordOps[lower] : undefined;
  if (op !== undefined) return { type: 'op', text: word, from, to, op, negated: false };
  const type = Object.hasOwn(wordTypes, lower) ? wordTypes[lower] : undefined;
  return { type: type ?? 'word', text: word, from, to };
}

function quotedAt(text: string, from: number, type: 'word' | 'value'): Token {
  const end = text.indexOf(text.charAt(from), from + 1);
  if (end < 0) return { type: 'odd', text: text.charAt(from), from, to: text.length };
  return { type, text: text.slice(from + 1, end), from, to: end + 1, quoted: true };
}

function valueAt(text: string, from: number): Token {
  const char = text.charAt(from);
  if (char === '"' || char === "'") return quotedAt(text, from, 'value');
  let depth = 0;
  let to = from;
  for (; to < text.length; to++) {
    const here = text.charAt(to);
    if (here === '(') depth++;
    if (here === ')' && --depth < 0) break;
    // the joint is looked for at the space before it, so that a value may begin with "and…"
    joint.lastIndex = Math.max(0, to === from ? to - 1 : to);
    if (joint.test(text)) break;
  }
  const value = text.slice(from, to).trimEnd();
  return { type: 'value', text: value, from, to: from + value.length };
}
