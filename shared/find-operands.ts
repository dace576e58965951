/**
 * The words of the find language: what each is about, what it is compared with, and how it is told in the help. Kiali's words
 * mean what they mean there, as far as spans can tell; the others are ours. How a word is read off the graph is find-facts.ts.
 */

/** What a number is measured in; it decides which units may be written behind it. */
export type Measure = 'ms' | '%' | 'rps' | 'bytes' | 'count';

export interface Operand {
  readonly name: string;
  readonly aliases: readonly string[];
  /** both: asked of workloads and of edges, each by itself. */
  readonly on: 'node' | 'edge' | 'both';
  /** flag: stands alone, `failing`. number and text: compared, `rt > 1 s`, `name = cart`. */
  readonly type: 'flag' | 'number' | 'text';
  /** Of numbers. */
  readonly measure?: Measure;
  /** May be compared and may stand alone too: `traffic`, `label:app`. */
  readonly alone?: boolean;
  /** What it means, in the help and in completions. */
  readonly detail: string;
  /** Why it never matches, when spans cannot tell. */
  readonly nothing?: string;
}

type Rest = Omit<Operand, 'name' | 'on' | 'type' | 'aliases' | 'measure' | 'detail'>;
/** Names are separated by `|`, the first is the one that completions offer. */
const named = (names: string): Pick<Operand, 'name' | 'aliases'> => {
  const [name = '', ...aliases] = names.split('|');
  return { name, aliases };
};
const number = (on: Operand['on'], names: string, measure: Measure, detail: string, rest: Rest = {}): Operand => {
  return { ...named(names), on, type: 'number', measure, detail, ...rest };
};
const text = (on: Operand['on'], names: string, detail: string, rest: Rest = {}): Operand => {
  return { ...named(names), on, type: 'text', detail, ...rest };
};
const flag = (on: Operand['on'], names: string, detail: string, rest: Rest = {}): Operand => {
  return { ...named(names), on, type: 'flag', detail, ...rest };
};
const configured = (names: string, what: string): Operand =>
  flag('node', names, what, { nothing: `${what} is mesh configuration, which spans do not tell` });

const noOperation = 'the map knows workloads, not operations; their panel lists them';

