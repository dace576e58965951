/** Makes edge frames for tests: what is not said is empty. Durations are given in ms and become sketches of ns. */
import { noSource, type EdgeFrame } from '#shared/frame.ts';
import { add, createSketch, toMap } from '#shared/sketch.ts';
import { workloadKinds, type WorkloadKind } from '#shared/span.ts';

export interface FrameText extends Partial<
  Omit<EdgeFrame, 'clientNs' | 'serverNs' | 'networkNs' | 'sourceKind' | 'targetKind'>
> {
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
    exemplars: {},
    errorExemplars: {},
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

function sketchOf(durationsMs: readonly number[]): Record<string, number> {
  const sketch = createSketch();
  for (const durationMs of durationsMs) add(sketch, durationMs * 1e6);
  return toMap(sketch);
}
