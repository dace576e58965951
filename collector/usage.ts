/** What the table of config.ts looks like to people: the text of --help and the settings table of the README. */
import { sections, variableOf } from './config.ts';
import type { Setting } from './setting.ts';

const head = `Throughline: a live map of a service mesh, and what decided each trace's latency, from the spans Envoy already sends.

Usage
  throughline [serve]      take spans, keep them, show them
  throughline demo         the same, with a generated mesh that sends spans
  throughline replay DIR   send recorded OTLP bodies to a collector
  throughline --version

Flags are --name value or --name=value; each can be given as an environment variable instead.
`;

/** The text of --help. */
export function helpText(): string {
  const parts = [head];
  for (const [section, table] of Object.entries(sections)) {
    parts.push(section);
    for (const { name, kind, fallback, help } of lines(table)) {
      parts.push(`  --${name}${kind.hint === '' ? '' : ` ${kind.hint}`}`);
      parts.push(`        ${help}`);
      parts.push(`        ${variableOf(name)}${fallback === '' ? '' : `, default ${fallback}`}`);
    }
    parts.push('');
  }
  return parts.join('\n');
}

/** The README's table in Markdown, one row a setting; repo.test.ts compares the two. */
export function settingsTable(): string {
  const rows = Object.values(sections)
    .flatMap((table) => lines(table))
    .map(({ name, kind, fallback, help }) => {
      const written = kind.hint === '' ? '' : ` ${kind.hint.replaceAll('|', '\\|')}`;
      return `| \`--${name}${written}\` | \`${variableOf(name)}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${help} |`;
    });
  return ['| flag | variable | default | what it does |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function lines(table: Readonly<Record<string, Setting<unknown>>>): readonly Setting<unknown>[] {
  return Object.values(table);
}
