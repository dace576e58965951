/**
 * Pages of the program's own files that nothing uses any more go back to the system. Loading the embedded store touches
 * 190 MiB of its library, initialisers and relocations all over it, of which it goes on to use a quarter; what is used again is
 * mapped again, from the system's cache. Only on Linux, and where koffi is installed: Node itself offers no madvise.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** MADV_DONTNEED. source: man 2 madvise. */
const dontNeed = 4;

/**
 * The first time is when a start is over; then, under load, code that a merge needs once in a while has come back. Of 84 to 113
 * MiB that were resident half a minute later 73 are after five seconds, for no CPU that can be told from noise; each second
 * takes 2 % (50,000 spans/s, 2026-11-29).
 */
const firstMs = 5_000;
const everyMs = 5_000;

/** Begins; does not keep the process alive. */
export function giveBackPages(): void {
  setTimeout(() => {
    void createGiveBack().then((giveBack) => {
      giveBack?.();
      if (giveBack !== undefined) setInterval(giveBack, everyMs).unref();
    });
  }, firstMs).unref();
}

/** out: gives the pages back, each time it is called, in some milliseconds; undefined where that cannot be done. */
export async function createGiveBack(): Promise<(() => void) | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { load } = await import('koffi');
    const madvise = load(null).func('int madvise(uintptr_t addr, size_t length, int advice)');
    // These files stay mapped where they are for as long as the process lives.
    const ranges = unchangedRanges([basename(process.execPath), 'libchdb.so']);
    return () => {
      for (const { at, length } of ranges) madvise(at, length, dontNeed);
    };
  } catch {
    // koffi is not installed, or has nothing for this system.
    return undefined;
  }
}

interface Range {
  readonly at: number;
  readonly length: number;
}

/**
 * Mappings of the files that cannot be written to and never were: what is in the file is what is in memory. Relocated pointers,
 * which cannot be written to either, were. source: man 5 proc, smaps.
 */
function unchangedRanges(files: readonly string[]): Range[] {
  const ranges: Range[] = [];
  let of: Range | undefined;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const mapping = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line);
    if (mapping !== null) {
      const [, from, to, access, path] = mapping;
      const at = Number(`0x${from}`);
      const ours = /^r-[-x]p$/.test(access!) && files.includes(basename(path!));
      of = ours ? { at, length: Number(`0x${to}`) - at } : undefined;
    } else if (of !== undefined && /^Anonymous: +0 kB$/.test(line)) ranges.push(of);
  }
  return ranges;
}
