/** What the panels say: pills, sentences, greyed numbers, changes, mutual TLS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison, EdgeDetail, Graph, GraphEdge, GraphNode, Latency, Thresholds } from '#shared/api.ts';
import { byTrouble, callsHealth, edgeHealth, isSlow, isTrusted, nodeHealth } from '../ui/map/health.ts';
import { beforeText, compareQuery, isFirst, toChanges, withinMap } from '../ui/map/panel/changes.ts';
import { criticalText } from '../ui/map/panel/critical.ts';
import {
  isProvisional,
  meanWeight,
  percentileFigure,
  provisionalNote,
  sampledNote,
  shareFigure,
} from '../ui/map/panel/figures.ts';
import { mtlsText, parsePrincipals, snippets } from '../ui/map/panel/security.ts';
import { edgeVerdict, meshVerdict, nodeVerdict } from '../ui/map/verdict.ts';
import { attemptsText, pillTexts, unbroken } from '../ui/map/words.ts';
import { clock, edge as plainEdge, limits, noLatency as none, step } from './ui-edge.ts';

const edge = (part: Partial<GraphEdge> = {}): GraphEdge =>
  plainEdge({ networkShare: 0.1, criticalShare: 0.28, ...part });

function node(id: string, part: Partial<GraphNode> = {}): GraphNode {
  const calls = part.calls ?? 100;
  return {
    id,
    name: id,
    namespace: '',
    cluster: '',
    kind: 'service',
    versions: [],
    calls,
    failed: 0,
    successRate: 1,
    rate: 1,
    latencyMs: { p50: 1, p90: 2, p99: 3, n: calls },
    criticalShare: null,
    provisional: 0,
    ...part,
  };
}

function graph(nodes: readonly GraphNode[], edges: readonly GraphEdge[], part: Partial<Graph> = {}): Graph {
  return {
    from: 0,
    to: 300_000,
    generatedAt: 300_000,
    sampled: false,
    nodes: [...nodes],
    edges: [...edges],
    unsettled: 0,
    thresholds: limits,
    scopes: { clusters: [], namespaces: [] },
    critical: { entry: '', band: 'all', traces: 10, fromMs: 0 },
    ...part,
  };
}

test('thresholds are those that come with the graph', () => {
  const strict: Thresholds = { warnFailed: 0.1, badFailed: 0.5, badP99Ms: 10 };
  assert.equal(callsHealth({ calls: 100, failed: 2 }, limits), 'bad');
  assert.equal(callsHealth({ calls: 100, failed: 2 }, strict), 'ok');
  assert.equal(callsHealth({ calls: 100, failed: 20 }, strict), 'warn');
  assert.equal(nodeHealth({ calls: 0, failed: 0 }, strict), 'idle');
  assert.equal(edgeHealth(edge(), strict), 'bad', 'its p99 of 16 ms is over 10 ms');
});

test('nothing failed is well, even where a threshold is zero', () => {
  const zero: Thresholds = { warnFailed: 0, badFailed: 0, badP99Ms: 500 };
  assert.equal(callsHealth({ calls: 10, failed: 0 }, zero), 'ok');
  assert.equal(callsHealth({ calls: 10, failed: 1 }, zero), 'bad');
});

test('a percentile that too few calls stand behind colours nothing', () => {
  const slow = (n: number, p50: number, p90: number) => ({ latencyMs: { p50, p90, p99: 900, n } });
  assert.equal(isSlow(slow(99, 1, 2), limits), false);
  assert.equal(isSlow(slow(100, 1, 2), limits), true);
  assert.equal(isSlow(slow(20, 1, 800), limits), true, 'its p90 can be believed');
  assert.equal(isSlow(slow(4, 800, 800), limits), false);
});

test('numbers are greyed under 5 calls for p50, 20 for p90, 100 for p99', () => {
  const of = (n: number): Latency => ({ p50: 1, p90: 2, p99: 3, n });
  for (const [name, least] of [
    ['p50', 5],
    ['p90', 20],
    ['p99', 100],
  ] as const) {
    assert.equal(isTrusted(of(least), name), true);
    assert.equal(isTrusted(of(least - 1), name), false);
    assert.equal(percentileFigure(of(least), name).few, false);
    assert.equal(percentileFigure(of(least - 1), name).few, true);
  }
  assert.deepEqual(percentileFigure(of(37), 'p99'), {
    text: '3 ms',
    few: true,
    title: 'p99 of 37 calls: too few to mean much, under 100',
  });
  assert.deepEqual(percentileFigure(none, 'p99'), { text: '–', few: false, title: undefined });
});

test('a share of few seen calls is greyed, however many they stand for', () => {
  assert.equal(shareFigure(0.5, 4).few, true);
  assert.equal(shareFigure(0.5, 40).few, false);
  assert.equal(shareFigure(0.5, 40, 10).few, true);
  assert.equal(shareFigure(null, 0).text, '–');
});

test('sampled numbers say so, with the weight', () => {
  assert.equal(percentileFigure({ p50: 1, p90: 2, p99: 3, n: 500 }, 'p90', 8).text, '≈2 ms');
  assert.equal(shareFigure(0.968, 800, 8).text, '≈96.8 %');
  assert.match(sampledNote(8), /each call seen stands for about 8/);
  assert.equal(sampledNote(1), '');
  assert.match(edgeVerdict(edge({ weight: 8 }), { source: 'a', target: 'b' }, limits).text, /^All ≈1\u202f000 calls/);
});

test('the weight of several edges is that of their calls', () => {
  assert.equal(meanWeight([]), 1);
  assert.equal(meanWeight([edge()]), 1);
  const weights = meanWeight([edge({ calls: 800, weight: 8 }), edge({ calls: 100, weight: 1 })]);
  assert.equal(weights, 900 / 200);
});

test('provisional calls are told, and many of them make the numbers look so', () => {
  assert.equal(provisionalNote({ calls: 100, provisional: 0 }), '');
  assert.match(provisionalNote({ calls: 100, provisional: 3 }), /^3 % of these calls are provisional/);
  assert.equal(isProvisional({ calls: 100, provisional: 10 }), false);
  assert.equal(isProvisional({ calls: 100, provisional: 11 }), true);
});

test('a pill says what the label asks for', () => {
  const busy = edge({ attempts: 1070, networkShare: 0.38 });
  const said = (choice: Parameters<typeof pillTexts>[1]) => pillTexts(busy, choice, limits);
  assert.deepEqual(said('p50'), ['4 ms']);
  assert.deepEqual(said('p99'), ['16 ms']);
  assert.deepEqual(said('errors'), ['0 %']);
  assert.deepEqual(said('success'), ['100 %']);
  assert.deepEqual(said('rate'), ['3.33 rps']);
  assert.deepEqual(said('network'), ['38 %']);
  assert.deepEqual(said('critical'), ['28 %']);
  assert.deepEqual(said('attempts'), ['1.07\u202f×']);
  assert.deepEqual(pillTexts(edge({ criticalShare: 0 }), 'critical', limits), []);
  assert.deepEqual(pillTexts(edge({ networkShare: null }), 'network', limits), []);
  assert.deepEqual(pillTexts(edge({ calls: 0 }), 'rate', limits), []);
});

test('a pill of an edge that is not well says how, whatever the label', () => {
  const failing = edge({ failed: 32 });
  assert.deepEqual(pillTexts(failing, 'errors', limits), ['3.2 % failed', '3.2 %']);
  assert.deepEqual(pillTexts(failing, 'network', limits), ['96.8 % · 10 %', '96.8 %']);
  const slow = edge({ latencyMs: { p50: 4, p90: 10, p99: 900, n: 1000 } });
  assert.deepEqual(pillTexts(slow, 'rate', limits), ['p99 900 ms · 3.33 rps', 'p99 900 ms', '900 ms']);
  assert.deepEqual(pillTexts(slow, 'p99', limits), ['p99 900 ms', '900 ms']);
  assert.deepEqual(pillTexts(slow, 'none', limits), ['p99 900 ms', '900 ms']);
  assert.equal(attemptsText({ calls: 0, attempts: 0 }), '–');
});

const version = (targetVersion: string, calls: number, failed: number): EdgeDetail['versions'][number] => ({
  sourceVersion: 'v1',
  targetVersion,
  calls,
  failed,
  attempts: calls,
  latencyMs: none,
});

test('the sentence names the only version that fails', () => {
  const failing = edge({ failed: 20 });
  const said = (versions: EdgeDetail['versions']) =>
    edgeVerdict(failing, { source: 'a', target: 'b' }, limits, { versions }).text;
  assert.match(said([version('v1', 900, 0), version('v2', 100, 20)]), / Only version v2 fails\.$/);
  assert.doesNotMatch(said([version('v1', 900, 10), version('v2', 100, 10)]), /Only version/);
  assert.doesNotMatch(said([version('v2', 1000, 20)]), /Only version/, 'there is no other to compare with');
  assert.doesNotMatch(said([version('v1', 900, 0), version('', 100, 20)]), /Only version/);
});

test('a healthy sentence promises only the percentile that enough calls stand behind', () => {
  const text = (n: number) =>
    edgeVerdict(edge({ calls: n, latencyMs: { p50: 4, p90: 10, p99: 16, n } }), { source: 'a', target: 'b' }, limits)
      .text;
  assert.match(text(100), /, 99 % of them within 16 ms/);
  assert.match(text(99), /, 90 % of them within 10 ms/);
  assert.match(text(19), /, 50 % of them within 4 ms/);
  assert.equal(text(1), 'The one call succeeded.');
});

test('a slow edge says how many of its calls are slow', () => {
  const slow = (p50: number, p90: number) =>
    edgeVerdict(edge({ latencyMs: { p50, p90, p99: 900, n: 1000 } }), { source: 'a', target: 'b' }, limits).text;
  assert.match(slow(4, 10), /^Slow\. One call in a hundred takes 900 ms or more/);
  assert.match(slow(4, 700), /^Slow\. One call in ten takes 700 ms or more/);
  assert.match(slow(600, 700), /^Slow\. Every second call takes 600 ms or more/);
});

test('a workload says since when it fails, for whom, and what it waits for', () => {
  const inbound = [edge({ source: 'web', target: 'pay', failed: 50 }), edge({ source: 'cron', target: 'pay' })];
  const outbound = [edge({ source: 'pay', target: 'bank', failed: 100 })];
  const { health, text } = nodeVerdict(
    node('pay', { calls: 2000, failed: 50 }),
    { inbound, outbound },
    (id) => id,
    limits,
    { series: [step(1, 0), step(2, 9)], clock },
  );
  assert.equal(health, 'bad');
  assert.equal(text, 'Failing since T2. 2.5 % of 2\u202f000 calls failed, those of web. Its calls to bank fail.');
});

const changed = (
  id: string,
  change: Comparison['edges'][number]['change'],
  part: Partial<Comparison['edges'][number]> = {},
): Comparison['edges'][number] => ({
  id,
  source: 'pay',
  target: 'bank',
  change,
  score: 1,
  calls: { before: 100, after: 100 },
  successRate: { before: 1, after: 0.968 },
  p90Ms: { before: 12, after: 49 },
  rate: { before: 20, after: 41 },
  criticalShare: { before: null, after: null },
  ...part,
});
const comparison = (...edges: Comparison['edges']): Comparison => ({
  a: { from: 0, to: 300_000 },
  b: { from: 300_000, to: 600_000 },
  edges,
});

test('the mesh says where it began, whether it is new, and what comes through to those outside', () => {
  const nodes = [node('users', { kind: 'users' }), node('web'), node('pay'), node('bank')];
  const edges = [
    edge({ id: '1', source: 'users', target: 'web', calls: 1000, failed: 30 }),
    edge({ id: '2', source: 'web', target: 'pay', failed: 40 }),
    edge({ id: '3', source: 'pay', target: 'bank', failed: 50 }),
  ];
  const mesh = graph(nodes, edges);
  assert.equal(
    meshVerdict(mesh, comparison(changed('3', 'failing')), clock).text,
    'Three edges are failing. It begins at pay → bank; the others pass it on. It began after T300000. Of the requests from outside 3 % fail.',
  );
  assert.match(meshVerdict(mesh, comparison(changed('3', 'same')), clock).text, / It was so before T300000, too\./);
  const held = graph(nodes, [edge({ id: '1', source: 'users', target: 'web' }), ...edges.slice(1)]);
  assert.match(meshVerdict(held).text, / Requests from outside are still answered\.$/);
  assert.match(meshVerdict(graph(nodes, [edge()])).text, /^All is well: 3 workloads and 1 edge/);
});

test('a number is never parted from its unit', () => {
  assert.equal(unbroken('19 % of 2 calls in 3 ms or 4 s'), '19\u00a0% of 2 calls in 3\u00a0ms or 4\u00a0s');
});

test('the worst edge comes first', () => {
  const edges = [
    edge({ id: 'well' }),
    edge({ id: 'slow', latencyMs: { p50: 4, p90: 10, p99: 900, n: 1000 } }),
    edge({ id: 'degraded', failed: 5 }),
    edge({ id: 'failing', failed: 50 }),
  ];
  assert.deepEqual(
    edges.sort(byTrouble(limits)).map(({ id }) => id),
    ['failing', 'slow', 'degraded', 'well'],
  );
});

test('a change shows the figure it is about, before and after', () => {
  const figures = toChanges(
    comparison(
      changed('1', 'failing'),
      changed('2', 'slower'),
      changed('3', 'new', { rate: { before: null, after: 12 } }),
      changed('4', 'gone', { rate: { before: 12, after: 0 } }),
      changed('5', 'busier'),
      changed('6', 'same'),
    ),
  ).map(({ name, figure, before, after }) => `${name}: ${figure} ${before} → ${after}`);
  assert.deepEqual(figures, [
    'failing: success 100 % → 96.8 %',
    'slower: p90 12 ms → 49 ms',
    'new: rate none → 12 rps',
    'gone: rate 12 rps → none',
    'busier: rate 20 rps → 41 rps',
  ]);
});

test('the time compared with has seconds where they tell something', () => {
  const clock = (at: number, seconds = false) => `T${at / 60_000}${seconds ? ' s' : ''}`;
  assert.equal(beforeText(comparison(), clock), 'T0–T5');
  assert.equal(beforeText({ a: { from: 60_000, to: 120_000 } }, clock), 'T1 s–T2 s');
  assert.equal(beforeText({ a: { from: 30_000, to: 330_000 } }, clock), 'T0.5 s–T5.5 s');
});

test('a mesh that just began has nothing to be compared with', () => {
  const born = changed('3', 'new', { calls: { before: null, after: 9 } });
  assert.equal(isFirst(comparison(born)), true);
  assert.equal(isFirst(comparison(born, changed('1', 'same'))), false);
  const mesh = graph([node('pay'), node('bank')], [edge({ id: '3', source: 'pay', target: 'bank', failed: 50 })]);
  assert.equal(meshVerdict(mesh, comparison(born), clock).text, 'One edge is failing: pay → bank.');
});

test('a live window is compared with the one before, an interval with as long a time before', () => {
  assert.deepEqual(compareQuery({ window: '15m' }, { namespace: 'shop', groupBy: 'version' }), {
    window: '15m',
    groupBy: 'version',
  });
  assert.deepEqual(compareQuery({ from: '600', to: '900' }, {}), { a: '300..600', b: '600..900' });
});

test('a filtered map shows only changes that touch it', () => {
  const all = comparison(changed('1', 'new'), changed('2', 'gone', { source: 'x', target: 'y' }));
  const ids = (params: Record<string, string>) => withinMap(all, params, new Set(['bank'])).edges.map(({ id }) => id);
  assert.deepEqual(ids({ namespace: 'shop' }), ['1']);
  assert.deepEqual(ids({ band: 'slow' }), ['1', '2']);
});

test('the shares of the critical path say which traces they are of', () => {
  assert.equal(
    criticalText({ entry: 'frontend|GET /checkout', band: 'slow', traces: 120, fromMs: 212 }),
    'Share of the end-to-end latency of 120 traces: GET /checkout of frontend, the slowest tenth (from 212 ms).',
  );
  assert.match(criticalText({ entry: '', band: 'all', traces: 1, fromMs: 0 }), /of 1 trace: all entries\.$/);
});

test('mutual TLS that no span tells of is unknown, not absent', () => {
  assert.match(mtlsText(edge()), /^Unknown: the spans do not say/);
  assert.equal(mtlsText(edge({ mtls: { share: 1, principals: [] } })), 'Every call is mutual TLS.');
  assert.match(mtlsText(edge({ mtls: { share: 0.5, principals: [] } })), /^50 % of the calls are known/);
  assert.deepEqual(parsePrincipals('spiffe://td/ns/shop/sa/web -> ?'), {
    source: 'spiffe://td/ns/shop/sa/web',
    target: '?',
  });
});

test('the settings for principals name keys that the collector tells apart', () => {
  // the same words as in collector/normalise/istio.ts
  for (const { text } of snippets) {
    const downstream = text.indexOf('%DOWNSTREAM_PEER_URI_SAN%');
    const upstream = text.indexOf('%UPSTREAM_PEER_URI_SAN%');
    assert.ok(text.lastIndexOf('source.principal', downstream) > text.lastIndexOf('destination.principal', downstream));
    assert.ok(text.lastIndexOf('destination.principal', upstream) > text.lastIndexOf('source.principal', upstream));
  }
});
