/**
 * Ready clauses that menus switch in a hide text: parts of its top-level OR. What people wrote beside them stays as it is. Pure.
 */
import { tokensOf, type Token } from '#shared/find-tokens.ts';

interface Clause {
  readonly text: string;
  /** Tokens joined, in lower case: how two spellings are compared. */
  readonly key: string;
}

/** Clauses that OR joins, parentheses and AND left whole. */
function clausesOf(text: string): Clause[] {
  const clauses: Clause[] = [];
  let depth = 0;
  let start = 0;
  let held: Token[] = [];
  const end = (to: number): void => {
    const part = text.slice(start, to).trim();
    if (part !== '') clauses.push({ text: part, key: held.map((token) => token.text.toLowerCase()).join(' ') });
    held = [];
  };
  for (const token of tokensOf(text)) {
    if (token.type === 'open') depth++;
    if (token.type === 'close') depth--;
    if (token.type === 'or' && depth === 0) {
      end(token.from);
      start = token.to;
    } else if (token.type !== 'mnemonic') {
      held.push(token);
    }
  }
  end(text.length);
  return clauses;
}

const keyOf = (clause: string): string => clausesOf(clause)[0]?.key ?? '';
const join = (clauses: readonly Clause[]): string => clauses.map(({ text }) => text).join(' OR ');

/** Whether the clause is one of the text's. */
export function hasClause(text: string, clause: string): boolean {
  const key = keyOf(clause);
  return clausesOf(text).some((one) => one.key === key);
}

/** The text with the clause, or without it. */
export function withClause(text: string, clause: string, on: boolean): string {
  const key = keyOf(clause);
  const others = clausesOf(text).filter((one) => one.key !== key);
  return join(on ? [...others, { text: clause, key }] : others);
}

const leastTraffic = /^(?:traffic|rate) < (\S+)(?: rps)?$/;

/** The calls a second below which edges are hidden, as written; '' when there is no such clause. */
export function leastRate(text: string): string {
  for (const { key } of clausesOf(text)) {
    const [, rate] = leastTraffic.exec(key) ?? [];
    if (rate !== undefined) return rate;
  }
  return '';
}

/** The text with another least rate; '' = none. */
export function withLeastRate(text: string, rate: string): string {
  const others = clausesOf(text).filter(({ key }) => !leastTraffic.test(key));
  return join(rate === '' ? others : [...others, { text: `traffic < ${rate}`, key: '' }]);
}
