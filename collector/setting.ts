/**
 * The kinds of value a setting can have: how each is written by people, parsed and described. The table of config.ts is
 * made of these. Parsers throw a plain Error with the reason; config.ts says which flag or variable it was.
 */
import { readFileSync } from 'node:fs';

/** How one sort of value is written. */
export interface Kind<T> {
  /** As shown behind the flag in --help: `duration`; '' for a switch that stands alone. */
  readonly hint: string;
  /** A repeated flag adds to the value instead of replacing it. */
  readonly repeats: boolean;
  /** Value of what was written. errors: Error with the reason. */
  readonly parse: (text: string) => T;
}

/** A line of the table. */
export interface Setting<T> {
  /** The flag without its dashes; the variable is THROUGHLINE_ and the same in capitals. */
  readonly name: string;
  readonly kind: Kind<T>;
  /** As it would be written. */
  readonly fallback: string;
  readonly help: string;
  /** The one command that knows it; absent: all that run a collector. */
  readonly only?: 'demo' | 'replay';
}

/** Where a door listens. `host` without brackets; port 0 = any free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where spans are kept: inside the process on disk or in memory, or a ClickHouse server. */
export type StoreAddress =
  | { readonly kind: 'chdb'; readonly directory: string }
  | { readonly kind: 'memory' }
  | { readonly kind: 'server'; readonly url: string };

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

function kind<T>(hint: string, parse: (text: string) => T, repeats = false): Kind<T> {
  return { hint, repeats, parse };
}

/** The same kind, or `off`, which is undefined. */
export function orOff<T>(inner: Kind<T>): Kind<T | undefined> {
  return kind(`${inner.hint} | off`, (text) => (text === 'off' ? undefined : inner.parse(text)), inner.repeats);
}

export const text = kind<string>('text', (value) => value);

/** A file that is read at the start; '' = none. */
export const file = kind<string>('file', (value) => value);

/** A secret, or `@file` that holds it; '' = none. */
export const secret = kind<string>('secret | @file', (value) => {
  if (!value.startsWith('@')) return value;
  const content = readFileSync(value.slice(1), 'utf8').trim();
  if (content === '') throw new Error('the file is empty');
  return content;
});

export const flag = kind<boolean>('', (value) => {
  if (['true', '1', 'yes', 'on'].includes(value)) return true;
  if (['false', '0', 'no', 'off'].includes(value)) return false;
  throw new Error('expected true or false');
});

/** A whole number in [least, most]. */
export function whole(least: number, most: number): Kind<number> {
  return kind('number', (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) throw new Error(`expected a whole number from ${least} to ${most}`);
    return number;
  });
}

/** A number above 0. */
export const positive = kind<number>('number', (value) => {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (!(number > 0 && Number.isFinite(number))) throw new Error('expected a number above 0');
  return number;
});

/** A share as `0.1%` or `0.001`. out: 0 to 1. */
export const share = kind<number>('share', (value) => {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(value);
  const number = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (!(number >= 0 && number <= 1)) throw new Error('expected a share such as 0.1% or 0.001');
  return number;
});

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time span as `500ms`, `10s`, `1h30m`, `3d`. out: milliseconds. */
export const duration = kind<number>('duration', (value) => {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(value))
    throw new Error('expected a duration such as 500ms, 10s, 1h30m or 3d');
  let totalMs = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  if (!(totalMs > 0 && totalMs <= 1e13)) throw new Error('expected a duration above 0');
  return totalMs;
});

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** A size as `64MiB`, `20GB`, `1048576`. out: bytes. */
export const bytes = kind<number>('size', (value) => {
  const match = /^(\d+(?:\.\d+)?)([kMGTKi]*B?)$/.exec(value);
  const size = match === null ? Number.NaN : Math.round(Number(match[1]) * (unitBytes[match[2] ?? ''] ?? Number.NaN));
  if (!(size > 0 && size <= Number.MAX_SAFE_INTEGER)) throw new Error('expected a size such as 64MiB, 20GB or 1048576');
  return size;
});

/** Where to listen: `host:port`, `[::1]:port`, `port` (loopback) or `:port` (every address). */
export const address = kind<Address>('host:port', (value) => {
  const match = /^(?:(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]*)):)?(\d{1,5})$/.exec(value);
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || port > 65_535) throw new Error('expected host:port');
  const host = value.startsWith(':') ? '0.0.0.0' : (match[1] ?? match[2] ?? '127.0.0.1');
  return { host, port };
});

export const storeAddress = kind<StoreAddress>('chdb:DIR | chdb::memory: | URL', (value) => {
  if (value === 'chdb::memory:') return { kind: 'memory' };
  if (value.startsWith('chdb:') && value.length > 5) return { kind: 'chdb', directory: value.slice(5) };
  return { kind: 'server', url: url.parse(value) };
});

/** An http or https address. out: as written, without a slash at its end. */
export const url = kind<string>('URL', (value) => {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) throw new Error('expected http://… or https://…');
  return value.replace(/\/+$/, '');
});

export const logLevel = kind<LogLevel>(logLevels.join(' | '), (value) => {
  const level = logLevels.find((known) => known === value);
  if (level === undefined) throw new Error(`expected one of ${logLevels.join(', ')}`);
  return level;
});

/** Words parted by commas. */
export const list = kind<readonly string[]>('a,b,…', words, true);

/** Attribute keys parted by commas. out: in lower case. */
export const keys = kind<readonly string[]>('key,…', (value) => words(value.toLowerCase()), true);

/** Who may show the pages in a frame: `'self'`, `'none'`, `*` or origins, as in the CSP directive. */
export const frameAncestors = kind<readonly string[]>(
  'origin,…',
  (value) => {
    const sources = words(value).map((word) => (word === 'none' || word === 'self' ? `'${word}'` : word));
    const bad = sources.find((word) => !/^('none'|'self'|\*|https?:\/\/[A-Za-z0-9.*[\]:-]+)$/.test(word));
    if (bad !== undefined)
      throw new Error(`${bad} is neither self, none nor an origin such as https://grafana.example`);
    return Object.freeze(sources);
  },
  true,
);

/** `from=to` pairs parted by commas. */
export const pairs = kind<ReadonlyMap<string, string>>('from=to,…', (value) => new Map(toPairs(value)), true);

/** `name=share` pairs parted by commas, each share above 0. */
export const shares = kind<ReadonlyMap<string, number>>(
  'service=share,…',
  (value) => {
    const entries = toPairs(value).map(([name, written]): [string, number] => {
      const number = share.parse(written);
      if (number === 0) throw new Error(`the share of ${name} must be above 0`);
      return [name, number];
    });
    return new Map(entries);
  },
  true,
);

function words(value: string): readonly string[] {
  return Object.freeze(
    value
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  );
}

function toPairs(value: string): [string, string][] {
  return words(value).map((word) => {
    const at = word.indexOf('=');
    if (at < 1 || at === word.length - 1) throw new Error(`expected pairs such as a=b, found ${word}`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}
