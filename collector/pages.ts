/**
 * Pages of the program's code. Those of its files that nothing uses any more go back to the system: loading the embedded store
 * touches 190 MiB of its library, initialisers and relocations all over it, of which it goes on to use a quarter; what is used
 * again is mapped again, from the system's cache. Code that the engine compiles goes onto large pages, where the system has
 * them. Only on Linux, and where koffi is installed: Node itself offers no madvise.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** source: man 2 madvise. */
const advice = { dontNeed: 4, hugePage: 14, collapse: 25 } as const;
const largePageBytes = 2 << 20;

/**
 * The first time is when a start is over; then, under load, code that a merge needs once in a while has come back. Of 84 to 113
 * MiB that were resident half a minute later 73 are after five seconds, for no CPU that can be told from noise; each second
 * takes 2 % (50,000 spans/s, 2026-11-29).
 */
const firstMs = 5_000;
const everyMs = 5_000;

/** Begins; does not keep the process alive. */
export function tendPages(): void {
  setTimeout(() => {
    void createPageAdvice().then((pages) => {
      if (pages === undefined) return;
      pages.enlargeCode();
      pages.giveBack();
      setInterval(pages.giveBack, everyMs).unref();
    });
  }, firstMs).unref();
}

export interface PageAdvice {
  /** Gives back the pages of the program's files, in some milliseconds. */
  giveBack(): void;
  /**
   * The engine's room for compiled code, of each thread there was, is on large pages from now on, as far as the system has any.
   * Under load a quarter of the main thread's time is in some 5 MiB of it.
   */
  enlargeCode(): void;
}

/** out: undefined where nothing can be advised. */
export async function createPageAdvice(): Promise<PageAdvice | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { load } = await import('koffi');
    const madvise = load(null).func('int madvise(uintptr_t addr, size_t length, int advice)');
    const mappings = readMappings();
    // These stay where they are for as long as the process, or the thread, lives.
    const files = mappings.filter(isUnchangedCode);
    const compiled = mappings.filter(isCompiledCode);
    return {
      giveBack() {
        for (const { at, length } of files) madvise(at, length, advice.dontNeed);
      },
      enlargeCode() {
        for (const { at, length } of compiled) {
          madvise(at, length, advice.hugePage);
          // What is there already is moved; where nothing is, nothing happens.
          const from = Math.ceil(at / largePageBytes) * largePageBytes;
          for (let page = from; page + largePageBytes <= at + length; page += largePageBytes)
            madvise(page, largePageBytes, advice.collapse);
        }
      },
    };
  } catch {
    // koffi is not installed, or has nothing for this system.
    return undefined;
  }
}

interface Mapping {
  readonly at: number;
  readonly length: number;
  /** `r-xp`. */
  readonly access: string;
  /** '' of memory that is of no file. */
  readonly path: string;
  /** It has pages that differ from the file's. */
  changed: boolean;
}

/** The process's memory, as the system lists it. source: man 5 proc, smaps. */
function readMappings(): Mapping[] {
  const mappings: Mapping[] = [];
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line);
    if (head !== null) {
      const [, from, to, access, path] = head;
      const at = Number(`0x${from}`);
      mappings.push({ at, length: Number(`0x${to}`) - at, access: access!, path: path!, changed: true });
    } else if (/^Anonymous: +0 kB$/.test(line)) mappings.at(-1)!.changed = false;
  }
  return mappings;
}

/**
 * Of a file that cannot be written to and never was: what is in the file is what is in memory. Relocated pointers, which cannot
 * be written to either, were.
 */
function isUnchangedCode({ access, path, changed }: Mapping): boolean {
  return !changed && /^r-[-x]p$/.test(access) && [basename(process.execPath), 'libchdb.so'].includes(basename(path));
}

function isCompiledCode({ access, path }: Mapping): boolean {
  return access === 'rwxp' && path === '';
}
