/**
 * Every setting of the program in one table: from it come the Config, the flags, the environment variables, --help and the
 * README's list (usage.ts). Flags win over the environment, the environment over the default. Whatever is not in the table
 * refuses to start. The only reader of process.env.
 */
import { BlockList, isIP } from 'node:net';
import { AppError, quoted } from '#shared/error.ts';
import { refusal, splitArguments } from './arguments.ts';
import { nearest } from './nearest.ts';
import * as as from './setting.ts';
import type { Address, Kind, Setting } from './setting.ts';

function setting<T>(name: string, kind: Kind<T>, fallback: string, help: string, only?: 'demo' | 'replay'): Setting<T> {
  return { name, kind, fallback, help, ...(only === undefined ? {} : { only }) };
}

/** The table, in the order of --help, in its sections. */
export const sections = {
  Doors: {
    otlpHttp: setting('otlp-http', as.orOff(as.address), '127.0.0.1:4318', 'where OTLP/HTTP listens'),
    otlpGrpc: setting('otlp-grpc', as.orOff(as.address), '127.0.0.1:4317', 'where OTLP/gRPC listens'),
    listen: setting('listen', as.orOff(as.address), '127.0.0.1:4319', 'where the UI and the API listen'),
    ingestToken: setting('ingest-token', as.secret, '', 'bearer token that senders of spans must show'),
    readToken: setting('read-token', as.secret, '', 'bearer token that readers must show'),
    tlsCert: setting('tls-cert', as.file, '', 'certificate chain (PEM); with --tls-key every door speaks TLS'),
    tlsKey: setting('tls-key', as.file, '', 'private key of --tls-cert (PEM)'),
    tlsClientCa: setting(
      'tls-client-ca',
      as.file,
      '',
      'CA of client certificates (PEM): senders must show one, and readers too unless --read-token is set',
    ),
    insecure: setting('insecure', as.flag, 'false', 'allow other addresses than loopback without token or mTLS'),
    corsOrigins: setting('cors-origins', as.list, '', 'origins whose pages may send spans from the browser'),
    frameAncestors: setting(
      'frame-ancestors',
      as.frameAncestors,
      'none',
      'who may show the pages in a frame: none, self or origins',
    ),
    maxConnections: setting('max-connections', as.whole(1, 1_000_000), '4096', 'open connections a door'),
  },
  Ingest: {
    maxBodyBytes: setting('max-body', as.bytes, '64MiB', 'largest body taken, inflated'),
    ingestBudgetBytes: setting(
      'ingest-budget',
      as.bytes,
      '256MiB',
      'bytes of bodies held until they are committed; above it senders are told to come back',
    ),
    aliases: setting(
      'aliases',
      as.pairs,
      '',
      'names that are one workload: [namespace/]name=[namespace/]name, e.g. shop/reviews-v1=reviews',
    ),
    samplingRates: setting(
      'sampling-rates',
      as.shares,
      '',
      'share of requests a service traces when its spans do not say so: [namespace/]name=1%',
    ),
    linkerdNames: setting(
      'linkerd-names',
      as.list,
      'linkerd-proxy,linkerd2-proxy,linkerd',
      'service names that all Linkerd proxies of a mesh share',
    ),
    fourXxIsFailure: setting('four-xx-is-failure', as.flag, 'false', 'count 4xx answers as failed calls'),
    redact: setting(
      'redact',
      as.keys,
      '',
      'attributes stored without their value, beside those whose key reads like a secret (authorization, …token, …password)',
    ),
    redactKeep: setting('redact-keep', as.keys, '', 'attributes kept although their key reads like a secret'),
    dropQueryStrings: setting('drop-query-strings', as.flag, 'false', 'store addresses without their query string'),
  },
  Store: {
    store: setting('store', as.storeAddress, 'chdb:./data', 'where spans are kept'),
    settleAfterMs: setting('settle-after', as.duration, '10s', 'quiet time after which a trace is settled'),
    lateWindowMs: setting(
      'late-window',
      as.duration,
      '15m',
      'how long after its settlement a trace still takes late spans, and how long one that is never quiet is held',
    ),
    retentionSpansMs: setting('retention-spans', as.duration, '3d', 'how long spans and traces are kept'),
    retentionEdgesMs: setting('retention-edges', as.duration, '30d', 'how long the map is kept'),
    diskBudgetBytes: setting(
      'disk-budget',
      as.orOff(as.bytes),
      'off',
      'size of the store above which the oldest goes first',
    ),
    maxNodes: setting(
      'max-nodes',
      as.whole(1, 1_000_000),
      '2000',
      'workloads on the map; the rest is one called other',
    ),
    maxEdges: setting('max-edges', as.whole(1, 1_000_000), '10000', 'edges on the map; the rest is one called other'),
  },
  Map: {
    warnFailed: setting('warn-failed', as.share, '0.1%', 'share of failed calls from which an edge counts as degraded'),
    badFailed: setting('bad-failed', as.share, '1%', 'share of failed calls from which it counts as failing'),
    badP99Ms: setting('bad-p99', as.duration, '500ms', 'p99 above which an edge counts as slow'),
  },
  Itself: {
    logLevel: setting('log-level', as.logLevel, 'info', 'how much is logged (JSON lines on standard output)'),
    ownTraces: setting(
      'own-traces',
      as.orOff(as.url),
      'off',
      'OTLP/HTTP address that gets the traces of the program itself',
    ),
  },
  Demo: {
    demoRate: setting('demo-rate', as.positive, '25', 'requests a second of the generated mesh', 'demo'),
    demoSeed: setting('demo-seed', as.whole(0, 2 ** 31), '1', 'seed of the generated mesh', 'demo'),
  },
  Replay: {
    to: setting('to', as.url, 'http://127.0.0.1:4318', 'the collector that gets the bodies', 'replay'),
    now: setting('now', as.flag, 'false', 'shift the times of the spans to the present', 'replay'),
    speed: setting('speed', as.positive, '1', 'how many times faster than recorded', 'replay'),
  },
} as const;

