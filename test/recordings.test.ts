/**
 * Recorded bodies of real Envoys, decoded and normalised as on the way into the store, against what the applications of the
 * mesh saw. However the same spans come (one a body, backwards, shuffled, doubled), calls and paths must come out the same.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { callsOf, type Call } from '#shared/calls.ts';
import { criticalPath } from '#shared/critical-path.ts';
import { spanIdHex, toColumns, type Span } from '#shared/span.ts';
import { buildTree, createTreeScratch, type TraceTree } from '#shared/trace-tree.ts';
import { edgeId } from '#shared/workload.ts';
import { spansOf } from '../collector/normalise/spans-of.ts';
import { arrivals, recordedBodies, recordings } from './recordings.ts';
import { shuffled } from './trace-arbitrary.ts';

type Recording = (typeof recordings)[number];

interface Truth {
  readonly edges: Readonly<Record<string, { requests: number; failed: number; client_errors: number }>>;
  readonly requests_without_a_span?: Readonly<Record<string, number>>;
  readonly reviews_by_version_seen_by_caller: Readonly<Record<string, number>>;
}

function readTruth(recording: Recording): Truth {
  const file = new URL(`../fixtures/recordings/${recording}/TRUTH.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Truth;
}

interface Trace {
  readonly id: string;
  readonly tree: TraceTree;
  readonly calls: readonly Call[];
}

function tracesOf(bodies: readonly Uint8Array[]): Trace[] {
  const spans = bodies.flatMap((body) => spansOf(body));
  const columns = toColumns(spans);
  const rows = new Map<string, number[]>();
  for (const [row, { traceId }] of spans.entries()) {
    const held = rows.get(traceId);
    if (held) held.push(row);
    else rows.set(traceId, [row]);
  }
  return Array.from(rows, ([id, of]) => {
    const tree = buildTree(columns, of);
    return { id, tree, calls: callsOf(tree).calls };
  }).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function countEdges(traces: readonly Trace[]): Truth['edges'] {
  const edges: Record<string, { requests: number; failed: number; client_errors: number }> = {};
  for (const { source, target, failed, clientError } of traces.flatMap(({ calls }) => calls)) {
    const edge = (edges[`${source.name} -> ${target.name}`] ??= { requests: 0, failed: 0, client_errors: 0 });
    edge.requests += 1;
    if (failed) edge.failed += 1;
    if (clientError) edge.client_errors += 1;
  }
  return edges;
}

/** All that is derived from a trace, in values that do not depend on how it came. */
function derived({ id, tree, calls }: Trace): unknown {
  const { columns, row } = tree;
  const spanAt = (node: number) => `${spanIdHex(columns.spanId, row[node] ?? 0)}/${columns.kind[row[node] ?? 0]}`;
  const since = (ns: number) => String(columns.originNs + BigInt(ns));
  const path = criticalPath(tree);
  return {
    id,
    spans: Array.from({ length: tree.count }, (_, node) => [
      spanAt(node),
      tree.parent[node],
      since(tree.startNs[node] ?? 0),
    ]),
    calls: calls.map(({ key, callee, source, target, startNs, ...rest }) => ({
      ...rest,
      key: spanAt(key),
      callee: callee < 0 ? '' : spanAt(callee),
      edge: edgeId(source.id, target.id),
      kinds: [source.kind, target.kind],
      start: since(startNs),
    })),
    path: Array.from({ length: path.count }, (_, i) => [
      spanAt(path.node[i] ?? 0),
      since(path.startNs[i] ?? 0),
      since(path.endNs[i] ?? 0),
    ]),
  };
}

const sent = new Map(recordings.map((recording) => [recording, tracesOf(recordedBodies(recording))]));
const tracesSent = (recording: Recording): Trace[] => sent.get(recording) ?? [];

