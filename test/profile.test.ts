/**
 * The aggregate critical path over a million spans' traces, settled by the derivation and stored by the store's own writer:
 * every sum, share and percentile is that of a plain sum over all of them.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Profile } from '#shared/api.ts';
import { readCohort, readPathSums, readStepSums } from '../collector/store/profile-read.ts';
import { plainProfile, type Asked, type PlainProfile } from './profile-sums.ts';
import { storeManyTraces, type ManyTraces } from './profile-traces.ts';
import { startServing } from './serve.ts';

const served = await startServing();
const { db } = served;
let many: ManyTraces;
let interval = '';

before(async () => {
  many = await storeManyTraces(db, 1_000_000, 7);
  interval = `from=${many.fromMs}&to=${many.toMs}`;
  assert.ok(many.spans >= 1_000_000 && many.rows.length > 50_000 && many.paths.size > 300);
});

const profileOf = async (query = ''): Promise<Profile> =>
  (await served.json(`/api/critical-path?${interval}&trees=false${query}`)) as Profile;

const questions: readonly Asked[] = [
  { entry: '', version: '', band: 'all' },
  { entry: 'web|GET /web/0', version: '', band: 'all' },
  { entry: 'web|GET /web/1', version: 'v2', band: 'p90' },
  { entry: 'web|GET /web/0', version: 'v1', band: 'p99' },
];

for (const asked of questions) {
  const { entry, version, band } = asked;
  const named = [entry, version, band].filter((word) => word !== '').join(', ');
  test(`sums, shares and percentiles are those of plain sums over every trace: ${named}`, async () => {
    const plain = plainProfile(many, asked);
    await storeIsExact(asked, plain);
    const profile = await profileOf(`&entry=${encodeURIComponent(entry)}&version=${version}&band=${band}`);
    assert.equal(profile.traces, plain.traces);
    assert.equal(profile.steps.length, plain.steps.size);
    for (const { service, namespace, operation, share, selfMs, meanMs, traces } of profile.steps) {
      const step = plain.steps.get(`${service}|${namespace}|${operation}`);
      assert.equal(share, Number(step?.totalNs) / Number(plain.totalNs));
      assert.equal(traces, step?.traces);
      closeTo(selfMs, Number(step?.totalNs) / 1e12);
      closeTo(meanMs, Number(step?.totalNs) / 1e12 / plain.weight);
    }
    closeTo(sumOf(profile.paths), profile.totalMs);
    closeTo(sumOf(profile.steps), profile.totalMs);
    closeTo(profile.totalMs, Number(plain.totalNs) / 1e12);
    closeTo(profile.weight, plain.weight / plain.traces);
    assert.deepEqual(profile.rest, { paths: 0, pathsMs: 0, steps: 0, stepsMs: 0 });
    const [p50 = 0, p90 = 0, p99 = 0] = plain.rankNs;
    assert.deepEqual(profile.durationMs, { p50: p50 / 1e6, p90: p90 / 1e6, p99: p99 / 1e6, n: plain.cohort });
    assert.deepEqual(new Map(profile.versions.map((one) => [one.version, one.traces])), plain.versions);
  });
}

/** What the store adds up is the same to the last nanosecond. */
async function storeIsExact({ band, ...asked }: Asked, plain: PlainProfile): Promise<void> {
  const { fromMs, toMs } = many;
  const cohort = await readCohort(db, { fromMs, toMs, probes: false, ...asked }, band);
  assert.deepEqual(cohort.rankNs, plain.rankNs);
  assert.equal(cohort.sums.traces, plain.traces);
  assert.equal(cohort.sums.totalNs, plain.totalNs);
  assert.equal(cohort.sums.weight, plain.weight);
  const { paths, found } = await readPathSums(db, cohort, 10_000);
  assert.equal(found, plain.paths.size);
  assert.deepEqual(
    new Map(paths.map(({ pathId, selfNs, traces }) => [pathId, { totalNs: selfNs, traces }])),
    plain.paths,
  );
  const { steps } = await readStepSums(db, cohort, 10_000);
  assert.equal(steps.length, plain.steps.size);
  for (const { service, namespace, operation, totalNs, traces, p50Ns, p99Ns } of steps) {
    const wanted = plain.steps.get(`${service}|${namespace}|${operation}`);
    assert.deepEqual({ totalNs, traces, rankNs: [p50Ns, p99Ns] }, wanted);
  }
}

/** Within what doubles lose. */
function closeTo(got: number, wanted: number): void {
  assert.ok(Math.abs(got - wanted) <= Math.abs(wanted) * 1e-12, `${got} is not ${wanted}`);
}

const sumOf = (rows: readonly { readonly selfMs: number }[]): number =>
  rows.reduce((sum, { selfMs }) => sum + selfMs, 0);

test('every path comes after the one above it, up to a root', async () => {
  const { paths } = await profileOf('&entry=web%7CGET%20%2Fweb%2F0&band=p99');
  const seen = new Set<string>();
  const roots = paths.filter(({ parentId }) => parentId === null);
  assert.deepEqual(
    roots.map(({ service, operation }) => [service, operation]),
    [['web', 'GET /web/0']],
  );
  for (const { id, parentId } of paths) {
    assert.ok(parentId === null || seen.has(parentId));
    seen.add(id);
  }
  assert.equal(seen.size, paths.length);
});

test('the bands p90 and p99 are the slowest tenth, each trace in one of them', async () => {
  const [all, p90, p99] = await Promise.all([profileOf(), profileOf('&band=p90'), profileOf('&band=p99')]);
  assert.equal(p90.fromMs, all.durationMs.p90);
  assert.equal(p99.fromMs, all.durationMs.p99);
  const slow = many.rows.filter(({ rootDurationNs }) => Number(rootDurationNs) / 1e6 >= p90.fromMs);
  assert.equal(p90.traces + p99.traces, slow.length);
  const weight = (profile: Profile): number => profile.weight * profile.traces;
  assert.ok(weight(p99) >= weight(all) * 0.01 && weight(p99) < weight(all) * 0.0102);
});

test('no question was a bug', () => {
  assert.deepEqual(served.bugs, []);
});
