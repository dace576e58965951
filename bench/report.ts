/** Runs of the ingest benchmark as a table, for people and for bench/results.md; and how any benchmark adds to its results. */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Memory } from './pinned.ts';

export interface Run {
  readonly profile: string;
  readonly spans: number;
  /** What the bodies really had. */
  readonly spansPerBody: number;
  /** As sent, with its share of the resource. */
  readonly bytesPerSpan: number;
  readonly elapsedMs: number;
  readonly userS: number;
  readonly systemS: number;
  /** CPU by name of thread. */
  readonly threadsS: Readonly<Record<string, number>>;
  readonly peakBytes: number;
  /** Absent = nothing is stored, or nobody knows. */
  readonly diskBytesPerSpan?: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Why the figure is void; empty = it counts. */
  readonly wrong: readonly string[];
}

const head = [
  'profile',
  'runs',
  'spans',
  'B/span sent',
  'spans/s',
  'CPU s (user + system)',
  'spans per CPU-second',
  'peak MiB',
  'disk B/span',
  'ack p50 / p99 ms',
];

/** A Markdown table, a line a profile: the run with the median cost, and behind it the least and the most. */
export function formatTable(runs: readonly Run[]): string[] {
  const names = [...new Set(runs.map(({ profile }) => profile))];
  const lines = names.map((name) => lineOf(runs.filter(({ profile }) => profile === name)));
  return toTable(head, lines);
}

/** The threads that cost something, the dearest first. */
export function formatThreads(threadsS: Run['threadsS']): string {
  const dear = Object.entries(threadsS).filter(([, s]) => s >= 0.05);
  return dear
    .sort(([, a], [, b]) => b - a)
    .map(([name, s]) => `${name} ${s.toFixed(2)}`)
    .join(', ');
}

function lineOf(runs: readonly Run[]): string[] {
  const sorted = runs.toSorted((a, b) => perCpuSecond(a) - perCpuSecond(b));
  const run = sorted[sorted.length >> 1] as Run;
  const [least, most] = [perCpuSecond(sorted[0] ?? run), perCpuSecond(sorted.at(-1) ?? run)];
  const spread = runs.length > 1 ? ` (${whole(least)} to ${whole(most)})` : '';
  const wrong = runs.flatMap((one) => one.wrong);
  return [
    run.profile,
    String(runs.length),
    whole(run.spans),
    whole(run.bytesPerSpan),
    whole(run.spans / (run.elapsedMs / 1000)),
    `${run.userS.toFixed(2)} + ${run.systemS.toFixed(2)}`,
    wrong.length > 0 ? `void: ${wrong.slice(0, 3).join('; ')}` : `${whole(perCpuSecond(run))}${spread}`,
    mebibytes(run.peakBytes),
    run.diskBytesPerSpan?.toFixed(1) ?? '',
    `${run.p50Ms.toFixed(0)} / ${run.p99Ms.toFixed(0)}`,
  ];
}

function perCpuSecond({ spans, userS, systemS }: Run): number {
  return spans / (userS + systemS);
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function mebibytes(bytes: number): string {
  return whole(bytes / 2 ** 20);
}

export function memoryText({ residentBytes, anonymousBytes, fileBytes, peakBytes }: Memory): string {
  const parts = `${mebibytes(anonymousBytes)} of them anonymous, ${mebibytes(fileBytes)} of files`;
  return `${mebibytes(residentBytes)} MiB resident, ${parts}; peak ${mebibytes(peakBytes)}`;
}

/** A Markdown table. in: the cells of its head and of its lines. */
export function toTable(columns: readonly string[], lines: readonly (readonly string[])[]): string[] {
  return [columns, columns.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`);
}

/** Adds the table to bench/results.md. in: the machine's load average before the benchmark. */
export function saveResults(runs: readonly Run[], loadBefore: number): void {
  appendResults('results.md', { loadBefore, lines: formatTable(runs) });
}

export interface Results {
  /** Behind date and commit in the title. */
  readonly what?: string;
  /** Load average before the benchmark. */
  readonly loadBefore: number;
  /** What was measured, as Markdown. */
  readonly lines: readonly string[];
}

/** Adds a section to a file of this folder: date, commit, machine, and what was measured. */
export function appendResults(file: string, { what, loadBefore, lines }: Results): void {
  const [cpu] = cpus();
  const now = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const all = [
    '',
    `## ${now} UTC, commit ${commitOf()}${what === undefined ? '' : `, ${what}`}`,
    '',
    `${cpu?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, load average before ${loadBefore.toFixed(1)}`,
    '',
    ...lines,
    '',
  ];
  appendFileSync(new URL(file, import.meta.url), all.join('\n'));
}

/** Short hash of the commit; with a plus when the collector had changes, and `unknown` outside a repository. */
function commitOf(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '../collector', '../shared') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '');
  } catch {
    return 'unknown';
  }
}