for (const recording of recordings) {
  test(`${recording}: calls, failures and client errors of every edge are what the applications saw`, () => {
    const truth = readTruth(recording);
    const expected = Object.entries(truth.edges).map(([edge, { requests, failed, client_errors }]) => {
      return [edge, { requests: requests - (truth.requests_without_a_span?.[edge] ?? 0), failed, client_errors }];
    });
    assert.deepEqual(countEdges(tracesSent(recording)), Object.fromEntries(expected));
  });

  for (const [arrival, arrange] of Object.entries(arrivals)) {
    if (arrival === 'as sent') continue;
    test(`${recording}: calls and critical paths are the same when the spans come ${arrival}`, () => {
      const traces = tracesOf(arrange(recordedBodies(recording)));
      assert.deepEqual(traces.map(derived), tracesSent(recording).map(derived));
    });
  }

  test(`${recording}: every root's critical path sums to its duration`, () => {
    for (const { tree } of tracesSent(recording)) {
      for (const root of tree.roots) {
        const { count, startNs, endNs } = criticalPath(tree, root);
        let sum = 0;
        for (let i = 0; i < count; i++) sum += (endNs[i] ?? 0) - (startNs[i] ?? 0);
        assert.equal(sum, (tree.endNs[root] ?? 0) - (tree.startNs[root] ?? 0));
      }
    }
  });

  test(`${recording}: every span is part of one call, of a workload in its namespace`, () => {
    for (const { tree } of tracesSent(recording)) {
      const { callOf, workloadOf, calls } = callsOf(tree);
      for (let node = 0; node < tree.count; node++) {
        assert.ok((callOf[node] ?? -1) >= 0 && (callOf[node] ?? -1) < calls.length);
        assert.match(workloadOf(node).id, /^Kubernetes\/(shop|istio-system)\/[a-z-]+$/);
      }
    }
  });
}

test('healthy: the callers of reviews see its versions as they were, and no probe among the users', () => {
  const calls = tracesSent('healthy').flatMap((trace) => trace.calls);
  const versions = Object.groupBy(
    calls.filter(({ target }) => target.name === 'reviews'),
    ({ targetVersion }) => targetVersion,
  );
  const truth = readTruth('healthy').reviews_by_version_seen_by_caller;
  assert.deepEqual({ v1: versions.v1?.length, v2: versions.v2?.length }, truth);
  assert.deepEqual(
    calls.filter(({ probe }) => probe).map(({ source, target }) => `${source.name} -> ${target.name}`),
    Array.from({ length: 6 }, () => 'kubelet -> frontend'),
  );
});

test('faults: a call of reviews that no pod took has the version the proxy chose', () => {
  const truth = readTruth('faults').reviews_by_version_seen_by_caller;
  const calls = tracesSent('faults')
    .flatMap((trace) => trace.calls)
    .filter(({ target }) => target.name === 'reviews');
  const of = (version: string) => calls.filter(({ targetVersion }) => targetVersion === version).length;
  assert.equal(of('v1'), truth.v1);
  assert.equal(of('v2'), (truth.v2 ?? 0) + (truth.None ?? 0));
});

test('faults: every fault is told by its code, flag and origin', () => {
  const types: Record<string, number> = {};
  for (const { source, target, error, clientError } of tracesSent('faults').flatMap(({ calls }) => calls)) {
    if (error === undefined || source.name === 'users') continue;
    const type = `${target.name} ${error.code} ${error.flag || '-'} ${error.origin}${clientError ? ' client error' : ''}`;
    types[type] = (types[type] ?? 0) + 1;
  }
  assert.deepEqual(types, {
    'api.stripe.example 402 - app client error': 4,
    'api.stripe.example 500 - app': 3,
    'auth 401 - app client error': 8,
    'auth 503 - app': 5,
    'cart grpc 14 URX app': 3,
    'cart grpc 5 - app client error': 4,
    'frontend 0 - proxy': 5,
    'frontend 0 UF proxy': 4,
    'frontend 401 - app client error': 8,
    'frontend 402 - app client error': 4,
    'frontend 424 - app client error': 7,
    'frontend 429 - app client error': 6,
    'frontend 502 - app': 35,
    'frontend 503 - app': 5,
    'frontend 504 - app': 4,
    'inventory-db ConnectionResetError - proxy': 9,
    'legacy-host 404 NR proxy client error': 4,
    'payment 402 - app client error': 4,
    'payment 502 - app': 3,
    'payment 503 FI proxy': 4,
    'payment 503 UF proxy': 10,
    'product-api 429 RL proxy client error': 6,
    'product-api 500 - app': 16,
    'product-api 503 UC proxy': 5,
    'product-api 504 UT proxy': 6,
    'recommendations 503 UH proxy': 5,
    'reviews 503 URX app': 4,
    'reviews 503 URX,UF proxy': 6,
  });
});

test('faults: attempts lie beside calls, as the proxies retried', () => {
  const calls = tracesSent('faults').flatMap((trace) => trace.calls);
  const attempts = (name: string) => {
    const of = calls.filter(({ target }) => target.name === name);
    return of.reduce((sum, call) => sum + call.attempts, 0) - of.length;
  };
  assert.equal(attempts('reviews'), 18);
  assert.equal(attempts('cart'), 9);
  assert.equal(attempts('auth'), 0);
});

