/**
 * Merges of the embedded store wait for what people and senders wait for: its threads that merge run in this process, and where
 * cores are busy they get less of them. The store's own setting for it takes a right that few processes have; to take less of a core is
 * allowed to any.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';

/** source: man 5 proc, task/TID/comm. */
const threads = '/proc/self/task';
const threadName = 'MergeMutate';
/**
 * A third of the weight of another thread (man 7 sched). With 10, a tenth, merges did not keep up with a load that takes all of a
 * core: 113 parts after a minute and a half and 800 MiB, 41 and 634 with 5 (2026-11-29).
 */
const niceness = 5;

/** To be called when the tables are there. Does nothing where the threads cannot be seen, or are a server's. */
export function putMergesLast(): void {
  if (!existsSync(threads)) return;
  for (const thread of readdirSync(threads)) {
    try {
      if (readFileSync(join(threads, thread, 'comm'), 'utf8').trim() === threadName)
        setPriority(Number(thread), Math.min(19, getPriority() + niceness));
    } catch {
      // It has ended meanwhile, or a sandbox forbids it: then it runs as all others do.
    }
  }
}
