/**
 * What taking spans costs, end to end: the collector on one core, the load on another, over loopback. CPU is the server's
 * whole process group, user and system, from the first body until every trace has settled, with at least 20 s after the last
 * body. Each profile has a collector and a store of its own, so that it pays for its own merges and for no others. A figure
 * counts only when every span is in the store and every edge of the map is what was sent; else it is void.
 *
 * Usage: node bench/ingest.ts [--quick] [--runs N] [--only NAME,…] [--node=FLAGS]. All profiles take about fifteen minutes and
 * are added to bench/results.md; --quick is one short run of the first and --only a choice: these are only shown. --runs is of
 * each profile. --node gives the servers' Node flags: --node='--cpu-prof --cpu-prof-dir=DIR' profiles their threads.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { wrongEdges } from './load.ts';
import { measureLoad, runProfiles, type Profile } from './profiles.ts';
import { formatTable, saveResults, type Run } from './report.ts';
import { startServer, type BenchServer } from './server.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    node: { type: 'string', default: '' },
  },
});

const loadBefore = loadavg()[0] ?? 0;
const nodeFlags = flags.node.split(' ').filter((flag) => flag !== '');
const runs = await runProfiles(
  { quick: flags.quick, only: flags.only, runs: Number(flags.runs) },
  { start: () => startServer({ nodeFlags }), settled: (server) => server.settled(), measure },
);
console.log(formatTable(runs).join('\n'));
if (!flags.quick && flags.only === undefined) saveResults(runs, loadBefore);
if (runs.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;

/** One run of a profile, checked. */
async function measure(on: BenchServer, profile: Profile, seed: number): Promise<Run> {
  const before = await on.status();
  const edgesBefore = await on.edges();
  const { truth, ...run } = await measureLoad(on, profile, { seed, settled: on.settled });
  const after = await on.status();
  const stored = after.store.spans - before.store.spans;
  return {
    ...run,
    diskBytesPerSpan: (after.store.bytesOnDisk - before.store.bytesOnDisk) / run.spans,
    wrong: [
      ...run.wrong,
      ...(stored === run.spans ? [] : [`${stored} of ${run.spans} spans in the store`]),
      ...wrongEdges(truth, edgesBefore, await on.edges()),
    ],
  };
}