/** Workloads along the critical path, the dark ones where only their caller's span tells of them. */
function stepsOf(tree: TraceTree): string[] {
  const { workloadOf, callOf, calls } = callsOf(tree);
  const path = criticalPath(tree);
  const steps: string[] = [];
  for (let i = 0; i < path.count; i++) {
    const node = path.node[i] ?? 0;
    const call = calls[callOf[node] ?? -1];
    const step = call?.key === node && call.callee < 0 ? call.target.name : workloadOf(node).name;
    if (steps.at(-1) !== step) steps.push(step);
  }
  return steps;
}

test('example: 54 ms, decided by gateway, frontend, product-api and the database', () => {
  const traces = tracesSent('example').filter(({ tree }) => names(tree).includes('GET /example'));
  assert.equal(traces.length, 12);
  for (const { tree } of traces) {
    const [gateway, ...rest] = stepsOf(tree);
    const inward = ['frontend', 'auth', 'frontend', 'product-api', 'inventory-db', 'product-api', 'frontend'];
    assert.equal(gateway, 'istio-ingressgateway');
    assert.deepEqual(rest, [...inward, 'istio-ingressgateway']);
  }
  const design = traces.find(({ id }) => id === '3504f05b229ab587bf9d2e6c04f225ad');
  assert.ok(design);
  assert.ok(Math.abs(durationMs(design.tree) - 54) <= 1, 'the trace of the design document');
  const path = criticalPath(design.tree);
  const lengths = Array.from({ length: path.count }, (_, i) => (path.endNs[i] ?? 0) - (path.startNs[i] ?? 0));
  assert.equal(Math.max(...lengths), 12_046_418, 'its longest section is the query');
});

test('sampled: a call that stands for two says so', () => {
  const weights = Map.groupBy(
    tracesSent('sampled').flatMap((trace) => trace.calls),
    ({ weight }) => weight,
  );
  assert.deepEqual([...weights.keys()].sort(), [1, 2]);
  const spans = recordedBodies('sampled').flatMap((body) => spansOf(body));
  const heavy = new Set(spans.filter(({ weight }) => weight === 2).map(({ traceId }) => traceId));
  for (const { id, calls } of tracesSent('sampled')) {
    for (const { weight } of calls) assert.equal(weight, heavy.has(id) ? 2 : 1);
  }
});

test('mtls: the hop from frontend to auth names both principals, and no other does', () => {
  for (const { source, target, principals } of tracesSent('mtls').flatMap(({ calls }) => calls)) {
    const isHop = source.name === 'frontend' && target.name === 'auth';
    const expected = 'spiffe://cluster.local/ns/shop/sa/frontend -> spiffe://cluster.local/ns/shop/sa/auth';
    assert.equal(principals, isHop ? expected : undefined);
  }
});

test('a tenth of the spans lost: no call is counted twice, none is made up but from whom is not known', () => {
  const spans = recordedBodies('healthy').flatMap((body) => spansOf(body));
  const kept = shuffled(spans, 3).slice(spans.length / 10);
  const whole = countEdges(tracesSent('healthy'));
  const columns = toColumns(kept);
  const scratch = createTreeScratch();
  const counts: Record<string, number> = {};
  for (const rows of Map.groupBy(kept.keys(), (row) => (kept[row] as Span).traceId).values()) {
    for (const { source, target } of callsOf(buildTree(columns, rows, scratch)).calls) {
      const edge = `${source.name} -> ${target.name}`;
      counts[edge] = (counts[edge] ?? 0) + 1;
    }
  }
  for (const [edge, count] of Object.entries(counts)) {
    if (edge.startsWith('unknown -> ')) continue;
    assert.ok(count <= (whole[edge]?.requests ?? 0), `${edge}: ${count} of ${whole[edge]?.requests ?? 0}`);
  }
});

function names({ columns, row, count }: TraceTree): string[] {
  return Array.from({ length: count }, (_, node) => columns.strings[columns.name[row[node] ?? 0] ?? 0] ?? '');
}

function durationMs({ roots, startNs, endNs }: TraceTree): number {
  const root = roots[0] ?? 0;
  return ((endNs[root] ?? 0) - (startNs[root] ?? 0)) / 1e6;
}
