/** What the comparison page says and links to: addresses, names of sets, sentences, histograms, rows of the tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompareSets, SetDifference } from '#shared/api-compare-sets.ts';
import type { TraceSummary } from '#shared/api.ts';
import type { AlignedStep } from '#shared/trace-compare.ts';
import { askedIn, before, searchHref } from '../ui/compare/asked.ts';
import { stepPath, toBars, toTicks } from '../ui/compare/bars.ts';
import { presetsFor } from '../ui/compare/presets.ts';
import { alikeAttributes, setNames, setsSentence, signedMs, signedPoints } from '../ui/compare/set-words.ts';
import { suggestions } from '../ui/compare/similar.ts';
import { changeWords, foldable, shownSteps, signedNs } from '../ui/compare/tree.ts';

const id = 'ab'.repeat(16);
const asked = (params: Record<string, string>) => askedIn((name) => params[name] ?? '');
const lineOf = (href: string): string | null => new URL(href, 'http://x').searchParams.get('q');

test('two IDs ask for traces, one asks for the other, lines ask for sets, nothing asks for nothing', () => {
  assert.deepEqual(asked({ a: id.toUpperCase(), b: id }), { mode: 'traces', a: id, b: id });
  assert.deepEqual(asked({ b: id }), { mode: 'traces', a: '', b: id });
  assert.deepEqual(asked({ a: 'status = failed' }), { mode: 'sets', a: 'status = failed', b: '', bfrom: '', bto: '' });
  assert.deepEqual(asked({ bfrom: '1', bto: '2' }), { mode: 'sets', a: '', b: '', bfrom: '1', bto: '2' });
  assert.deepEqual(asked({ bfrom: '1' }), { mode: 'none' });
  assert.deepEqual(asked({}), { mode: 'none' });
});

test('the time before is as long, and ends where the time begins', () => {
  assert.deepEqual(before({ window: '15m' }), { bfrom: 'now-30m', bto: 'now-15m' });
  assert.deepEqual(before({ from: '5000', to: '7000' }), { bfrom: '3000', bto: '5000' });
});

test('a row leads to the traces of its set that have it', () => {
  const time = { window: '15m' };
  assert.equal(
    lineOf(searchHref('status = failed', time, { attributes: [{ key: 'tenant', op: '=', value: 'acme' }] })),
    'status = failed tenant = acme',
  );
  assert.equal(lineOf(searchHref('', time, { edge: '0123456789abcdef' })), 'edge = 0123456789abcdef');
  // a version is that of its workload: it does not go over to another
  assert.equal(
    lineOf(searchHref('service = api version = v2', time, { service: 'db', operation: 'SELECT' })),
    'service = db operation = SELECT',
  );
  assert.equal(
    lineOf(searchHref('service = api version = v2', time, { service: 'api', operation: 'x' })),
    'service = api operation = x version = v2',
  );
  assert.match(searchHref('', time), /window=15m/);
});

const same: SetDifference = { value: 0, low: 0, high: 0, sure: false, named: false };
const differs = (value: number): SetDifference => ({ value, low: value / 2, high: value * 2, sure: true, named: true });
const side = (query: string, traces: number, failed = 0): CompareSets['a'] => ({
  query,
  from: 0,
  to: 1,
  traces,
  failed,
  withErrors: failed,
  meanMs: 10,
  durationMs: { p50: 10, p90: 20, p99: 30, n: traces },
});
const sets = (part: Partial<CompareSets> = {}): CompareSets => ({
  a: side('service = api', 100),
  b: side('', 200),
  rest: true,
  both: 0,
  meanMs: same,
  failedShare: same,
  histogram: { boundsMs: [], a: [], b: [] },
  operations: { rows: [], of: 0 },
  edges: { rows: [], of: 0 },
  attributes: { a: { read: 1, of: 1 }, b: { read: 1, of: 1 }, rows: [], of: 0, leftOut: [] },
  ...part,
});
const operation = (value: number): CompareSets['operations'] => {
  const nothing = { traces: 1, meanMs: 0, share: 0 };
  const row = { service: 'api', namespace: '', operation: 'SELECT', a: nothing, b: nothing };
  return { rows: [{ ...row, differenceMs: differs(value) }], of: 1 };
};
const attribute = (key: string, tracesA: number, tracesB: number): CompareSets['attributes']['rows'][number] => ({
  type: 'attribute',
  key,
  value: 'x',
  a: { traces: tracesA, share: tracesA / 100 },
  b: { traces: tracesB, share: tracesB / 200 },
  share: differs(tracesA / 100 - tracesB / 200),
  explains: 0.5,
});

test('the sentence names what chance would not do, and only that', () => {
  assert.match(setsSentence(sets()), /^Nothing sets them apart that chance would not do: 100 traces against 200/);
  assert.equal(
    setsSentence(sets({ meanMs: differs(58), operations: operation(50) })),
    'a takes 58 ms longer on average: 50 ms of it is api SELECT.',
  );
  assert.equal(
    setsSentence(sets({ meanMs: differs(-58), operations: operation(50) })),
    'a takes 58 ms less on average.',
  );
  assert.match(
    setsSentence(sets({ a: side('service = api', 100, 5), failedShare: differs(0.05) })),
    /^5 % of a failed, 0 % of b\.$/,
  );
  assert.match(setsSentence(sets({ a: side('x = 1', 0) })), /^a has no settled trace/);
});

test('sets chosen by their outcome are not told apart by it', () => {
  const { attributes } = sets();
  const rows = [attribute('http.status_code', 100, 0), attribute('tenant', 90, 10)];
  const failed = sets({
    a: side('status = failed', 100, 100),
    failedShare: differs(1),
    attributes: { ...attributes, rows },
  });
  assert.equal(setsSentence(failed), 'What tells a from b best: tenant = x (90 % of a, 5 % of b).');
  assert.match(setsSentence({ ...failed, a: side('service = api', 100, 100) }), /http\.status_code = x/);
});

test('sets are called by their lines, the rest, or their times', () => {
  assert.deepEqual(setNames(sets()), { a: 'service = api', b: 'the rest' });
  const later = { ...side('x = 1', 1), from: 5, to: 6 };
  assert.deepEqual(setNames({ a: later, b: side('x = 1', 1), rest: false }), { a: 'x = 1, after', b: 'x = 1, before' });
  assert.deepEqual(setNames({ a: side('', 1), b: side('x = 1', 1), rest: false }), { a: 'all traces', b: 'x = 1' });
});

test('attributes in as many traces are one row', () => {
  const groups = alikeAttributes([attribute('p', 9, 1), attribute('q', 9, 1), attribute('r', 8, 1)]);
  assert.deepEqual(
    groups.map(({ row, alike }) => [row.key, alike.map(({ key }) => key)]),
    [
      ['p', ['q']],
      ['r', []],
    ],
  );
});

test('differences have a sign and a unit, and nothing is nothing', () => {
  assert.deepEqual([signedMs(58), signedMs(-1.25), signedNs(0), signedNs(2e6)], ['+58 ms', '−1.25 ms', '–', '+2 ms']);
  assert.deepEqual([signedPoints(0.1234), signedPoints(-0.5), signedPoints(0.0001)], ['+12.3 pp', '−50 pp', '0 pp']);
});

test('a histogram is of shares, so that a small set can be laid over a large one', () => {
  const bars = toBars({ boundsMs: [1, 2, 4], a: [1, 1, 0], b: [0, 100, 300] });
  assert.deepEqual(
    bars.map(({ a, b }) => [a, b]),
    [
      [0.5 / 0.75, 0],
      [0.5 / 0.75, 0.25 / 0.75],
      [0, 1],
    ],
  );
  assert.match(stepPath(bars), /^M0 1V0\.3333H0\.33333V/);
  const ticks = toTicks([1, 2, 4, 8, 16]);
  assert.ok(ticks.every(({ at }) => at > 0 && at < 1) && ticks.some(({ text }) => text === '3 ms'));
});

test('ready-made questions mark the one that is asked, and offer versions when there are two', () => {
  const graph = {
    nodes: [
      { name: 'api', versions: [{ version: 'v1' }, { version: 'v2' }] },
      { name: 'web', versions: [{ version: 'v1' }] },
    ],
  };
  const presets = presetsFor(asked({ a: 'status = failed' }), { window: '5m' }, undefined, graph as never);
  assert.deepEqual(
    presets.map(({ text, current }) => [text, current]),
    [
      ['Failed against the rest', true],
      ['Now against before', false],
      ['api: v2 against v1', false],
    ],
  );
  assert.equal(presets[2]?.changes['b'], 'service = api version = v1');
  assert.equal(presetsFor(asked({}), { window: '5m' }, sets(), undefined)[1]?.changes['a'], 'duration >= 20ms');
});

const step = (index: number, depth: number, below: number, part: Partial<AlignedStep> = {}): AlignedStep => ({
  index,
  depth,
  below,
  parent: -1,
  service: 's',
  namespace: '',
  name: `n${index}`,
  kind: 'INTERNAL',
  a: undefined,
  b: undefined,
  pathNs: 0,
  selfNs: 0,
  changes: [],
  differs: false,
  ...part,
});

test('only differences keeps what leads to one; folded steps hide what is below', () => {
  const steps = [
    step(0, 0, 3, { differs: true }),
    step(1, 1, 1, { differs: true }),
    step(2, 2, 0, { differs: true }),
    step(3, 1, 0),
  ];
  const shown = (folded: number[], only: boolean): number[] =>
    shownSteps(steps, new Set(folded), only).map(({ index }) => index);
  assert.deepEqual(shown([], false), [0, 1, 2, 3]);
  assert.deepEqual(shown([], true), [0, 1, 2]);
  assert.deepEqual(shown([1], false), [0, 1, 3]);
  assert.deepEqual([...foldable(steps)], [1]);
});

test('a change of number says how many more, and of what', () => {
  const of = (count: number) => ({
    spanIds: Array.from({ length: count }, () => ''),
    durationNs: 0,
    selfNs: 0,
    pathNs: 0,
    failed: 0,
  });
  assert.deepEqual(changeWords({ changes: ['failed', 'count', 'slower'], a: of(1), b: of(4) }), [
    { text: 'fails in b', title: 'fails in b', tone: 'bad' },
    { text: '+3', title: '1 in a, 4 in b', tone: 'warn' },
  ]);
  assert.equal(changeWords({ changes: ['count'], a: of(4), b: of(1) })[0]?.text, '−3');
});

test('of traces alike the typical, the fastest and the slowest come first, and never the trace itself', () => {
  const of = (traceId: string, durationMs: number) => ({ traceId, durationMs }) as TraceSummary;
  const found = suggestions([of('own', 1), of('p', 50), of('q', 5), of('r', 500), of('s', 60)], 'own', 4);
  assert.deepEqual(
    found.map(({ trace, why }) => [trace.traceId, why]),
    [
      ['s', 'typical'],
      ['q', 'fastest'],
      ['r', 'slowest'],
      ['p', ''],
    ],
  );
});
