/** Makes edge frames for tests: what is not said is empty. Durations are given in ms and become sketches of ns. */
import { noSource, type EdgeFrame, type Exemplars } from '#shared/frame.ts';
import { add, createSketch, toBuckets, type Buckets } from '#shared/sketch.ts';
import { traceIdHex } from '#shared/span.ts';
import { workloadKinds, type WorkloadKind } from '#shared/span.ts';

export interface FrameText extends Partial<
  Omit<EdgeFrame, 'exemplars' | 'errorExemplars' | 'sourceKind' | 'targetKind'>
> {
  /** Client sketch bucket, or error type, to trace id as a decimal number. */
  readonly exemplars?: Readonly<Record<string, string>>;
  readonly errorExemplars?: Readonly<Record<string, string>>;
  readonly sourceKind?: WorkloadKind;
  readonly targetKind?: WorkloadKind;
  readonly clientMs?: readonly number[];
  readonly serverMs?: readonly number[];
  readonly networkMs?: readonly number[];
}

/** One frame. in: `from` and `to` as `name` or `namespace/name`; `from` '' makes the row of the workload itself. */
export function edgeFrame(from: string, to: string, said: FrameText = {}): EdgeFrame {
  const {
    clientMs = [],
    serverMs = [],
    networkMs = [],
    sourceKind = 'service',
    targetKind = 'service',
    exemplars = {},
    errorExemplars = {},
    ...rest
  } = said;
  const [sourceNamespace, source] = split(from);
  const [targetNamespace, target] = split(to);
  const calls = rest.calls ?? clientMs.length;
  return {
    frame: 1_764_000_000,
    sourceCluster: '',
    sourceNamespace,
    source,
    sourceVersion: '',
    sourceKind: from === '' ? noSource : workloadKinds.indexOf(sourceKind),
    targetCluster: '',
    targetNamespace,
    target,
    targetVersion: '',
    targetKind: workloadKinds.indexOf(targetKind),
    protocol: 'http',
    probe: 0,
    calls,
    failed: 0,
    clientErrors: 0,
    attempts: calls,
    seen: calls,
    requestBytes: 0,
    responseBytes: 0,
    mtlsCalls: 0,
    clientNs: sketchOf(clientMs),
    serverNs: sketchOf(serverMs),
    networkNs: sketchOf(networkMs),
    errors: {},
    principals: {},
    exemplars: [exemplarsOf(exemplars)],
    errorExemplars: Object.fromEntries(
      Object.entries(errorExemplars).map(([type, id]) => [type, BigInt(id).toString(16).padStart(32, '0')]),
    ),
    criticalNs: {},
    rootCount: {},
    rootNs: {},
    ...rest,
  };
}

function split(path: string): [namespace: string, name: string] {
  const slash = path.indexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}

function sketchOf(durationsMs: readonly number[]): Buckets {
  const sketch = createSketch();
  for (const durationMs of durationsMs) add(sketch, durationMs * 1e6);
  return toBuckets([...sketch].sort(([a], [b]) => a - b));
}

function exemplarsOf(ids: Readonly<Record<string, string>>): Exemplars {
  const buckets = Int16Array.from(Object.keys(ids), Number);
  const words = Object.values(ids).flatMap((id) =>
    [96n, 64n, 32n, 0n].map((shift) => Number((BigInt(id) >> shift) & 0xffffffffn)),
  );
  return { buckets, traceIds: Uint32Array.from(words), from: 0, to: buckets.length };
}

/** The frame as a row that the store takes as JSON. */
export function edgeRow(frame: EdgeFrame): Record<string, unknown> {
  const { clientNs, serverNs, networkNs, exemplars, errorExemplars } = frame;
  const decimal = (hex: string): string => BigInt(`0x${hex}`).toString();
  const ids = exemplars.flatMap(({ buckets, traceIds, from, to }) =>
    Array.from(buckets.subarray(from, to), (bucket, at) => [bucket, decimal(traceIdHex(traceIds, from + at))]),
  );
  return {
    ...frame,
    clientNs: mapOf(clientNs),
    serverNs: mapOf(serverNs),
    networkNs: mapOf(networkNs),
    exemplars: Object.fromEntries(ids),
    errorExemplars: Object.fromEntries(Object.entries(errorExemplars).map(([type, hex]) => [type, decimal(hex)])),
  };
}

/** Bucket to weight. */
export function mapOf({ buckets, weights, from, to }: Buckets): Record<string, number> {
  return Object.fromEntries(
    Array.from(buckets.subarray(from, to), (bucket, at) => [String(bucket), weights[from + at] ?? 0]),
  );
}
