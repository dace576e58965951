/** Processes pinned to a core, and what Linux says they cost. Source: /proc (man 5 proc). */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Command and arguments that run Node on one core; on any, where taskset (util-linux) is missing. */
export function pinnedNode(core: number, args: readonly string[]): [command: string, args: string[]] {
  return pinned(core, process.execPath, args);
}

/** The same for any command. */
export function pinned(core: number, command: string, args: readonly string[]): [command: string, args: string[]] {
  if (!canPin || core >= cpus().length) return [command, [...args]];
  return ['taskset', ['-c', String(core), command, ...args]];
}

/** Keeps this process to a core, threads and children included, unless these are told otherwise; where taskset is missing, to none. */
export function pinSelf(core: number): void {
  if (!canPin || core >= cpus().length) return;
  execFileSync('taskset', ['-acp', String(core), String(process.pid)], { stdio: 'ignore' });
}

const signals = ['SIGINT', 'SIGTERM'] as const;

/** A signal ends what was started before it ends this process: a group of its own hears nothing of the terminal. out: no longer. */
export function stopOnSignal(stop: () => Promise<void>): () => void {
  const interrupted = (): void => void stop().then(() => process.exit(1));
  for (const signal of signals) process.once(signal, interrupted);
  return () => {
    for (const signal of signals) process.off(signal, interrupted);
  };
}

export const canPin = succeeds(() => execFileSync('taskset', ['--version']));

const ticksPerSecond = canPin ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 100;

export interface Cpu {
  readonly userS: number;
  readonly systemS: number;
}

/** CPU time of all processes of a group so far: every thread, and children that have ended. */
export function groupCpu(group: number): Cpu {
  let user = 0;
  let system = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readStat(`/proc/${entry}/stat`);
    if (stat?.[2] !== String(group)) continue;
    user += Number(stat[11]) + Number(stat[13]);
    system += Number(stat[12]) + Number(stat[14]);
  }
  return { userS: user / ticksPerSecond, systemS: system / ticksPerSecond };
}

/** The same in one figure. */
export function cpuSeconds(group: number): number {
  const { userS, systemS } = groupCpu(group);
  return userS + systemS;
}

/** CPU seconds of a process's living threads by their names. in: what it said earlier, to have what was used since. */
export function threadCpu(pid: number, earlier: Readonly<Record<string, number>> = {}): Record<string, number> {
  const byName: Record<string, number> = {};
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const stat = readStat(`/proc/${pid}/task/${task}/stat`);
    if (stat === undefined) continue;
    const name = task === String(pid) ? 'main' : readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim();
    byName[name] = (byName[name] ?? -(earlier[name] ?? 0)) + (Number(stat[11]) + Number(stat[12])) / ticksPerSecond;
  }
  return byName;
}

/** Fields behind the command's name, from the state on; undefined when the process is gone. */
function readStat(path: string): string[] | undefined {
  try {
    const line = readFileSync(path, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Makes the peak count from here on. */
export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

export function peakMemoryBytes(pid: number): number {
  return memoryOf(pid).peakBytes;
}

export interface Memory {
  readonly residentBytes: number;
  /** Of the resident ones: heaps and stacks, and pages of mapped files. */
  readonly anonymousBytes: number;
  readonly fileBytes: number;
  /** Most resident bytes since the start, or since resetPeakMemory. */
  readonly peakBytes: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return {
    residentBytes: bytes('VmRSS'),
    anonymousBytes: bytes('RssAnon'),
    fileBytes: bytes('RssFile'),
    peakBytes: bytes('VmHWM'),
  };
}

function succeeds(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
