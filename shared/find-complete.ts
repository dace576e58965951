/**
 * What may stand at the caret of a find text: operands, then operators, then values the graph holds, then AND and OR. The text
 * before the caret decides what comes next; the word under it is what a choice replaces.
 */
import type { Graph } from './api.ts';
import { kinds, operandOf, operands, type Measure, type Operand } from './find-operands.ts';
import { tokensOf, type Token } from './find-tokens.ts';

export interface Option {
  /** What a choice puts in place of [from, to); ends in a space when more must follow. */
  readonly text: string;
  readonly detail: string;
}

export interface Completion {
  readonly from: number;
  readonly to: number;
  readonly options: readonly Option[];
}

const mostOptions = 60;

/** Options at the caret, those that begin with what is typed first. None when the typed word is the only one. */
export function completeFind(text: string, caret: number, graph: Graph | undefined): Completion {
  const tokens = tokensOf(text);
  const under = tokens.find(
    ({ from, to, type }) => from < caret && caret <= to && type !== 'open' && type !== 'close' && type !== 'not',
  );
  const before = tokens.filter(({ to, from }) => to <= caret && from < (under?.from ?? caret));
  const joint = under?.type === 'value' && under.quoted !== true ? jointAt(text.slice(under.from, caret)) : undefined;
  if (under !== undefined && joint !== undefined) {
    const [from, typed] = [caret - joint.length, joint];
    const options = fitting(joints, typed);
    if (options.length > 0) return { from, to: caret, options };
  }
  const from = under?.from ?? caret;
  const typed = under ? text.slice(from, caret) : '';
  const spaced = under !== undefined || caret === 0 || /[\s(!=<>]/.test(text.charAt(caret - 1));
  const options = spaced ? fitting(optionsAfter(before, under, graph), typed) : [];
  const only = options.length === 1 && options[0]?.text.trim().toLowerCase() === typed.toLowerCase();
  return { from, to: under?.to ?? caret, options: only ? [] : options };
}

/** The last word of an unquoted value of several: AND or OR may be about to follow. */
function jointAt(value: string): string | undefined {
  const space = value.search(/\s\S+$/);
  return space < 0 ? undefined : value.slice(space + 1);
}

function optionsAfter(before: readonly Token[], under: Token | undefined, graph: Graph | undefined): readonly Option[] {
  const last = before.findLast(({ type }) => type !== 'mnemonic' && type !== 'not');
  const previous = before.at(-1);
  if (last?.type === 'op') {
    const subject = before.slice(0, before.indexOf(last)).findLast(({ type }) => type === 'word');
    return valuesOf(operandOf(subject?.text ?? ''), graph);
  }
  if (last?.type === 'word') {
    const operand = last.quoted === true ? undefined : operandOf(last.text);
    if (operand !== undefined && operand.type !== 'flag') {
      return operand.alone === true && previous === last ? [...operatorsOf(operand), ...joints] : operatorsOf(operand);
    }
    return under?.type === 'op' ? [] : joints;
  }
  if (last?.type === 'value' || last?.type === 'close') return joints;
  return [...(under === undefined ? words.filter(({ text }) => !aliases.has(text.trim())) : words), ...namesOf(graph)];
}

/** Starts with what is typed, then holds it. A value's quotes do not count. */
function fitting(options: readonly Option[], typed: string): Option[] {
  const wanted = typed.replace(/^["']/, '').toLowerCase();
  const bare = ({ text }: Option): string => text.replace(/^"/, '').toLowerCase();
  const begin = options.filter((option) => bare(option).startsWith(wanted));
  // of numbers only what begins so: 0.1 is no way to go on from 1
  const hold = /^[\d.]+$/.test(wanted)
    ? []
    : options.filter((option) => !bare(option).startsWith(wanted) && bare(option).includes(wanted));
  return [...begin, ...hold].slice(0, mostOptions);
}

const joints: readonly Option[] = [
  { text: 'AND ', detail: 'both' },
  { text: 'OR ', detail: 'either; AND binds tighter' },
];

/** Kiali's words for configuration are read but not offered: they never match. */
const words: readonly Option[] = operands
  .filter(({ nothing }) => nothing === undefined)
  .flatMap(({ name, aliases: others, type, alone, detail }) =>
    [name, ...others].map((word) => ({ text: type === 'flag' || alone === true ? word : `${word} `, detail })),
  );

const aliases = new Set(operands.flatMap((operand) => operand.aliases));

const textOperators: readonly Option[] = [
  { text: '= ', detail: 'is' },
  { text: '!= ', detail: 'is not' },
  { text: 'contains ', detail: 'has it somewhere, *=' },
  { text: 'startswith ', detail: 'begins with, ^=' },
  { text: 'endswith ', detail: 'ends with, $=' },
  { text: 'not contains ', detail: 'has it nowhere, !*=' },
];
const numberOperators: readonly Option[] = [
  { text: '> ', detail: 'more than' },
  { text: '>= ', detail: 'at least' },
  { text: '< ', detail: 'less than' },
  { text: '<= ', detail: 'at most' },
  { text: '= ', detail: 'is; = NaN: no activity' },
  { text: '!= ', detail: 'is not' },
];
const operatorsOf = ({ type }: Operand): readonly Option[] => (type === 'number' ? numberOperators : textOperators);

const usualNumbers: Readonly<Record<Measure, readonly string[]>> = {
  ms: ['100', '500', '1 s'],
  '%': ['0.1', '1', '5', '50'],
  rps: ['0.1', '1', '10', '100'],
  bytes: ['10 kB', '1 MB'],
  count: ['1', '2', '10'],
};

function valuesOf(operand: Operand | undefined, graph: Graph | undefined): Option[] {
  if (operand === undefined) return [];
  if (operand.type === 'number') {
    const unit = { ms: 'ms unless said', '%': 'percent', rps: 'calls a second', bytes: 'bytes a second', count: '' };
    const numbers = usualNumbers[operand.measure ?? 'count'].map((text) => ({
      text,
      detail: unit[operand.measure ?? 'count'],
    }));
    return operand.name === 'rank' ? numbers : [...numbers, { text: 'NaN', detail: 'no activity' }];
  }
  if (operand.name === 'node') return kinds.map((kind) => ({ text: kind, detail: '' }));
  if (graph === undefined) return [];
  switch (operand.name) {
    case 'namespace':
    case 'cluster': {
      const part = operand.name;
      return distinct(graph.nodes.map((node) => ({ text: node[part], detail: '' })));
    }
    case 'version':
      return distinct(
        graph.nodes.flatMap(({ name, versions }) =>
          versions.map(({ version }) => ({ text: version, detail: `of ${name}` })),
        ),
      );
    case 'protocol':
      return distinct(graph.edges.map(({ protocol }) => ({ text: protocol, detail: '' })));
    case 'error':
      return distinct(
        graph.edges.flatMap(({ errors }) =>
          errors.flatMap(({ code, flag, reason }) =>
            [code, ...flag.split(',')].map((text) => ({ text, detail: reason })),
          ),
        ),
      );
    case 'sourceprincipal':
    case 'destprincipal': {
      const side = operand.name === 'sourceprincipal' ? 0 : 1;
      const pairs = graph.edges.flatMap(({ mtls }) => mtls?.principals ?? []);
      return distinct(
        pairs.map((pair) => ({ text: (pair.split(' -> ')[side] ?? '').replace(/^\?$/, ''), detail: '' })),
      );
    }
    case 'operation':
    case 'label:':
      return [];
    default:
      return namesOf(graph);
  }
}

function namesOf(graph: Graph | undefined): Option[] {
  return distinct(
    (graph?.nodes ?? []).map(({ name, kind, namespace }) => ({
      text: name,
      detail: namespace === '' ? kind : `${kind} in ${namespace}`,
    })),
  );
}

/** Each text once, in order, in quotes where it would be read as more than a value. */
function distinct(options: readonly Option[]): Option[] {
  const seen = new Map<string, Option>();
  for (const option of options) if (option.text !== '' && !seen.has(option.text)) seen.set(option.text, option);
  return [...seen.values()]
    .sort((a, b) => natural.compare(a.text, b.text))
    .map(({ text, detail }) => ({ text: quotedIfNeeded(text), detail }));
}

const natural = new Intl.Collator('en', { numeric: true });

function quotedIfNeeded(text: string): string {
  const plain =
    /^[\w.:/-]+$/.test(text) &&
    operandOf(text) === undefined &&
    !/^(and|or|not|is|has|contains|startswith|endswith)$/i.test(text);
  if (plain) return text;
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}
