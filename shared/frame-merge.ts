/** Frames of short steps → frames of longer ones. Exemplars are left out; all else adds up. */
import { frameCounts, type BucketMap, type EdgeFrame } from './frame.ts';
import { floorTo } from './time.ts';

const maps = [
  'clientNs',
  'serverNs',
  'networkNs',
  'errors',
  'principals',
  'criticalNs',
  'rootCount',
  'rootNs',
] as const satisfies readonly (keyof EdgeFrame)[];

type Sums = { -readonly [Name in (typeof frameCounts)[number]]: number } & {
  readonly [Name in (typeof maps)[number]]: Map<string, number>;
};

/** One frame for each edge and step. in: frames of any steps that stepSeconds is a multiple of. */
export function mergeFrames(frames: Iterable<EdgeFrame>, stepSeconds: number): EdgeFrame[] {
  const merged = new Map<string, { first: EdgeFrame; frame: number; sums: Sums }>();
  for (const one of frames) {
    const frame = floorTo(one.frame, stepSeconds);
    const key = `${frame}\n${keyOf(one)}`;
    let held = merged.get(key);
    if (held === undefined) {
      held = { first: one, frame, sums: emptySums() };
      merged.set(key, held);
    }
    const { sums } = held;
    for (const name of frameCounts) sums[name] += one[name];
    for (const name of maps) addMap(sums[name], one[name]);
  }
  return Array.from(merged.values(), ({ first, frame, sums }): EdgeFrame => {
    const totals = Object.fromEntries(maps.map((name) => [name, Object.fromEntries(sums[name])])) as Pick<
      EdgeFrame,
      (typeof maps)[number]
    >;
    return { ...first, ...sums, ...totals, frame, exemplars: {}, errorExemplars: {} };
  });
}

function keyOf(f: EdgeFrame): string {
  const source = `${f.sourceKind}\n${f.sourceCluster}\n${f.sourceNamespace}\n${f.source}\n${f.sourceVersion}`;
  const target = `${f.targetKind}\n${f.targetCluster}\n${f.targetNamespace}\n${f.target}\n${f.targetVersion}`;
  return `${source}\n${target}\n${f.protocol}\n${f.probe}\n${f.provisional ?? false}`;
}

function emptySums(): Sums {
  return {
    ...(Object.fromEntries(frameCounts.map((name) => [name, 0])) as Pick<Sums, (typeof frameCounts)[number]>),
    ...(Object.fromEntries(maps.map((name) => [name, new Map<string, number>()])) as Pick<Sums, (typeof maps)[number]>),
  };
}

function addMap(into: Map<string, number>, from: BucketMap): void {
  for (const key in from) into.set(key, (into.get(key) ?? 0) + (from[key] ?? 0));
}