type Values<Table> = { readonly [Key in keyof Table]: Table[Key] extends Setting<infer T> ? T : never };
type Sections = typeof sections;

/** All settings, parsed. Frozen; durations in ms, sizes in bytes, shares from 0 to 1. */
export type Config = Values<Sections['Doors']> &
  Values<Sections['Ingest']> &
  Values<Sections['Store']> &
  Values<Sections['Map']> &
  Values<Sections['Itself']> &
  Values<Sections['Demo']> &
  Values<Sections['Replay']>;

/** What the command line asks for. */
export type Invocation =
  | { readonly command: 'serve' | 'demo'; readonly config: Config }
  | { readonly command: 'replay'; readonly directory: string; readonly config: Config }
  | { readonly command: 'help' | 'version' };

const commands = ['serve', 'demo', 'replay', 'help', 'version'] as const;
const prefix = 'THROUGHLINE_';

/** Every setting with its key in Config. */
export const settings: readonly (readonly [string, Setting<unknown>])[] = Object.values(sections).flatMap(
  (section): [string, Setting<unknown>][] => Object.entries(section),
);

/** Name of the environment variable of a setting. */
export function variableOf(name: string): string {
  return prefix + name.toUpperCase().replaceAll('-', '_');
}

/**
 * Reads the command line and the environment.
 * in: the arguments behind the program's name. errors: AppError bad-request that says which flag or variable and why.
 */
export function readConfig(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Invocation {
  const written = new Map<string, string>();
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || value === undefined || value === '') continue;
    const known = settings.find(([, { name }]) => variableOf(name) === variable);
    if (known === undefined) {
      const names = settings.map(([, { name }]) => variableOf(name));
      throw refusal(
        `variable ${quoted(variable)}`,
        `there is no such setting, did you mean ${nearest(variable, names)}?`,
      );
    }
    written.set(known[1].name, value);
  }
  const { flags, words } = splitArguments(
    args,
    Array.from(settings, ([, known]) => known),
  );
  if (flags.has('help') || flags.has('version')) return { command: flags.has('help') ? 'help' : 'version' };
  const [first = 'serve', ...rest] = words;
  const command = commands.find((known) => known === first);
  if (command === undefined) {
    throw refusal(`command ${quoted(first)}`, `there is no such command, did you mean ${nearest(first, commands)}?`);
  }
  if (command === 'help' || command === 'version') return { command };
  for (const [name, value] of flags) {
    const only = settings.find(([, known]) => known.name === name)?.[1].only;
    if (only !== undefined && only !== command) throw refusal(`flag --${name}`, `it belongs to the command ${only}`);
    written.set(name, value);
  }
  const [directory, ...tooMany] = command === 'replay' ? rest : [undefined, ...rest];
  if (tooMany.length > 0) throw refusal(`argument ${quoted(tooMany[0])}`, 'nothing is expected here');
  const config = parseAll(written);
  if (command !== 'replay') {
    if (config.maxBodyBytes > config.ingestBudgetBytes) {
      throw refusal('setting --max-body', 'it is larger than --ingest-budget, so such a body would never be taken');
    }
    if (config.warnFailed > config.badFailed)
      throw refusal('setting --warn-failed', 'it is above --bad-failed, so nothing would ever count as degraded');
    checkDoors(config);
    return { command, config };
  }
  if (directory === undefined) throw refusal('command replay', 'it needs a directory: throughline replay DIR');
  return { command, directory, config };
}

/** Whether only this machine can reach the host. `localhost` is taken at its word. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** `host:port` of an address, IPv6 in brackets. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseAll(written: ReadonlyMap<string, string>): Config {
  const values = settings.map(([key, { name, kind, fallback }]): [string, unknown] => {
    const value = written.get(name) ?? fallback;
    try {
      return [key, value === '' && kind === as.flag ? false : kind.parse(value)];
    } catch (error) {
      const shown = kind === as.secret ? '' : ` ${quoted(value)}`;
      throw refusal(`setting --${name}${shown}`, error instanceof Error ? error.message : String(error));
    }
  });
  return Object.freeze(Object.fromEntries(values)) as Config;
}

/** Refuses doors that others than this machine could use without showing anything. */
function checkDoors(config: Config): void {
  if ((config.tlsCert === '') !== (config.tlsKey === '')) throw refusal('setting --tls-cert', 'it goes with --tls-key');
  if (config.tlsClientCa !== '' && config.tlsCert === '')
    throw refusal('setting --tls-client-ca', 'it needs --tls-cert');
  const doors = [
    ['otlp-http', config.otlpHttp, 'ingest-token', config.ingestToken],
    ['otlp-grpc', config.otlpGrpc, 'ingest-token', config.ingestToken],
    ['listen', config.listen, 'read-token', config.readToken],
  ] as const;
  for (const [name, door, guard, token] of doors) {
    if (door === undefined || isLoopback(door.host) || token !== '' || config.tlsClientCa !== '' || config.insecure)
      continue;
    throw new AppError(
      'bad-request',
      `cannot open door --${name} ${formatAddress(door)}: others than this machine could use it; ` +
        `set --${guard}, or --tls-client-ca with --tls-cert and --tls-key, or say --insecure`,
    );
  }
}