/** Every word, in the order of the help: the most used first. */
export const operands: readonly Operand[] = [
  text('node', 'name', 'name of the workload'),
  text('node', 'namespace|ns', 'namespace of the workload'),
  text('node', 'cluster', 'cluster of the workload'),
  text('node', 'version', 'a version that took calls', { alone: true }),
  text('node', 'node|kind', 'kind: service, database, messaging, external, users, unknown, other'),
  text('node', 'workload|wl', 'the same as name'),
  text('node', 'service|svc', 'the same as name'),
  text('node', 'app', 'the same as name'),
  number('node', 'rank', 'count', '1 = most called from: by edges in, then by rate, up to 100'),
  number('node', 'httpin', 'rps', 'HTTP requests a second that come in'),
  number('node', 'httpout', 'rps', 'HTTP requests a second that go out'),
  number('node', 'grpcin', 'rps', 'gRPC requests a second that come in'),
  number('node', 'grpcout', 'rps', 'gRPC requests a second that go out'),
  number('node', 'tcpin', 'bytes', 'bytes a second that come in over other protocols'),
  number('node', 'tcpout', 'bytes', 'bytes a second that go out over other protocols'),
  text('node', 'operation|op', 'operation of a workload', { nothing: noOperation }),
  text('node', 'label:', 'Kubernetes label, label:app = cart', { alone: true, nothing: 'spans carry no labels' }),

  flag('both', 'failing', 'enough calls fail, or are too slow, to be red'),
  flag('both', 'degraded', 'some calls fail: amber'),
  flag('both', 'slow', 'too slow: an edge itself, a workload by an edge that comes in'),
  flag('node', 'healthy', 'has traffic, and nothing at it is red or amber'),
  flag('node', 'idle', 'no calls in and none out'),
  flag('node', 'isolated', 'no edges at all'),
  flag('node', 'entry', 'called from outside the mesh'),
  flag('node', 'trafficsource|root', 'calls others, called by none'),
  flag('node', 'outside|outsider|external|serviceentry|se', 'outside the mesh'),
  flag('node', 'dark', 'sends no spans of its own: known from its callers only'),
  flag('node', 'outofmesh|sidecar|sc', 'the same as dark: no proxy speaks for it'),
  flag('node', 'database|db', 'a database'),
  flag('node', 'messaging|queue', 'a queue or topic'),
  flag('node', 'circuitbreaker|cb', 'a circuit breaker refused calls to it (UO)'),
  flag('node', 'faultinjection|fi', 'faults were injected into calls to it (FI, DI)'),
  flag('both', 'provisional', 'some of its calls are of traces that have not settled'),
  flag('both', 'sampled', 'some of its calls stand for more than one'),

  number('edge', 'responsetime|rt|latency', 'ms', 'p90 as the caller saw it'),
  number('edge', 'p50', 'ms', 'median as the caller saw it'),
  number('edge', 'p90', 'ms', 'nine of ten calls take less'),
  number('edge', 'p99', 'ms', 'ninety-nine of a hundred calls take less'),
  number('edge', 'errors', '%', 'share of calls that failed'),
  number('edge', 'success', '%', 'share of calls that succeeded'),
  number('edge', 'clienterrors', '%', 'share of calls answered with a client error (4xx)'),
  text('edge', 'error|code|flag', 'code, Envoy flag or reason of an error: error = 503, error = UF', { alone: true }),
  number('edge', 'rate', 'rps', 'calls a second'),
  number('edge', 'traffic', 'rps', 'alone: had calls; compared: calls a second', { alone: true }),
  number('edge', 'attempts', 'count', 'attempts a call: 1 = no retries'),
  number('edge', 'network', '%', 'share of the waiting that is network and proxies'),
  number('edge', 'networktime|nt', 'ms', 'p90 of network and proxies'),
  number('both', 'critical', '%', 'share of the end-to-end latency', { alone: true }),
  text('edge', 'protocol', 'http, grpc, postgresql, kafka, …'),
  number('edge', 'http', 'rps', 'HTTP requests a second', { alone: true }),
  number('edge', '%httperr|%httperror', '%', 'share of HTTP requests that failed'),
  number('edge', '%httptraffic', '%', "share of the caller's HTTP requests that go this way"),
  number('edge', 'grpc', 'rps', 'gRPC requests a second', { alone: true }),
  number('edge', '%grpcerr|%grpcerror', '%', 'share of gRPC requests that failed'),
  number('edge', '%grpctraffic', '%', "share of the caller's gRPC requests that go this way"),
  number('edge', 'tcp', 'bytes', 'bytes a second over other protocols', { alone: true }),
  number('edge', 'throughput', 'bytes', 'bytes a second, requests and responses'),
  number('edge', 'mtls', '%', 'alone: any mutual TLS; compared: share of calls with it', { alone: true }),
  text('edge', 'sourceprincipal', 'SPIFFE identity of the caller', { alone: true }),
  text('edge', 'destprincipal', 'SPIFFE identity of the callee', { alone: true }),
  text('edge', 'source|from', 'name of the caller'),
  text('edge', 'target|to', 'name of the callee'),

  configured('virtualservice|vs', 'a virtual service'),
  configured('requestrouting|rr', 'request routing'),
  configured('requesttimeout|rto', 'a request timeout'),
  configured('trafficshifting|ts', 'traffic shifting'),
  configured('tcptrafficshifting|tcpts', 'TCP traffic shifting'),
  configured('mirroring', 'mirroring'),
  configured('workloadentry|we', 'a workload entry'),
  configured('dead', 'a workload without pods'),
  configured('inaccessible', 'a namespace without access'),
];

