/**
 * What taking spans costs this version beside another one: both collectors run at once on one core, each with a store of its
 * own, and are sent the waves of a profile in short turns. A machine whose speed moves by half within minutes moves under both
 * alike, so ratios hold where rates do not; these are of a collector with a neighbour in its caches and pauses between bursts.
 *
 * Usage: node bench/turns.ts --against DIR [--turns N] [--only NAME,…]. DIR is a clone of the project, of any version, with its
 * node_modules. Prints a table; takes some three minutes a profile. What a ratio is worth is told by a version beside itself.
 */
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createTruthCounter, type TruthCounter } from '../fixtures/truth.ts';
import { wrongEdges } from './load.ts';
import { cpuSeconds, threadCpu } from './pinned.ts';
import { chooseProfiles, sendProfile, type Profile } from './profiles.ts';
import { formatThreads, toTable, whole } from './report.ts';
import { startServer, type BenchServer } from './server.ts';

const { values: flags } = parseArgs({
  options: {
    against: { type: 'string' },
    turns: { type: 'string', default: '24' },
    only: { type: 'string', default: '500,20,5' },
  },
});
if (flags.against === undefined) throw new Error('cannot compare: --against needs the folder of another clone');
const roots = { this: join(import.meta.dirname, '..'), other: resolve(flags.against) };
const turns = Number(flags.turns);
const warmUpTurns = Math.ceil(turns / 4);
const settleMs = 20_000;

interface Side {
  readonly name: string;
  readonly server: BenchServer;
  readonly truth: TruthCounter;
  spans: number;
}

const lines: string[][] = [];
for (const profile of chooseProfiles(flags.only)) lines.push(...(await compare(profile)));
console.log(
  toTable(['profile', 'version', 'spans', 'spans per CPU-second', 'cost', 'CPU s by thread'], lines).join('\n'),
);
if (lines.some((cells) => cells.some((cell) => cell.startsWith('void')))) process.exitCode = 1;

/** out: a line a version, with its cost as a multiple of the other version's. */
async function compare(profile: Profile): Promise<string[][]> {
  const sides: Side[] = [];
  try {
    for (const [name, root] of Object.entries(roots)) {
      const server = await startServer({ root });
      sides.push({ name, server, truth: createTruthCounter(), spans: 0 });
    }
    const turn = { ...profile, waves: Math.ceil(profile.waves / turns) };
    await takeTurns(sides, turn, { from: 0, to: warmUpTurns });
    const before = sides.map((side) => costOf(side));
    await takeTurns(sides, turn, { from: warmUpTurns, to: warmUpTurns + turns });
    const costs = sides.map((side, i) => costOf(side, before[i]));
    const perSpan = costs.map(({ spans, cpuS }) => cpuS / spans) as [number, number];
    return await Promise.all(
      sides.map(async ({ name, server, truth }, i) => {
        const { spans, threadsS } = costs[i] as Cost;
        const wrong = wrongEdges(truth.read(), {}, await server.edges());
        const rate = wrong.length > 0 ? `void: ${wrong.slice(0, 3).join('; ')}` : whole(1 / (perSpan[i] as number));
        const cost = ((perSpan[i] as number) / (perSpan[1 - i] as number)).toFixed(3);
        return [profile.name, name, whole(spans), rate, cost, formatThreads(threadsS)];
      }),
    );
  } finally {
    await Promise.all(sides.map(({ server }) => server.stop()));
  }
}

/** Every other turn begins with the other side. Resolves when all has settled. */
async function takeTurns(
  sides: readonly Side[],
  profile: Profile,
  { from, to }: { from: number; to: number },
): Promise<void> {
  for (let turn = from; turn < to; turn++) {
    for (const side of turn % 2 === 0 ? sides : sides.toReversed()) {
      // Seeds of their own, or the second turn would send the spans of the first.
      const { spans, truth, refused } = await sendProfile(side.server, profile, turn + 1);
      if (Object.keys(refused).length > 0) throw new Error(`${side.name} refused bodies: ${JSON.stringify(refused)}`);
      side.spans += spans;
      side.truth.add(truth);
    }
  }
  await pause(settleMs);
  for (const { server } of sides) await server.settled();
}

interface Cost {
  readonly spans: number;
  readonly cpuS: number;
  readonly threadsS: Readonly<Record<string, number>>;
}

/** Since an earlier one, or since the start. */
function costOf({ server: { pid }, spans }: Side, earlier?: Cost): Cost {
  return {
    spans: spans - (earlier?.spans ?? 0),
    cpuS: cpuSeconds(pid) - (earlier?.cpuS ?? 0),
    threadsS: threadCpu(pid, earlier?.threadsS),
  };
}
