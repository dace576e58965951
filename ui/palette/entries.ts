/** What the palette lists for what is typed: things of the graph, commands, or a trace by its ID; best first. */
import type { Fit } from './fuzzy.ts';
import { fuzzyFit } from './fuzzy.ts';
import type { Thing } from './things.ts';

/** As many as one cares to read; more letters bring the rest. */
const most = 40;
/** Of the worst things shown before anything is typed. */
const mostWrong = 5;

export interface Entry<C> {
  readonly key: string;
  readonly kind: 'workload' | 'edge' | 'command' | 'trace';
  readonly text: string;
  readonly detail: string;
  /** Letters of the text that were typed. */
  readonly at: readonly number[];
  readonly thing?: Thing;
  readonly command?: C;
  readonly traceId?: string;
}

/** in: what is typed; a leading `>` asks for commands only. traceId: when it is one. */
export function toEntries<C extends { readonly text: string }>(
  typed: string,
  things: readonly Thing[],
  commands: readonly C[],
  traceId: string | undefined,
): Entry<C>[] {
  const only = typed.trimStart().startsWith('>');
  const query = typed.trimStart().replace(/^>/, '').trim();
  if (query === '') {
    const wrong = only ? [] : things.filter(({ health }) => health === 'bad' || health === 'warn').slice(0, mostWrong);
    return [...wrong.map((thing) => ofThing<C>(thing, [])), ...commands.map((command) => ofCommand(command, []))];
  }
  const trace: Entry<C>[] =
    traceId === undefined
      ? []
      : [{ key: 'trace', kind: 'trace', text: 'Open trace', detail: traceId, at: [], traceId }];
  const found = [
    // at equal fit a thing is likelier meant than a command
    ...(only ? [] : fitting<C, Thing>(things, query, 4, ofThing)),
    ...fitting<C, C>(commands, query, 0, ofCommand),
  ].sort((a, b) => b.score - a.score);
  return [...trace, ...found.slice(0, most).map(({ entry }) => entry)];
}

function fitting<C, T extends { readonly text: string }>(
  list: readonly T[],
  query: string,
  more: number,
  toEntry: (item: T, at: Fit['at']) => Entry<C>,
): { readonly score: number; readonly entry: Entry<C> }[] {
  return list.flatMap((item) => {
    const fit = fuzzyFit(query, item.text);
    return fit ? [{ score: fit.score + more, entry: toEntry(item, fit.at) }] : [];
  });
}

function ofThing<C>(thing: Thing, at: Fit['at']): Entry<C> {
  const { type, id, text, detail } = thing;
  return { key: `${type}:${id}`, kind: type === 'node' ? 'workload' : 'edge', text, detail, at, thing };
}

function ofCommand<C extends { readonly text: string }>(command: C, at: Fit['at']): Entry<C> {
  return { key: `command:${command.text}`, kind: 'command', text: command.text, detail: '', at, command };
}

/** A text cut where typed letters begin and end, for marking them. */
export function markedParts(text: string, at: readonly number[]): { readonly text: string; readonly hit: boolean }[] {
  const hits = new Set(at);
  const parts: { text: string; hit: boolean }[] = [];
  for (let i = 0; i < text.length; i++) {
    const hit = hits.has(i);
    const last = parts.at(-1);
    if (last && last.hit === hit) last.text += text[i];
    else parts.push({ text: text[i] ?? '', hit });
  }
  return parts;
}