const byName = new Map(
  operands.flatMap((operand) => [operand.name, ...operand.aliases].map((name) => [name, operand] as const)),
);

/** The operand a written word names, in any case; undefined for other words. `label:app` is `label:`. */
export function operandOf(word: string): Operand | undefined {
  const name = word.toLowerCase();
  return byName.get(name.startsWith('label:') && name.length > 6 ? 'label:' : name);
}

/** The name that a word begins, else the one nearest to a misspelt word: at most two slips away, one for short words. */
export function nearestOperand(word: string): string | undefined {
  const wrong = word.toLowerCase();
  const begun = wrong.length < 3 ? undefined : operands.find(({ name, nothing }) => !nothing && name.startsWith(wrong));
  if (begun !== undefined) return begun.name;
  let best: string | undefined;
  let bestSlips = wrong.length < 5 ? 2 : 3;
  for (const [name, { nothing }] of byName) {
    // of two letters anything is near: there the first has to be right
    if (nothing !== undefined || (name.length < 3 && !wrong.startsWith(name.charAt(0)))) continue;
    const slips = slipsBetween(wrong, name, bestSlips);
    if (slips < bestSlips) {
      best = name;
      bestSlips = slips;
    }
  }
  return best;
}

/** Letters to add, drop, change or swap to make one word of the other; `limit` when that many or more. */
export function slipsBetween(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, row] = [row, next];
  }
  return Math.min(limit, row[b.length] ?? limit);
}

const units: Readonly<Record<Measure, Readonly<Record<string, number>>>> = {
  ms: { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000, sec: 1_000, m: 60_000, min: 60_000, h: 3_600_000 },
  '%': { '%': 1 },
  rps: { rps: 1, '/s': 1, k: 1e3, krps: 1e3, rpm: 1 / 60, '/min': 1 / 60, '/m': 1 / 60 },
  bytes: { b: 1, k: 1e3, kb: 1e3, kib: 1024, mb: 1e6, m: 1e6, mib: 1_048_576, gb: 1e9, g: 1e9, gib: 1_073_741_824 },
  count: {},
};

/** An example of a value, for errors. */
export const exampleValue: Readonly<Record<Measure, string>> = {
  ms: '1000',
  '%': '1',
  rps: '10',
  bytes: '1MB',
  count: '2',
};

/** A number as people write it: `1000`, `1 s`, `5 %`, `1.5MB/s`. out: in the measure's own unit; undefined when it is none. */
export function readNumber(written: string, measure: Measure): number | undefined {
  const [, digits = '', unit = ''] =
    /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*(.*)$/i.exec(written.trim()) ?? [];
  if (digits === '') return undefined;
  const named = unit.toLowerCase();
  const short = measure === 'bytes' ? named.replace(/(\/s|ps)$/, '') : named;
  const factor = short === '' ? 1 : Object.hasOwn(units[measure], short) ? units[measure][short] : undefined;
  return factor === undefined ? undefined : Number(digits) * factor;
}

/** The units that may be written, for errors: `ms, s, min`. */
export function unitsOf(measure: Measure): string {
  return {
    ms: 'in ms, or with a unit: 1 s',
    '%': 'in %',
    rps: 'in calls a second',
    bytes: 'in bytes a second, or with a unit: 1 MB',
    count: '',
  }[measure];
}

export const kinds = ['service', 'database', 'messaging', 'external', 'users', 'unknown', 'other'] as const;

/** Kiali's kinds of node, and ours, as kinds of the graph; 'operation' exists in Kiali's graph only. */
export const kindAliases: Readonly<Record<string, string>> = {
  ...Object.fromEntries(kinds.map((kind) => [kind, kind])),
  app: 'service',
  svc: 'service',
  wl: 'service',
  workload: 'service',
  db: 'database',
  queue: 'messaging',
  op: 'operation',
  operation: 'operation',
  aggregate: 'operation',
};
