/** Processes pinned to a core, and what Linux says they cost. Source: /proc (man 5 proc). */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Command and arguments that run Node on one core; on any, where taskset (util-linux) is missing. */
export function pinnedNode(core: number, args: readonly string[]): [command: string, args: string[]] {
  if (!canPin || core >= cpus().length) return [process.execPath, [...args]];
  return ['taskset', ['-c', String(core), process.execPath, ...args]];
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

/** CPU seconds of a process's living threads by their names. */
export function threadCpu(pid: number): Record<string, number> {
  const byName: Record<string, number> = {};
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const stat = readStat(`/proc/${pid}/task/${task}/stat`);
    if (stat === undefined) continue;
    const name = task === String(pid) ? 'main' : readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim();
    byName[name] = (byName[name] ?? 0) + (Number(stat[11]) + Number(stat[12])) / ticksPerSecond;
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
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

function succeeds(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
