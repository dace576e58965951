/**
 * What may stand at the caret of a query line: words and attribute names, then operators, then values. Which names and values
 * there are the caller knows from the API: `wants` says what to ask for, and the answer completes the next time.
 */
import { formatCount } from './format.ts';
import {
  attributeKeyOf,
  queryWordOf,
  queryWords,
  traceStatuses,
  writeAttributeKey,
  type QueryWord,
} from './trace-query.ts';
import { queryTokens, writeText, type QueryToken } from './trace-query-tokens.ts';

export interface QueryOption {
  /** What a choice puts in place of [from, to); ends in a space when more must follow. */
  readonly text: string;
  /** In words: what it means, or how many spans have it. */
  readonly detail: string;
}

/** A name or value the time holds. */
export interface Counted {
  readonly text: string;
  /** Absent: not known. */
  readonly spans?: number;
}

export interface QueryKnown {
  /** Names of attributes. */
  readonly keys: readonly Counted[];
  /** Values of what `wants` named: of an attribute, or of a word of the line. */
  readonly values: readonly Counted[];
}

/** What the caller can look up to complete better. */
export type QueryWants =
  | { readonly what: 'keys'; readonly prefix: string }
  | { readonly what: 'values'; readonly key: string; readonly prefix: string }
  | { readonly what: 'word'; readonly word: 'service' | 'operation' | 'root' | 'version'; readonly prefix: string };

export interface QueryCompletion {
  readonly from: number;
  readonly to: number;
  readonly options: readonly QueryOption[];
  readonly wants: QueryWants | undefined;
}

const mostOptions = 60;

const wordDetails: Readonly<Record<QueryWord, string>> = {
  service: 'a workload that takes part',
  operation: 'a span name, of that workload',
  root: 'what the trace starts with: service|operation',
  version: 'a version that takes part, of that workload',
  duration: 'of the whole trace: 100ms, 1.5s',
  status: 'ok, error or failed',
  edge: 'id of an edge of the map',
};
const statusDetails = { ok: 'no span failed', error: 'some span failed', failed: "the trace's own request failed" };
const opDetails = [
  ['=', 'is'],
  ['!=', 'is there and is something else'],
  ['>=', 'at least, as a number'],
  ['>', 'more than'],
  ['<=', 'at most'],
  ['<', 'less than'],
  ['exists', 'is there, whatever its value'],
] as const;
const bounds: readonly QueryOption[] = [
  { text: '>= ', detail: 'at least' },
  { text: '<= ', detail: 'at most' },
];
const durations: readonly QueryOption[] = ['10ms', '100ms', '500ms', '1s', '5s'].map((text) => ({
  text: `${text} `,
  detail: 'duration',
}));

/** Options at the caret, those that begin with what is typed first; none when what is typed is the only one. */
export function completeTraceQuery(line: string, caret: number, known: QueryKnown): QueryCompletion {
  const tokens = queryTokens(line);
  const under = tokens.find(({ from, to, type }) => from < caret && caret <= to && type !== 'op');
  const before = tokens.filter(({ to, from }) => to <= caret && from < (under?.from ?? caret));
  const from = under?.from ?? caret;
  const typed = under === undefined ? '' : line.slice(from, caret).replace(/^["']/, '');
  const end = under?.to ?? caret;
  // a choice ends in a space of its own
  const to = line.charAt(end) === ' ' ? end + 1 : end;
  const last = before.at(-1);
  const complete = (options: readonly QueryOption[], wants?: QueryWants): QueryCompletion => {
    const found = fitting(options, typed);
    const only = found.length === 1 && found[0]?.text.trim() === line.slice(from, end);
    return { from, to, options: only ? [] : found, wants };
  };
  if (last?.type === 'odd') return complete([]);
  if (last?.type === 'op') return afterOperator(before, typed, known, complete);
  if (last?.type === 'key') return complete(operatorsOf(last));
  const asked = new Set(before.flatMap((token) => (token.type === 'key' ? [queryWordOf(token)] : [])));
  const words = queryWords.filter((word) => word === 'duration' || !asked.has(word));
  return complete(
    [
      ...words.map((word) => ({ text: `${word} `, detail: wordDetails[word] })),
      ...known.keys.map((key) => ({ text: `${writeAttributeKey(key.text)} `, detail: spansOf(key) || 'attribute' })),
    ],
    { what: 'keys', prefix: typed.replace(/^attr\./, '') },
  );
}

function afterOperator(
  before: readonly QueryToken[],
  prefix: string,
  known: QueryKnown,
  complete: (options: readonly QueryOption[], wants?: QueryWants) => QueryCompletion,
): QueryCompletion {
  const key = before.at(-2);
  if (key?.type !== 'key') return complete([]);
  const word = queryWordOf(key);
  const values = known.values.map((value) => ({ text: `${writeText(value.text, 'value')} `, detail: spansOf(value) }));
  switch (word) {
    case undefined:
      return complete(values, { what: 'values', key: attributeKeyOf(key), prefix });
    case 'duration':
      return complete(durations);
    case 'status':
      return complete(traceStatuses.map((status) => ({ text: `${status} `, detail: statusDetails[status] })));
    case 'edge':
      return complete([]);
    default:
      return complete(values, { what: 'word', word, prefix });
  }
}

function operatorsOf(key: QueryToken): readonly QueryOption[] {
  const word = queryWordOf(key);
  if (word === 'duration') return bounds;
  if (word !== undefined) return [{ text: '= ', detail: 'is' }];
  return opDetails.map(([op, detail]) => ({ text: `${op} `, detail }));
}

function spansOf({ spans }: Counted): string {
  return spans === undefined ? '' : `${formatCount(spans)} ${spans === 1 ? 'span' : 'spans'}`;
}

/** Begins with what is typed, then holds it. Quotes and the prefix of attributes do not count. */
function fitting(options: readonly QueryOption[], typed: string): QueryOption[] {
  const wanted = typed.replace(/^attr\./, '').toLowerCase();
  const bare = ({ text }: QueryOption): string =>
    text
      .replace(/^"/, '')
      .replace(/^attr\./, '')
      .toLowerCase();
  const begin = options.filter((option) => bare(option).startsWith(wanted));
  const hold = options.filter((option) => !bare(option).startsWith(wanted) && bare(option).includes(wanted));
  return [...begin, ...hold].slice(0, mostOptions);
}
